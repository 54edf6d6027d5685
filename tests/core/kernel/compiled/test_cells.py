import numpy as np
import pytest

from core.kernel.compiled.cells import count_cells, extent, fill_cells

WEST, SOUTH, CELL, PAD, COLUMNS, ROWS = -10.0, 5.0, 7.0, 1e-9, 12, 9


def listed(segment, most=10**6):
    begin = np.empty(COLUMNS * ROWS + 1, dtype=np.int32)
    grid = (WEST, SOUTH, CELL, PAD, COLUMNS, ROWS)
    total = count_cells(segment, *grid, most, begin)
    if total < 0:
        return None
    inside = np.full(total, -1, dtype=np.int32)
    counted = begin.copy()
    fill_cells(segment, *grid, begin, inside)
    assert begin.tolist() == counted.tolist()
    cells = [inside[begin[at] : begin[at + 1]].tolist() for at in range(COLUMNS * ROWS)]
    assert all(cell == sorted(set(cell)) for cell in cells)
    return np.array([len(cell) for cell in cells]).reshape(COLUMNS, ROWS), cells


def segments(rng, count, size):
    """Draw segments from west to east, some upright, flat or of no length, about the grid."""
    start = rng.uniform((-40, -20), (100, 90), (count, 2))
    run = rng.normal(0, size, (count, 2))
    run[:, 0] = abs(run[:, 0])
    run[: count // 8, 0] = 0
    run[count // 8 : count // 4, 1] = 0
    run[:3] = 0
    start[count // 2 :] = np.round((start[count // 2 :] - (WEST, SOUTH)) / CELL) * CELL
    start[count // 2 :] += (WEST, SOUTH)
    return np.ascontiguousarray(np.concatenate([start, run], axis=1))


@pytest.mark.parametrize("size", [1, 10, 60, 1e6])
def test_a_segment_is_listed_in_every_cell_that_it_passes(size):
    rng = np.random.default_rng(int(size))
    segment = segments(rng, 400, size)
    _, cells = listed(segment)
    reach = min(1.0, 300 / size)  # of very long ones, look where the grid may be
    passed = 0
    for number, (x, y, run_x, run_y) in enumerate(segment):
        part = np.linspace(0, reach, 500)
        column = np.floor((x + part * run_x - WEST) / CELL).astype(int)
        row = np.floor((y + part * run_y - SOUTH) / CELL).astype(int)
        within = (column >= 0) & (column < COLUMNS) & (row >= 0) & (row < ROWS)
        for cell in np.unique(column[within] * ROWS + row[within]):
            assert number in cells[cell]
            passed += 1
    assert passed > 50


def test_a_long_slanting_segment_is_listed_only_along_its_way():
    counts, _ = listed(np.array([[-9.0, 6.0, 80.0, 60.0]]))
    assert counts.sum() <= COLUMNS + ROWS + 2


def test_a_segment_that_misses_the_grid_is_listed_nowhere():
    away = [[-90.0, 6.0, 70.0, 60.0], [80.0, 6.0, 1.0, 1.0], [0.0, -1e9, 5.0, 9.0], [0, 70, 3, 9]]
    assert listed(np.array(away, dtype=float))[0].sum() == 0


def test_counting_stops_where_there_would_be_too_many():
    assert listed(np.array([[-9.0, 6.0, 80.0, 60.0]] * 9), most=30) is None


def test_the_extent_is_that_of_nodes_with_an_edge():
    x, y = np.array([0.0, 4.0, -3.0, 99.0]), np.array([1.0, -2.0, 8.0, 99.0])
    u, v = np.array([0, 1], dtype=np.int32), np.array([1, 2], dtype=np.int32)
    assert extent(x, y, u, v) == (-3.0, -2.0, 4.0, 8.0)
