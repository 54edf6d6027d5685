"""The API's description is valid, whole and the committed one.

``python tests/house/test_openapi.py`` renews the committed text; read the difference first: within
v1 an operation only gains.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(TOP))

import schemathesis  # noqa: E402 - as a script the path is told first

from core.app import create_app  # noqa: E402 - the same
from core.catalog.host import load  # noqa: E402 - the same
from core.config import Config  # noqa: E402 - the same
from core.db import Database  # noqa: E402 - the same
from core.policy import NoPolicy  # noqa: E402 - the same
from core.services import Services  # noqa: E402 - the same
from core.store import Blobs  # noqa: E402 - the same
from tenants import ROOM  # noqa: E402 - the same

COMMITTED = Path(__file__).with_name("openapi.json")
PREFIX = "/api/v1"
METHODS = {"get", "put", "post", "delete", "patch"}
REMEDY = (
    "The API's description has changed. Within v1 an operation, a field or a value that somebody "
    "may use stays; say what is new in CHANGELOG.md. Then: python tests/house/test_openapi.py"
)


def served():
    """Give the description as it is served, by an app that never opens a connection."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        config = Config(
            home=home, blobs=home / "blobs", insecure_http=True, redis_url="redis://nowhere"
        )
        nowhere = Database("postgresql+psycopg://nobody@/nowhere")
        services = Services(
            config=config,
            database=nowhere,
            blobs=Blobs(config.blobs),
            host=load(),
            policy=NoPolicy(),
        )
        app = create_app(config, [ROOM], services)
        answer = app.test_client().get(f"{PREFIX}/openapi.json")
        nowhere.close()
    written = answer.json
    written["info"]["version"] = "v1"  # the release's number is no part of the contract
    return app, written


def text_of(description):
    """Write a description as it is committed."""
    return json.dumps(description, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@pytest.fixture(scope="module")
def both():
    return served()


@pytest.fixture(scope="module")
def description(both):
    return both[1]


@pytest.fixture(scope="module")
def operations(description):
    """Give every operation by method and address."""
    return {
        f"{method.upper()} {path}": (path, known.get("parameters", []), operation)
        for path, known in description["paths"].items()
        for method, operation in known.items()
        if method in METHODS
    }


def references(part):
    """Give every place that a part of the description points to."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def pointed_at(description, reference):
    """Follow a reference within the description; ``None`` where it leads nowhere."""
    part = description
    for step in reference.removeprefix("#/").split("/"):
        part = part.get(step.replace("~1", "/")) if isinstance(part, dict) else None
    return part


def test_the_description_is_the_committed_one(description):
    assert text_of(description) == COMMITTED.read_text(encoding="utf-8"), REMEDY


def test_the_description_is_valid_openapi_3_1(description):
    assert description["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(description).validate()


def test_every_reference_leads_somewhere_and_no_schema_is_left_over(description):
    told = set(references(description))
    assert told
    assert not [reference for reference in told if pointed_at(description, reference) is None]
    named = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert named <= told, "schemas that nothing refers to"


def test_every_operation_has_a_summary_an_answer_and_a_problem(operations):
    assert operations
    for name, (_path, _shared, operation) in operations.items():
        assert operation["summary"].rstrip().endswith((".", "。")), name
        answers = operation["responses"]
        assert [status for status in answers if re.fullmatch(r"[23]\d\d", status)], name
        assert answers["default"] == {"$ref": "#/components/responses/Problem"}, name


def test_the_problem_is_told_with_all_that_it_always_has(description):
    content = description["components"]["responses"]["Problem"]["content"]
    assert content.keys() == {"application/problem+json"}
    problem = description["components"]["schemas"]["Problem"]
    assert {"title", "status", "detail", "code"} <= set(problem["required"])


def test_every_part_of_an_address_is_described(description, operations):
    for name, (path, shared, operation) in operations.items():
        told = set()
        for parameter in [*shared, *operation.get("parameters", [])]:
            known = parameter
            if "$ref" in parameter:
                known = pointed_at(description, parameter["$ref"])
            if known["in"] == "path":
                assert known["required"] is True, name
                told.add(known["name"])
        assert told == set(re.findall(r"\{(\w+)\}", path)), name


def test_every_route_of_the_api_is_described_and_no_other(both):
    app, description = both
    hidden = {"documents.docs", "api-docs.openapi_json"}
    routes = {
        (re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX) and rule.endpoint not in hidden
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    told = {
        (path, method)
        for path, known in description["paths"].items()
        for method in METHODS & known.keys()
    }
    assert told == routes


def test_a_token_or_a_session_is_asked_for_everywhere(description, operations):
    schemes = description["components"]["securitySchemes"]
    assert {next(iter(choice)) for choice in description["security"]} == schemes.keys()
    assert not [name for name, (_, _, operation) in operations.items() if "security" in operation]


if __name__ == "__main__":
    COMMITTED.write_text(text_of(served()[1]), encoding="utf-8")
