"""The nearest of many segments to each point: by a grid where they lie even, by boxes elsewhere.

Every candidate is measured by one formula in one place (``square_to``), and the least square wins,
among equals the lowest edge. A part of the plane is passed over only where it is farther away than
the best so far by more than the formula can be wrong, so grid and boxes never decide an answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import compiled

LEAF = 4  # segments in a box of the lowest level
FAN = 8  # boxes in a box
CROWD = 64  # segments in a cell from which on boxes are quicker
WRONG = 2.0**-46  # how far off a distance can come out, per metre of coordinates

_INTS = "Array(int32, 1, 'C', True)"  # read only or not
_LONGS = "Array(int64, 1, 'C', True)"
_FLOATS = "Array(float64, 1, 'C', True)"
_ROWS = "Array(float64, 2, 'C', True)"
_MARKS = "Array(boolean, 1, 'C', True)"
_GRID = "float64, float64, float64, int64, int64"  # west, south, cell, nx, ny
_TREE = f"{_ROWS}, {_INTS}, {_ROWS}, {_LONGS}"  # segments, edge, box, level

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]


@compiled(
    f"int64[::1]({_FLOATS}, {_FLOATS}, {_INTS}, {_INTS}, {_INTS}, "
    "float64[:, ::1], boolean[::1], float64[:, ::1])"
)
def pack(
    x: Floats, y: Floats, u: Ints, v: Ints, edge: Ints, segment: Floats, turned: Marks, box: Floats
) -> Longs:
    """Lay the edges out in the order of ``edge`` and put boxes around them, level upon level.

    Fills ``segment`` (start x, start y, run x, run y) and ``box`` (west, south, east, north), the
    lowest level first; gives where each level begins in ``box``, and the end. A segment starts at
    its western end, of upright ones the southern, and ``turned`` says where that is ``v``: one
    edge and its reverse are then equally far from everywhere, to the last bit.
    """
    count = len(edge)
    level = np.zeros(40, np.int64)
    here, levels = (count + LEAF - 1) // LEAF, 1
    level[1] = here
    for low in range(here):
        box[low, 0], box[low, 1], box[low, 2], box[low, 3] = np.inf, np.inf, -np.inf, -np.inf
        for at in range(low * LEAF, min(count, (low + 1) * LEAF)):
            a, b = u[edge[at]], v[edge[at]]
            turned[at] = x[b] < x[a] or (x[b] == x[a] and y[b] < y[a])
            if turned[at]:
                a, b = b, a
            segment[at, 0], segment[at, 1] = x[a], y[a]
            segment[at, 2], segment[at, 3] = x[b] - x[a], y[b] - y[a]
            box[low, 0] = min(box[low, 0], x[a], x[b])
            box[low, 1] = min(box[low, 1], y[a], y[b])
            box[low, 2] = max(box[low, 2], x[a], x[b])
            box[low, 3] = max(box[low, 3], y[a], y[b])
    while here > 1:
        below, end = level[levels - 1], level[levels]
        here = (here + FAN - 1) // FAN
        for number in range(here):
            top, first = end + number, below + number * FAN
            box[top] = box[first]
            for at in range(first + 1, min(end, first + FAN)):
                box[top, 0] = min(box[top, 0], box[at, 0])
                box[top, 1] = min(box[top, 1], box[at, 1])
                box[top, 2] = max(box[top, 2], box[at, 2])
                box[top, 3] = max(box[top, 3], box[at, 3])
        levels += 1
        level[levels] = end + here
    return level[: levels + 1]


@compiled(f"UniTuple(float64, 2)({_ROWS}, int64, float64, float64)")
def square_to(segment: Floats, at: int, x: float, y: float) -> tuple[float, float]:
    """Give the square of the distance from a point to a segment, and where on it, from 0 to 1."""
    start_x, start_y = segment[at, 0], segment[at, 1]
    run_x, run_y = segment[at, 2], segment[at, 3]
    along = (x - start_x) * run_x + (y - start_y) * run_y
    whole = run_x * run_x + run_y * run_y
    ahead = min(whole, max(0.0, along))
    part = ahead / (whole if whole > 0.0 else 1.0)
    off_x = x - (start_x + part * run_x)
    off_y = y - (start_y + part * run_y)
    return off_x * off_x + off_y * off_y, part


@compiled(f"int64(float64, float64, float64, int64, float64, {_TREE}, float64[::1], int64[:, ::1])")
def nearest_by_boxes(
    x: float,
    y: float,
    wrong: float,
    best_at: int,
    best: float,
    segment: Floats,
    edge: Ints,
    box: Floats,
    level: Longs,
    gap: Floats,
    waiting: Longs,
) -> int:
    """Find the nearest segment, beginning with one already found (or -1 and an infinite square).

    Opens boxes nearest first; ``gap`` and ``waiting`` are room for those still to open.
    """
    reach = np.sqrt(best) + wrong
    limit = reach * reach
    gap[0], waiting[0, 0], waiting[0, 1] = 0.0, len(level) - 2, 0
    count = 1
    while count > 0:
        count -= 1
        if gap[count] > limit:
            continue
        height, number = waiting[count, 0], waiting[count, 1]
        if height == 0:
            for at in range(number * LEAF, min(len(edge), (number + 1) * LEAF)):
                square, _ = square_to(segment, at, x, y)
                if square <= best and (square < best or edge[at] < edge[best_at]):
                    best, best_at = square, at
                    reach = np.sqrt(best) + wrong
                    limit = reach * reach
            continue
        below, first = level[height - 1], count
        for inner in range(number * FAN, min(level[height] - below, (number + 1) * FAN)):
            at = below + inner
            off_x = max(box[at, 0] - x, x - box[at, 2], 0.0)
            off_y = max(box[at, 1] - y, y - box[at, 3], 0.0)
            square = off_x * off_x + off_y * off_y
            if square > limit:
                continue
            to = count
            if count > first and square > gap[count - 1]:  # the nearest stays on top
                gap[count], waiting[count, 0] = gap[count - 1], height - 1
                waiting[count, 1] = waiting[count - 1, 1]
                to = count - 1
            gap[to], waiting[to, 0], waiting[to, 1] = square, height - 1, inner
            count += 1
    return best_at


@compiled(
    f"void({_FLOATS}, {_FLOATS}, float64, {_MARKS}, {_TREE}, {_GRID}, {_INTS}, {_INTS}, "
    "int32[::1], float64[::1], float64[::1])"
)
def project(
    x: Floats,
    y: Floats,
    magnitude: float,
    turned: Marks,
    segment: Floats,
    edge: Ints,
    box: Floats,
    level: Longs,
    west: float,
    south: float,
    cell: float,
    nx: int,
    ny: int,
    begin: Ints,
    inside: Ints,
    to_edge: Ints,
    fraction: Floats,
    metres: Floats,
) -> None:
    """Find the nearest edge of each point; quicker where neighbours follow each other.

    Looks into the point's cell and the eight around it as far as they can still hold something
    nearer. Whatever that does not settle is left to the boxes: points off the grid, points with
    no street near, cells too full.
    """
    gap, waiting = np.empty(128), np.empty((128, 2), np.int64)
    for point in range(len(x)):
        here_x, here_y = x[point], y[point]
        wrong = (magnitude + abs(here_x) + abs(here_y)) * WRONG
        best, best_at, settled = np.inf, -1, False
        column_at, row_at = (here_x - west) / cell, (here_y - south) / cell
        if 0.0 <= column_at < nx and 0.0 <= row_at < ny:
            column, row = int(column_at), int(row_at)
            left = here_x - (west + column * cell)
            low = here_y - (south + row * cell)
            right, high = cell - left, cell - low
            settled = True
            for side in range(9):
                # the cell itself, then its four sides, then its four corners
                over = (0, -1, 1, 0, 0, -1, 1, -1, 1)[side]
                up = (0, 0, 0, -1, 1, -1, -1, 1, 1)[side]
                if not (0 <= column + over < nx and 0 <= row + up < ny):
                    continue
                off_x = left if over < 0 else (right if over > 0 else 0.0)
                off_y = low if up < 0 else (high if up > 0 else 0.0)
                off_x, off_y = max(off_x - wrong, 0.0), max(off_y - wrong, 0.0)
                if off_x * off_x + off_y * off_y > best:
                    continue
                number = (column + over) * ny + row + up
                if begin[number + 1] - begin[number] > CROWD:
                    settled = False
                    break
                for place in range(begin[number], begin[number + 1]):
                    at = int(inside[place])
                    square, _ = square_to(segment, at, here_x, here_y)
                    if square <= best and (square < best or edge[at] < edge[best_at]):
                        best, best_at = square, at
            # how far it is to what was not looked into
            rim = left + cell if column > 0 else left
            rim = min(rim, right + cell if column < nx - 1 else right)
            rim = min(rim, low + cell if row > 0 else low)
            rim = min(rim, high + cell if row < ny - 1 else high)
            rim -= wrong
            settled = settled and rim > 0.0 and rim * rim > best
        if not settled:
            best_at = nearest_by_boxes(
                here_x, here_y, wrong, best_at, best, segment, edge, box, level, gap, waiting
            )
        square, part = square_to(segment, best_at, here_x, here_y)
        to_edge[point], metres[point] = edge[best_at], np.sqrt(square)
        fraction[point] = 1.0 - part if turned[best_at] else part
