from __future__ import annotations

import numpy as np
import pytest
import shapely

from core.runs.execute import Silent
from core.runs.explain import explain, limit_minutes
from core.runs.measure import count, measure
from core.runs.params import Params
from core.runs.town import load, settle
from tests.core.runs.small_town import DEMANDS, named


@pytest.fixture
def found(blobs, catalogue, digests):
    params = Params.load({})
    town = settle(load(blobs, digests), params)
    demands = catalogue.demands("small.rules")
    walks, keys = measure(town, demands, catalogue.formats, params, Silent().tick)
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
