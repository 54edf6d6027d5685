import pytest
from marshmallow import fields, validate

from core.catalog.settings import describe, load, plain
from core.contract import Settings
from core.errors import Invalid


class Minutes(Settings):
    minutes = fields.Float(
        load_default=15.0, validate=validate.Range(1, 60), metadata={"title": "步行分钟"}
    )


def test_defaults_fill_what_is_not_set():
    assert load(Minutes, {}) == {"minutes": 15.0}
    assert plain(Minutes, load(Minutes, {"minutes": 10})) == {"minutes": 10.0}


def test_bad_and_unknown_settings_are_refused_field_by_field():
    with pytest.raises(Invalid) as caught:
        load(Minutes, {"minutes": 500, "zzz": 1})
    assert {detail["field"] for detail in caught.value.details} == {"minutes", "zzz"}
    assert "minutes" in caught.value.message
    assert "什么都没有改变" in caught.value.message


def test_a_form_can_be_made_of_the_description():
    described = describe(Minutes)
    assert described["additionalProperties"] is False
    assert described["properties"]["minutes"] == {
        "type": "number",
        "default": 15.0,
        "minimum": 1,
        "maximum": 60,
        "title": "步行分钟",
    }
