from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.contract import TableKind, Walker
from core.errors import Invalid
from core.kernel.walkers import LEVEL, Profile
from core.kernel.walks import UNREACHED
from core.runs.execute import Silent
from core.runs.lanes import wanted
from core.runs.measure import AreaFacts, count, measure, ready
from core.runs.network import at_own_pace, at_pace
from core.runs.params import Params
from core.runs.town import load, settle
from tests.core.runs.small_town import DEMANDS, SHOPS, freeze_town, named, residents, walked

MARKET, BREAKFAST, NIGHT, CARE, BABIES, BOTH, NOWHERE = (named(demand) for demand in DEMANDS)


@pytest.fixture
def measured_with(blobs, catalogue):
    def compute(kinds=tuple(TableKind), **values):
        params = Params.load(values)
        town = settle(load(blobs, freeze_town(blobs, kinds)), params)
        demands = catalogue.demands("small.rules")
        prepared = ready(town, demands, params)
        walks, keys = measure(town, demands, catalogue.formats, params, Silent().tick, prepared)
        measured = count(town, walks, demands, keys, catalogue.formats, params)
        return town, measured

    return compute


def facts(town, measured, key="whole"):
    place = [area.key for area in town.areas.each].index(key)
    return AreaFacts(
        area=key,
        people=int(measured.people[place]),
        place=place,
        named=town.areas.each[place],
        answers=measured.answers,
    )


def people_within(shops, metres, each=10):
    """Count by hand: on a square grid the walk is the sum of the two offsets."""
    table = residents()["homes"]
    x, y = (np.round(column) for column in walked(table["lon"], table["lat"]))
    near = np.zeros(len(x), dtype=bool)
    for name, east, north, *_ in SHOPS:
        if name in shops:
            near |= np.abs(x - east) + np.abs(y - north) <= metres
    return int(near.sum()) * each


def test_coverage_is_what_one_counts_by_hand(measured_with):
    _, measured = measured_with()
    for minutes, metres in ((5.0, 360), (10.0, 720), (15.0, 1080)):
        whole = measured.coverage["small.wet_market"][minutes][0]
        assert whole == people_within({"菜市场"}, metres)
        assert measured.coverage["slot:yi_cai"][minutes][0] == whole


def test_unknown_hours_widen_a_fact_and_closed_ones_do_not(measured_with):
    town, measured = measured_with()
    fact = facts(town, measured)[BREAKFAST]
    assert fact.covered_low == people_within({"早点铺"}, 720)
    assert fact.covered_high == people_within({"早点铺", "无名早餐"}, 720)


def test_a_window_without_any_known_hours_is_not_measured(measured_with):
    town, measured = measured_with()
    assert facts(town, measured)[NIGHT] is None
    assert facts(town, measured).why(NIGHT) == "这些业态的网点都没有登记营业时间"


def test_a_group_is_counted_in_its_own_people_at_its_own_speed(measured_with):
    town, measured = measured_with()
    fact = facts(town, measured)[CARE]
    assert fact.people == 3 * len(town.homes.lon)
    assert fact.covered_low == fact.covered_high == people_within({"养老站"}, 810, each=3)


def test_a_group_that_the_data_lack_is_not_measured(measured_with):
    town, measured = measured_with()
    assert facts(town, measured)[BABIES] is None
    assert facts(town, measured).why(BABIES) == "居民数据没有0–3 岁人口"


def test_offers_that_come_home_are_not_walked_to(measured_with):
    _, measured = measured_with()
    assert measured.coverage["small.repair"][15.0][0] == people_within({"修鞋摊"}, 1080)


def test_all_of_several_formats_needs_each_of_them(measured_with):
    town, measured = measured_with()
    table = residents()["homes"]
    x, y = (np.round(column) for column in walked(table["lon"], table["lat"]))
    both = (x + y <= 1080) & (np.abs(x - 500) + np.abs(y - 500) <= 1080) & (x > -100)
    assert facts(town, measured)[BOTH].covered_low == int(both.sum()) * 10


def test_a_format_nobody_registered_is_unknown_unless_the_register_is_complete(measured_with):
    town, measured = measured_with()
    assert facts(town, measured)[NOWHERE] is None
    assert "影院" in facts(town, measured).why(NOWHERE)
    assert "small.cinema" not in measured.coverage
    town, measured = measured_with(register_complete=True)
    assert facts(town, measured)[NOWHERE].covered_high == 0
    assert measured.coverage["small.cinema"][15.0].tolist() == [0, 0, 0, 0]


def test_a_home_far_from_any_street_counts_as_uncovered_and_is_listed(measured_with):
    town, measured = measured_with()
    assert (~town.homes.snapped.attached).sum() == 1
    everyone = facts(town, measured)[MARKET].people
    assert everyone == 10 * len(town.homes.lon)
    town, measured = measured_with(access_limit_metres=None)
    assert town.homes.snapped.attached.all()


def test_areas_add_up_where_they_divide_the_whole(measured_with):
    _, measured = measured_with()
    for by_minutes in measured.coverage.values():
        for whole, west, east, street in by_minutes.values():
            assert west + east == whole  # the one home outside both is covered by nothing
            assert west == street


def test_without_areas_the_whole_is_measured_alike(measured_with):
    kinds = (TableKind.STREETS, TableKind.RESIDENTS, TableKind.OUTLETS)
    _, with_areas = measured_with()
    _, without = measured_with(kinds)
    for key, by_minutes in without.coverage.items():
        for minutes, counts in by_minutes.items():
            assert counts.tolist() == [with_areas.coverage[key][minutes][0]]


def test_a_demand_that_was_never_asked_has_no_answer(measured_with):
    town, measured = measured_with()
    never = DEMANDS[0]  # with the plain key, which the ruleset does not use
    assert facts(town, measured)[never] is None
    assert facts(town, measured).why(never)


def test_each_lane_is_walked_once_however_many_demands_share_it():
    demands = [MARKET, MARKET, BABIES, BREAKFAST]
    by_profile = wanted(demands, ("small.wet_market", "small.breakfast_shop"), 30.0)
    assert list(by_profile) == [LEVEL]
    assert len(by_profile[LEVEL].lanes) == 4  # two formats at any hour, breakfast sure and possible
    assert by_profile[LEVEL].limit_ds == 18000


def test_walkers_who_differ_by_their_pace_alone_share_lanes_and_streets():
    elder = Walker(key="elder", metres_per_second=0.8)
    wheelchair = Walker(key="wheelchair", steps=None)
    demands = [MARKET, replace(MARKET, walker=elder), replace(MARKET, walker=wheelchair)]
    by_profile = wanted(demands, ("small.wet_market",), 15.0)
    assert set(by_profile) == {LEVEL, Profile(steps=None)}
    assert [len(want.lanes) for want in by_profile.values()] == [1, 1]


def test_a_slower_walker_takes_longer_by_the_ratio_of_speeds():
    walks = np.array([0, 1, 1000, 6001, UNREACHED], dtype=np.int32)
    slow = Walker(key="slow", metres_per_second=0.6)
    assert at_own_pace(walks, slow).tolist() == [0, 2, 2000, 12002, UNREACHED]
    assert at_own_pace(walks, Walker()) is walks
    assert at_pace(9000, Walker()) == 9000
    assert at_pace(9000, slow) == 4501


def test_a_walk_beyond_what_is_measured_is_refused_with_the_walker_named():
    runner = Walker(key="runner", metres_per_second=3.0)
    with pytest.raises(Invalid, match="runner"):
        at_pace(36_000, runner)
