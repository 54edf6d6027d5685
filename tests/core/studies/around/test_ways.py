from __future__ import annotations

import numpy as np
import pytest

from core.errors import NotFound
from core.kernel.walks import UNREACHED, deciseconds
from core.runs.lanes import Lane
from core.runs.terms import REPORT_WALKER
from core.studies.around.ways import Wish, outlets_of, way_from_home, why_none
from tests.core.runs.small_town import ELDER, MORNING, SHOPS, SIDE, walked

LONGEST = 30.0
FAR_HOME = SIDE * (SIDE - 1)  # the last, three kilometres from any street


def minutes_to(opened, key, walker=""):
    ways = (
        way_from_home(opened, row, Wish(key=key), walker=walker)
        for row in range(len(opened.town.homes.lon))
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
    way = way_from_home(opened, 25, Wish(key="small.wet_market"))
    assert SHOPS[way.outlet][3] == "wet_market"
    assert (way.lon[0], way.lat[0]) == pytest.approx((homes.lon[25], homes.lat[25]))
    outlet = [opened.outlets[name][way.outlet] for name in ("lon", "lat")]
    assert (way.lon[-1], way.lat[-1]) == pytest.approx(outlet)
    x, y = walked(way.lon, way.lat)
    drawn = np.hypot(np.diff(x), np.diff(y)).sum()
    metres = way.home_metres + way.street_metres + way.outlet_metres
    assert drawn == pytest.approx(metres, rel=1e-3)
    assert way.minutes == pytest.approx(metres / 1.2 / 60, abs=0.02)
    assert way.along == pytest.approx(np.cumsum([0, *np.hypot(np.diff(x), np.diff(y))]), abs=0.5)
    assert way.along[1] == way.home_metres
    assert way.offers == (("small.wet_market", ""),)


def test_who_only_comes_to_the_home_is_not_walked_to(opened):
    rows = outlets_of(opened, Wish(key="small.repair")).tolist()
    assert [SHOPS[row][0] for row in rows] == ["修鞋摊"]


def test_who_lives_beyond_all_streets_has_no_way(opened):
    assert way_from_home(opened, FAR_HOME, Wish(key="small.wet_market")) is None


@pytest.mark.parametrize("unsure", [False, True])
def test_at_breakfast_only_who_is_open_then_is_walked_to(opened, unsure):
    wish = Wish(key="small.breakfast_shop", window=MORNING, unsure=unsure)
    lane = Lane(format=wish.key, window=MORNING, sure=not unsure)
    measured = opened.walks.of(REPORT_WALKER, lane, 10.0)
    found = [way_from_home(opened, row, wish) for row in range(FAR_HOME)]
    told = [UNREACHED if way is None else deciseconds(way.minutes) for way in found]
    assert [ds if ds <= deciseconds(10) else UNREACHED for ds in told] == measured[:-1].tolist()
    names = {SHOPS[way.outlet][0] for way in found if way is not None}
    assert names == ({"早点铺", "无名早餐"} if unsure else {"早点铺"})


def test_why_there_is_no_way_is_said(opened):
    market = Wish(key="small.wet_market")
    far = len(opened.town.homes.lon) - 2  # in the other corner
    assert way_from_home(opened, far, market) is None
    said = {
        "30": why_none(opened, far, market),
        "150": why_none(opened, FAR_HOME, market),
        "registered": why_none(opened, 0, Wish(key="small.cinema")),
        "open": why_none(opened, 0, Wish(key="small.wet_market", window=MORNING)),
    }
    for word, (chinese, english) in said.items():
        assert word in english
        assert chinese.endswith("。")


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
        way_from_home(opened, row, Wish(key=key), walker=walker)
