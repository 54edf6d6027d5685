import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.balls import balls
from core.kernel.doors import arrivals, doors
from core.kernel.prepared import prepare
from core.kernel.reach import reach
from core.kernel.siting.candidates import (
    TooMany,
    covers,
    positions,
    spaced,
    street_points,
    too_close,
    within_balls,
    within_reach,
)
from core.kernel.snap import Snapped, snap
from core.kernel.streets import checked
from core.kernel.walkers import level
from core.kernel.walks import UNREACHED

WALKS = np.array([[9000, 9001, UNREACHED, 0], [10, 20, 30, 40], [UNREACHED] * 4], dtype=np.int32)
places = st.lists(
    st.tuples(st.integers(-6, 6), st.integers(-6, 6)).map(lambda p: (p[0] / 2, p[1] / 2)),
    max_size=25,
)


def columns(points):
    return np.array([p[0] for p in points]), np.array([p[1] for p in points])


def sets_of(cover):
    return [cover.of(candidate).tolist() for candidate in range(cover.candidates)]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("held", [np.int32, np.uint16])
def test_walks_that_come_in_blocks_give_the_same_sets(size, held):
    walks = np.minimum(WALKS, 65535).astype(held) if held is np.uint16 else WALKS
    blocks = ((first, walks[first : first + size]) for first in range(0, 3, size))
    cover = within_reach(blocks, limit_ds=9000, candidates=3, homes=4)
    assert sets_of(cover) == [[0, 3], [0, 1, 2, 3], []]


def test_each_candidate_may_have_its_own_limit_and_covered_homes_are_skipped():
    skip = np.array([False, True, False, False])
    cover = within_reach(
        [(0, WALKS)], limit_ds=np.array([8999, 30, 9000]), candidates=3, homes=4, skip=skip
    )
    assert sets_of(cover) == [[3], [0, 2], []]


def test_sets_come_from_real_walks():
    streets = checked(x=[0, 600, 1200], y=[0, 0, 0], u=[0, 1], v=[1, 2], metres=[600, 600])
    homes = snap(streets, [0, 500, 1200], [0, 0, 0], limit_metres=None)
    sites = street_points(streets, metres=600.0)
    walks = reach(
        streets, sites, homes, lanes=[np.array([0]), np.array([1])], speed_mps=1.0, limit_ds=9000
    )
    cover = within_reach([(0, walks)], limit_ds=4000, candidates=2, homes=3)
    assert sets_of(cover) == [[0, 1], [1, 2]]


def test_sets_from_balls_are_those_from_walks_to_all_homes():
    side = 9
    node = np.arange(side * side).reshape(side, side)
    x, y = (grid.ravel() * 100.0 for grid in np.meshgrid(np.arange(side), np.arange(side)))
    u = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    v = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    streets = checked(x=x, y=y, u=u, v=v, metres=np.full(len(u), 100.0))
    random = np.random.default_rng(4)
    homes = snap(streets, *random.uniform(-50, 850, (2, 60)), limit_metres=None)
    sites = snap(streets, *random.uniform(-300, 1100, (2, 70)), limit_metres=100)
    assert 0 < np.count_nonzero(~sites.attached) < 70
    lanes = list(np.arange(70).reshape(-1, 1))
    walks = reach(streets, sites, homes, lanes=lanes, speed_mps=1.0, limit_ds=3000)
    plain = within_reach([(0, walks)], limit_ds=3000, candidates=70, homes=60)
    prepared = prepare(streets, level(streets.metres, metres_per_second=1.0), bound_ds=9000)
    near = balls(prepared, doors(prepared, sites), arrivals(doors(prepared, homes)), limit_ds=3000)
    held = len(plain.row)
    assert sets_of(within_balls(near, most=held)) == sets_of(plain)
    with pytest.raises(TooMany):
        within_balls(near, most=held - 1)


@pytest.mark.parametrize(
    ("blocks", "limit", "sentence"),
    [
        ([(0, WALKS[:2])], 9000, "2 candidates came for 3"),
        ([(1, WALKS[1:])], 9000, "candidate 0 and 4 homes were expected"),
        ([(0, WALKS[:, :3])], 9000, "candidate 0 and 4 homes were expected"),
        ([(0, WALKS), (3, WALKS)], 9000, "6 candidates came for 3"),
        ([(0, WALKS)], UNREACHED, "limit_ds must lie within"),
        ([(0, WALKS.astype(np.uint16))], 65535, "limit_ds must lie within 0..65534"),
        ([(0, WALKS)], -1, "limit_ds must lie within"),
    ],
)
def test_walks_that_do_not_fit_are_refused(blocks, limit, sentence):
    with pytest.raises(ValueError, match=sentence):
        within_reach(blocks, limit_ds=limit, candidates=3, homes=4)


def test_walks_in_another_unit_are_refused():
    with pytest.raises(TypeError, match="int32 or uint16"):
        within_reach([(0, WALKS.astype(np.float64))], limit_ds=1, candidates=3, homes=4)


@pytest.mark.parametrize(
    ("start", "row", "sentence"),
    [
        ([0, 2], [0], "start must rise"),
        ([0, 2, 1], [0], "start must rise"),
        ([], [], "start must rise"),
        ([0, 1], [5], "outside 0..4"),
        ([0, 1], [-1], "outside 0..4"),
        ([0, 1, 3], [4, 2, 2], r"row\[2\] = 2 is not above"),
        ([0, 2], [3, 1], r"row\[1\] = 1 is not above"),
    ],
)
def test_sets_that_are_not_sets_of_points_are_refused(start, row, sentence):
    with pytest.raises(ValueError, match=sentence):
        covers(np.array(start, dtype=np.int64), np.array(row, dtype=np.int64), points=5)


@settings(max_examples=200, deadline=None)
@given(places, st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.5, 100.0]), st.booleans())
def test_kept_points_keep_their_distance_and_every_other_has_a_kept_one_near(
    points, metres, backwards
):
    x, y = columns(points)
    first = np.arange(len(points))[::-1] if backwards else None
    kept = spaced(x, y, metres=metres, first=first)
    apart = np.hypot(x[:, np.newaxis] - x, y[:, np.newaxis] - y)
    among = apart[np.ix_(kept, kept)][~np.eye(len(kept), dtype=bool)]
    assert (among >= metres).all()
    expected = []
    for point in range(len(points)) if first is None else first:
        if all(apart[point, other] >= metres for other in expected):
            expected.append(point)
    assert kept.tolist() == sorted(expected)


@settings(max_examples=200, deadline=None)
@given(places, st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.5]))
def test_pairs_too_close_are_told_from_both_sides(points, metres):
    x, y = columns(points)
    pairs = too_close(x, y, metres=metres)
    told = [
        (site, other)
        for site in range(pairs.candidates)
        for other in pairs.other[pairs.start[site] : pairs.start[site + 1]].tolist()
    ]
    assert told == [
        (a, b)
        for a in range(len(points))
        for b in range(len(points))
        if a != b and np.hypot(x[a] - x[b], y[a] - y[b]) < metres
    ]


def test_points_named_first_are_kept_and_those_not_named_are_left_out():
    x, y = np.array([0.0, 1.0, 2.0, 9.0]), np.zeros(4)
    assert spaced(x, y, metres=1.5).tolist() == [0, 2, 3]
    assert spaced(x, y, metres=1.5, first=[1, 0, 2]).tolist() == [1]


@pytest.mark.parametrize(
    ("first", "metres", "sentence"),
    [
        ([0, 0], 1.0, "names a point twice"),
        ([2], 1.0, "outside 0..1"),
        (None, -1.0, "must be finite and not negative"),
        (None, 1e-12, "too far apart"),
    ],
)
def test_a_spacing_that_makes_no_sense_is_refused(first, metres, sentence):
    with pytest.raises(ValueError, match=sentence):
        spaced([0.0, 1e6], [0.0, 0.0], metres=metres, first=first)


def test_street_points_lie_evenly_and_none_on_a_crossing():
    streets = checked(x=[0, 100, 100], y=[0, 0, 0], u=[0, 1, 1], v=[1, 2, 1], metres=[100, 0, 25])
    points = street_points(streets, metres=40.0)
    assert points.edge.tolist() == [0, 0, 0, 1, 2]
    assert points.fraction.tolist() == pytest.approx([1 / 6, 1 / 2, 5 / 6, 1 / 2, 1 / 2])
    assert points.access_metres.tolist() == [0] * 5
    x, y = positions(streets, points)
    assert x.tolist() == pytest.approx([100 / 6, 50, 500 / 6, 100, 100])
    assert y.tolist() == [0] * 5
    with pytest.raises(ValueError, match="above 0"):
        street_points(streets, metres=0.0)


def test_a_point_off_the_streets_has_no_position_there():
    streets = checked(x=[0, 4], y=[0, 8], u=[0], v=[1], metres=[9])
    off = Snapped(
        edge=np.array([-1, 0], dtype=np.int32),
        fraction=np.array([np.nan, 0.25]),
        access_metres=np.array([99.0, 0.0]),
    )
    x, y = positions(streets, off)
    assert np.isnan([x[0], y[0]]).all()
    assert (x[1], y[1]) == (1.0, 2.0)
