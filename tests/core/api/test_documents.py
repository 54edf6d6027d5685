"""The API's description as a page: whole, linked, without scripts of its own."""

from __future__ import annotations

import re

import pytest

from core.api.documents import groups_of, kind_of, permissions, shapes_of

PATH = "/api/v1/docs"


@pytest.fixture
def text(app):
    return app.test_client().get(PATH).text


def test_every_operation_of_the_description_stands_in_the_page(app, text):
    spec = app.test_client().get("/api/v1/openapi.json").json
    for path, item in spec["paths"].items():
        for method in {"get", "post", "put", "delete"} & item.keys():
            anchor = re.sub(r"[^a-z0-9]+", "-", f"{method}{path}".lower()).strip("-")
            assert f'id="{anchor}"' in text, (method, path)


def test_every_link_within_the_page_leads_somewhere(text):
    targets = set(re.findall(r'id="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= targets


def test_no_anchor_is_given_twice(text):
    anchors = re.findall(r' id="([^"]+)"', text)
    assert len(anchors) == len(set(anchors))


def test_each_operation_says_who_may(app):
    spec = app.test_client().get("/api/v1/openapi.json").json
    with app.app_context():
        needed = permissions()
    operations = [one for group in groups_of(spec, needed) for one in group.operations]
    assert operations
    assert all(one.permission for one in operations), [
        o.path for o in operations if not o.permission
    ]


def test_the_page_asks_for_nothing_from_elsewhere_and_writes_no_script(text):
    assert set(re.findall(r'(?:src|href)="(https?:[^"]+)"', text)) == set()
    assert "<script>" not in text
    assert "style=" not in text


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string", "format": "uuid"}, ("string (uuid)", "")),
        ({"type": ["string", "null"]}, ("string | null", "")),
        ({"$ref": "#/components/schemas/Run"}, ("Run", "Run")),
        ({"type": "array", "items": {"$ref": "#/x/Run"}}, ("array of Run", "Run")),
        ({"anyOf": [{"$ref": "#/x/Run"}, {"type": "null"}]}, ("Run | null", "Run")),
        ({}, ("any", "")),
    ],
)
def test_a_value_is_named_by_what_it_is(schema, kind):
    assert kind_of(schema) == kind


def test_a_field_tells_its_bounds_its_choices_and_what_it_is_without():
    spec = {
        "components": {
            "schemas": {
                "Ask": {
                    "description": "d",
                    "required": ["a"],
                    "properties": {
                        "a": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
                        "b": {"type": "string", "enum": ["x", "y", None], "description": "which"},
                    },
                },
                "Empty": {"type": "object"},
            }
        }
    }
    (shape,) = shapes_of(spec)
    assert [(field.name, field.required, field.note) for field in shape.fields] == [
        ("a", True, "≥ 1；≤ 9；= 3"),
        ("b", False, "which；x | y"),
    ]
