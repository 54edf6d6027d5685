from __future__ import annotations

import numpy as np
import pytest

from core.errors import NotFound
from core.kernel.walks import UNREACHED, deciseconds
from core.runs.lanes import Lane
from core.runs.terms import REPORT_WALKER
from core.studies.ways import outlets_of, way_from_home
from tests.core.runs.small_town import ELDER, SHOPS, walked

LONGEST = 30.0


def minutes_to(opened, key, walker=""):
    ways = (
        way_from_home(opened, row, key, walker=walker) for row in range(len(opened.town.homes.lon))
    )
    return [UNREACHED if way is None else deciseconds(way.minutes) for way in ways]


@pytest.mark.parametrize("key", ["small.wet_market", "small.repair", "small.cinema"])
def test_every_homes_way_takes_what_the_run_measured(opened, key):
    measured = opened.walks.of(REPORT_WALKER, Lane(format=key), LONGEST)
    assert minutes_to(opened, key) == measured.tolist()


def test_a_slower_walkers_way_takes_what_the_run_measured_for_it(opened):
    measured = opened.walks.of(ELDER, Lane(format="small.elder_care_station"), LONGEST)
    assert (measured < UNREACHED).sum() > 100
    assert minutes_to(opened, "small.elder_care_station", ELDER.key) == measured.tolist()


def test_a_slots_way_takes_what_the_run_measured_for_the_slot(opened):
    measured = opened.measured.walks["slot:yi_zao"]
    assert minutes_to(opened, "slot:yi_zao") == measured.tolist()


def test_a_way_is_drawn_from_door_to_door_along_the_streets(opened):
    homes = opened.town.homes
    way = way_from_home(opened, 25, "small.wet_market")
    assert SHOPS[way.outlet][3] == "wet_market"
    assert (way.lon[0], way.lat[0]) == pytest.approx((homes.lon[25], homes.lat[25]))
    outlet = [opened.outlets[name][way.outlet] for name in ("lon", "lat")]
    assert (way.lon[-1], way.lat[-1]) == pytest.approx(outlet)
    x, y = walked(way.lon, way.lat)
    drawn = np.hypot(np.diff(x), np.diff(y)).sum()
    metres = way.home_metres + way.street_metres + way.outlet_metres
    assert drawn == pytest.approx(metres, rel=1e-3)
    assert way.minutes == pytest.approx(metres / 1.2 / 60, abs=0.02)


def test_who_only_comes_to_the_home_is_not_walked_to(opened):
    rows = outlets_of(opened, "small.repair").tolist()
    assert [SHOPS[row][0] for row in rows] == ["修鞋摊"]


def test_who_lives_beyond_all_streets_has_no_way(opened):
    assert way_from_home(opened, len(opened.town.homes.lon) - 1, "small.wet_market") is None


@pytest.mark.parametrize(
    ("row", "key", "walker"),
    [
        (-1, "small.repair", ""),
        (10_000, "small.repair", ""),
        (0, "small.zoo", ""),
        (0, "slot:zoo", ""),
        (0, "small.repair", "ghost"),
    ],
)
def test_what_is_not_there_is_told(opened, row, key, walker):
    with pytest.raises(NotFound):
        way_from_home(opened, row, key, walker=walker)
