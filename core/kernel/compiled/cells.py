"""A grid over segments, each from west to east: which of them touch each cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import compiled

_INTS = "Array(int32, 1, 'C', True)"  # read only or not
_FLOATS = "Array(float64, 1, 'C', True)"
_ROWS = "Array(float64, 2, 'C', True)"
_GRID = "float64, float64, float64, float64, int64, int64"  # west, south, cell, pad, nx, ny

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


@compiled(f"UniTuple(float64, 4)({_FLOATS}, {_FLOATS}, {_INTS}, {_INTS})")
def extent(x: Floats, y: Floats, u: Ints, v: Ints) -> tuple[float, float, float, float]:
    """Give west, south, east and north of all edges; nodes without an edge do not count."""
    west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
    for edge in range(len(u)):
        for node in (u[edge], v[edge]):
            west, east = min(west, x[node]), max(east, x[node])
            south, north = min(south, y[node]), max(north, y[node])
    return west, south, east, north


@compiled(f"UniTuple(int64, 2)({_ROWS}, int64, float64, float64, float64, int64)")
def columns(
    segment: Floats, at: int, west: float, cell: float, pad: float, nx: int
) -> tuple[int, int]:
    """Give the first and last column that a segment touches; none where it misses the grid."""
    low, high = segment[at, 0], segment[at, 0] + segment[at, 2]
    first = min(max((low - pad - west) / cell, 0.0), float(nx))
    last = min(max((high + pad - west) / cell, -1.0), nx - 1.0)
    return int(first), int(last)


@compiled(f"UniTuple(int64, 2)({_ROWS}, int64, int64, float64, float64, float64, float64, int64)")
def rows(
    segment: Floats,
    at: int,
    column: int,
    west: float,
    south: float,
    cell: float,
    pad: float,
    ny: int,
) -> tuple[int, int]:
    """Give the first and last row that a segment touches within a column.

    One that runs less than a cell to the east counts as touching all its rows in each column.
    """
    start, run, base, rise = segment[at, 0], segment[at, 2], segment[at, 1], segment[at, 3]
    low, high = min(base, base + rise), max(base, base + rise)
    if run > max(pad, cell):
        slope = rise / run
        left = max(west + column * cell - pad, start)
        right = min(west + (column + 1) * cell + pad, start + run)
        one, other = base + (left - start) * slope, base + (right - start) * slope
        low, high = max(low, min(one, other)), min(high, max(one, other))
    first = min(max((low - pad - south) / cell, 0.0), float(ny))
    last = min(max((high + pad - south) / cell, -1.0), ny - 1.0)
    return int(first), int(last)


@compiled(f"int64({_ROWS}, {_GRID}, int64, int32[::1])")
def count_cells(
    segment: Floats,
    west: float,
    south: float,
    cell: float,
    pad: float,
    nx: int,
    ny: int,
    most: int,
    begin: Ints,
) -> int:
    """Count the segments of each cell, and give their sum.

    Leaves in ``begin`` where each cell begins, column by column from south to north. Gives -1 as
    soon as the sum is over ``most``.
    """
    begin[:] = 0
    total = 0
    for at in range(len(segment)):
        left, right = columns(segment, at, west, cell, pad, nx)
        for column in range(left, right + 1):
            low, high = rows(segment, at, column, west, south, cell, pad, ny)
            for row in range(low, high + 1):
                begin[column * ny + row + 1] += 1
            total += max(high - low + 1, 0)
            if total > most:
                return -1
    for number in range(nx * ny):
        begin[number + 1] += begin[number]
    return total


@compiled(f"void({_ROWS}, {_GRID}, int32[::1], int32[::1])")
def fill_cells(
    segment: Floats,
    west: float,
    south: float,
    cell: float,
    pad: float,
    nx: int,
    ny: int,
    begin: Ints,
    inside: Ints,
) -> None:
    """List the segments of each cell in ``inside``, where ``begin`` says."""
    for at in range(len(segment)):
        left, right = columns(segment, at, west, cell, pad, nx)
        for column in range(left, right + 1):
            low, high = rows(segment, at, column, west, south, cell, pad, ny)
            for row in range(low, high + 1):
                number = column * ny + row
                inside[begin[number]] = at
                begin[number] += 1
    for number in range(nx * ny, 0, -1):
        begin[number] = begin[number - 1]
    begin[0] = 0
