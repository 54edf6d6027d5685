from __future__ import annotations

import pytest

from core.errors import Invalid
from core.runs.params import Params


def test_what_is_left_out_takes_its_default():
    params = Params.load({})
    assert params.report_minutes == (5.0, 10.0, 15.0)
    assert params.access_limit_metres == 150.0
    assert not params.largest_component_only
    assert not params.register_complete


def test_params_survive_their_own_json():
    params = Params.load({"report_minutes": [20, 8], "access_limit_metres": None})
    assert params.report_minutes == (8.0, 20.0)
    assert params.access_limit_metres is None
    assert Params.load(params.to_json()) == params


def test_walks_are_measured_at_least_as_far_as_they_are_reported():
    assert Params.load({"report_minutes": [45], "limit_minutes": 20}).limit_minutes == 45


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("report_minutes", {"report_minutes": [0]}),
        ("report_minutes", {"report_minutes": []}),
        ("report_minutes", {"report_minutes": [float("nan")]}),
        ("access_limit_metres", {"access_limit_metres": -1}),
        ("speed", {"speed": 9}),
    ],
)
def test_a_wrong_parameter_is_named(field, values):
    with pytest.raises(Invalid) as refused:
        Params.load(values)
    assert [each["field"] for each in refused.value.details] == [field]
