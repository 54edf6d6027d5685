import pytest

from core.contract import (
    ADULT,
    ELDER,
    PUSHCHAIR,
    WHEELCHAIR,
    Demand,
    Misdeclared,
    Walker,
    Window,
)
from core.contract.definition import define


def refused(raw, words):
    with pytest.raises(Misdeclared, match=words):
        define(raw)


def test_a_file_becomes_shares_and_points(small):
    shops, happy = define(small).indicators
    assert (shops.target, shops.floor, shops.hard_floor, shops.out_of) == (0.9, 0.5, 0.4, 60)
    assert shops.demands == (
        Demand(
            formats=("shop", "market", "stall"),
            minutes=15,
            walker=Walker(key="adult", metres_per_second=1.2),
        ),
    )
    assert (happy.demands, happy.figure, happy.min_sample) == ((), "satisfaction", 100)


def test_numbers_in_another_unit_stay_as_written(small):
    small["indicator"][0] |= {"kind": "supply", "unit": "处", "target": 5, "floor": 1}
    assert (define(small).indicators[0].target, define(small).indicators[0].floor) == (5, 1)


@pytest.mark.parametrize(("match", "wanted"), [("any", 1), ("all", 3), ("count>=2", 2)])
def test_a_match_becomes_at_least_so_many(small, match, wanted):
    small["indicator"][0]["match"] = match
    assert define(small).indicators[0].demands[0].at_least == wanted


def test_a_mean_asks_for_each_format_by_itself(small):
    small["indicator"][0]["aggregate"] = "mean_over_formats"
    demands = define(small).indicators[0].demands
    assert [demand.formats for demand in demands] == [("shop",), ("market",), ("stall",)]


def test_a_window_is_minutes_after_midnight(small):
    small["indicator"][0]["window"] = "06:30-08:30"
    small["indicator"][0]["status_parts"]["window"] = "assumed"
    assert define(small).indicators[0].demands[0].window == Window(390, 510)


def test_a_class_stands_for_its_formats(small):
    small["classes"] = {"basic": ["shop", "market"]}
    small["indicator"][0] |= {"formats": [], "class": "basic"}
    assert define(small).indicators[0].demands[0].formats == ("shop", "market")


def test_every_assumed_number_is_told(small):
    told = define(small).assumptions
    assert told == (
        "设定：商店：起分值 50%、硬性下限 40%、权重 100",
        "设定：满意度：起分值 70%、权重 100",
        "设定：维度权重：甲 60",
        "设定：步速：adult 1.2 米/秒",
        "设定：等级分数线：良好 80",
    )


def test_a_line_says_which_of_its_numbers_are_official(small):
    assert define(small).indicators[0].status_note == (
        "步行时间、目标值：官；起分值、硬性下限、权重：设"
    )


@pytest.mark.parametrize("name", ["threshold_minutes", "target", "floor", "weight", "hard_floor"])
def test_a_number_without_a_status_is_refused(small, name):
    del small["indicator"][0]["status_parts"][name]
    refused(small, f"status_parts lacks {name}")


def test_weights_must_sum_to_a_hundred(small):
    small["dimension"][0]["weight"] = 59
    refused(small, "dimensions sum to 99")
    small["dimension"][0]["weight"] = 60
    small["indicator"][0]["weight"] = 99.9
    refused(small, "weights of a sum to 99.9")


def test_contradictions_are_refused_by_name(small):
    small["indicator"][0] |= {"floor": 90}
    refused(small, "indicator shops: floor and target")
    small["indicator"][0] |= {"floor": 50, "match": "count>=4"}
    refused(small, "only 3 formats")
    small["indicator"][0] |= {"match": "any", "speed_profile": "runner"}
    refused(small, "unknown speed profile runner")
    small["indicator"][0] |= {"speed_profile": "", "formats": ["shop", "shop"]}
    refused(small, "named twice: shop")
    small["indicator"][0] |= {"formats": []}
    refused(small, "no formats")
    small["indicator"][0] |= {"formats": ["shop"], "dimension": "c"}
    refused(small, "unknown dimension c")


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (("indicator", 0), {"wieght": 5}),
        (("indicator", 0), {"kind": "coverge"}),
        (("indicator", 0), {"window": "6:30-8:30"}),
        (("grade", 0), {"min_score": 101}),
        (("dimension", 0), {"status": "sure"}),
        (("ruleset",), {"issued": "2024-13-01"}),
        (("defaults",), {"missing_policy": "zero"}),
    ],
)
def test_a_misspelt_key_or_value_is_refused(small, place, change):
    table = small
    for step in place:
        table = table[step]
    table |= change
    refused(small, next(iter(change)))


def test_a_window_must_rise_within_one_day(small):
    small["indicator"][0]["status_parts"]["window"] = "assumed"
    for window in ("08:30-06:30", "20:00-25:00"):
        small["indicator"][0]["window"] = window
        refused(small, window)


def test_hard_rules_and_grades_name_what_there_is(small):
    rule = {"id": "r", "zh": "规则", "effect": "cap", "cap": "great", "status": "assumed"}
    rule |= {"source": "设定", "when": {"kind": "any_below_floor", "of": "a"}}
    small["hard_rule"] = [rule]
    refused(small, "unknown: great")
    rule |= {"cap": "fair", "when": {"kind": "slots_incomplete", "of": "c"}}
    refused(small, "nothing to watch")
    rule["when"]["of"] = "a"
    small["grade"][0]["requires"] = ["q"]
    refused(small, "grade requires: unknown: q")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"kind": "supply"}, "供给量"),
        ({"kind": "count_distinct_reachable"}, "业态种数"),
        ({"require_attr": "上门服务"}, "上门服务"),
        ({"threshold_m": 500}, "步行距离"),
        ({"aggregate": "weighted_mean_over_formats"}, "weighted_mean"),
        ({"group": "6-12"}, "6-12"),
    ],
)
def test_what_is_not_built_yet_asks_nothing_and_says_so(small, change, word):
    small["indicator"][0] |= change
    shops = define(small).indicators[0]
    assert shops.demands == ()
    assert shops.unbuilt.startswith("此指标的计算尚未建成")
    assert word in shops.unbuilt


def walkers_of(raw):
    return {demand.walker for each in define(raw).indicators for demand in each.demands}


@pytest.mark.parametrize("walker", [ADULT, ELDER, PUSHCHAIR, WHEELCHAIR])
def test_a_walker_may_be_one_of_the_named(small, walker):
    small["indicator"][0]["walker"] = walker.key
    assert walkers_of(small) == {walker}


def test_the_files_own_profile_comes_before_the_named(small):
    small["speed_profile"].append(
        small["speed_profile"][0] | {"id": "elder", "m_per_s": 0.7, "steps": "never"}
    )
    small["defaults"]["walker"] = "elder"
    assert walkers_of(small) == {Walker(key="elder", metres_per_second=0.7, steps=None)}


def test_a_walker_may_be_written_where_it_is_used(small):
    table = {"key": "carer", "metres_per_second": 1.0, "steps": 2, "crossing_seconds": 30}
    table |= {"uphill": 4, "through_gates": False, "status": "assumed", "source": "设定"}
    small["indicator"][0]["walker"] = table
    assert walkers_of(small) == {
        Walker(
            key="carer",
            metres_per_second=1.0,
            steps=2.0,
            crossing_seconds=30.0,
            uphill=4.0,
            through_gates=False,
        )
    }
    told = "carer 1 米/秒、台阶按 2 倍、等灯 30 秒、每升高 1 米加 4 米、不过门禁"
    assert f"设定：步速：adult 1.2 米/秒、{told}" in define(small).assumptions


def test_a_named_walkers_numbers_are_told_with_the_assumptions(small):
    small["defaults"] = {"threshold_minutes": 15, "walker": "wheelchair", "population_basis": "人"}
    del small["speed_profile"]
    told = "设定：步速：wheelchair 0.8 米/秒、不能走台阶、等灯 34 秒、每升高 1 米加 3.5 米"
    assert told in define(small).assumptions


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 0.5}, 'at least 1, or "never"'),
        ({"steps": "none"}, 'at least 1, or "never"'),
        ({"steps": True}, 'at least 1, or "never"'),
        ({"crossing_seconds": -1}, "crossing_seconds.*write 0 to 600"),
        ({"uphill": 101}, "uphill.*write 0 to 100"),
        ({"metres_per_second": 0.05}, "metres_per_second.*write a speed of 0.1 to 3"),
        ({"speed": 1}, "speed"),
        ({"through_gates": "sometimes"}, "through_gates"),
    ],
)
def test_an_impossible_walker_is_refused_by_key_and_remedy(small, change, words):
    table = {"key": "x", "metres_per_second": 1.0, "status": "assumed", "source": "设定"}
    small["indicator"][0]["walker"] = table | change
    refused(small, words)


def test_an_unknown_or_missing_walker_is_refused_with_those_there_are(small):
    small["indicator"][0]["walker"] = "runner"
    refused(small, "shops: walker: unknown speed profile runner: name one of adult, adult_1_2, eld")
    small["indicator"][0]["walker"] = 3
    refused(small, "a profile's key or a table")
    del small["indicator"][0]["walker"]
    del small["defaults"]["speed_profile"]
    refused(small, "name a walker")
