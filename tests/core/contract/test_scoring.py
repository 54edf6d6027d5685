import pytest

from core.contract import Fact, Figure, Span
from core.contract.definition import define
from core.contract.scoring import HOURS_UNKNOWN, line
from core.kit.town import GivenFacts


def shops(small, **change):
    small["indicator"][0] |= change
    return define(small).indicators[0]


def told(indicator, *facts, figures=None):
    answers = {
        demand: Fact(covered_low=low, covered_high=high, people=people)
        for demand, (low, high, people) in zip(indicator.demands, facts, strict=False)
    }
    return line(indicator, GivenFacts(answers=answers, figures=figures or {}, reason="没有网点。"))


def test_a_share_half_way_earns_half_the_points(small):
    scored = told(shops(small), (700, 700, 1000))
    assert scored.value == Span(0.7, 0.7)
    assert scored.points == Span(30, 30)
    assert (scored.numerator, scored.denominator, scored.met) == (Span(700, 700), 1000, False)
    assert scored.why == ""


def test_unknown_hours_give_a_span_of_points_and_say_so(small):
    scored = told(shops(small), (700, 950, 1000))
    assert scored.points == Span(30, 60)
    assert scored.met is None
    assert scored.why == HOURS_UNKNOWN


@pytest.mark.parametrize(("covered", "met"), [(899, False), (900, True), (1000, True)])
def test_a_target_is_met_when_it_is_reached_exactly(small, covered, met):
    assert told(shops(small), (covered, covered, 1000)).met is met


def test_a_missing_fact_is_no_nought_and_no_full(small):
    scored = told(shops(small))
    assert (scored.value, scored.points, scored.met) == (None, Span(0, 60), None)
    assert scored.why == "没有网点。"


def test_a_group_without_people_has_no_share(small):
    scored = told(shops(small), (0, 0, 0))
    assert (scored.value, scored.points) == (None, Span(0, 60))
    assert "没有该人群" in scored.why


def test_a_mean_is_over_formats(small):
    indicator = shops(small, aggregate="mean_over_formats")
    scored = told(indicator, (500, 500, 1000), (700, 700, 1000), (900, 900, 1000))
    assert scored.value == Span(pytest.approx(0.7), pytest.approx(0.7))
    assert scored.points == Span(30, 30)
    assert scored.numerator is None


def test_a_mean_with_one_unknown_format_is_a_span(small):
    indicator = shops(small, aggregate="mean_over_formats")
    scored = told(indicator, (600, 600, 1000), (900, 900, 1000))
    assert scored.value == Span(pytest.approx(0.5), pytest.approx(2.5 / 3))
    assert scored.points == Span(0, 50)
    assert scored.why == "stall：没有网点。"


def test_a_mean_of_nothing_known_is_not_measured(small):
    scored = told(shops(small, aggregate="mean_over_formats"))
    assert (scored.value, scored.points, scored.why) == (None, Span(0, 60), "没有网点。")


def test_an_unbuilt_kind_reads_not_measured_whatever_the_facts(small):
    scored = told(shops(small, kind="supply"))
    assert (scored.value, scored.points) == (None, Span(0, 60))
    assert "尚未建成" in scored.why


@pytest.mark.parametrize(
    ("figure", "points", "why"),
    [
        (Figure(value=0.8, sample=100, source="问卷"), Span(20, 20), ""),
        (Figure(value=0.95, sample=500, source="问卷"), Span(40, 40), ""),
        (Figure(value=0.8, sample=99, source="问卷"), Span(0, 40), "样本 99 份，少于"),
        (Figure(value=0.8, sample=0, source="问卷"), Span(0, 40), "样本量未说明"),
        (None, Span(0, 40), "没有居民满意度"),
    ],
)
def test_a_survey_counts_from_its_least_sample_on(small, figure, points, why):
    figures = {"satisfaction": figure} if figure else {}
    scored = line(define(small).indicators[1], GivenFacts(figures=figures))
    assert scored.points == points
    assert why in scored.why
    assert bool(scored.why) is (points.low < points.high)


def test_a_survey_names_its_own_source_and_sample(small):
    figures = {"satisfaction": Figure(value=0.8, sample=120, source="街道问卷")}
    scored = line(define(small).indicators[1], GivenFacts(figures=figures))
    assert scored.source == "某号第二条；调查：街道问卷，样本 120 份"
