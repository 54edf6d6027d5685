"""Jinan's ruleset over the nation's: what it inherits, what it replaces, how it grades."""

import plugins.basics
import plugins.jinan
import plugins.national
from core.contract import Fact, Figure, Span, Window
from core.contract.checks import scorecard_faults
from core.kit.town import GivenFacts, unmeasured

(RULESET,) = plugins.jinan.lifecircle_rulesets({})
(NATIONAL,) = plugins.national.lifecircle_rulesets({})
STATED = {"no_major_incidents": True}
FULL = {"satisfaction": Figure(value=0.95, sample=500, source="问卷")}
SIX = ("yi_dian", "yi_zao", "yi_cai", "yi_xiu", "yi_lao", "yi_xiao")


def judge(share, settings=STATED, figures=FULL, **shares):
    """Judge a thousand people, each demand at one share but those of named lines."""
    special = {LINES[key]: value for key, value in shares.items()}
    answers = {}
    for demand in RULESET.demands({}):
        low, high = special.get(demand.formats, (share, share))
        answers[demand] = Fact(
            covered_low=int(low * 1000), covered_high=int(high * 1000), people=1000
        )
    facts = GivenFacts(people=1000, answers=answers, figures=figures)
    card = RULESET.judge(facts, settings)
    assert scorecard_faults(card) == ()
    return card


LINES = {"yi_xiu": ("repair", "workshop_multi")}


def test_the_six_ones_and_the_survey_are_inherited_and_weigh_what_the_city_says():
    out_of = {line.key: line.out_of for line in RULESET.judge(unmeasured(), {}).lines}
    assert set(SIX) <= set(out_of)
    assert (out_of["yi_dian"], out_of["yi_cai"], out_of["satisfaction_rate"]) == (7.2, 9, 15)
    assert not {"basic_rest", "quality_kinds"} & set(out_of)
    assert sum(out_of.values()) == 100


def test_the_citys_two_classes_take_the_place_of_the_nations_three():
    notes = "".join(RULESET.judge(unmeasured(), {}).notes)
    assert "示范标准类 80、基础保障类 60" in notes
    assert "品质型" not in notes


def test_it_asks_in_layers_of_five_eight_and_fifteen_minutes():
    asked = {(demand.formats, demand.minutes) for demand in RULESET.demands({})}
    assert (("convenience_store", "supermarket"), 5) in asked
    assert (("pharmacy",), 8) in asked
    assert (("gym",), 15) in asked
    there = {each.key for each in plugins.basics.lifecircle_business_formats({})}
    assert {key for formats, _ in asked for key in formats} <= there


def test_the_evening_clinic_is_asked_for_in_the_evening():
    windows = {d.formats: d.window for d in RULESET.demands({}) if d.window}
    assert windows[("health_centre", "clinic")] == Window(18 * 60, 20 * 60)


def test_what_is_not_built_yet_keeps_its_range_and_says_so():
    lines = {line.key: line for line in judge(1).lines}
    unbuilt = [key for key, line in lines.items() if "尚未建成" in line.why]
    assert unbuilt == ["workshop_services", "door_service", "four_circles"]
    assert [lines[key].points for key in unbuilt] == [Span(0, 4), Span(0, 4), Span(0, 10)]


def test_full_everywhere_is_a_demonstration_circle_once_no_accident_is_stated():
    card = judge(1)
    assert card.points == Span(82, 100)
    assert (card.grade, card.grade_name) == ("demonstration", "示范标准类")
    assert any("依据本单位在插件设置中的声明" in note for note in card.notes)


def test_without_the_statement_the_grade_is_open_and_says_what_would_decide():
    card = judge(1, settings={"no_major_incidents": False})
    assert card.grade_name == "等级待定"
    assert "缺少有关记录或声明" in card.pending[0]


def test_an_accident_fails_whatever_was_stated():
    accident = FULL | {"incidents_major": Figure(value=1, sample=1, source="台账")}
    assert judge(1, figures=accident).grade_name == "未达标"


def test_a_slot_that_nobody_reaches_caps_the_grade():
    card = judge(1, yi_xiu=(0, 0))
    assert any("等级至多为“基础保障类”" in note for note in card.notes)
    assert card.points.low > 60
    assert (card.grade, card.grade_name) == ("basic_guarantee", "基础保障类")


def test_a_slot_that_somebody_may_reach_leaves_the_grade_open():
    assert judge(1, yi_xiu=(0, 1)).grade_name == "等级待定"


def test_a_citys_ruleset_changes_with_the_nations_words():
    assert RULESET.digest != NATIONAL.digest
    assert len(RULESET.digest) == len(NATIONAL.digest) == 64
