"""The six ones of the 2023 plan, scored by hand."""

import pytest

import plugins.basics
import plugins.national
from core.contract import Fact, Figure, Span, Status, Walker, Window
from core.contract.checks import demands_faults, scorecard_faults
from core.kit.town import GivenFacts, unmeasured

(RULESET,) = plugins.national.lifecircle_rulesets({})
DEMANDS = {demand.formats: demand for demand in RULESET.demands({})}
SURVEY = {"satisfaction": Figure(value=0.8, sample=200, source="问卷")}
YI_DIAN = ("convenience_store", "supermarket")
YI_ZAO = ("breakfast_shop",)
YI_CAI = ("wet_market", "fresh_store")
YI_XIU = ("repair", "workshop_multi")
YI_LAO = ("elder_care_station", "elder_canteen")
YI_XIAO = ("childcare_0_3", "after_school")
REST = ("pharmacy", "parcel_post", "hair_beauty", "laundry", "housekeeping", "photo_copy")
BY_HAND = {
    YI_DIAN: (950, 950, 1000),  # 95 % is the target: all of 60·16 % = 9.6
    YI_ZAO: (700, 900, 1000),  # (70–50)/40 = half of 9.6 = 4.8, up to the target: 9.6
    YI_CAI: (775, 775, 1000),  # (77.5–60)/35 = half of 60·20 % = 12: 6
    YI_XIU: (400, 400, 1000),  # at the floor: nothing of 9.6, yet not below the hard floor
    YI_LAO: (110, 110, 200),  # (55–30)/50 = half of 9.6: 4.8
    YI_XIAO: (28, 28, 40),  # 70 % is the target: 9.6
    ("pharmacy",): (400, 400, 1000),
    ("parcel_post",): (400, 400, 1000),
    ("hair_beauty",): (600, 600, 1000),
    ("laundry",): (600, 600, 1000),
    ("housekeeping",): (725, 725, 1000),
    ("photo_copy",): (800, 800, 1000),
    ("supermarket",): (850, 850, 1000),  # the mean of seven is 62.5 %: half of 15, 7.5
}


def facts(changes=(), figures=None):
    """Give the facts scored by hand, with changes; ``None`` takes one away."""
    told = BY_HAND | dict(changes)
    answers = {
        DEMANDS[formats]: Fact(covered_low=low, covered_high=high, people=people)
        for formats, (low, high, people) in ((key, v) for key, v in told.items() if v)
    }
    return GivenFacts(people=1000, answers=answers, figures=SURVEY if figures is None else figures)


def judge(*changes, figures=None):
    card = RULESET.judge(facts(changes, figures), {})
    assert scorecard_faults(card) == ()
    return card


def every(low, high=None):
    """Give everybody's share of every demand."""
    return [
        (key, (int(low * people), int((low if high is None else high) * people), people))
        for key, (_, _, people) in BY_HAND.items()
    ]


def test_the_plan_asks_for_basic_formats_within_ten_minutes():
    assert demands_faults(RULESET.demands({})) == ()
    assert set(DEMANDS) == {*BY_HAND}
    assert {d.minutes for f, d in DEMANDS.items() if f not in (YI_LAO, YI_XIAO)} == {10}


def test_breakfast_must_be_open_in_the_morning():
    assert DEMANDS[YI_ZAO].window == Window(6 * 60 + 30, 8 * 60 + 30)
    assert DEMANDS[YI_DIAN].window is None


def test_the_old_and_the_small_walk_slower_and_are_counted_by_themselves():
    elder, small = DEMANDS[YI_LAO], DEMANDS[YI_XIAO]
    assert (elder.group, elder.minutes) == ("60+", 15)
    assert elder.walker == Walker(key="elder_0_9", metres_per_second=0.9)
    assert (small.group, small.walker.metres_per_second) == ("0-3", 1.0)


def test_every_demanded_format_is_in_the_catalogue():
    there = {each.key for each in plugins.basics.lifecircle_business_formats({})}
    assert {key for formats in DEMANDS for key in formats} <= there


def test_the_scorecard_by_hand():
    card = judge()
    points = {line.key: (line.points.low, line.points.high) for line in card.lines}
    assert points == {
        "yi_dian": (9.6, 9.6),
        "yi_zao": (pytest.approx(4.8), 9.6),
        "yi_cai": (pytest.approx(6), pytest.approx(6)),
        "yi_xiu": (0, 0),
        "yi_lao": (pytest.approx(4.8), pytest.approx(4.8)),
        "yi_xiao": (9.6, 9.6),
        "basic_rest": (pytest.approx(7.5), pytest.approx(7.5)),
        "quality_kinds": (0, 10),
        "satisfaction_rate": (pytest.approx(7.5), pytest.approx(7.5)),
    }
    assert card.points == Span(pytest.approx(49.8), pytest.approx(64.6))
    assert card.out_of == 100
    # 49.8 is below 60, 64.6 is 基础型: what is not known decides
    assert (card.grade, card.grade_name) == (None, "等级待定")
    assert [text.partition("：")[0] for text in card.pending] == [
        "可达品质提升类业态种数（人口加权中位数）",
        "一早",
    ]


def test_people_are_shown_where_people_are_counted():
    lines = {line.key: line for line in judge().lines}
    assert (lines["yi_zao"].numerator, lines["yi_zao"].denominator) == (Span(700, 900), 1000)
    assert (lines["yi_lao"].numerator, lines["yi_lao"].denominator) == (Span(110, 110), 200)
    assert lines["basic_rest"].numerator is None
    assert (lines["yi_dian"].met, lines["yi_zao"].met, lines["yi_cai"].met) == (True, None, False)


def test_with_nothing_known_the_grade_is_open_from_nought_to_a_hundred():
    card = RULESET.judge(unmeasured(), {})
    assert (card.points, card.grade, card.grade_name) == (Span(0, 100), None, "等级待定")
    assert all(line.value is None and line.why for line in card.lines)
    assert len(card.pending) == 10  # nine lines and the hard rule


def test_with_everything_full_the_best_grade_is_sure_whatever_is_not_built():
    full = {"satisfaction": Figure(value=0.95, sample=500, source="问卷")}
    card = judge(*every(1), figures=full)
    assert card.points == Span(90, 100)
    assert (card.grade, card.grade_name, card.pending) == ("quality_type", "品质型", ())


def test_one_slot_below_its_hard_floor_fails_however_good_the_rest():
    full = {"satisfaction": Figure(value=0.95, sample=500, source="问卷")}
    card = judge(*every(1), (YI_CAI, (590, 599, 1000)), figures=full)
    assert card.points.low > 75
    assert (card.grade, card.grade_name, card.pending) == (None, "未达标", ())
    assert any("六个一必须齐全" in note and "触发" in note for note in card.notes)


def test_without_the_age_group_the_line_is_not_measured_and_nobody_stands_in():
    full = {"satisfaction": Figure(value=0.95, sample=500, source="问卷")}
    card = judge(*every(1), (YI_XIAO, None), figures=full)
    (line,) = [line for line in card.lines if line.key == "yi_xiao"]
    assert (line.value, line.points) == (None, Span(0, 9.6))
    assert card.grade_name == "等级待定"
    assert card.pending[0].startswith("硬性规则“六个一必须齐全")


def test_too_small_a_survey_does_not_count():
    few = {"satisfaction": Figure(value=0.95, sample=138, source="问卷")}
    (line,) = [line for line in judge(figures=few).lines if line.dimension == "居民满意度"]
    assert (line.value, line.points) == (None, Span(0, 15))
    assert "样本 138 份" in line.why


def test_every_line_says_what_is_official_and_what_is_assumed():
    for line in RULESET.judge(unmeasured(), {}).lines:
        assert line.status in (Status.DERIVED, Status.ASSUMED)
        assert "设" in line.status_note
        assert line.source
    notes = "".join(RULESET.judge(unmeasured(), {}).notes)
    assert "品质型 85、提升型 70、基础型 60" in notes
    assert "elder_0_9 0.9 米/秒" in notes
