from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.contract import Walker
from core.errors import NotFound
from core.kernel.walks import UNREACHED, deciseconds
from core.runs.lanes import Lane
from core.runs.network import at_own_pace
from core.runs.terms import REPORT_WALKER
from core.studies.supply import MINUTES, by_area, longest_at_pace, supply_with
from tests.core.runs.small_town import ELDER, SHOPS, residents, walked

BREAKFAST = "small.breakfast_shop"


@pytest.fixture(scope="module")
def breakfast(opened, blobs):
    return supply_with(opened, blobs, BREAKFAST)


@pytest.fixture(scope="module")
def metres():
    """Give the walk of each home to each breakfast shop, block by block; the last home has none."""
    homes = residents()["homes"]
    x, y = walked(homes["lon"], homes["lat"])
    shops = [shop for shop in SHOPS if shop[3] == "breakfast_shop"]
    blocks = np.array([np.abs(x - shop[1]) + np.abs(y - shop[2]) for shop in shops])
    blocks[:, -1] = np.inf
    return blocks


def test_offers_within_reach_are_those_that_one_counts_on_the_grid(breakfast, metres):
    assert [SHOPS[row][0] for row in breakfast.outlets] == ["早点铺", "晚起早餐", "无名早餐"]
    for minutes, offers in zip(MINUTES, breakfast.offers, strict=True):
        assert offers.tolist() == (metres <= minutes * 72 + 1e-3).sum(axis=0).tolist()
    assert set(breakfast.offers[2].tolist()) == {0, 1, 2}


def test_the_walk_to_the_nearest_is_the_runs_and_the_others_are_farther(opened, breakfast, metres):
    measured = opened.walks.of(REPORT_WALKER, Lane(format=BREAKFAST), MINUTES[-1])
    assert breakfast.walks[0].tolist() == measured.tolist()
    second = np.sort(metres, axis=0)[1]
    near = second <= 1080
    assert (breakfast.walks[1] < UNREACHED).tolist() == near.tolist()
    assert breakfast.walks[1][near] / 10 * 1.2 == pytest.approx(second[near], abs=1.0)
    assert (breakfast.walks[2] == UNREACHED).all()


def test_what_people_get_adds_up_to_what_is_shared_out(breakfast):
    assert [one.key for one in breakfast.sharings] == ["two_step", "enhanced"]
    for one in breakfast.sharings:
        assert (one.shared, one.left) == (3.0, 0.0)
        assert one.summed == pytest.approx(one.shared, rel=1e-12)
        assert one.access[-1] == 0


def test_the_only_market_is_shared_alike_by_all_within_a_quarter_of_an_hour(opened, blobs):
    two_step = supply_with(opened, blobs, "small.wet_market").sharings[0]
    near = opened.walks.of(REPORT_WALKER, Lane(format="small.wet_market"), 15.0) < UNREACHED
    assert two_step.access[near] == pytest.approx(1 / (10 * near.sum()))
    assert not two_step.access[~near].any()


def test_areas_sum_up_their_homes(opened, breakfast):
    rows = by_area(opened, breakfast)
    assert [row.area.name for row in rows] == ["全部居民", "西圈", "东圈", "西街"]
    for place, row in enumerate(rows):
        mine = opened.town.areas.rows_of(place)
        assert row.people == 10 * len(mine)
        for offers, counted in zip(breakfast.offers, row.offers, strict=True):
            told = np.bincount(np.minimum(offers[mine], 3), minlength=4) * 10
            assert list(counted) == told.tolist()
        for one, figure in zip(breakfast.sharings, row.in_reach, strict=True):
            assert figure == pytest.approx(1000 * one.access[mine].sum() * 10 / row.people)
    assert [row.outlets for row in rows] == [3, 2, 2, 2]  # one stands where both circles meet
    assert [row.in_area for row in rows] == pytest.approx([3 / 4.21, 2 / 2.1, 2 / 2.1, 2 / 2.1])
    whole = rows[0]
    assert 4.21 * whole.in_reach[0] == pytest.approx(breakfast.sharings[0].shared)


def test_half_of_the_people_walk_at_most_the_median(opened, breakfast):
    for place, row in enumerate(by_area(opened, breakfast)):
        for walks, median in zip(breakfast.walks, row.median_minutes, strict=True):
            mine = walks[opened.town.areas.rows_of(place)]
            if median is None:
                assert 2 * (mine < UNREACHED).sum() < len(mine)
            else:
                assert 2 * (mine <= deciseconds(median)).sum() >= len(mine)
                assert 2 * (mine < deciseconds(median)).sum() < len(mine)
    assert by_area(opened, breakfast)[0].median_minutes[2] is None


def test_a_slower_walker_has_the_choice_that_the_run_measured(opened, blobs):
    care = "small.elder_care_station"
    measured = opened.walks.of(ELDER, Lane(format=care), 15.0)
    for walker in (ELDER.key, "elder"):  # ours is as slow, and there are neither steps nor hills
        found = supply_with(opened, blobs, care, walker=walker)
        assert found.walks[0].tolist() == measured.tolist()
        assert found.offers[2].tolist() == (measured < UNREACHED).astype(int).tolist()
        assert found.sharings[0].summed == pytest.approx(1.0)


def test_old_people_share_among_themselves(opened, blobs, breakfast):
    old = supply_with(opened, blobs, BREAKFAST, group="60+")
    assert by_area(opened, old)[0].people == 3 * 421
    assert old.sharings[0].access == pytest.approx(breakfast.sharings[0].access * 10 / 3)


def test_a_slot_counts_each_outlet_once(opened, blobs, breakfast):
    slot = supply_with(opened, blobs, "slot:yi_zao")
    assert slot.outlets.tolist() == breakfast.outlets.tolist()
    assert all(
        np.array_equal(a, b) for a, b in itertools.zip_longest(slot.offers, breakfast.offers)
    )


@pytest.mark.parametrize("speed", [0.1, 0.77, 0.8, 0.9, 1.0, 1.1, 1.2, 1.21, 2.3, 3.0])
def test_the_longest_walk_within_a_walkers_minutes_is_within_and_the_next_is_not(speed):
    walker = Walker(key="x", metres_per_second=speed)
    for minutes in (0.1, 1.0, 5.0, 10.0, 15.0):
        longest = longest_at_pace(minutes, walker)
        within, beyond = at_own_pace(np.array([longest, longest + 1], dtype=np.int32), walker)
        assert within <= deciseconds(minutes) < beyond


@pytest.mark.parametrize(
    ("key", "walker", "group"),
    [
        ("small.cinema", "", "all"),  # nobody registered any: that is not none
        ("small.zoo", "", "all"),
        (BREAKFAST, "ghost", "all"),
        (BREAKFAST, "", "0-3"),
    ],
)
def test_what_was_not_measured_is_told(opened, blobs, key, walker, group):
    with pytest.raises(NotFound):
        supply_with(opened, blobs, key, walker=walker, group=group)
