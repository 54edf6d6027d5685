import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.snap import snap
from core.kernel.streets import checked

CROSS = checked(
    # a street from west to east, one going north from its middle, a node far off
    x=[0, 100, 50, 50],
    y=[0, 0, 0, 80],
    u=[0, 2, 2],
    v=[2, 1, 3],
    metres=[50, 50, 80],
)


def test_a_point_lands_where_the_perpendicular_meets_the_street():
    snapped = snap(CROSS, [20.0, 53.0], [-7.0, 60.0], limit_metres=None)
    assert snapped.edge.tolist() == [0, 2]
    assert snapped.fraction.tolist() == [0.4, 0.75]
    assert snapped.access_metres.tolist() == [7.0, 3.0]


def test_beyond_the_end_of_a_street_its_end_is_nearest():
    snapped = snap(CROSS, [103.0, -6.0], [4.0, 8.0], limit_metres=None)
    assert snapped.edge.tolist() == [1, 0]
    assert snapped.fraction.tolist() == [1.0, 0.0]
    assert snapped.access_metres.tolist() == [5.0, 10.0]


def test_equally_near_edges_give_the_lowest_index():
    snapped = snap(CROSS, [50.0, 50.0, 45.0], [0.0, -9.0, 5.0], limit_metres=None)
    assert snapped.edge.tolist() == [0, 0, 0]


def test_a_street_at_exactly_the_limit_still_counts():
    snapped = snap(CROSS, [20.0, 20.0], [-30.0, -30.01], limit_metres=30.0)
    assert snapped.edge.tolist() == [0, -1]
    assert snapped.attached.tolist() == [True, False]


def test_an_unattached_point_still_tells_how_far_the_street_is():
    snapped = snap(CROSS, [20.0], [-500.0], limit_metres=100.0)
    assert np.isnan(snapped.fraction[0])
    assert snapped.access_metres[0] == 500.0


def test_without_a_limit_every_point_is_attached():
    assert snap(CROSS, [1e6], [1e6], limit_metres=None).attached.all()


def test_without_streets_nothing_is_attached():
    empty = checked(x=[0.0], y=[0.0], u=[], v=[], metres=[])
    for limit in (None, 50.0):
        snapped = snap(empty, [1.0], [2.0], limit_metres=limit)
        assert snapped.edge.tolist() == [-1]
        assert np.isnan(snapped.access_metres[0])


def test_no_points_give_no_answers():
    assert len(snap(CROSS, [], [], limit_metres=None)) == 0


def test_a_loop_and_an_edge_without_extent_catch_points_at_their_spot():
    streets = checked(x=[0, 0, 90], y=[0, 0, 0], u=[0, 0], v=[0, 1], metres=[70, 0])
    snapped = snap(streets, [3.0], [4.0], limit_metres=None)
    assert (snapped.edge[0], snapped.fraction[0], snapped.access_metres[0]) == (0, 0.0, 5.0)


def test_some_points_can_be_taken_out():
    snapped = snap(CROSS, [20.0, 53.0], [-7.0, 60.0], limit_metres=None)
    assert snapped.take(np.array([1])).edge.tolist() == [2]
    assert snapped.take(np.array([True, False])).edge.tolist() == [0]


@pytest.mark.parametrize(
    ("x", "y", "limit", "told"),
    [
        ([0.0, np.nan], [0.0, 0.0], None, "point 1 has a coordinate that is not finite"),
        ([0.0], [np.inf], None, "point 0"),
        ([0.0], [0.0, 1.0], None, "two equal columns"),
        ([0.0], [0.0], -1.0, "negative"),
        ([0.0], [0.0], np.nan, "negative"),
    ],
)
def test_points_that_cannot_be_placed_are_refused(x, y, limit, told):
    with pytest.raises(ValueError, match=told):
        snap(CROSS, x, y, limit_metres=limit)


def distance_to_segment(p, a, b):
    """Measure by walking along the segment, in plain complex numbers."""
    ab, ap = b - a, p - a
    square = abs(ab) ** 2
    part = 0.0 if square == 0 else min(1.0, max(0.0, (ap * ab.conjugate()).real / square))
    return abs(ap - part * ab)


grid = st.integers(-6, 6)


@settings(max_examples=150, deadline=None, database=None)
@given(
    nodes=st.lists(st.tuples(grid, grid), min_size=1, max_size=7),
    ends=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=10),
    points=st.lists(st.tuples(grid, grid), min_size=1, max_size=8),
)
def test_no_edge_is_nearer_than_the_one_taken(nodes, ends, points):
    x, y = zip(*nodes, strict=True)
    u, v = zip(*[(a % len(nodes), b % len(nodes)) for a, b in ends], strict=True)
    streets = checked(x=x, y=y, u=u, v=v, metres=[1.0] * len(u))
    px, py = zip(*points, strict=True)
    snapped = snap(streets, px, py, limit_metres=None)
    place = [complex(*node) for node in nodes]
    for point, edge, part, access in zip(
        points, snapped.edge, snapped.fraction, snapped.access_metres, strict=True
    ):
        ends = [(place[a], place[b]) for a, b in zip(u, v, strict=True)]
        far = [distance_to_segment(complex(*point), a, b) for a, b in ends]
        assert access == pytest.approx(min(far), abs=1e-9)
        assert far[edge] == pytest.approx(min(far), abs=1e-9)
        spot = place[u[edge]] + part * (place[v[edge]] - place[u[edge]])
        assert abs(complex(*point) - spot) == pytest.approx(access, abs=1e-9)
        clearly_tied = [e for e, d in enumerate(far) if d == far[edge]]
        same_ends = [e for e in clearly_tied if {u[e], v[e]} == {u[edge], v[edge]}]
        assert edge == min(same_ends)
