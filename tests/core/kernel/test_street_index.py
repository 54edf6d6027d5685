import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.kernel.snap import snap, snap_on
from core.kernel.street_index import StreetIndex, index_streets
from core.kernel.streets import Streets, checked

CELLS = (0.02, 0.5, 2.0, 50.0, 1e9)  # edges per cell: from far too fine to one cell for all


def by_trying_every_edge(streets, px, py):
    """Measure every pair by the same formula, in numpy, and take the first least square."""
    px, py = np.asarray(px, dtype=float)[:, None], np.asarray(py, dtype=float)[:, None]
    u, v, x, y = streets.u, streets.v, streets.x, streets.y
    turned = (x[v] < x[u]) | ((x[v] == x[u]) & (y[v] < y[u]))
    u, v = np.where(turned, v, u), np.where(turned, u, v)
    ux, uy = x[u], y[u]
    dx, dy = x[v] - ux, y[v] - uy
    whole = dx * dx + dy * dy
    ahead = np.minimum(np.maximum((px - ux) * dx + (py - uy) * dy, 0.0), whole)
    part = ahead / np.where(whole > 0, whole, 1.0)
    off_x, off_y = px - (ux + part * dx), py - (uy + part * dy)
    square = off_x * off_x + off_y * off_y
    edge = square.argmin(axis=1)
    rows = np.arange(len(edge))
    along = np.where(turned, 1 - part, part)[rows, edge] + 0.0
    return edge.astype(np.int32), along, np.sqrt(square[rows, edge])


def same(answer, expected):
    return [part.tobytes() for part in answer] == [part.tobytes() for part in expected]


def network(x, y, u, v):
    return checked(x=x, y=y, u=u, v=v, metres=np.zeros(len(u)))


def check(streets, px, py):
    px, py = np.asarray(px, dtype=float), np.asarray(py, dtype=float)
    expected = by_trying_every_edge(streets, px, py)
    for edges_per_cell in CELLS:
        index = index_streets(streets, edges_per_cell=edges_per_cell)
        assert same(index.nearest(px, py), expected), edges_per_cell


small = st.integers(-6, 6)
place = st.tuples(small, small)
strange = st.sampled_from([0.0, -0.0, 1e-320, -1e-160, 1e-9, 0.1, 1 / 3, 1e5, 1e7, -1e16, 1e150])
length = st.one_of(
    strange, st.floats(-1e3, 1e3), st.floats(-1e6, 1e6), st.floats(-1e150, 1e150), small
)
pairs = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None, database=None)
@given(
    nodes=st.lists(place, min_size=1, max_size=20),
    ends=pairs,
    points=st.lists(place, min_size=1, max_size=12),
    scale=st.sampled_from([1e-170, 1e-5, 0.1, 1.0, 37.0, 1e6, 1e140]),
    shift=st.sampled_from([0.0, 0.1, 1e6]),
)
def test_ties_and_corners_are_decided_as_by_trying_every_edge(nodes, ends, points, scale, shift):
    x, y = np.array(nodes, dtype=float).T * scale + shift
    u, v = np.array(ends).T % len(nodes)
    px, py = np.array(points, dtype=float).T * scale + shift
    check(network(x, y, u, v), px, py)


@settings(max_examples=150, deadline=None, database=None)
@given(
    nodes=st.lists(st.tuples(length, length), min_size=1, max_size=20),
    ends=pairs,
    points=st.lists(st.tuples(length, length), min_size=1, max_size=12),
)
@example(nodes=[(0.0, 0.0)], ends=[(0, 0)], points=[(1e150, -1e150)])
@example(nodes=[(1e-320, 0.0), (0.0, 1e-320)], ends=[(0, 1)] * 9, points=[(0.0, 0.0)])
def test_coordinates_of_any_size_are_decided_as_by_trying_every_edge(nodes, ends, points):
    x, y = np.array(nodes, dtype=float).T
    u, v = np.array(ends).T % len(nodes)
    check(network(x, y, u, v), *np.array(points, dtype=float).T)


def town(kind, rng):  # noqa: C901 - one line a kind
    """Draw some thousand edges of one kind, and points of all kinds about them."""
    side = 40
    across, up = (axis.ravel().astype(float) for axis in np.mgrid[0:side, 0:side] * 50.0)
    here = np.arange(side * side).reshape(side, side)
    u = np.concatenate([here[:-1].ravel(), here[:, :-1].ravel()])
    v = np.concatenate([here[1:].ravel(), here[:, 1:].ravel()])
    if kind != "square":
        across = across + rng.normal(0, 12, len(across))
        up = up + rng.normal(0, 12, len(up))
    if kind == "renumbered":
        number = rng.permutation(len(across))
        order = rng.permutation(len(u))
        across[number], up[number] = across.copy(), up.copy()
        u, v = number[v][order], number[u][order]
    if kind == "stray":
        across[:3], up[:5] = [9e6, -2e7, 4e5], up[:5] - 3e6
    if kind == "two cities":
        across[: side * side // 2] += 1e6
    if kind == "long":
        u, v = np.append(u, rng.integers(0, 1600, 300)), np.append(v, rng.integers(0, 1600, 300))
    if kind == "line":
        up[:] = 17.0
    if kind == "steep":
        across *= 1e-4
    if kind == "crowded":
        across[:1200], up[:1200] = 900 + across[:1200] * 1e-3, 900 + up[:1200] * 1e-3
    if kind == "one spot":
        across[:], up[:] = 8.0, 9.0
    if kind == "far from the origin":
        across, up = across + 4e7, up - 3e7
    number = rng.integers(0, len(across), 250)
    near = np.stack([across[number], up[number]]) + rng.normal(0, 30, (2, 250))
    nodes = np.stack([across[number[:40]], up[number[:40]]])
    middle = near[:, :1]
    wide = np.concatenate([middle + rng.normal(0, size, (2, 30)) for size in (3e3, 1e5, 1e9)], 1)
    return network(across, up, u, v), np.concatenate([near, nodes, np.round(near, -1), wide], 1)


KINDS = (
    "square", "crooked", "renumbered", "stray", "two cities", "long", "line", "steep", "crowded",
    "one spot", "far from the origin",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_towns_of_every_kind_are_decided_as_by_trying_every_edge(kind):
    streets, points = town(kind, np.random.default_rng(len(kind)))
    check(streets, *points)


def test_streets_just_beyond_the_grid_are_found_from_within_it():
    streets, _ = town("crooked", np.random.default_rng(10))
    rng = np.random.default_rng(11)
    east, north = rng.uniform(2050, 2400, 10), rng.uniform(0, 2000, 10)
    x = np.concatenate([streets.x, east, east + 5, [1e6, 1e6]])
    y = np.concatenate([streets.y, north, north + 9, [0.0, 50.0]])
    u = np.concatenate([streets.u, 1600 + np.arange(10), [1620]])
    v = np.concatenate([streets.v, 1610 + np.arange(10), [1621]])
    px, py = rng.uniform(1900, 2400, 2000), rng.uniform(0, 2000, 2000)
    grid = index_streets(network(x, y, u, v)).grid
    assert 2050 < grid.west + grid.columns * grid.cell < 2300
    check(network(x, y, u, v), px, py)


@pytest.mark.parametrize("kind", KINDS)
def test_shapely_measures_the_same_distances(kind):
    streets, (px, py) = town(kind, np.random.default_rng(7))
    ends = np.stack([streets.u, streets.v], axis=1)
    lines = shapely.linestrings(np.stack([streets.x[ends], streets.y[ends]], axis=2))
    points = shapely.points(px, py)
    _, metres = shapely.STRtree(lines).query_nearest(
        points, all_matches=False, return_distance=True
    )
    edge, fraction, mine = index_streets(streets).nearest(px, py)
    size = np.abs(streets.x).max() + np.abs(streets.y).max() + np.abs(px) + np.abs(py)
    assert (np.abs(mine - metres) <= 1e-9 * metres + 1e-15 * size).all()
    assert (
        np.abs(shapely.distance(points, lines[edge]) - mine) <= 1e-9 * mine + 1e-15 * size
    ).all()
    assert ((fraction >= 0) & (fraction <= 1)).all()


def test_a_street_drawn_in_both_directions_is_a_tie():
    rng = np.random.default_rng(2)
    x, y = rng.normal(0, 100, (2, 60))
    u, v = np.arange(0, 60, 2), np.arange(1, 60, 2)
    streets = network(x, y, np.concatenate([u, v]), np.concatenate([v, u]))
    edge, _, _ = index_streets(streets).nearest(*rng.normal(0, 100, (2, 500)))
    assert edge.max() < 30


def test_many_points_are_looked_up_in_another_order_with_the_same_answers():
    streets, points = town("crooked", np.random.default_rng(3))
    px, py = np.tile(points, 8)
    index = index_streets(streets)
    assert len(px) > 1000
    one_by_one = [index.nearest(px[at : at + 1], py[at : at + 1]) for at in range(points.shape[1])]
    expected = [np.tile(np.concatenate(column), 8) for column in zip(*one_by_one, strict=True)]
    assert same(index.nearest(px, py), expected)


def test_the_same_streets_give_the_same_index_byte_for_byte():
    streets, _ = town("long", np.random.default_rng(4))
    one, other = index_streets(streets), index_streets(streets)
    for name in ("segment", "edge", "turned", "box", "level"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert one.grid.begin.tobytes() == other.grid.begin.tobytes()
    assert one.grid.inside.tobytes() == other.grid.inside.tobytes()


def test_an_index_answers_as_snapping_does():
    streets, (px, py) = town("crooked", np.random.default_rng(5))
    index = index_streets(streets)
    whole = snap(streets, px, py, limit_metres=25.0)
    again = snap_on(index, px, py, limit_metres=25.0)
    single = [snap_on(index, [a], [b], limit_metres=25.0) for a, b in zip(px, py, strict=True)]
    for name in ("edge", "fraction", "access_metres"):
        assert getattr(again, name).tobytes() == getattr(whole, name).tobytes()
        joined = np.concatenate([getattr(one, name) for one in single])
        assert joined.tobytes() == getattr(whole, name).tobytes()
    assert 0 < (~whole.attached).sum() < len(px)


def cells_of(index: StreetIndex) -> int:
    return index.grid.columns * index.grid.rows


@pytest.mark.parametrize("length", [3e4, 4e7, 1e12])
def test_long_edges_everywhere_do_not_fill_the_memory(length):
    rng = np.random.default_rng(6)
    x, y = rng.uniform(-length, length, (2, 4000))
    u, v = rng.integers(0, 4000, (2, 5000))
    index = index_streets(network(x, y, u, v))
    assert len(index.grid.inside) <= 4 * 5000 + 1000
    assert cells_of(index) <= 3 * 5000 + 1


def test_a_stray_street_does_not_spoil_the_grid():
    streets, _ = town("crooked", np.random.default_rng(8))
    cell = index_streets(streets).grid.cell
    x, y = np.append(streets.x, [1e7, 1e7]), np.append(streets.y, [-9e6, -9e6 + 40])
    u, v = np.append(streets.u, 1600), np.append(streets.v, 1601)
    with_stray = index_streets(network(x, y, u, v))
    assert with_stray.grid.cell < 2 * cell
    assert with_stray.nearest(np.array([1e7 + 3]), np.array([-9e6 + 20]))[0] == streets.edges


def test_nodes_without_an_edge_do_not_matter():
    streets, (px, py) = town("crooked", np.random.default_rng(9))
    x, y = np.append(streets.x, [1e300, -1e9]), np.append(streets.y, [0.0, 1e9])
    index = index_streets(network(x, y, streets.u, streets.v))
    assert index.grid.cell == index_streets(streets).grid.cell
    assert same(index.nearest(px, py), index_streets(streets).nearest(px, py))


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match="a street is more than 1e\\+150 m away"):
        index_streets(network([0.0, 2e150], [0.0, 0.0], [0], [1]))
    index = index_streets(network([0.0, 9.0], [0.0, 0.0], [0], [1]))
    with pytest.raises(ValueError, match="point 1 is more than 1e\\+150 m away"):
        index.nearest(np.array([0.0, 0.0]), np.array([0.0, -2e150]))
    with pytest.raises(ValueError, match="point 0"):
        index.nearest(np.array([np.nan]), np.array([0.0]))
    with pytest.raises(ValueError, match="equally long"):
        index.nearest(np.array([0.0]), np.array([0.0, 1.0]))


def test_streets_that_would_be_read_beyond_their_end_are_refused():
    column, ends = np.zeros(2), np.array([0], dtype=np.int32)
    for bad in (np.array([2], dtype=np.int32), np.array([-1], dtype=np.int32)):
        with pytest.raises(ValueError, match="no node"):
            index_streets(Streets(x=column, y=column, u=ends, v=bad, metres=np.zeros(1)))
    with pytest.raises(ValueError, match="differ in length"):
        index_streets(Streets(x=column, y=column[:1], u=ends, v=ends, metres=np.zeros(1)))


def test_an_index_of_no_street_has_no_nearest():
    index = index_streets(network([0.0], [0.0], [], []))
    assert index.edges == 0
    with pytest.raises(ValueError, match="no street"):
        index.nearest(np.zeros(1), np.zeros(1))
