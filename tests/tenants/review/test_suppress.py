"""Small cells: hidden, and not to be had by subtraction."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.review.suppress import (
    FEWEST,
    hidden_areas,
    open_coverage,
    open_line,
    open_total,
)


def line(covered, of, *, out_of=10.0, target=1.0, floor=None):
    share = covered / of
    points = min(out_of, out_of * share / target)
    return {
        "key": "k",
        "value": {"low": share, "high": share},
        "numerator": {"low": covered, "high": covered},
        "denominator": of,
        "points": {"low": points, "high": points},
        "out_of": out_of,
        "target": target,
        "floor": floor,
        "met": share >= target,
        "why": "",
    }


@pytest.mark.parametrize(("covered", "hidden"), [(0, False), (1, True), (9, True), (10, False)])
def test_few_people_are_hidden_and_none_are_not(covered, hidden):
    assert open_line(line(covered, 1000), 1000)["hidden"] is hidden


@pytest.mark.parametrize(("left", "hidden"), [(0, False), (1, True), (9, True), (10, False)])
def test_so_are_all_but_few(left, hidden):
    opened = open_line(line(1000 - left, 1000), 1000)
    assert opened["hidden"] is hidden
    assert (opened["numerator"] is None) is (opened["value"] is None) is hidden


@pytest.mark.parametrize(("covered", "hidden"), [(19, True), (20, False)])
def test_an_age_group_hides_up_to_nineteen(covered, hidden):
    assert open_line(line(covered, 400), 1000)["hidden"] is hidden


def test_a_small_group_is_hidden_whole():
    opened = open_line(line(6, 12), 1000)
    assert (opened["denominator"], opened["numerator"], opened["value"], opened["met"]) == (
        None,
    ) * 4
    assert opened["points"] == {"low": 0.0, "high": 10.0}


def test_a_line_that_counts_nobody_stays_as_it_is():
    survey = line(500, 1000) | {"numerator": None, "denominator": None}
    assert open_line(survey, 1000) == survey | {"hidden": False}


@given(
    covered=st.integers(1, 9),
    of=st.integers(20, 5000),
    out_of=st.sampled_from([1.0, 4.5, 10.0, 100.0]),
    target=st.sampled_from([1.0, 0.8, 0.05]),
    rest=st.booleans(),
)
def test_the_points_of_a_hidden_line_leave_at_least_ten_counts_possible(
    covered, of, out_of, target, rest
):
    told = line(of - covered if rest else covered, of, out_of=out_of, target=target)
    opened = open_line(told, of)
    low, high = opened["points"]["low"], opened["points"]["high"]
    assert low <= told["points"]["low"] <= told["points"]["high"] <= high <= out_of
    possible = [
        count for count in range(of + 1) if low <= min(out_of, out_of * count / of / target) <= high
    ]
    assert len(possible) >= min(FEWEST, of)


def test_the_total_is_widened_by_as_much_as_its_lines():
    before = [line(5, 1000), line(600, 1000)]
    after = [open_line(one, 1000) for one in before]
    total = open_total({"low": 6.05, "high": 6.05}, before, after)
    assert total == {"low": 6.0, "high": pytest.approx(7.1)}  # the second by a step of ten people
    others = after[1]["points"]
    assert total["low"] - others["low"] == pytest.approx(after[0]["points"]["low"])
    assert total["high"] - others["high"] == pytest.approx(after[0]["points"]["high"])


def test_thin_rings_between_nested_counts_are_hidden():
    assert open_coverage({5: 92, 10: 95, 15: 600}, 1000) == {5: None, 10: 90, 15: 600}
    assert open_coverage({5: 4, 15: 995}, 1000) == {5: None, 15: None}
    assert open_coverage({5: 0, 10: 500, 15: 500}, 1000) == {5: 0, 10: 500, 15: 500}


@given(
    counts=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    rest=st.integers(0, 30),
)
def test_no_subtraction_of_listed_counts_gives_few_people(counts, rest):
    nested = list(itertools.accumulate(counts))
    people = nested[-1] + rest
    listed = open_coverage(dict(enumerate(map(int, nested))), people)
    known = [0, *(nested[at] for at, count in listed.items() if count is not None), people]
    for low, high in itertools.combinations(known, 2):
        assert high - low == 0 or high - low >= FEWEST or people < FEWEST


def test_an_area_of_few_people_takes_the_next_larger_with_it():
    people = {"a": 3, "b": 200, "c": 500, "d": 0}
    assert hidden_areas(people, 703) == {"a", "b"}
    assert hidden_areas({"a": 3, "b": 8, "c": 500}, 600) == {"a", "b"}
    assert hidden_areas({"a": 30, "b": 200}, 230) == frozenset()


def test_few_people_outside_all_areas_hide_the_smallest_area():
    assert hidden_areas({"a": 30, "b": 200}, 235) == {"a"}
    assert hidden_areas({"a": 30, "b": 200}, 300) == frozenset()


@given(st.lists(st.integers(0, 40), min_size=2, max_size=6), st.integers(0, 40))
def test_the_hidden_areas_together_are_never_one_small_number(counts, outside):
    people = {str(place): count for place, count in enumerate(counts)}
    whole = sum(counts) + outside
    hidden = hidden_areas(people, whole)
    assert {key for key, count in people.items() if 0 < count < FEWEST} <= hidden
    lost = whole - sum(count for key, count in people.items() if key not in hidden)
    living = [count for count in counts if count]
    if whole >= FEWEST and living and (hidden or 0 < outside < FEWEST):
        assert lost >= FEWEST or len(hidden) == len(living)
