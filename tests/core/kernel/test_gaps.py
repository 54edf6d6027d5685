import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.gaps import gaps, gaps_on, lay
from core.kernel.walks import UNREACHED


def grouped(homes, cell_metres=100.0):
    """Take rows of x, y, people, uncovered, walk."""
    x, y, people, uncovered, walks = zip(*homes, strict=True) if homes else ((),) * 5
    return gaps(
        np.array(x, dtype=float),
        np.array(y, dtype=float),
        np.array(people, dtype=np.int32),
        uncovered=np.array(uncovered, dtype=bool),
        walks=np.array(walks, dtype=np.int32),
        cell_metres=cell_metres,
    )


TOWN = [
    (10, 10, 5, True, 9100),
    (90, 90, 15, True, 9600),  # same cell
    (110, 110, 20, True, 9900),  # touches it at a corner
    (150, 50, 400, False, 600),  # covered
    (350, 50, 60, True, UNREACHED),  # an empty column of cells lies between
    (-60, -1050, 3, True, 12000),
    (45, 45, 0, True, 15000),  # nobody lives there
]


def test_uncovered_homes_in_touching_cells_are_one_gap():
    found = grouped(TOWN)
    assert found.cluster.tolist() == [1, 1, 1, -1, 0, 2, -1]
    assert found.people.tolist() == [60, 40, 3]
    assert found.homes.tolist() == [1, 3, 1]
    assert len(found) == 3


def test_the_middle_of_a_gap_leans_to_where_people_live():
    found = grouped(TOWN)
    assert found.x.tolist() == [350.0, (50 + 1350 + 2200) / 40, -60.0]
    assert found.y.tolist() == [50.0, (50 + 1350 + 2200) / 40, -1050.0]


def test_the_worst_walk_and_the_median_person_of_a_gap():
    found = grouped(TOWN)
    assert found.worst.tolist() == [UNREACHED, 9900, 12000]
    assert found.median.tolist() == [UNREACHED, 9600, 12000]


def test_the_median_is_the_walk_that_half_of_the_people_do_not_exceed():
    street = [(0, 0, 1, True, 9500), (1, 0, 1, True, 9100), (2, 0, 3, True, 9900)]
    assert grouped(street).median.tolist() == [9900]
    assert grouped([*street, (3, 0, 2, True, 9200)]).median.tolist() == [9500]
    assert grouped(street[:2]).median.tolist() == [9100]


def test_where_everybody_is_covered_there_is_no_gap():
    found = grouped([(0, 0, 9, False, 10)])
    assert (len(found), found.cluster.tolist()) == (0, [-1])
    assert len(grouped([])) == 0
    for column in (found.people, found.homes, found.x, found.y, found.worst, found.median):
        assert column.shape == (0,)


def test_gaps_of_equal_people_are_told_apart_by_their_place_not_by_their_row():
    east, west = (900, 0, 7, True, 9100), (-900, 0, 7, True, 9200)
    assert grouped([east, west]).worst.tolist() == grouped([west, east]).worst.tolist()


def test_homes_at_opposite_sides_of_the_grid_do_not_touch():
    # With rows packed end to end, the last cell of a column would lie beside the next one's first.
    found = grouped([(0, 0, 1, True, 9100), (100, 900, 1, True, 9100), (0, 900, 1, True, 9100)])
    assert sorted(found.homes.tolist()) == [1, 2]
    assert found.cluster[1] == found.cluster[2] != found.cluster[0]


@pytest.mark.parametrize("cell_metres", [0.0, -5.0, math.nan, math.inf])
def test_a_cell_without_a_side_is_refused(cell_metres):
    with pytest.raises(ValueError, match="cell_metres"):
        grouped(TOWN, cell_metres)


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        gaps(
            np.zeros(2),
            np.zeros(2),
            np.ones(3, dtype=np.int32),
            uncovered=np.ones(2, dtype=bool),
            walks=np.zeros(2, dtype=np.int32),
            cell_metres=100.0,
        )


def test_fractions_of_people_are_refused():
    with pytest.raises(TypeError, match="whole numbers"):
        gaps(
            np.zeros(1),
            np.zeros(1),
            np.ones(1),
            uncovered=np.ones(1, dtype=bool),
            walks=np.zeros(1, dtype=np.int32),
            cell_metres=100.0,
        )


def test_any_column_is_summed_by_gap_without_the_covered():
    found = grouped(TOWN)
    assert found.sums(np.array([1, 2, 4, 8, 16, 32, 64])).tolist() == [16, 7, 32]
    assert found.sums(np.array([h[2] for h in TOWN])).tolist() == found.people.tolist()
    assert grouped([]).sums(np.zeros(0, dtype=np.int32)).tolist() == []
    with pytest.raises(ValueError, match="differ in length"):
        found.sums(np.ones(3, dtype=np.int32))
    with pytest.raises(TypeError, match="whole numbers"):
        found.sums(np.ones(7))


def test_people_of_a_million_million_are_summed_to_the_last():
    big = 2**40 + 1
    one_cell = np.zeros(3)
    found = gaps(
        one_cell,
        one_cell,
        np.array([big, big, 1]),
        uncovered=np.ones(3, dtype=bool),
        walks=np.zeros(3, dtype=np.int32),
        cell_metres=100.0,
    )
    assert found.people.tolist() == [2 * big + 1]


home = st.tuples(
    st.integers(-900, 900),
    st.integers(-900, 900),
    st.integers(0, 300),
    st.booleans(),
    st.one_of(st.integers(0, 9000), st.just(UNREACHED)),
)


@settings(max_examples=120, deadline=None, database=None)
@given(st.lists(home, max_size=25), st.randoms())
def test_gaps_hold_exactly_the_uncovered_people_whatever_the_order(homes, random):
    found = grouped(homes)
    out = [h for h in homes if h[3] and h[2] > 0]
    assert int(found.people.sum()) == sum(h[2] for h in out)
    assert int(found.homes.sum()) == len(out)
    assert sorted(found.people.tolist(), reverse=True) == found.people.tolist()
    assert [c >= 0 for c in found.cluster] == [bool(h[3] and h[2] > 0) for h in homes]
    order = list(range(len(homes)))
    random.shuffle(order)
    other = grouped([homes[row] for row in order])
    assert other.cluster.tolist() == [found.cluster[row] for row in order]
    assert other.median.tolist() == found.median.tolist()
    assert np.allclose((other.x, other.y), (found.x, found.y))


@settings(max_examples=120, deadline=None, database=None)
@given(st.lists(home, max_size=25), st.lists(st.booleans(), min_size=25, max_size=25))
def test_one_ground_serves_all_formats(homes, other):
    """The second format's gaps are those of a ground of its own, also where cells stay empty."""
    x, y, people = (np.array([h[k] for h in homes], dtype=float) for k in range(3))
    walks = np.array([h[4] for h in homes], dtype=np.int32)
    ground = lay(x, y, people.astype(np.int32), cell_metres=100.0)
    for marked in ([h[3] for h in homes], other[: len(homes)]):
        uncovered = np.array(marked, dtype=bool)
        shared = gaps_on(ground, uncovered=uncovered, walks=walks)
        living = uncovered & (people > 0)
        alone = gaps(
            x[living],
            y[living],
            people[living].astype(np.int32),
            uncovered=np.ones(living.sum(), dtype=bool),
            walks=walks[living],
            cell_metres=100.0,
        )
        assert shared.cluster[living].tolist() == alone.cluster.tolist()
        assert (shared.cluster[~living] == -1).all()
        for name in ("people", "homes", "x", "y", "worst", "median"):
            assert getattr(shared, name).tolist() == getattr(alone, name).tolist()


@settings(max_examples=120, deadline=None, database=None)
@given(st.lists(home, max_size=25))
def test_gaps_equal_those_found_by_spreading_from_cell_to_cell(homes):
    found = grouped(homes)
    cell = {
        row: (math.floor(h[0] / 100), math.floor(h[1] / 100))
        for row, h in enumerate(homes)
        if h[3] and h[2] > 0
    }
    expected, left = set(), set(cell)
    while left:
        group, edge = set(), {left.pop()}
        while edge:
            at = edge.pop()
            group.add(at)
            near = {
                b
                for b in left
                if max(abs(p - q) for p, q in zip(cell[at], cell[b], strict=True)) <= 1
            }
            left -= near
            edge |= near
        expected.add(frozenset(group))
    clusters = [np.flatnonzero(found.cluster == c).tolist() for c in range(len(found))]
    assert {frozenset(c) for c in clusters} == expected
