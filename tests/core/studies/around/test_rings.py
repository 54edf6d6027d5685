from __future__ import annotations

import re

import pytest
import shapely

from core.errors import Invalid, NotFound
from core.kernel.walks import UNREACHED, deciseconds
from core.runs.lanes import Lane
from core.runs.terms import REPORT_WALKER
from core.studies.around.rings import rings_of_outlet, rings_of_place
from tests.core.runs.small_town import ELDER, to_degrees

MINUTES = (5.0, 10.0, 15.0)
MARKET = 0  # the only one, in the town's south west corner


def test_people_inside_are_those_whom_the_run_found_near_the_only_market(opened):
    walks = opened.walks.of(REPORT_WALKER, Lane(format="small.wet_market"), 30.0)
    found = rings_of_outlet(opened, MARKET, MINUTES)
    for ring, minutes in zip(found.each, MINUTES, strict=True):
        near = walks <= deciseconds(minutes)
        assert ring.minutes == minutes
        assert (ring.homes, ring.people) == (near.sum(), 10 * near.sum())
        assert ring.groups == {"60+": 3 * near.sum()}
    assert 0 < found.each[0].people < found.each[2].people < 4200


def test_rings_are_drawn_in_degrees_and_hold_the_homes_inside(opened):
    homes = opened.town.homes
    walks = opened.walks.of(REPORT_WALKER, Lane(format="small.wet_market"), 30.0)
    for ring in rings_of_outlet(opened, MARKET, MINUTES).each:
        near = walks <= deciseconds(ring.minutes)
        doors = shapely.points(homes.lon, homes.lat)
        assert shapely.contains(ring.land, doors[near]).all()
        assert not shapely.contains(ring.land, doors[walks > deciseconds(ring.minutes + 2)]).any()


def test_an_outlet_and_the_point_where_it_stands_have_the_same_rings(opened):
    lon, lat = (float(opened.outlets[name][MARKET]) for name in ("lon", "lat"))
    one, other = rings_of_outlet(opened, MARKET, [15.0]), rings_of_place(opened, lon, lat, [15.0])
    assert one.each[0].people == other.each[0].people
    assert shapely.equals(one.each[0].land, other.each[0].land)


def test_streets_walked_alike_both_ways_have_the_same_rings_to_and_from(opened):
    lon, lat = (float(each) for each in to_degrees(830.0, 1010.0))
    to, leaving = (
        rings_of_place(opened, lon, lat, MINUTES, leaving=leaving) for leaving in (False, True)
    )
    assert [ring.people for ring in to.each] == [ring.people for ring in leaving.each]
    assert all(shapely.equals(a.land, b.land) for a, b in zip(to.each, leaving.each, strict=True))


def test_a_slower_walker_has_smaller_rings(opened):
    quick, slow = (
        rings_of_outlet(opened, MARKET, MINUTES, walker=walker) for walker in ("", ELDER.key)
    )
    for a, b in zip(quick.each, slow.each, strict=True):
        assert b.people < a.people
        assert b.land.area < a.land.area


def test_a_place_far_from_any_street_is_refused_with_its_distance(opened):
    lon, lat = (float(each) for each in to_degrees(-600.0, 0.0))
    with pytest.raises(Invalid) as error:
        rings_of_place(opened, lon, lat, MINUTES)
    assert re.search(r"(599|600)\.\d m away, beyond the limit of 150 m", error.value.english)


def test_rings_end_where_the_run_did(opened):
    assert rings_of_outlet(opened, MARKET, [30.0]).each[0].homes == sum(
        opened.walks.of(REPORT_WALKER, Lane(format="small.wet_market"), 30.0) < UNREACHED
    )
    with pytest.raises(Invalid, match="30 分钟"):
        rings_of_outlet(opened, MARKET, [5.0, 31.0])


def test_what_is_not_there_is_told(opened):
    for row in (-1, 10_000):
        with pytest.raises(NotFound):
            rings_of_outlet(opened, row, MINUTES)
    with pytest.raises(NotFound):
        rings_of_outlet(opened, MARKET, MINUTES, walker="ghost")
