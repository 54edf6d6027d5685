from __future__ import annotations

import numpy as np
import pytest
import shapely

from core.kernel.coverage import within
from core.kernel.gaps import gaps
from core.runs.execute import Silent
from core.runs.explain import explain, limit_minutes
from core.runs.measure import count, measure, ready
from core.runs.params import Params
from core.runs.town import load, settle
from tests.core.runs.small_town import DEMANDS, named


@pytest.fixture
def found(blobs, catalogue, digests):
    params = Params.load({})
    town = settle(load(blobs, digests), params)
    demands = catalogue.demands("small.rules")
    prepared = ready(town, demands, params)
    walks, keys = measure(town, demands, catalogue.formats, params, Silent().tick, prepared)
    measured = count(town, walks, demands, keys, catalogue.formats, params)
    shortfalls = explain(town, measured, demands, catalogue.formats, Silent().tick)
    return town, measured, {shortfall.key: shortfall for shortfall in shortfalls}


def test_the_people_of_all_gaps_are_exactly_the_uncovered(found):
    town, measured, shortfalls = found
    everyone = int(town.homes.people.sum())
    assert set(shortfalls) == set(measured.coverage)
    for key, shortfall in shortfalls.items():
        covered = int(measured.coverage[key][shortfall.minutes][0])
        assert shortfall.people == everyone - covered
        assert sum(gap.people for gap in shortfall.listed) == shortfall.people
        assert [gap.rank for gap in shortfall.listed] == list(range(1, shortfall.clusters + 1))


def test_the_people_of_each_age_group_are_exactly_the_uncovered(found):
    town, measured, shortfalls = found
    assert set(town.homes.groups) == {"all", "60+"}
    for key, shortfall in shortfalls.items():
        beyond = ~within(measured.walks[key], shortfall.minutes)
        assert shortfall.groups == {"60+": int(town.homes.groups["60+"][beyond].sum())}
        assert sum(gap.groups["60+"] for gap in shortfall.listed) == shortfall.groups["60+"]
        for gap in shortfall.listed:
            assert gap.groups == {"60+": gap.people * 3 // 10}


def test_gaps_beyond_those_listed_count_in_the_totals(found, monkeypatch):
    town, measured, shortfalls = found
    monkeypatch.setattr("core.runs.explain.LISTED", 1)
    for shortfall in explain(town, measured, (), {}, Silent().tick):
        whole = sum(shortfall.groups.values()), shortfall.people
        beyond = ~within(measured.walks[shortfall.key], shortfall.minutes)
        assert whole == (
            town.homes.groups["60+"][beyond].sum(),
            town.homes.people[beyond].sum(),
        )
        assert len(shortfall.listed) == min(1, shortfall.clusters)
    assert any(shortfall.clusters > 1 for shortfall in shortfalls.values())


def test_a_gap_is_named_after_the_circle_where_most_of_its_people_live(found):
    town, measured, shortfalls = found
    named = set()
    for key, shortfall in shortfalls.items():
        walks, homes = measured.walks[key], town.homes
        clusters = gaps(
            homes.x,
            homes.y,
            homes.people,
            uncovered=~within(walks, shortfall.minutes),
            walks=walks,
            cell_metres=150.0,
        )
        for gap in shortfall.listed:
            inside = np.where(clusters.cluster == gap.rank - 1, homes.people, 0)
            people = dict(
                zip([a.key for a in town.areas.each], town.areas.people(inside), strict=True)
            )
            circles = {circle: people[circle] for circle in ("west", "east")}
            most = max(circles, key=circles.get)  # the first of equals
            assert gap.area == (most if circles[most] else "whole")
            named.add(gap.area)
    assert {"west", "east", "whole"} == named


def test_the_far_home_is_a_gap_of_its_own_beyond_what_was_measured(found):
    _, _, shortfalls = found
    last = shortfalls["small.wet_market"].listed[-1]
    assert (last.people, last.homes, last.worst_minutes) == (10, 1, None)
    assert last.area == "whole"


def test_an_outline_holds_the_middle_of_its_gap(found):
    _, _, shortfalls = found
    for shortfall in shortfalls.values():
        for gap in shortfall.listed:
            hull = shapely.polygons(np.array(gap.outline))
            assert hull.is_valid
            if gap.homes == 1:
                assert hull.contains(shapely.points(gap.lon, gap.lat))


def test_a_gap_is_looked_for_within_what_the_ruleset_grants(catalogue):
    demands = [named(demand) for demand in DEMANDS]
    keys = dict.fromkeys(["small.breakfast_shop", "slot:yi_zao", "small.wet_market", "x"])
    assert limit_minutes(keys, demands, catalogue.formats) == {
        "small.breakfast_shop": 10,
        "slot:yi_zao": 10,
        "small.wet_market": 15,
        "x": 15.0,
    }
