"""Who walks, and where: a wheelchair leaves steps at the door by another street."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.contract.walkers import PROFILES, WHEELCHAIR
from core.kernel.reach import search
from core.kernel.walks import UNREACHED, deciseconds
from core.runs.network import at_own_pace, at_pace
from core.runs.terms import REPORT_WALKER
from core.studies.around.places import put, walker_named, walkers_of
from core.studies.around.rings import rings_of_outlet, rings_of_place
from core.studies.around.ways import Wish, way_from_home
from core.studies.opened import network_for
from core.studies.supply import MINUTES, supply_with
from tests.core.runs.small_town import ELDER, SHOPS, to_degrees

MARKET = 0


@pytest.fixture(scope="module")
def stepped(opened):
    """Give the town with steps on every street that runs east, in its southern half."""
    streets, town = opened.town.streets, opened.town
    south = (streets.y[streets.u] == streets.y[streets.v]) & (streets.y[streets.u] < 0)
    assert south.any()
    steps = replace(town.obstacles, steps=south)
    changed = replace(town, obstacles=steps, origin={**town.origin, "steps": "in the south"})
    return replace(opened, town=changed, networks={})


def walks_to(opened, blobs, rows, walker, minutes):
    """Ask the engine, which is no part of these studies."""
    limit = deciseconds(minutes)
    net = network_for(opened, blobs, walker, at_pace(limit, walker))
    reached = search(
        net.prepared, net.outlets, net.homes, lanes=[rows], limit_ds=at_pace(limit, walker)
    )
    walks = at_own_pace(reached.row(0), walker).copy()
    walks[walks > limit] = UNREACHED
    return walks


def test_those_of_the_ruleset_and_ours_walk_with_where_their_numbers_come_from(opened):
    known = walkers_of(opened.demands)
    assert list(known)[:2] == [REPORT_WALKER.key, ELDER.key]
    assert set(PROFILES) <= set(known)
    for key, one in known.items():
        assert walker_named(opened, key) == one.walker
        assert f"{one.walker.metres_per_second:g} 米/秒" in one.note
    assert "设" in known["elder"].note


def test_a_ruleset_may_mean_somebody_else_by_a_key_of_ours(opened):
    slow = replace(ELDER, key="elder", metres_per_second=0.5)
    theirs = [replace(opened.demands[0], walker=slow)]
    assert walkers_of(theirs)["elder"].walker == slow


@pytest.mark.parametrize("key", sorted(PROFILES))
def test_rings_count_those_whom_the_engine_finds_for_every_walker(stepped, blobs, key):
    walker, people = PROFILES[key].walker, stepped.town.homes.people
    for row in range(len(SHOPS)):
        walks = walks_to(stepped, blobs, np.array([row], dtype=np.int32), walker, 30.0)
        assert (walks < UNREACHED).any()
        for ring in rings_of_outlet(stepped, row, [5.0, 12.5, 30.0], walker=key).each:
            near = walks <= deciseconds(ring.minutes)
            assert (ring.homes, ring.people) == (near.sum(), people[near].sum())


@pytest.mark.parametrize("key", sorted(PROFILES))
def test_choice_counts_what_the_engine_finds_for_every_walker(stepped, blobs, key):
    found = supply_with(stepped, blobs, "small.breakfast_shop", walker=key)
    walks = np.stack(
        [
            walks_to(stepped, blobs, found.outlets[place : place + 1], found.walker, 15.0)
            for place in range(3)
        ]
    )
    assert np.array_equal(found.walks, np.sort(walks, axis=0))
    for minutes, offers in zip(MINUTES, found.offers, strict=True):
        assert np.array_equal(offers, (walks <= deciseconds(minutes)).sum(axis=0))
    for one in found.sharings:
        assert one.summed == pytest.approx(one.shared, rel=1e-12)


def test_the_way_of_a_wheelchair_is_the_engines(stepped, blobs):
    rows = np.array([MARKET], dtype=np.int32)
    walks = walks_to(stepped, blobs, rows, WHEELCHAIR, 30.0)
    ways = [
        way_from_home(stepped, row, Wish(key="small.wet_market"), walker="wheelchair")
        for row in range(len(walks))
    ]
    told = [UNREACHED if way is None else deciseconds(way.minutes) for way in ways]
    assert told == walks.tolist()


def test_a_point_on_steps_is_put_on_a_street_that_the_walker_can_use(stepped):
    lon, lat = (float(each) for each in to_degrees(1030.0, 500.0))
    plain, wheels = put(stepped, lon, lat), put(stepped, lon, lat, WHEELCHAIR)
    assert plain.edge[0] != wheels.edge[0]
    assert (plain.access_metres[0], wheels.access_metres[0]) == pytest.approx((0, 30), abs=0.1)
    quick, slow = (
        rings_of_place(stepped, lon, lat, [15.0], walker=key).each[0].homes
        for key in ("", "wheelchair")
    )
    assert 0 < slow < quick
