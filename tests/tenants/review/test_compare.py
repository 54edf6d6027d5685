"""Two summaries side by side: like with like in order, unlike with the reason."""

from __future__ import annotations

import copy

import pytest

from core.contract import Span
from tenants.review.compare import compare


def line(key, low, high=None, *, points=None, unit="%", out_of=10.0):
    high = low if high is None else high
    value = None if low is None else {"low": low, "high": high}
    points = points or ((low or 0) * out_of, (out_of if high is None else high * out_of))
    return {
        "key": key,
        "name": f"名{key}",
        "unit": unit,
        "value": value,
        "points": {"low": points[0], "high": points[1]},
        "out_of": out_of,
    }


def summary(*lines, points=(70.0, 70.0), slots=()):
    return {
        "ruleset": {"key": "jinan", "version": "2022.1", "digest": "d1"},
        "walker": {"key": "adult_1_2", "metres_per_second": 1.2},
        "params": {"report_minutes": [5.0], "access_limit_metres": 150.0, "limit_minutes": 30.0},
        "datasets": [{"kind": "residents", "as_of": "2025-06-30"}],
        "sample": False,
        "whole": {"points": {"low": points[0], "high": points[1]}, "lines": list(lines)},
        "slots": [
            {"slot": slot, "minutes": 15.0, "people": 1000, "covered": covered}
            for slot, covered in slots
        ],
    }


def changed(base, change):
    other = copy.deepcopy(base)
    change(other)
    return other


def test_like_with_like_gives_differences_in_percentage_points():
    left = summary(line("market", 0.8), points=(80.0, 82.0), slots=[("yi_dian", 900)])
    right = summary(line("market", 0.7, 0.75), points=(70.0, 75.0), slots=[("yi_dian", 850)])
    result = compare(left, right)
    assert result.alike
    assert result.differences == ()
    (row,) = result.rows
    assert row.gap == Span(5.0, 10.0)
    assert (row.left, row.right) == (Span(0.8, 0.8), Span(0.7, 0.75))
    assert row.overlap is False
    assert (result.ahead, result.overlap) == ("left", False)
    assert (result.slots[0].left, result.slots[0].gap) == (0.9, 5.0)


def test_the_order_is_turned_when_the_sides_are():
    left, right = summary(points=(60.0, 65.0)), summary(points=(65.1, 70.0))
    assert compare(left, right).ahead == "right"
    assert compare(right, left).ahead == "left"


@pytest.mark.parametrize("other", [(65.0, 90.0), (60.0, 70.0), (70.0, 70.0), (0.0, 100.0)])
def test_totals_that_overlap_have_no_order(other):
    result = compare(summary(points=(70.0, 75.0)), summary(points=other))
    assert (result.alike, result.overlap, result.ahead) == (True, True, "")


def test_unmeasured_hidden_and_missing_lines_have_no_difference():
    left = summary(line("market", None), line("only_left", 0.5))
    right = summary(line("market", 0.5), line("only_right", 0.5))
    rows = {row.key: row for row in compare(left, right).rows}
    assert list(rows) == ["market", "only_left", "only_right"]
    assert all(row.gap is None for row in rows.values())
    assert rows["only_left"].right_points is None
    hidden = summary(slots=[("yi_cai", None)])
    assert compare(hidden, summary(slots=[("yi_cai", 500)])).slots[0].gap is None


def test_another_unit_is_compared_as_written():
    left, right = (
        summary(line("outlets", 12.0, unit="个")),
        summary(line("outlets", 9.0, unit="个")),
    )
    assert compare(left, right).rows[0].gap == Span(3.0, 3.0)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda s: s["ruleset"].update(key="national-2023-plan"), ["jinan", "national-2023-plan"]),
        (lambda s: s["ruleset"].update(version="2024.1"), ["2022.1", "2024.1", "版本"]),
        (lambda s: s["ruleset"].update(digest="d2"), ["摘要"]),
        (lambda s: s["walker"].update(metres_per_second=0.8), ["1.2", "0.8", "步行速度"]),
        (lambda s: s.update(walker=None), ["未说明"]),
        (lambda s: s["params"].update(access_limit_metres=None), ["150", "不限"]),
        (lambda s: s["params"].update(register_complete=True), ["登记"]),
        (lambda s: s["params"].update(something_new=3), ["something_new"]),
        (lambda s: s["datasets"][0].update(as_of="2020-11-01"), ["2025-06-30", "2020-11-01"]),
        (lambda s: s["datasets"][0].update(as_of=None), ["未说明"]),
        (lambda s: s.update(datasets=[]), ["未说明"]),
        (lambda s: s.update(sample=True), ["示例"]),
    ],
)
def test_unlike_with_unlike_names_what_differs_and_gives_no_order(change, named):
    left = summary(line("market", 0.9), points=(90.0, 90.0), slots=[("yi_dian", 900)])
    right = changed(
        left | {"whole": summary(line("market", 0.1), points=(10.0, 10.0))["whole"]}, change
    )
    for result in (compare(left, right), compare(right, left)):
        assert not result.alike
        (difference,) = result.differences
        assert all(word in difference.chinese for word in named)
        assert difference.chinese.endswith("。")
        assert difference.english.endswith(".")
        assert result.ahead == ""
        assert result.overlap is None
        assert all(row.gap is None and row.overlap is None for row in result.rows)
        assert all(row.gap is None for row in result.slots)


def test_every_difference_is_named():
    left = summary()
    right = changed(left, lambda s: (s["ruleset"].update(version="9"), s.update(sample=True)))
    assert len(compare(left, right).differences) == 2


def test_another_day_of_the_same_year_and_other_reported_minutes_are_alike():
    left = summary()
    right = changed(
        left,
        lambda s: (
            s["datasets"][0].update(as_of="2025-12-31"),
            s["params"].update(report_minutes=[5.0, 8.0]),
        ),
    )
    assert compare(left, right).alike


def test_two_unknown_vintages_are_not_the_same_vintage():
    unknown = changed(summary(), lambda s: s["datasets"][0].update(as_of=None))
    assert not compare(unknown, unknown).alike
