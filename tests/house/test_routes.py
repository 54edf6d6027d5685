"""Each route declares who may use it."""

from __future__ import annotations

from uuid import UUID

import pytest
from werkzeug.routing.converters import AnyConverter, NumberConverter, UUIDConverter

from core.policy import Permission, SystemPermission

OPEN = {
    "static": "files of the pages",
    "documents.docs": "the API's documentation",
    "api-docs.openapi_json": "the API's description",
    "people_pages.sign_in": "the way in",
    "people_pages.sign_in_by_link": "the one-use way in",
    "people_pages.code": "the second step, for who has given a right password",
    "people_pages.phone": "the enrolment of a phone, for who has given a right password",
    "people_pages.invitation": "the way in for the invited, by a secret that works once",
    "system_pages.leave_for": "the way to another house's sign-in",
    "system_pages.come_back": "the way back from there, with its answer",
    "pages.language": "which language the pages speak",
    "pages.health": "whether the process lives",
    "pages.ready": "whether the process can work: names parts, nothing else",
    "pages.figures": "figures, behind this machine's own address or a token",
    "pages.favicon": "the mark in the browser's tab",
}


def test_every_route_declares_its_permission(app):
    undeclared = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        access = getattr(view, "access", None)
        if access == "open" and rule.endpoint in OPEN:
            continue
        if not (access == "signed_in" or isinstance(access, Permission | SystemPermission)):
            undeclared.append(f"{rule.endpoint} {rule.rule} {access}")
        if "<tenant>" in rule.rule and not isinstance(access, Permission):
            undeclared.append(f"{rule.endpoint} {rule.rule} names a tenant, guards none")
    assert not undeclared


def test_what_is_open_to_all_is_known_by_name(app):
    opened = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "access", None) == "open"
    }
    assert opened == OPEN.keys()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_without_a_sign_in_every_guarded_api_route_answers_401(app, method):
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if (
            not rule.rule.startswith("/api/v1")
            or rule.endpoint in OPEN
            or method not in rule.methods
        ):
            continue
        values = {name: _sample(converter) for name, converter in rule._converters.items()}
        _, path = rule.build(values)
        answer = client.open(path, method=method)
        assert answer.status_code == 401, (rule.rule, answer.status_code, answer.text)
        assert answer.mimetype == "application/problem+json"


def _sample(converter):
    """Give a value that a converter of an address takes."""
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    if isinstance(converter, UUIDConverter):
        return UUID(int=0)
    return 0 if isinstance(converter, NumberConverter) else "x"
