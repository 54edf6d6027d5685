"""Demand points that the same candidates cover become one, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import compiled

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

_I32 = 'Array(int32, 1, "C", True)'
_I64 = 'Array(int64, 1, "C", True)'
_BOOL = 'Array(boolean, 1, "C", True)'


@compiled(f"int64({_I64}, {_I32}, int64)")
def first_disorder(start: Int64s, row: Int32s, points: int) -> int:
    """Find the first entry that is no point, or not above the entry before it in its set; or -1."""
    for candidate in range(len(start) - 1):
        before = -1
        for at in range(start[candidate], start[candidate + 1]):
            if row[at] <= before or row[at] >= points:
                return at
            before = row[at]
    return -1


@compiled(f"int64({_I64}, {_I32}, {_BOOL}, {_I64}, int32[::1], int64[::1])")
def refine(
    start: Int64s, row: Int32s, live: Bools, weight: Int64s, eldest: Int32s, people: Int64s
) -> int:
    """Tell the signatures of demand points apart, numbered in the order of their lowest points.

    Partition refinement: all points begin in one class, and each candidate splits every class
    it meets into the points that it covers and the rest. What remains together is covered by
    the same candidates. No fingerprints, so nothing to collide.

    Parameters
    ----------
    start, row
        The points of each candidate, ascending.
    live
        Candidates that count; the others are as if they covered nobody.
    weight
        People of each point; a point with nobody is dropped.
    eldest
        Written: the signature at its lowest point, -1 at every other point, and where nobody
        lives or no candidate comes.
    people
        Written: the people of each signature, then what was there.

    Returns
    -------
    int
        How many signatures there are.
    """
    points = len(weight)
    classes = 2 * points + 2
    size = np.zeros(classes, np.int64)
    seen = np.full(classes, -1, np.int64)
    child = np.zeros(classes, np.int32)
    idle = np.empty(classes, np.int32)
    met = np.empty(points + 1, np.int32)
    of_point = np.zeros(points, np.int32)
    size[0] = 2 * points + 2  # the class of the untouched never empties
    fresh, spare = 1, 0
    for candidate in range(len(start) - 1):
        if not live[candidate]:
            continue
        touched = 0
        for at in range(start[candidate], start[candidate + 1]):
            point = row[at]
            whole = of_point[point]
            if weight[point] == 0:
                continue
            if seen[whole] != candidate:
                if size[whole] == 1:
                    continue  # nobody to part from
                seen[whole] = candidate
                met[touched] = whole
                touched += 1
                if spare > 0:
                    spare -= 1
                    child[whole] = idle[spare]
                else:
                    child[whole] = fresh
                    fresh += 1
            part = child[whole]
            of_point[point] = part
            size[whole] -= 1
            size[part] += 1
            seen[part] = candidate
            child[part] = part
        for k in range(touched):
            if size[met[k]] == 0:
                idle[spare] = met[k]
                spare += 1
    number = np.full(classes, -1, np.int32)
    signatures = 0
    for point in range(points):
        whole = of_point[point]
        eldest[point] = -1
        if weight[point] == 0 or whole == 0:
            continue
        if number[whole] < 0:
            number[whole] = signatures
            eldest[point] = signatures
            people[signatures] = 0
            signatures += 1
        people[number[whole]] += weight[point]
    return signatures


@compiled(f"int64({_I64}, {_I32}, {_BOOL}, {_I32}, int64[::1], int32[::1])")
def gather(
    start: Int64s,
    row: Int32s,
    live: Bools,
    eldest: Int32s,
    merged_start: Int64s,
    merged_row: Int32s,
) -> int:
    """Write each candidate's signatures, ascending.

    ``eldest`` is the signature of its lowest point, and -1 at every other point.
    """
    filled = 0
    for candidate in range(len(start) - 1):
        merged_start[candidate] = filled
        if live[candidate]:
            for at in range(start[candidate], start[candidate + 1]):
                signature = eldest[row[at]]
                merged_row[filled] = signature
                filled += signature >= 0
    merged_start[len(start) - 1] = filled
    return filled


@compiled(f"void({_I64}, {_I32}, int64[::1], int32[::1])")
def turn(start: Int64s, row: Int32s, back_start: Int64s, back: Int32s) -> None:
    """Write the candidates of each row, ascending; ``back_start`` arrives as zeros."""
    rows = len(back_start) - 1
    for at in range(start[len(start) - 1]):
        back_start[row[at] + 1] += 1
    for one in range(rows):
        back_start[one + 1] += back_start[one]
    place = back_start.copy()
    for candidate in range(len(start) - 1):
        for at in range(start[candidate], start[candidate + 1]):
            back[place[row[at]]] = candidate
            place[row[at]] += 1
