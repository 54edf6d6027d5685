from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.studies.whatif.edits import KINDS, AddOutlet, AddPath, parse, to_json

GOOD = {
    "add_outlet": {"name": "新店", "lon": 117.0, "lat": 36.65, "offers": [{"format": "repair"}]},
    "close_outlet": {"outlet": 3},
    "move_outlet": {"outlet": "new:1", "lon": 117.0, "lat": 36.65},
    "add_offer": {"outlet": 0, "format": "repair", "hours": "24/7"},
    "close_offer": {"outlet": 0, "format": "repair"},
    "change_hours": {"outlet": 0, "format": "repair", "hours": "Mo-Fr 08:00-18:00"},
    "add_path": {"from": [117.0, 36.65], "to": [117.001, 36.65], "metres": 120.5},
    "open_gate": {"lon": 117.0, "lat": 36.65},
}


def good(kind):
    return {"kind": kind, **GOOD[kind]}


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_is_read_back_from_what_it_is_written_as(kind):
    edit = parse(good(kind), 1)
    written = json.loads(json.dumps(to_json(edit)))
    assert parse(written, 1) == edit
    assert to_json(parse(written, 1)) == written
    assert written.items() >= {"kind": kind}.items()


def test_hours_are_kept_in_openstreetmaps_words():
    edit = parse({**good("change_hours"), "hours": "早6点半-晚8点"}, 1)
    assert edit.hours == "06:30-20:00"
    unknown = parse({"kind": "add_offer", "outlet": 1, "format": "repair"}, 1)
    assert unknown.hours == ""


def test_what_is_left_out_has_its_plain_meaning():
    path = parse({"kind": "add_path", "from": [1, 2], "to": [3, 4]}, 1)
    assert path == AddPath(start=(1.0, 2.0), end=(3.0, 4.0))
    assert (path.metres, path.steps, path.one_way) == (None, False, False)
    outlet = parse(good("add_outlet"), 1)
    assert isinstance(outlet, AddOutlet)
    assert [one.hours for one in outlet.offers] == [""]


@pytest.mark.parametrize(
    ("raw", "field", "word"),
    [
        ({"kind": "explode"}, "kind", "add_outlet"),
        ({"outlet": 3}, "kind", "缺少"),
        ({"kind": "close_outlet"}, "outlet", "缺少"),
        ({"kind": "add_path", "from": [1, 2]}, "to", "缺少"),
        ({"kind": "close_outlet", "outlet": 1, "lon": 3}, "lon", "没有这一项"),
        ({"kind": "close_outlet", "outlet": 1, "wings": 2}, "wings", "没有这一项"),
        ({"kind": "close_outlet", "outlet": True}, "outlet", "行号"),
        ({"kind": "close_outlet", "outlet": -1}, "outlet", "行号"),
        ({"kind": "close_outlet", "outlet": "new:0"}, "outlet", "行号"),
        ({"kind": "close_outlet", "outlet": None}, "outlet", "缺少"),
        ({**good("change_hours"), "hours": "有时候"}, "hours", "营业时间"),
        ({**good("change_hours"), "hours": "x" * 401}, "hours", "400"),
        ({**good("add_outlet"), "name": "a\0b"}, "name", "控制字符"),
        ({**good("add_outlet"), "name": ""}, "name", "长度"),
        ({**good("add_outlet"), "lon": float("nan")}, "lon", "有限"),
        ({**good("add_outlet"), "lat": 90}, "lat", "89"),
        ({**good("add_outlet"), "offers": []}, "offers", "1 到 50"),
        ({**good("add_outlet"), "offers": [{"format": "a"}] * 2}, "offers", "只写一次"),
        ({**good("add_outlet"), "offers": [{"hours": ""}]}, "offers", "缺少"),
        ({**good("add_path"), "from": [1]}, "from", "不是"),
        ({**good("add_path"), "metres": -1}, "metres", "5000"),
        ({**good("add_path"), "steps": "perhaps"}, "steps", "不是"),
        ([], "kind", "不是"),
        (None, "kind", "不是"),
    ],
)
def test_a_wrong_edit_is_refused_by_its_number_and_field(raw, field, word):
    with pytest.raises(Invalid) as refused:
        parse(raw, 7)
    error = refused.value
    assert "第 7 项" in error.message
    assert f"“{field}”" in error.message
    assert word in error.message
    assert "没有改变" in error.message
    assert error.english.startswith("Edit 7 was refused")
    assert "|" not in error.message + error.english
    [detail] = error.details
    assert (detail["edit"], detail["field"]) == (7, field)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(list(KINDS)),
    name=st.sampled_from([*sorted({name for one in GOOD.values() for name in one}), "kind", "x"]),
    value=JSON,
)
def test_any_value_in_any_field_is_read_or_refused(kind, name, value):
    try:
        edit = parse({**good(kind), name: value}, 1)
    except Invalid:
        return
    assert parse(to_json(edit), 1) == edit
