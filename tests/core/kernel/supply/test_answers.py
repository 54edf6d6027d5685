"""Figures per thousand people: what stands in an area, and what its people share in reach."""

import math

import numpy as np

from core.kernel.balls import Balls, batch_of
from core.kernel.supply.answers import (
    per_thousand,
    per_thousand_in_area,
    per_thousand_in_reach,
    two_step,
)
from core.kernel.supply.tallies import THREE_RINGS


def test_figures_per_thousand_are_missing_where_nobody_lives():
    figure = per_thousand(np.array([9.0, 9.0, math.nan]), np.array([4500, 0, 10]))
    np.testing.assert_array_equal(figure, [2.0, math.nan, math.nan])


def test_an_areas_own_supply_counts_what_stands_in_it():
    found = per_thousand_in_area(
        capacity=np.array([3.0, 6.0, math.nan, math.nan, 50.0]),
        outlet_area=np.array([0, 0, 0, 2, -1]),
        people=np.array([1000, 2000, 500, 100]),
        home_area=np.array([0, 0, 1, 2]),
        areas=4,
    )
    np.testing.assert_array_equal(found.figure, [3.0, 0.0, math.nan, math.nan])
    assert found.people.tolist() == [3000, 500, 100, 0]
    assert found.unknown.tolist() == [1, 0, 1, 0]


def test_supply_in_reach_adds_up_over_areas_to_what_is_shared_out():
    rng = np.random.default_rng(5)
    walks, everyone = rng.integers(0, 40_000, (60, 200)), np.arange(60, dtype=np.int32)
    people, area = rng.integers(0, 90, 200), rng.integers(0, 5, 200)
    made = [batch_of(each, walks[each], limit_ds=40_000) for each in np.split(everyone, [32])]
    balls = Balls(
        outlets=60,
        homes=200,
        limit_ds=40_000,
        line=rng.permutation(200).astype(np.int32),
        begin=lambda: iter(made),
    )
    found = two_step(
        balls,
        lanes=[np.arange(60)],
        people=people,
        capacity=[rng.random(60) * 100],
        zones=THREE_RINGS,
    )
    reached = per_thousand_in_reach(
        access=found.access[0],
        unknown_near=found.unknown_near[0],
        people=people,
        home_area=area,
        areas=5,
    )
    total = math.fsum(reached.figure * reached.people) / 1000
    assert math.isclose(total, found.shared[0], rel_tol=1e-12)
    assert reached.unknown.tolist() == [0] * 5


def test_supply_in_reach_is_missing_where_all_of_it_is_unknown():
    reached = per_thousand_in_reach(
        access=np.array([math.nan, 0.25, 0.0]),
        unknown_near=np.array([1, 1, 0], dtype=np.int32),
        people=np.array([10, 40, 40]),
        home_area=np.array([0, 1, 1]),
        areas=3,
    )
    np.testing.assert_array_equal(reached.figure, [math.nan, 125.0, math.nan])
    assert reached.unknown.tolist() == [10, 40, 0]
