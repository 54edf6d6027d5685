"""Rings against plain Python: the walks of homes, the reached streets and their polygons."""

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.around.rings import reached, rings, walked_streets, walks
from core.kernel.around.vicinity import street_graph
from core.kernel.coverage import covered_people
from core.kernel.reach import reach
from core.kernel.snap import Snapped, snap
from core.kernel.streets import Streets, checked
from core.kernel.walkers import CLOSED, Weights, level
from core.kernel.walks import UNREACHED

FAR = 60_000  # longer than all walks in these worlds
often = settings(
    max_examples=120,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TIMES = st.one_of(st.sampled_from([0, 0, 10, 500, 500, 1000]), st.integers(0, 4000))
EITHER = st.one_of(TIMES, st.just(CLOSED))
FRACTIONS = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1))
ACCESSES = st.one_of(st.just(0.0), st.floats(0, 60, width=32))
LIMITS = st.integers(0, 6000)


@dataclass(frozen=True)
class World:
    streets: Streets
    weights: Weights
    point: Snapped
    leaving: bool

    @cached_property
    def between_nodes(self):
        every = range(self.streets.nodes)
        d = [[0 if a == b else math.inf for b in every] for a in every]
        for edge, (a, b) in enumerate(zip(self.streets.u, self.streets.v, strict=True)):
            for p, q, weight in ((a, b, self.weights.forward), (b, a, self.weights.backward)):
                if weight[edge] < CLOSED:
                    d[p][q] = min(d[p][q], int(weight[edge]))
        for via, a, b in itertools.product(every, repeat=3):
            d[a][b] = min(d[a][b], d[a][via] + d[via][b])
        return d

    def walked(self, limit_ds=FAR):
        return walked_streets(
            street_graph(self.streets),
            self.streets,
            self.weights,
            self.point,
            limit_ds=limit_ds,
            leaving=self.leaving,
        )

    def walk(self, edge, fraction):
        """Walk between a place on a street and the point in plain Python, access apart."""
        own, there = int(self.point.edge[0]), float(self.point.fraction[0])
        here, target = (edge, fraction), (own, there)
        if self.leaving:
            here, target = target, here
        nodes = self.between_nodes
        ways = [self.along(*here, target[1], ahead) for ahead in (True, False) if own == edge]
        for i, j in itertools.product((0, 1), repeat=2):
            p, q = self.end(here[0], i), self.end(target[0], j)
            off, on = self.along(*here, i, i == 1), self.along(target[0], j, target[1], j == 0)
            ways.append(off + nodes[p][q] + on)
        return min(ways)

    def end(self, edge, which):
        return int((self.streets.u, self.streets.v)[which][edge])

    def along(self, edge, begin, end, ahead):
        if (end < begin) if ahead else (end > begin):
            return math.inf
        time = int((self.weights.forward if ahead else self.weights.backward)[edge])
        return math.inf if time == CLOSED else abs(round(end * time) - round(begin * time))


def snapped(places):
    edge, fraction, access = zip(*places, strict=True)
    return Snapped(
        edge=np.array(edge, dtype=np.int32),
        fraction=np.array(fraction, dtype=np.float64),
        access_metres=np.array(access, dtype=np.float64),
    )


@st.composite
def places(draw, edges):
    return draw(
        st.one_of(
            st.tuples(st.integers(0, edges - 1), FRACTIONS, ACCESSES),
            st.tuples(st.integers(0, min(1, edges - 1)), FRACTIONS, ACCESSES),
        )
    )


@st.composite
def worlds(draw, *, directed=True):
    """Draw a small network: loops, doubles, edges of no time or no length on the map, islands."""
    nodes = draw(st.integers(1, 6))
    node = st.integers(0, nodes - 1)
    metre = st.sampled_from([0.0, 0.0, 90.0, 200.0, 333.0])
    edges = draw(st.lists(st.tuples(node, node, EITHER, EITHER), min_size=1, max_size=9))
    u, v, forward, backward = zip(*edges, strict=True)
    streets = checked(
        x=draw(st.lists(metre, min_size=nodes, max_size=nodes)),
        y=draw(st.lists(metre, min_size=nodes, max_size=nodes)),
        u=u,
        v=v,
        metres=np.minimum(forward, 4000).astype(float),
    )
    weights = level(streets.metres, metres_per_second=10.0)
    if directed:
        weights = Weights(
            forward=np.array(forward, dtype=np.int32),
            backward=np.array(backward, dtype=np.int32),
            metres_per_second=10.0,
        )
    point = snapped([draw(places(len(u)))])
    return World(streets, weights, point, leaving=draw(st.booleans()))


@often
@given(worlds(directed=False), st.data())
def test_walks_are_those_of_the_whole_city(world, data):
    homes = data.draw(st.lists(places(world.streets.edges), min_size=1, max_size=6))
    homes = snapped([*homes, (-1, math.nan, 3.0)])
    limit = data.draw(st.sampled_from([FAR, 0, 500, 1000, 3000]))
    by_reach = reach(world.streets, world.point, homes, lanes=[[0]], speed_mps=10.0, limit_ds=limit)
    assert walks(world.walked(limit), homes).tolist() == by_reach[0].tolist()


@often
@given(worlds(), st.data())
def test_walks_in_either_direction_equal_plain_python(world, data):
    homes = data.draw(st.lists(places(world.streets.edges), min_size=1, max_size=5))
    access = round(float(world.point.access_metres[0]))
    expected = [world.walk(e, f) + round(far) + access for e, f, far in homes]
    expected = [UNREACHED if math.isinf(walk) else walk for walk in expected]
    assert walks(world.walked(), snapped(homes)).tolist() == expected


def stands_in(pieces, edge, fraction):
    on = pieces.edge == edge
    slack = 1e-12
    return bool(
        ((pieces.begin[on] - slack <= fraction) & (fraction <= pieces.end[on] + slack)).any()
    )


@often
@given(worlds(), LIMITS)
def test_a_place_on_a_street_is_reached_if_one_walks_there_within_the_limit(world, limit):
    pieces = reached(world.walked(), limit)
    access = round(float(world.point.access_metres[0]))
    for edge, fraction in itertools.product(range(world.streets.edges), np.arange(1, 10) / 10):
        if (edge, fraction) == (world.point.edge[0], world.point.fraction[0]):
            continue  # one stands there already, even where no way leads off
        time = world.walk(edge, fraction) + access
        if time <= limit - 2:  # each part is rounded by a half
            assert stands_in(pieces, edge, fraction)
        elif time > limit + 2:
            assert not stands_in(pieces, edge, fraction)


@often
@given(worlds(), st.lists(LIMITS, min_size=2, max_size=4, unique=True))
def test_what_a_longer_limit_adds_makes_up_the_whole(world, limits):
    walked, limits = world.walked(), sorted(limits)
    whole = reached(walked, limits[-1])
    parts = [reached(walked, limits[0])]
    for before, limit in itertools.pairwise(limits):
        parts.append(reached(walked, limit, beyond_ds=before))
    for edge in range(world.streets.edges):
        sums = [np.sum((p.end - p.begin)[p.edge == edge]) for p in (whole, *parts)]
        assert sums[0] == pytest.approx(sum(sums[1:]), abs=1e-9)
        assert sums[0] <= 1 + 1e-9


def drawn(streets, pieces):
    at = [
        [column[end[e]] for end in (streets.u, streets.v)]
        for e in pieces.edge
        for column in (streets.x, streets.y)
    ]
    lines = []
    for k in range(len(pieces.edge)):
        (ux, vx), (uy, vy) = at[2 * k], at[2 * k + 1]
        ends = [(ux + f * (vx - ux), uy + f * (vy - uy)) for f in (pieces.begin[k], pieces.end[k])]
        lines.append(shapely.Point(ends[0]) if ends[0] == ends[1] else shapely.LineString(ends))
    return shapely.union_all(lines)


@often
@given(worlds(), st.lists(LIMITS, min_size=1, max_size=3), st.sampled_from([1.0, 25.0, 40.0]))
def test_rings_hold_all_reached_streets_nothing_farther_than_the_margin_and_each_other(
    world, limits, margin
):
    walked = world.walked()
    polygons = rings(world.streets, walked, limits, margin_metres=margin)
    for limit, polygon in zip(limits, polygons, strict=True):
        streets = drawn(world.streets, reached(walked, limit))
        assert polygon.is_valid
        assert polygon.is_empty == streets.is_empty
        if not streets.is_empty:
            assert polygon.covers(streets)
            widest = shapely.buffer(streets, margin, quad_segs=128)
            assert shapely.difference(polygon, shapely.buffer(widest, margin * 1e-3)).is_empty
            assert polygon.area >= 0.7 * widest.area
    nested = [polygon for _, polygon in sorted(zip(limits, polygons, strict=True), key=first)]
    for inner, outer in itertools.pairwise(nested):
        assert shapely.difference(inner, shapely.buffer(outer, 1e-6)).is_empty


def first(pair):
    return pair[0]


LANE = checked(
    # 1,000 m from west to east in two streets, a loop of 600 m at its east end, an island
    x=[0, 400, 1000, 5000, 5100],
    y=[0, 0, 0, 0, 0],
    u=[0, 1, 2, 3],
    v=[1, 2, 2, 4],
    metres=[400, 600, 600, 100],
)


def on_lane(x, y, *, limit_ds, weights=None, leaving=False):
    return walked_streets(
        street_graph(LANE),
        LANE,
        weights or level(LANE.metres, metres_per_second=1.0),
        snap(LANE, [x], [y], limit_metres=30),
        limit_ds=limit_ds,
        leaving=leaving,
    )


def spans(pieces):
    columns = pieces.edge.tolist(), pieces.begin.tolist(), pieces.end.tolist()
    return sorted(zip(*columns, strict=True))


def test_the_walk_to_the_street_is_part_of_the_limit():
    walked = on_lane(200.0, 20.0, limit_ds=3000)
    assert spans(reached(walked, 1200)) == [(0, 0.25, 0.5), (0, 0.5, 0.75)]
    assert spans(reached(walked, 2200)) == [(0, 0.0, 0.5), (0, 0.5, 1.0)]
    assert spans(reached(walked, 2800)) == [(0, 0.0, 0.5), (0, 0.5, 1.0), (1, 0.0, 0.1)]
    assert spans(reached(walked, 2800, beyond_ds=2200)) == [(1, 0.0, 0.1)]
    assert spans(reached(walked, 200)) == [(0, 0.5, 0.5)]
    assert spans(reached(walked, 199)) == []


def test_a_loop_is_reached_from_both_ends_with_a_gap_in_its_middle():
    walked = on_lane(1000.0, 0.0, limit_ds=3000)
    assert [span for span in spans(reached(walked, 1500)) if span[0] == 2] == [
        (2, 0.0, 0.25),
        (2, 0.75, 1.0),
    ]
    assert [span for span in spans(reached(walked, 3000)) if span[0] == 2] == [(2, 0.0, 1.0)]


def test_a_ring_along_one_street_is_as_long_as_the_walk_and_as_wide_as_the_margin():
    walked = on_lane(200.0, 0.0, limit_ds=6000)
    five, fifteen = rings(LANE, walked, [1000, 6000], margin_metres=40)
    assert np.allclose(five.bounds, (60, -40, 340, 40), atol=2.1)
    assert np.allclose(fifteen.bounds, (-40, -40, 840, 40), atol=2.1)


def test_limits_may_come_in_any_order():
    walked = on_lane(200.0, 0.0, limit_ds=6000)
    up = rings(LANE, walked, [1000, 2000, 6000])
    down = rings(LANE, walked, [6000, 2000, 1000, 6000])
    assert [p.wkb for p in down] == [up[2].wkb, up[1].wkb, up[0].wkb, up[2].wkb]


def test_a_union_of_all_but_equal_outlines_is_still_an_area():
    streets = checked(
        x=[0, 0, 0], y=[90, 200, 333], u=[0, 1, 1], v=[1, 2, 0], metres=[1000, 500, 500]
    )
    weights = Weights(
        forward=np.array([1000, 500, 500], dtype=np.int32),
        backward=np.array([1000, 3983, 1000], dtype=np.int32),
        metres_per_second=10.0,
    )
    world = World(streets, weights, snapped([(0, 0.0, 0.0)]), leaving=False)
    for polygon in rings(streets, world.walked(), [252, 274], margin_metres=1.0):
        assert polygon.geom_type in {"Polygon", "MultiPolygon"}
        assert polygon.is_valid


def test_who_walks_to_a_point_and_who_leaves_it_differ_at_a_one_way():
    times = np.rint(LANE.metres * 10).astype(np.int32)
    backward = times.copy()
    backward[1] = CLOSED  # only eastwards
    weights = Weights(forward=times, backward=backward, metres_per_second=1.0)
    to = on_lane(700.0, 0.0, limit_ds=2000, weights=weights)
    leaving = on_lane(700.0, 0.0, limit_ds=2000, weights=weights, leaving=True)
    assert spans(reached(to, 1500)) == [(1, 0.25, 0.5)]
    assert spans(reached(leaving, 1500)) == [(1, 0.5, 0.75)]
    homes = snap(LANE, [600.0, 800.0], [0.0, 0.0], limit_metres=5)
    assert walks(to, homes).tolist() == [1000, UNREACHED]
    assert walks(leaving, homes).tolist() == [UNREACHED, 1000]


def test_people_inside_are_counted_by_their_walk_not_by_the_polygon():
    walked = on_lane(200.0, 0.0, limit_ds=3000)
    homes = snap(LANE, [250.0, 250.0, 600.0], [0.0, 29.0, 5.0], limit_metres=30)
    polygon = rings(LANE, walked, [600], margin_metres=40)[0]
    assert polygon.covers(shapely.points([[250.0, 0.0], [250.0, 29.0]])).all()
    assert covered_people(walks(walked, homes), np.array([3, 5, 7]), 1.0) == 3


def test_an_unattached_point_has_empty_rings():
    walked = on_lane(200.0, 99.0, limit_ds=3000)
    homes = snap(LANE, [250.0], [0.0], limit_metres=30)
    assert walks(walked, homes).tolist() == [UNREACHED]
    assert [p.is_empty for p in rings(LANE, walked, [600, 3000])] == [True, True]


def test_the_same_question_gives_the_same_bytes():
    one, other = (rings(LANE, on_lane(300.0, 9.0, limit_ds=9000), [3000, 9000]) for _ in "ab")
    assert [p.wkb for p in one] == [p.wkb for p in other]


def test_what_cannot_be_drawn_is_refused():
    walked = on_lane(200.0, 0.0, limit_ds=3000)
    with pytest.raises(ValueError, match="ended at 3000 ds, short of 3001"):
        rings(LANE, walked, [3001])
    for margin in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="margin_metres"):
            rings(LANE, walked, [3000], margin_metres=margin)
    two = snapped([(0, 0.5, 0.0)] * 2)
    weights = level(LANE.metres, metres_per_second=1.0)
    with pytest.raises(ValueError, match="one point"):
        walked_streets(street_graph(LANE), LANE, weights, two, limit_ds=9)
