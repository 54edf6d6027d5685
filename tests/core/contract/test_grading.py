import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.contract import Fact, Figure, Span
from core.contract.checks import scorecard_faults
from core.contract.declared import judge
from core.contract.definition import define
from core.kit.town import GivenFacts

FULL = Figure(value=0.9, sample=500, source="问卷")
HALF = Figure(value=0.8, sample=500, source="问卷")
NONE = Figure(value=0.7, sample=500, source="问卷")


def rule(kind, of, effect, **more):
    when = {"kind": kind, "of": of} | {name: more.pop(name) for name in ("than",) if name in more}
    when |= {"denied_by": more.pop("denied_by")} if "denied_by" in more else {}
    said = {"id": "r", "zh": "规则", "status": "assumed", "source": "设定"}
    return said | {"when": when, "effect": effect} | more


def card(raw, covered, survey=FULL, told=None, **figures):
    """Judge a hundred people; ``covered`` is a number, a pair, or None."""
    definition = define(raw)
    low, high = covered if isinstance(covered, tuple) else (covered, covered)
    (demand,) = definition.indicators[0].demands
    fact = Fact(covered_low=low, covered_high=high, people=100) if covered is not None else None
    figures |= {"satisfaction": survey} if survey else {}
    facts = GivenFacts(answers={demand: fact} if fact else {}, figures=figures)
    judged = judge(definition, facts, told or {})
    assert scorecard_faults(judged) == ()
    return judged


@pytest.mark.parametrize(
    ("covered", "survey", "points", "grade", "name"),
    [
        (90, FULL, 100, "good", "良好"),
        (90, HALF, 80, "good", "良好"),  # exactly the cut-off
        (89, HALF, 78.5, "fair", "合格"),
        (70, FULL, 70, "fair", "合格"),
        (50, FULL, 40, None, "未达标"),
    ],
)
def test_points_make_a_grade(small, covered, survey, points, grade, name):
    judged = card(small, covered, survey)
    assert judged.points == Span(points, points)
    assert (judged.grade, judged.grade_name, judged.pending) == (grade, name, ())


def test_ends_that_disagree_leave_the_grade_open_and_say_what_would_decide(small):
    judged = card(small, 90, survey=None)
    assert judged.points == Span(60, 100)
    assert (judged.grade, judged.grade_name) == (None, "等级待定")
    assert judged.pending == ("满意度：0.0–40.0 分（满分 40.0）。没有居民满意度调查数据。",)


def test_ends_that_agree_give_the_grade_though_something_is_missing(small):
    judged = card(small, (85, 90), FULL)
    assert judged.points.low < judged.points.high
    assert (judged.grade, judged.pending) == ("good", ())


def test_nothing_known_is_nought_to_a_hundred_and_open(small):
    judged = card(small, None, survey=None)
    assert (judged.points, judged.out_of) == (Span(0, 100), 100)
    assert judged.grade_name == "等级待定"
    assert len(judged.pending) == 2


def test_a_line_below_its_hard_floor_fails_the_whole(small):
    small["hard_rule"] = [rule("any_below_floor", "a", "fail")]
    small["grade"][1]["min_score"] = 30
    assert card(small, 40).grade == "fair"  # at the floor is not below it
    failed = card(small, 39)
    assert (failed.grade, failed.grade_name) == (None, "未达标")
    assert "硬性规则“规则”触发：不达标。" in failed.notes
    assert card(small, (10, 39)).grade_name == "未达标"  # surely below, whatever the hours


def test_a_hard_floor_that_may_or_may_not_be_met_leaves_the_grade_open(small):
    small["hard_rule"] = [rule("any_below_floor", "a", "fail")]
    small["grade"][0] |= {"min_score": 0}
    open_card = card(small, (39, 41))
    assert open_card.grade_name == "等级待定"
    assert open_card.pending[0] == "硬性规则“规则”尚不能判定：商店 未测得确定的值。"


def test_a_cap_lowers_the_grade_and_no_more(small):
    small["hard_rule"] = [rule("slots_incomplete", "a", "cap", cap="fair")]
    small["indicator"][0]["floor"] = -100  # nobody covered still earns points
    small["dimension"][0]["weight"], small["dimension"][1]["weight"] = 20, 80
    assert card(small, 1).grade == "good"
    capped = card(small, 0)
    assert capped.points.low >= 80
    assert capped.grade == "fair"
    assert "硬性规则“规则”触发：等级至多为“合格”。" in capped.notes
    assert card(small, (0, 1)).grade_name == "等级待定"


def test_a_grade_may_require_that_a_rule_does_not_strike(small):
    small["hard_rule"] = [rule("fact_over", "incidents", "flag")]
    small["grade"][0]["requires"] = ["r"]
    count = {n: Figure(value=n, sample=1, source="台账") for n in (0, 1)}
    assert card(small, 90, incidents=count[0]).grade == "good"
    assert card(small, 90, incidents=count[1]).grade == "fair"


def test_a_figure_over_its_bound_strikes_and_an_unknown_one_leaves_it_open(small):
    small["hard_rule"] = [rule("fact_over", "incidents", "fail", than=1)]
    one, two = (Figure(value=n, sample=1, source="台账") for n in (1, 2))
    assert card(small, 90, incidents=one).grade == "good"
    assert card(small, 90, incidents=two).grade_name == "未达标"
    unknown = card(small, 90)
    assert unknown.grade_name == "等级待定"
    assert unknown.pending == ("硬性规则“规则”尚不能判定：缺少有关记录或声明。",)


def test_a_statement_decides_where_no_figure_is_and_is_printed(small):
    small["hard_rule"] = [rule("fact_over", "incidents", "fail", denied_by="none")]
    stated = card(small, 90, told={"none": True})
    assert stated.grade == "good"
    assert "硬性规则“规则”未触发：依据本单位在插件设置中的声明。" in stated.notes
    two = Figure(value=2, sample=1, source="台账")
    assert card(small, 90, told={"none": True}, incidents=two).grade_name == "未达标"
    assert card(small, 90, told={"none": False}).grade_name == "等级待定"


def test_evidence_that_is_missing_strikes(small):
    small["hard_rule"] = [rule("evidence_missing", "photos", "cap", cap="fair")]
    assert card(small, 90).grade == "fair"
    photos = Figure(value=1, sample=1, source="台账")
    assert card(small, 90, photos=photos).grade == "good"


def test_an_undecided_rule_that_can_change_nothing_does_not_hold_the_grade_up(small):
    small["hard_rule"] = [rule("fact_over", "incidents", "fail")]
    assert card(small, 50, NONE).grade_name == "未达标"


def test_assumptions_are_always_noted(small):
    assert set(define(small).assumptions) <= set(card(small, 90).notes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_knowing_more_never_leaves_the_span_nor_overturns_a_grade(small, one, two, three):
    low, known, high = sorted((one, two, three))
    small["hard_rule"] = [rule("any_below_floor", "a", "fail")]
    before, after = card(small, (low, high)), card(small, known)
    assert before.points.low <= after.points.low <= after.points.high <= before.points.high
    if before.grade_name != "等级待定":
        assert after.grade == before.grade
