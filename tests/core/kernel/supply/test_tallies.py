"""Counts, nearest and shared capacity against plain Python over every pair, and laws they keep."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.balls import Balls, Batch, batch_of
from core.kernel.compiled.lanes import FAR16
from core.kernel.supply.answers import (
    choices,
    kinds,
    kth_nearest,
    two_step,
)
from core.kernel.supply.tallies import (
    FIFTEEN_MINUTES,
    THREE_RINGS,
    AccessTally,
    Zones,
)
from core.kernel.walks import UNREACHED, deciseconds

often = settings(
    max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def held(walks, sizes, limit_ds=FAR16 - 1):
    """Cut a table of walks, one row an outlet, into batches of so many outlets."""
    walks, ends = np.asarray(walks), np.cumsum(sizes)
    rows = np.split(np.arange(len(walks), dtype=np.int32), ends[ends < len(walks)])
    made = [batch_of(each, walks[each], limit_ds=limit_ds) for each in rows]
    return stream(made, *walks.shape, limit_ds)


def stream(batches, outlets, homes, limit_ds=FAR16 - 1):
    return Balls(
        outlets=outlets,
        homes=homes,
        limit_ds=limit_ds,
        line=np.arange(homes, dtype=np.int32),
        begin=lambda: iter(batches),
    )


WALKS = st.one_of(
    st.sampled_from([0, 2999, 3000, 3001, 6000, 9000, 9001, FAR16]), st.integers(0, FAR16)
)


@st.composite
def tables(draw):
    outlets, homes = draw(st.integers(0, 7)), draw(st.integers(1, 7))
    row = st.lists(WALKS, min_size=homes, max_size=homes)
    walks = draw(st.lists(row, min_size=outlets, max_size=outlets))
    lane = st.lists(st.integers(0, outlets - 1), max_size=7) if outlets else st.just([])
    lanes = draw(st.lists(lane, min_size=1, max_size=4))
    return (
        np.array(walks, dtype=np.int64).reshape(outlets, homes),
        [np.array(lane, dtype=np.int64) for lane in lanes],
    )


@often
@given(tables(), st.sampled_from([(5.0,), (5.0, 10.0, 15.0), (0.0, 15.0, 109.0)]))
def test_choices_equal_a_count_over_every_pair(table, minutes):
    walks, lanes = table
    found = choices(
        held(walks, [3] * 3),
        lanes=lanes,
        minutes=minutes,
    )
    assert found.dtype == np.int32
    assert found.tolist() == [
        [
            [
                sum(walks[outlet, home] <= limit * 600 for outlet in set(lane.tolist()))
                for home in range(walks.shape[1])
            ]
            for limit in minutes
        ]
        for lane in lanes
    ]
    assert kinds(found).tolist() == (found > 0).sum(axis=0).tolist()


@often
@given(tables(), st.integers(1, 4), st.sampled_from([5.0, 15.0, 109.0]))
def test_the_kth_nearest_equals_a_sorted_list_of_walks(table, k, minutes):
    walks, lanes = table
    found = kth_nearest(
        held(walks, [2] * 4),
        lanes=lanes,
        k=k,
        minutes=minutes,
    )
    for lane, rows in enumerate(lanes):
        for home in range(walks.shape[1]):
            near = sorted(walks[row, home] for row in set(rows.tolist()))
            near = [walk for walk in near if walk <= minutes * 600][:k]
            assert found[lane, :, home].tolist() == near + [UNREACHED] * (k - len(near))


CAPACITY = st.one_of(
    st.just(math.nan), st.just(0.0), st.integers(1, 500).map(float), st.floats(1e-6, 1e9)
)
ZONES = st.sampled_from(
    [
        FIFTEEN_MINUTES,
        THREE_RINGS,
        Zones(minutes=(5.0, 10.0), weights=(0.0, 1.0), note="only the outer ring"),
    ]
)


@st.composite
def markets(draw):
    walks, lanes = draw(tables())
    homes = walks.shape[1]
    row = st.lists(st.sampled_from([0, 0, 1, 3, 250, 10**6]), min_size=homes, max_size=homes)
    people = draw(st.one_of(row, st.lists(row, min_size=len(lanes), max_size=len(lanes))))
    capacity = [
        np.array(draw(st.lists(CAPACITY, min_size=len(lane), max_size=len(lane))), dtype=float)
        for lane in lanes
    ]
    return walks, lanes, np.array(people), capacity, draw(ZONES)


def by_fractions(walks, lanes, people, capacity, zones):
    """Both steps in exact fractions: access, unknown offers, capacity shared out and left."""
    answer = []
    for number, (lane, sizes) in enumerate(zip(lanes, capacity, strict=True)):
        living = people if people.ndim == 1 else people[number]
        access, unsure = [Fraction(0)] * walks.shape[1], [0] * walks.shape[1]
        shared = left = Fraction(0)
        for outlet, size in zip(lane, sizes, strict=True):
            weights = [weight(zones, walk) for walk in walks[outlet]]
            asked = sum((w or 0) * int(p) for w, p in zip(weights, living, strict=True))
            if math.isnan(size):
                unsure = [n + (w is not None) for n, w in zip(unsure, weights, strict=True)]
            elif asked:
                shared += Fraction(size)
                share = Fraction(size) / asked
                access = [a + (w or 0) * share for a, w in zip(access, weights, strict=True)]
            else:
                left += Fraction(size)
        answer.append((access, unsure, shared, left, living))
    return answer


def weight(zones, walk):
    for minutes, one in zip(zones.minutes, zones.weights, strict=True):
        if walk <= minutes * 600:
            return Fraction(one)
    return None


@often
@given(markets())
def test_shared_capacity_equals_exact_fractions_and_none_is_lost(market):
    walks, lanes, people, capacity, zones = market
    found = two_step(
        held(walks, [2] * 4),
        lanes=lanes,
        people=people,
        capacity=capacity,
        zones=zones,
    )
    for lane, (access, unsure, shared, left, living) in enumerate(by_fractions(*market)):
        assert sum(int(p) * a for p, a in zip(living, access, strict=True)) == shared
        assert found.unknown_near[lane].tolist() == unsure
        given_out = np.nan_to_num(found.access[lane])
        for home, exact in enumerate(access):
            assert math.isclose(
                given_out[home], exact, rel_tol=1e-12, abs_tol=float(shared) * 1e-15
            )
        assert math.isclose(found.shared[lane], shared, rel_tol=1e-12)
        assert math.isclose(found.left[lane], left, rel_tol=1e-12)
        assert math.isclose(math.fsum(living * given_out), shared, rel_tol=1e-9)


@often
@given(markets(), st.randoms())
def test_order_and_size_of_batches_change_no_byte_of_shared_capacity(market, random):
    walks, lanes, people, capacity, zones = market
    parts = {
        "lanes": lanes,
        "people": people,
        "capacity": capacity,
        "zones": zones,
    }
    made = list(held(walks, [1] * 7))
    random.shuffle(made)
    other = stream(made, *walks.shape)
    once, again = two_step(held(walks, [7]), **parts), two_step(other, **parts)
    assert once.access.tobytes() == again.access.tobytes()
    assert [rate.tobytes() for rate in once.rates] == [rate.tobytes() for rate in again.rates]
    assert (once.shared.tobytes(), once.left.tobytes()) == (
        again.shared.tobytes(),
        again.left.tobytes(),
    )


def test_two_markets_share_out_by_hand():
    """Homes of 10 and 30 people; market 0 in reach of both, market 1 of the second only."""
    walks = [[100, 200], [FAR16, 9000]]
    found = two_step(
        held(walks, [2]),
        lanes=[np.array([0, 1])],
        people=np.array([10, 30]),
        capacity=[np.array([80.0, 60.0])],
    )
    assert found.rates[0].tolist() == [2.0, 2.0]
    assert found.access.tolist() == [[2.0, 4.0]]
    assert found.shared.tolist() == [140.0]


def test_an_unknown_capacity_is_listed_and_never_nought():
    walks = [[100, 100, FAR16], [FAR16, 100, FAR16], [FAR16, FAR16, FAR16]]
    found = two_step(
        held(walks, [3]),
        lanes=[np.array([2, 0, 1])],
        people=np.array([1, 1, 1]),
        capacity=[np.array([5.0, math.nan, 4.0])],
    )
    assert found.unknown[0].tolist() == [0]
    assert found.unused[0].tolist() == [2]
    assert found.left.tolist() == [5.0]
    assert found.unknown_near.tolist() == [[1, 1, 0]]
    np.testing.assert_array_equal(found.access, [[math.nan, 4.0, 0.0]])
    np.testing.assert_array_equal(found.rates[0], [math.nan, math.nan, 4.0])


def test_an_outlet_that_only_an_empty_home_reaches_is_unused():
    found = two_step(
        held([[100, FAR16]], [1]),
        lanes=[np.array([0])],
        people=np.array([0, 50]),
        capacity=[np.array([7.0])],
    )
    assert (found.unused[0].tolist(), found.left.tolist(), found.shared.tolist()) == ([0], [7], [0])
    assert found.access.tolist() == [[0.0, 0.0]]


def test_shares_far_apart_in_size_keep_their_digits():
    walks = [[100, FAR16], [FAR16, 100]]
    found = two_step(
        held(walks, [2]),
        lanes=[np.array([0, 1])],
        people=np.array([1, 3 * 10**6]),
        capacity=[np.array([1e9, 1.0])],
    )
    assert found.access[0, 0] == 1e9
    assert math.isclose(found.access[0, 1], 1 / (3 * 10**6), rel_tol=1e-14)


def test_an_outlet_named_twice_is_one_choice_but_two_shares():
    walks, lanes = held([[100]], [1]), [np.array([0, 0])]
    assert choices(walks, lanes=lanes, minutes=[15.0]).tolist() == [[[1]]]
    shares = two_step(walks, lanes=lanes, people=np.array([2]), capacity=[np.array([3.0, 5.0])])
    assert shares.access.tolist() == [[4.0]]


def test_an_outlet_that_comes_in_two_batches_is_refused():
    twice = stream(list(held([[100]], [1])) * 2, 1, 1)
    with pytest.raises(ValueError, match="comes twice"):
        choices(twice, lanes=[np.array([0])], minutes=[15.0])


def test_walks_cut_off_before_the_limit_are_refused():
    short = held([[100]], [1], limit_ds=6000)
    with pytest.raises(ValueError, match="6000 ds"):
        choices(short, lanes=[np.array([0])], minutes=[15.0])


@pytest.mark.parametrize(
    "change",
    [
        {"outlets": np.array([5], dtype=np.int32)},
        {"homes": np.array([3], dtype=np.int32)},
        {"homes": np.array([-1], dtype=np.int32)},
        {"walks": np.zeros((1, 31), dtype=np.uint16)},
        {"walks": np.zeros((1, 32), dtype=np.int32)},
        {"outlets": np.zeros(33, dtype=np.int32)},
    ],
)
def test_a_batch_that_a_loop_would_fall_over_is_refused(change):
    sound = {
        "outlets": np.array([0], dtype=np.int32),
        "homes": np.array([0], dtype=np.int32),
        "walks": np.zeros((1, 32), dtype=np.uint16),
    }
    with pytest.raises(ValueError, match=r"outside|shape|int32"):
        choices(
            stream([Batch(**(sound | change))], 1, 1),
            lanes=[np.array([0])],
            minutes=[15.0],
        )


@pytest.mark.parametrize("capacity", [-1.0, math.inf])
def test_a_capacity_below_nought_or_endless_is_refused(capacity):
    with pytest.raises(ValueError, match="capacity"):
        AccessTally(
            held([[100]], [1]),
            lanes=[np.array([0])],
            people=np.array([1]),
            capacity=[np.array([capacity])],
            zones=FIFTEEN_MINUTES,
        )


@pytest.mark.parametrize(
    ("minutes", "weights", "why"),
    [
        ((10.0, 5.0), (1.0, 1.0), "ascend"),
        ((5.0,), (1.0, 0.5), "weights for"),
        ((5.0,), (0.0,), "weigh something"),
        ((5.0,), (-1.0,), "negative"),
        ((200.0,), (1.0,), "longer"),
        ((), (), "between 1"),
    ],
)
def test_zones_that_make_no_sense_are_refused(minutes, weights, why):
    with pytest.raises(ValueError, match=why):
        Zones(minutes=minutes, weights=weights, note="")


def test_the_limit_of_fifteen_minutes_is_inclusive():
    assert deciseconds(15) == 9000
    counts = choices(
        held([[9000, 9001]], [1]),
        lanes=[np.array([0])],
        minutes=[15.0],
    )
    assert counts.tolist() == [[[1, 0]]]
