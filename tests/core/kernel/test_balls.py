"""Batches of walks against the engine's own answers, on networks of every odd shape."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.balls import balls, balls_by_reach
from core.kernel.compiled.lanes import FAR16
from core.kernel.doors import arrivals, doors
from core.kernel.prepared import prepare
from core.kernel.reach import reach, search
from core.kernel.snap import Snapped
from core.kernel.streets import checked
from core.kernel.supply.answers import choices, two_step
from core.kernel.supply.tallies import FIFTEEN_MINUTES, THREE_RINGS, ChoiceTally, NearestTally, feed
from core.kernel.walkers import CLOSED, Weights, level
from core.kernel.walks import UNREACHED

often = settings(
    max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)

LENGTHS = st.one_of(st.sampled_from([0.0, 50.0, 120.0]), st.floats(0, 700, width=32))


@st.composite
def towns(draw):
    nodes = draw(st.integers(1, 6))
    node = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(node, node, LENGTHS), min_size=1, max_size=9))
    u, v, metres = zip(*edges, strict=True)
    spot = st.lists(st.sampled_from([0.0, 1.0, 9e4]), min_size=nodes, max_size=nodes)
    streets = checked(x=draw(spot), y=draw(spot), u=u, v=v, metres=metres)  # places mislead
    place = st.one_of(
        st.tuples(st.integers(0, len(u) - 1), st.floats(0, 1), st.floats(0, 90, width=32)),
        st.tuples(st.just(-1), st.just(math.nan), st.just(400.0)),
    )

    def points(most):
        edge, fraction, access = zip(*draw(st.lists(place, min_size=1, max_size=most)), strict=True)
        return Snapped(
            edge=np.array(edge, dtype=np.int32),
            fraction=np.array(fraction),
            access_metres=np.array(access, dtype=float),
        )

    return streets, points(40), points(6)


TIMES = st.sampled_from([0, 1, 7, 300, 300, 2000, 9000, 70_000, CLOSED])


@often
@given(towns(), st.data())
def test_balls_hold_every_walk_within_the_limit_and_no_other(town, data):
    streets, outlets, homes = town
    times = st.lists(TIMES, min_size=streets.edges, max_size=streets.edges)
    forward = np.array(data.draw(times), dtype=np.int32)
    backward = forward if data.draw(st.booleans()) else np.array(data.draw(times), dtype=np.int32)
    limit = data.draw(st.sampled_from([0, 299, 300, 2000, 9000, 65_000]))
    weights = Weights(forward=forward, backward=backward, metres_per_second=1.2)
    prepared = prepare(streets, weights, bound_ds=max(limit, data.draw(st.integers(0, 65_000))))
    standing, ways_in = doors(prepared, outlets), arrivals(doors(prepared, homes))
    lanes = list(np.arange(len(outlets)).reshape(-1, 1))
    exact = search(prepared, standing, ways_in, lanes=lanes, limit_ds=limit).matrix()
    assert table(balls(prepared, standing, ways_in, limit_ds=limit)).tolist() == exact.tolist()


def table(stream):
    """Lay a stream out as one table of all pairs."""
    walks = np.full((stream.outlets, stream.homes), UNREACHED, dtype=np.int32)
    home = np.argsort(stream.line)
    for batch in stream:
        held = np.where(batch.walks < FAR16, batch.walks.astype(np.int32), UNREACHED)
        assert ((held <= stream.limit_ds) | (held == UNREACHED)).all()
        assert len(set(batch.homes.tolist())) == len(batch.homes)
        walks[np.ix_(batch.outlets, home[batch.homes])] = held.T[: len(batch.outlets)]
    return walks


@often
@given(towns(), st.sampled_from([0, 500, 6000, 65_000]))
def test_balls_equal_one_search_an_outlet_whatever_the_coordinates_say(town, limit):
    streets, outlets, homes = town
    lanes = list(np.arange(len(outlets)).reshape(-1, 1))
    walks = reach(streets, outlets, homes, lanes=lanes, speed_mps=1.2, limit_ds=limit)
    plain = balls_by_reach(streets, outlets, homes, speed_mps=1.2, limit_ds=limit)
    assert table(plain).tolist() == walks.tolist()
    assert table(of_town(town, limit)).tolist() == walks.tolist()


def of_town(town, limit):
    streets, outlets, homes = town
    prepared = prepare(streets, level(streets.metres, metres_per_second=1.2), bound_ds=limit)
    ways_in = arrivals(doors(prepared, homes))
    return balls(prepared, doors(prepared, outlets), ways_in, limit_ds=limit)


def grid(side, outlets, homes, seed):
    """Lay out blocks with streets missing, diagonals that cut short, and closed rings."""
    rng = np.random.default_rng(seed)
    spot = np.arange(side * side).reshape(side, side)
    u = np.concatenate([spot[:, :-1].ravel(), spot[:-1].ravel(), rng.integers(0, side**2, 40)])
    v = np.concatenate([spot[:, 1:].ravel(), spot[1:].ravel(), rng.integers(0, side**2, 40)])
    kept = rng.random(len(u)) < 0.75
    u, v = u[kept], v[kept]
    metres = np.where(rng.random(len(u)) < 0.1, 0.0, rng.random(len(u)) * 90)
    x, y = rng.permutation(side**2) % side * 50.0, spot.ravel() // side * 50.0
    streets = checked(x=x, y=y, u=u, v=v, metres=metres)

    def crowd(count):
        edge = rng.integers(-1, len(u), count).astype(np.int32)
        fraction = np.where(edge < 0, math.nan, rng.random(count))
        return Snapped(edge=edge, fraction=fraction, access_metres=rng.random(count) * 40)

    return streets, crowd(outlets), crowd(homes)


@pytest.mark.parametrize("seed", [1, 2])
def test_balls_of_a_town_equal_one_search_an_outlet(seed):
    town = grid(40, 300, 900, seed)
    streets, outlets, homes = town
    lanes = list(np.arange(len(outlets)).reshape(-1, 1))
    walks = reach(streets, outlets, homes, lanes=lanes, speed_mps=1.2, limit_ds=4000)
    assert 0.02 < (walks < UNREACHED).mean() < 0.9
    assert (table(of_town(town, 4000)) == walks).all()


def test_streets_without_a_hierarchy_give_the_same_balls():
    streets, outlets, homes = grid(12, 70, 90, 5)
    prepared = prepare(streets, level(streets.metres, metres_per_second=1.2), bound_ds=3000)
    standing, ways_in = doors(prepared, outlets), arrivals(doors(prepared, homes))
    bare = balls(replace(prepared, hierarchy=None), standing, ways_in, limit_ds=2500)
    assert (table(bare) == table(balls(prepared, standing, ways_in, limit_ds=2500))).all()


def test_each_pass_over_a_stream_gives_the_same_bytes():
    stream = of_town(grid(12, 90, 60, 3), 3000)
    once, again = ([batch.walks.tobytes() for batch in stream] for _ in range(2))
    assert once == again


def test_walks_longer_than_the_streets_are_prepared_for_are_refused():
    streets, outlets, homes = grid(4, 3, 3, 4)
    prepared = prepare(streets, level(streets.metres, metres_per_second=1.2), bound_ds=300)
    standing, ways_in = doors(prepared, outlets), arrivals(doors(prepared, homes))
    with pytest.raises(ValueError, match="limit_ds"):
        balls(prepared, standing, ways_in, limit_ds=301)


@often
@given(towns())
def test_nearest_and_counts_agree_with_the_engine(town):
    lanes = [np.arange(len(town[1])), np.arange(0, len(town[1]), 2)]
    stream = of_town(town, 6000)
    nearest = NearestTally(stream, lanes=lanes, k=2, minutes=10.0)
    counted = ChoiceTally(stream, lanes=lanes, minutes=[4.0, 10.0])
    feed(stream, nearest, counted)
    engine = reach(*town, lanes=lanes, speed_mps=1.2, limit_ds=6000)
    singles = table(stream)
    assert nearest.answer()[:, 0].tolist() == engine.tolist()
    for lane, rows in enumerate(lanes):
        second = np.sort(np.pad(singles[rows], ((0, 2), (0, 0)), constant_values=UNREACHED), axis=0)
        assert nearest.answer()[lane, 1].tolist() == second[1].tolist()
        for place, limit in enumerate((2400, 6000)):
            within = (singles[rows] <= limit).sum(axis=0)
            assert counted.answer()[lane, place].tolist() == within.tolist()


@often
@given(towns(), st.data())
def test_one_more_outlet_never_takes_a_choice_away(town, data):
    every = np.arange(len(town[1]))
    fewer = every[: data.draw(st.integers(0, len(every)))]
    counts = choices(of_town(town, 9000), lanes=[fewer, every], minutes=[5.0, 15.0])
    assert (counts[1] >= counts[0]).all()
    assert (counts[:, 1] >= counts[:, 0]).all()


@pytest.mark.parametrize("zones", [FIFTEEN_MINUTES, THREE_RINGS])
def test_no_capacity_is_lost_or_made_in_a_whole_town(zones):
    town, rng = grid(40, 400, 1200, 7), np.random.default_rng(7)
    stream, lanes = of_town(town, 9000), np.array_split(np.arange(400), 3)
    people = rng.integers(0, 500, 1200)
    capacity = [rng.integers(1, 400, len(lane)) for lane in lanes]
    found = two_step(stream, lanes=lanes, people=people, capacity=capacity, zones=zones)
    for lane, sizes in enumerate(capacity):
        total = math.fsum(people * found.access[lane])
        assert math.isclose(total, found.shared[lane], rel_tol=1e-9)
        assert found.shared[lane] + found.left[lane] == sizes.sum()
        unattached = ~town[1].attached[lanes[lane]]
        assert np.isin(lanes[lane][unattached], found.unused[lane]).all()
    assert found.left.sum() > 0
