"""Whatever a request holds: an answer that says what is wrong, never a failure of ours."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from urllib.parse import quote
from uuid import uuid4

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from core.app import create_app
from tenants import ROOM
from tests.journeys.operations import BODIES, described
from tests.journeys.small_place import RESIDENTS

pytestmark = pytest.mark.journey
PROBLEM = "application/problem+json"
REFUSED = (400, 413, 415, 422)
NOT_JSON = {
    "nested lists": b"[" * 100_000,
    "nested objects": b'{"a":' * 50_000,
    "a closed nest": b'{"a":' + b"[" * 500 + b"]" * 500 + b"}",
    "five thousand digits": b'{"a": ' + b"9" * 5000 + b"}",
    "an integer beyond doubles": b'{"a": 9007199254740993}',
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a float beyond floats": b'{"a": 1e999}',
    "NUL": b'{"a": "\\u0000"}',
    "NUL as a key": b'{"\\u0000": 1}',
    "a bare NUL": b'{"a": "\0"}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "half a surrogate pair": b'{"a": "\\udc00\\ud800"}',
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "nothing": b"",
    "half": b'{"a": ',
    "two": b"{}{}",
    "more than a mebibyte": b'{"a": "' + b"x" * (1024 * 1024) + b'"}',
}
VALUES = (
    None,
    -1,
    2**31,
    2**53 - 1,
    1e308,
    "",
    "x" * 30_000,
    "\u202e\u200b\ufeff",
    "=HYPERLINK(0)",
    [],
    {},
    ["a", 1, None],
    {"a": {"b": []}},
    {"report_minutes": [1e308]},
    [[[[[[[[[[1]]]]]]]]]],
)
WORDS = ("\0", "9" * 40, "-1", "NaN", "x" * 3000, "\u202e", "../..", "%'\"")


@pytest.fixture(scope="module")
def place(settle):
    """Give a place with data, and a run that waits."""
    place = settle("x-asked")
    place.furnish()
    return place


@pytest.fixture(scope="module")
def ids(place):
    """Give ids of the place's own; those it has none of are nobody's."""
    run = place.client.post(place.address("runs"), json={"ruleset": "jinan"}).json
    place.work()
    made = place.client.post(place.address(f"runs/{run['id']}/scenarios"), json={"name": "t"}).json
    names = ("upload_id", "dataset_id", "version_id", "submission_id", "token_id", "user_id")
    names += ("invitation_id", "session_id")
    nobodys = {name: str(uuid4()) for name in names}
    ours = {"run_id": run["id"], "job_id": run["job_id"], "scenario_id": made["id"]}
    return {**nobodys, **ours, "above": "x-above"}


def refused(answer, *statuses):
    """Hold a refusal to its form: a problem with a sentence in Chinese and in English."""
    assert answer.status_code in (statuses or REFUSED), answer.text[:500]
    assert answer.mimetype == PROBLEM
    said = answer.json
    assert said["status"] == answer.status_code
    assert said["detail"].endswith("。")
    assert said["detail_en"] != said["detail"]
    assert "Traceback" not in answer.text
    return said


def asking(app):
    """List the operations that take a JSON body."""
    return [each for each in described(app) if each.media == "application/json"]


@pytest.mark.parametrize("name", NOT_JSON)
def test_a_body_that_is_no_json_of_ours_is_refused(app, place, ids, name):
    before = place.rows()
    operations = asking(app)
    assert len(operations) >= len(BODIES)
    for operation in operations:
        asked = operation.request(place.slug, ids)
        del asked["json"]
        answer = place.client.open(**asked, data=NOT_JSON[name], content_type="application/json")
        if answer.status_code != 403:  # an administrator may not answer submissions
            refused(answer, 400, 413)
    assert place.rows() == before


@pytest.mark.parametrize("media", ["", "text/plain", "application/xml", "multipart/form-data"])
def test_a_body_of_another_type_is_refused(app, place, ids, media):
    for operation in asking(app):
        asked = operation.request(place.slug, ids)
        body = json.dumps(asked.pop("json")).encode()
        answer = place.client.open(**asked, data=body, content_type=media)
        if answer.status_code != 403:
            refused(answer, 415)


def test_any_value_in_any_field_is_answered(app, place, ids):
    for operation in asking(app):
        asked = operation.request(place.slug, ids)
        good = asked.pop("json")
        bodies = [{**good, name: value} for name in [*good, "unknown"] for value in VALUES]
        bodies += [{key: good[key] for key in good if key != name} for name in good]
        bodies += [value for value in VALUES if not isinstance(value, dict)]
        for body in bodies:
            answer = place.client.open(**asked, json=body)
            assert answer.status_code < 500, (operation, body, answer.text)
            if answer.status_code >= 400:
                refused(answer, 400, 403, 404, 409, 415, 422)


def test_any_word_in_any_address_is_answered(app, place, ids):
    for operation in described(app):
        if operation.method not in ("GET", "DELETE"):
            continue
        for word in WORDS:
            addresses = [
                operation.path.format(
                    **{
                        **dict.fromkeys(operation.ids, str(uuid4())),
                        "tenant": place.slug,
                        name: quote(word, safe=""),
                    }
                )
                for name in ["tenant", *operation.ids]
            ]
            own = operation.request(place.slug, ids)["path"]
            addresses += [f"{own}?{name}={quote(word)}" for name in operation.asked]
            for address in addresses:
                answer = place.client.open(address, method=operation.method)
                answer.close()
                assert answer.status_code < 500, (address, answer.text)
                if answer.status_code >= 400:
                    refused(answer, 400, 403, 404, 405, 409, 422)


@pytest.mark.parametrize("raw", [b"%ed%a0%80", b"%ff", b"%c0%80", b"%00", b"%E2%80%AE"])
def test_bytes_that_are_no_text_in_an_address_are_answered(place, raw):
    for address in (f"/api/v1/tenants/{raw.decode()}", place.address(f"jobs?limit={raw.decode()}")):
        refused(place.client.get(address), 404, 422)


def _opened(parts):
    return {
        name: (io.BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value
        for name, value in parts.items()
    }


def send(client, place, parts):
    """Post a form of these parts; files are pairs of bytes and a name."""
    builder = EnvironBuilder(
        place.address("uploads"),
        method="POST",
        data=_opened(parts),
        environ_base=client.environ_base,
    )
    environ = builder.get_environ()
    try:
        return client.open(environ)
    finally:
        environ["wsgi.input"].close()


GOOD = {"kind": "residents", "file": (RESIDENTS.encode(), "homes.csv")}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"file": None}, "file"),
        ({"file": "homes.csv"}, "file"),
        ({"file": (b"", "homes.csv")}, "空"),
        ({"kind": None}, "kind"),
        ({"kind": "money"}, "kind"),
        ({"kind": "\0"}, "kind"),
        ({"options": "skip everything"}, "options"),
        ({"options": "[]"}, "options"),
        ({"options": '{"anywhere": NaN}'}, "options"),
        ({"options": '{"anywhere": "\\u0000"}'}, "options"),
        ({"options": "[" * 19_000}, "options"),
        ({"options": "{" + " " * 20_000 + "}"}, "options"),
        ({"options": '{"anywhere": "perhaps"}'}, "anywhere"),
        ({"options": '{"crs": "mars"}'}, "crs"),
        ({"options": '{"as_of": "yesterday"}'}, "as_of"),
        ({"dataset": "长" * 61}, "dataset"),
        ({"dataset": "a\0b"}, "dataset"),
        ({"importer": "\x1b[2J"}, "importer"),
    ],
)
def test_a_form_with_a_fault_is_refused_by_its_name(place, change, named):
    before = place.rows()
    parts = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    refused(send(place.client, place, parts), 422)
    assert named in send(place.client, place, parts).text
    assert place.rows() == before


def test_a_form_that_is_no_form_is_refused(place):
    for media in ("multipart/form-data", "multipart/form-data; boundary=x", "application/json"):
        answer = place.client.post(
            place.address("uploads"), data=b"--y\r\n\r\n", content_type=media
        )
        refused(answer, 400, 415, 422)
    parts = {**GOOD, **{f"part{number}": "x" for number in range(2000)}}
    refused(send(place.client, place, parts), 413)
    refused(send(place.client, place, {**GOOD, "dataset": "x" * 2**21}), 413)


def test_a_body_beyond_the_limit_is_refused_however_it_comes(services, place):
    small = replace(services, config=replace(services.config, upload_bytes=2000))
    client = create_app(small.config, [ROOM], small).test_client()
    client.environ_base.update(place.client.environ_base)
    before = place.rows()
    big = {**GOOD, "file": (RESIDENTS.encode() * 100, "homes.csv")}
    said = refused(send(client, place, big), 413)
    assert "超过" in said["detail"]
    long = _opened({**GOOD, "dataset": "x" * 3000})
    form = EnvironBuilder(place.address("uploads"), method="POST", data=long).get_environ()
    del form["CONTENT_LENGTH"]
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    _, status, _ = run_wsgi_app(client.application, {**form, **client.environ_base, **chunked})
    form["wsgi.input"].close()
    assert status.startswith("413")
    assert place.rows() == before


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../../etc/passwd.csv", "passwd.csv"),
        ("/居民.csv", "居民.csv"),
        ("a\x00b\x1b.csv", "ab.csv"),
        ("长" * 5000 + ".csv", "长" * 196 + ".csv"),
        ("=cmd|calc.csv", "=cmd|calc.csv"),
        (".csv", ".csv"),
    ],
)
def test_a_files_name_is_only_a_name(place, sent, kept):
    before = set(place.rows("uploads")["uploads"])
    answer = send(place.client, place, {**GOOD, "file": (RESIDENTS.encode(), sent)})
    assert answer.status_code == 202, answer.text
    [upload] = set(place.rows("uploads")["uploads"]) - before
    assert upload.split(",")[2].strip('"') == kept
    place.client.delete(place.address(f"jobs/{answer.json['id']}"))


def test_an_option_or_an_importer_that_nobody_knows_is_named_in_the_problems(place):
    before = place.data()
    options = json.dumps({"colour": "red"})
    asked = [
        send(place.client, place, {**GOOD, "options": options}),
        send(place.client, place, {**GOOD, "importer": "magic"}),
        send(place.client, place, {**GOOD, "importer": "osm_streets"}),
    ]
    place.work()
    for answer, word in zip(asked, ("colour", "magic", "OpenStreetMap"), strict=True):
        job = place.job(answer.json["id"])
        assert job["state"] == "failed"
        [problem] = place.problems(job["id"])
        assert word in problem["message"]
        assert "请" in problem["message"]
    assert place.data() == before
