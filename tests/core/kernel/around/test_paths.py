"""Nearest outlets and ways against plain Python, and against the walks of the whole city."""

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.around.paths import door_to_door, nearest
from core.kernel.around.vicinity import street_graph
from core.kernel.reach import reach
from core.kernel.snap import Snapped, snap
from core.kernel.streets import Streets, checked
from core.kernel.walkers import CLOSED, Weights, level
from core.kernel.walks import UNREACHED

FAR = 65_000  # longer than all walks in these worlds
often = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TIMES = st.one_of(st.sampled_from([0, 0, 10, 500, 500, 1000]), st.integers(0, 4000))
FRACTIONS = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1))
ACCESSES = st.one_of(st.just(0.0), st.floats(0, 60, width=32))


@dataclass(frozen=True)
class World:
    streets: Streets
    weights: Weights
    homes: Snapped
    outlets: Snapped
    rows: list[int]
    limit_ds: int = FAR

    def ways(self):
        graph = street_graph(self.streets)
        return [
            nearest(
                graph,
                self.streets,
                self.weights,
                self.homes.take(np.array([home])),
                self.outlets,
                self.rows,
                limit_ds=self.limit_ds,
            )
            for home in range(len(self.homes))
        ]


def snapped(places):
    edge, fraction, access = zip(*places, strict=True) if places else ((), (), ())
    return Snapped(
        edge=np.array(edge, dtype=np.int32),
        fraction=np.array(fraction, dtype=np.float64),
        access_metres=np.array(access, dtype=np.float64),
    )


@st.composite
def worlds(draw, *, directed):
    nodes = draw(st.integers(1, 7))
    node = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(node, node, TIMES), min_size=1, max_size=12))
    u, v, times = zip(*edges, strict=True)
    streets = checked(
        x=np.arange(nodes) * 30.0,
        y=np.arange(nodes) ** 2 * 10.0,
        u=u,
        v=v,
        metres=np.array(times, dtype=float),
    )
    weights = level(streets.metres, metres_per_second=10.0)
    if directed:
        either = st.one_of(TIMES, st.just(CLOSED))
        both = draw(st.lists(st.tuples(either, either), min_size=len(u), max_size=len(u)))
        forward, backward = np.array(both, dtype=np.int32).T.copy()
        weights = Weights(forward=forward, backward=backward, metres_per_second=10.0)
    place = st.one_of(
        st.tuples(st.integers(0, len(u) - 1), FRACTIONS, ACCESSES),
        st.tuples(st.integers(0, min(1, len(u) - 1)), FRACTIONS, ACCESSES),  # crowd on few edges
        st.tuples(st.just(-1), st.just(math.nan), ACCESSES),
    )
    outlets = draw(st.lists(place, max_size=6))
    row = st.integers(0, len(outlets) - 1) if outlets else st.nothing()
    return World(
        streets,
        weights,
        homes=snapped(draw(st.lists(place, min_size=1, max_size=4))),
        outlets=snapped(outlets),
        rows=draw(st.lists(row, max_size=len(outlets))),
    )


def between_nodes(world):
    every = range(world.streets.nodes)
    d = [[0 if a == b else math.inf for b in every] for a in every]
    for edge, (a, b) in enumerate(zip(world.streets.u, world.streets.v, strict=True)):
        for tail, head, weight in ((a, b, world.weights.forward), (b, a, world.weights.backward)):
            if weight[edge] < CLOSED:
                d[tail][head] = min(d[tail][head], int(weight[edge]))
    for via, a, b in itertools.product(every, repeat=3):
        d[a][b] = min(d[a][b], d[a][via] + d[via][b])
    return d


def walked(world, edge, begin, end, *, ahead):
    """Time a stretch of one edge; a shut edge lets nobody off it, even at its very end."""
    if (end < begin) if ahead else (end > begin):
        return math.inf
    time = int((world.weights.forward if ahead else world.weights.backward)[edge])
    return math.inf if time == CLOSED else abs(round(end * time) - round(begin * time))


def by_floyd_warshall(world, home):
    """Give the total to each outlet in plain Python."""
    d = between_nodes(world)
    edge, fraction, access = home

    def total(outlet):
        other, place, far = outlet
        if edge < 0 or other < 0:
            return math.inf
        ways = [
            walked(world, edge, fraction, i, ahead=i == 1)
            + d[p][q]
            + walked(world, other, j, place, ahead=j == 0)
            for i, p in enumerate((world.streets.u[edge], world.streets.v[edge]))
            for j, q in enumerate((world.streets.u[other], world.streets.v[other]))
        ]
        if edge == other:
            ways += [walked(world, edge, fraction, place, ahead=ahead) for ahead in (True, False)]
        return min(ways) + round(access) + round(far)

    return [total(outlet) for outlet in places(world.outlets)]


def places(points):
    columns = points.edge.tolist(), points.fraction.tolist(), points.access_metres.tolist()
    return list(zip(*columns, strict=True))


def assert_walked(world, home, way):
    """Walk the way edge by edge: it hangs together, takes its time and is drawn where it is."""
    s = world.streets
    edge, fraction, _ = home
    other, place, _ = places(world.outlets)[way.outlet]

    def at(edge, fraction):
        u, v = s.u[edge], s.v[edge]
        return [(1 - fraction) * c[u] + fraction * c[v] for c in (s.x, s.y)]

    line = np.stack([way.x, way.y], axis=1)
    assert len(line) == len(way.edges) + 1
    assert np.allclose(line[0], at(edge, fraction))
    assert np.allclose(line[-1], at(other, place))
    assert way.walk_ds == way.home_access_ds + way.street_ds + way.outlet_access_ds
    fastest = {(edge, fraction): 0}  # where one can be after each step, and when
    for step, number in enumerate(way.edges):
        after = {}
        ends = [0.0, 1.0] + ([place] if number == other and step == len(way.edges) - 1 else [])
        for (on, begin), time in fastest.items():
            starts = [begin] if on == number else []
            if begin in (0.0, 1.0):
                node = (s.u if begin == 0 else s.v)[on]
                starts += [float(i) for i, c in enumerate((s.u, s.v)) if c[number] == node]
            for start, end in itertools.product(starts, ends):
                if np.isclose(abs(end - start) * s.metres[number], way.metres[step]):
                    key = (int(number), end)
                    late = time + walked(world, number, start, end, ahead=end > start)
                    after[key] = min(after.get(key, math.inf), late)
        fastest = after
    nodes_here = {(s.u, s.v)[int(f)][e] for e, f in fastest if f in (0.0, 1.0)}
    arrived = [time for (on, end), time in fastest.items() if (on, end) == (other, place)]
    if place in (0.0, 1.0) and (s.u, s.v)[int(place)][other] in nodes_here:
        arrived += list(fastest.values())
    assert way.street_ds in arrived


@often
@given(worlds(directed=False))
def test_the_walk_is_that_of_the_whole_city(world):
    walks = reach(
        world.streets,
        world.outlets,
        world.homes,
        lanes=[world.rows],
        speed_mps=10.0,
        limit_ds=FAR,
    )
    ways = world.ways()
    assert [UNREACHED if way is None else way.walk_ds for way in ways] == walks[0].tolist()


@often
@given(st.booleans().flatmap(lambda directed: worlds(directed=directed)))
def test_the_nearest_outlet_and_its_walk_equal_plain_python_and_can_be_walked(world):
    for home, way in zip(places(world.homes), world.ways(), strict=True):
        totals = by_floyd_warshall(world, home)
        best = min(((totals[row], row) for row in world.rows), default=(math.inf, -1))
        if math.isinf(best[0]):
            assert way is None
        else:
            assert (way.walk_ds, way.outlet) == best
            assert_walked(world, home, way)


@often
@given(worlds(directed=True), st.integers(0, 3000))
def test_a_limit_only_hides_what_is_longer(world, limit_ds):
    for free, held in zip(world.ways(), replace(world, limit_ds=limit_ds).ways(), strict=True):
        if free is None or free.walk_ds > limit_ds:
            assert held is None
        else:
            assert (held.outlet, held.walk_ds) == (free.outlet, free.walk_ds)
            assert held.edges.tolist() == free.edges.tolist()


@often
@given(worlds(directed=True), st.randoms())
def test_the_order_of_rows_and_repeats_change_nothing(world, random):
    rows = world.rows * 2
    random.shuffle(rows)
    for one, other in zip(world.ways(), replace(world, rows=rows).ways(), strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert (one.outlet, one.walk_ds) == (other.outlet, other.walk_ds)
            assert one.edges.tobytes() == other.edges.tobytes()
            assert one.x.tobytes() == other.x.tobytes()


TOWN = checked(
    # a ladder: two streets from west to east, rungs at 0, 100 and 200
    x=[0, 100, 200, 0, 100, 200],
    y=[0, 0, 0, 50, 50, 50],
    u=[0, 1, 3, 4, 0, 1, 2],
    v=[1, 2, 4, 5, 3, 4, 5],
    metres=[100, 100, 100, 100, 50, 50, 50],
)


def walk(home, outlets, *, rows=None, weights=None, limit_ds=9000):
    weights = weights or level(TOWN.metres, metres_per_second=1.0)
    (hx, hy), (ox, oy) = home, zip(*outlets, strict=True)
    return nearest(
        street_graph(TOWN),
        TOWN,
        weights,
        snap(TOWN, [hx], [hy], limit_metres=30),
        snap(TOWN, ox, oy, limit_metres=30),
        range(len(outlets)) if rows is None else rows,
        limit_ds=limit_ds,
    )


def test_a_way_tells_its_parts_its_streets_and_its_line():
    way = walk((20.0, -7.0), [(180.0, -3.0), (104.0, 30.0)])
    assert (way.outlet, way.walk_ds) == (1, 70 + 800 + 300 + 40)
    assert (way.home_access_ds, way.street_ds, way.outlet_access_ds) == (70, 1100, 40)
    assert way.edges.tolist() == [0, 5]
    assert way.metres.tolist() == [80, 30]
    assert (way.x.tolist(), way.y.tolist()) == ([20, 100, 100], [0, 0, 30])
    x, y = door_to_door(way, home=(20.0, -7.0), outlet=(104.0, 30.0))
    assert (x.tolist(), y.tolist()) == ([20, 20, 100, 100, 104], [-7, 0, 0, 30, 30])


def test_an_outlet_on_the_same_street_is_reached_without_a_corner():
    way = walk((20.0, -7.0), [(60.0, 5.0)])
    assert (way.walk_ds, way.edges.tolist()) == (70 + 400 + 50, [0])
    assert (way.x.tolist(), way.metres.tolist()) == ([20, 60], [40])


def test_two_doors_opposite_each_other_walk_no_street():
    way = walk((20.0, -7.0), [(20.0, 5.0)])
    assert (way.walk_ds, way.street_ds, len(way.edges)) == (120, 0, 0)
    assert (way.x.tolist(), way.y.tolist()) == ([20], [0])


def test_among_equally_near_outlets_the_lowest_row_is_named():
    left, right = (50.0, 0.0), (150.0, 0.0)
    for outlets in ([left, right], [right, left], [right, left, left]):
        assert walk((100.0, 0.0), outlets).outlet == 0
    assert walk((100.0, 0.0), [left, right], rows=[1, 0]).outlet == 0
    assert walk((100.0, 0.0), [left, right], rows=[1]).outlet == 1


def test_a_one_way_on_the_same_street_is_walked_round_the_block():
    forward = np.rint(TOWN.metres * 10).astype(np.int32)
    backward = forward.copy()
    backward[0] = CLOSED
    weights = Weights(forward=forward, backward=backward, metres_per_second=1.0)
    way = walk((60.0, 0.0), [(20.0, 0.0)], weights=weights)
    assert way.edges.tolist() == [0, 5, 2, 4, 0]
    assert way.walk_ds == 400 + 500 + 1000 + 500 + 200
    assert walk((20.0, 0.0), [(60.0, 0.0)], weights=weights).walk_ds == 400


def test_exactly_the_limit_counts_and_beyond_it_nothing_is_found():
    assert walk((20.0, -7.0), [(60.0, 5.0)], limit_ds=520).walk_ds == 520
    assert walk((20.0, -7.0), [(60.0, 5.0)], limit_ds=519) is None


def test_the_unattached_and_the_absent_have_no_way():
    assert walk((20.0, -31.0), [(60.0, 5.0)]) is None
    assert walk((20.0, -7.0), [(60.0, -31.0)]) is None
    assert walk((20.0, -7.0), [(60.0, 5.0)], rows=[]) is None


def test_a_workspace_comes_back_clean_and_serves_several_threads():
    rng = np.random.default_rng(5)
    streets = checked(
        x=np.zeros(400),
        y=np.zeros(400),
        u=rng.integers(0, 400, 900),
        v=rng.integers(0, 400, 900),
        metres=rng.integers(0, 90, 900).astype(float),
    )
    weights, graph = level(streets.metres, metres_per_second=1.2), street_graph(streets)

    def crowd(count):
        return snapped(
            zip(
                rng.integers(0, 900, count),
                rng.random(count),
                rng.random(count) * 40,
                strict=True,
            )
        )

    homes, outlets = crowd(300), crowd(40)
    walks = reach(streets, outlets, homes, lanes=[range(40)], speed_mps=1.2, limit_ds=1500)[0]

    def answer(home):
        one = homes.take(np.array([home]))
        way = nearest(graph, streets, weights, one, outlets, range(40), limit_ds=1500)
        return UNREACHED if way is None else way.walk_ds

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(answer, range(300))) == walks.tolist()
    assert 0 < len(graph.spare) <= 4
    for work in graph.spare:
        assert (work.ds == UNREACHED).all()
        assert (work.first == -1).all()


def test_what_does_not_belong_together_is_refused():
    graph, weights = street_graph(TOWN), level(TOWN.metres, metres_per_second=1.0)
    one = snapped([(0, 0.5, 0.0)])

    def ask(**otherwise):
        asked = {"graph": graph, "weights": weights, "home": one, "rows": [0], "limit_ds": 9}
        asked |= otherwise
        return nearest(
            asked["graph"],
            TOWN,
            asked["weights"],
            asked["home"],
            one,
            asked["rows"],
            limit_ds=asked["limit_ds"],
        )

    short = level(TOWN.metres[:3], metres_per_second=1.0)
    negative = replace(weights, forward=-weights.forward)
    other = street_graph(replace(TOWN, u=TOWN.u[:3], v=TOWN.v[:3]))
    for wrong, match in (
        ({"graph": other}, "not that of streets"),
        ({"weights": short}, "must be 7 int32"),
        ({"weights": negative}, "negative walking time"),
        ({"home": snapped([(0, 0.5, 0.0)] * 2)}, "one home"),
        ({"home": snapped([(7, 0.5, 0.0)])}, "edge 7 of 7"),
        ({"home": snapped([(0, 1.5, 0.0)])}, "outside the ends"),
        ({"rows": [1]}, "outside 0..0"),
        ({"rows": [0.0]}, "whole numbers"),
        ({"limit_ds": UNREACHED}, "limit_ds"),
    ):
        with pytest.raises(ValueError, match=match):
            ask(**wrong)
