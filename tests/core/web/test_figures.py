from datetime import date

import pytest

from core.contract.ruleset import Span
from core.web import figures


def test_people_are_written_in_wan_from_ten_thousand_on(chinese):
    assert figures.people(9_999) == "9,999"
    assert figures.people(138_049) == "13.8 万"


def test_people_are_written_in_full_in_english(english):
    assert figures.people(138_049) == "138,049"


def test_what_is_not_known_is_a_dash_and_never_a_nought(chinese):
    written = [figures.people(None), figures.share(None), figures.span(None), figures.points(None)]
    assert written == ["—"] * 4


def test_a_share_carries_one_decimal_also_where_it_is_nought():
    assert [figures.share(0.3664), figures.share(0)] == ["36.6%", "0.0%"]


def test_both_ends_of_a_span_are_written_unless_they_agree():
    assert figures.span(Span(0.352, 0.381)) == "35.2%–38.1%"
    assert figures.span(Span(0.448, 0.448)) == "44.8%"
    assert figures.span(Span(27.6, 30), "家") == "27.6 家–30 家"


def test_points_drop_idle_zeros_and_keep_the_undecided_range():
    assert figures.points(Span(10, 10)) == "10"
    assert figures.points(Span(0, 15)) == "0–15"
    assert figures.points(Span(9.94, 9.94)) == "9.9"


@pytest.mark.parametrize(
    ("met", "high", "floor", "stands"),
    [
        (None, None, 0.4, "nodata"),
        (None, 0.9, 0.4, "nodata"),
        (True, 0.9, 0.4, "met"),
        (False, 0.5, 0.4, "short"),
        (False, 0.4, 0.4, "short"),
        (False, 0.39, 0.4, "lack"),
        (False, 0.1, None, "short"),
    ],
)
def test_a_line_lacks_only_where_even_its_best_end_is_below_the_floor(met, high, floor, stands):
    assert figures.standing(met, high, floor) == stands


def test_a_bar_places_value_far_end_and_target():
    at = figures.places(0.4, 0.5, 0.8)
    assert (at.low, at.high, at.target) == (40, 50, 80)


def test_a_bar_grows_to_hold_a_target_beyond_its_end():
    at = figures.places(1.0, target=2.0)
    assert (at.low, at.high, at.target) == (50, 50, 100)


def test_a_bar_of_nothing_known_is_none_and_of_noughts_is_not():
    assert figures.places(None) is None
    assert figures.places(0.0, full=0.0).high == 0


def test_days_are_written_as_the_language_writes_them(chinese):
    assert figures.day(date(2026, 11, 20)) == "2026年11月20日"
