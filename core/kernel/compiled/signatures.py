"""Demand points that the same candidates cover become one, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import compiled

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

Marks = NDArray[np.uint64]

_I32 = 'Array(int32, 1, "C", True)'
_I64 = 'Array(int64, 1, "C", True)'
_BOOL = 'Array(boolean, 1, "C", True)'
_SIZE, _SEEN, _CHILD = 0, 1, 2  # of a class: its points, who met it last, the part that one met


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
    held = np.zeros((classes, 4), np.int32)  # what is read together lies together
    idle = np.empty(classes, np.int32)
    met = np.empty(points + 1, np.int32)
    of_point = np.empty(points, np.int32)
    for point in range(points):
        of_point[point] = 0 if weight[point] > 0 else -1
    held[0, _SIZE] = 2**31 - 1  # the class of the untouched never empties
    fresh, spare = 1, 0
    for candidate in range(len(start) - 1):
        if not live[candidate]:
            continue
        now = candidate + 1
        touched = 0
        for at in range(start[candidate], start[candidate + 1]):
            point = row[at]
            whole = of_point[point]
            if whole < 0:
                continue
            if held[whole, _SEEN] != now:
                if held[whole, _SIZE] == 1:
                    continue  # nobody to part from
                held[whole, _SEEN] = now
                met[touched] = whole
                touched += 1
                if spare > 0:
                    spare -= 1
                    part = idle[spare]
                else:
                    part = np.int32(fresh)
                    fresh += 1
                held[whole, _CHILD] = part
                held[part, _SEEN] = now
                held[part, _CHILD] = part
            part = held[whole, _CHILD]
            of_point[point] = part
            held[whole, _SIZE] -= 1
            held[part, _SIZE] += 1
        for k in range(touched):
            if held[met[k], _SIZE] == 0:
                idle[spare] = met[k]
                spare += 1
    number = np.full(classes, -1, np.int32)
    signatures = 0
    for point in range(points):
        whole = of_point[point]
        eldest[point] = -1
        if whole <= 0:
            continue
        if number[whole] < 0:
            number[whole] = signatures
            eldest[point] = signatures
            people[signatures] = 0
            signatures += 1
        people[number[whole]] += weight[point]
    return signatures


@compiled(f"void({_I64}, {_I32}, {_BOOL}, uint64[::1])")
def mark(start: Int64s, row: Int32s, live: Bools, marks: Marks) -> None:
    """Add to each point the mark of every live candidate that covers it; they arrive as zeros.

    The marks are splitmix64 (Steele, Lea, Flood 2014) of the candidates' numbers, so points with
    the same candidates have the same sum, and hardly ever others.
    """
    for candidate in range(len(start) - 1):
        if not live[candidate]:
            continue
        own = np.uint64(candidate + 1) * np.uint64(0x9E3779B97F4A7C15)
        own = (own ^ (own >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        own = (own ^ (own >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        own ^= own >> np.uint64(31)
        for at in range(start[candidate], start[candidate + 1]):
            marks[row[at]] += own


@compiled(
    'int64(Array(uint64, 1, "C", True), int64[::1], int32[::1], int32[::1], int32[::1], int64[::1])'
)
def sort_out(
    marks: Marks, weight: Int64s, signature: Int32s, eldest: Int32s, size: Int32s, people: Int64s
) -> int:
    """Guess the signatures of demand points by their marks, numbered by their lowest points.

    Written as by :func:`refine`, and the signature of every point (-1 where nobody lives or no
    candidate comes) and how many points each has. :func:`gather_all` says whether the guess holds.
    """
    slots = 16
    while slots < 2 * len(marks):
        slots *= 2
    table = np.full(slots, -1, np.int32)  # the lowest point of a signature
    signatures = 0
    for point in range(len(marks)):
        signature[point] = eldest[point] = -1
        mark_here = marks[point]
        if weight[point] == 0 or mark_here == np.uint64(0):
            continue
        slot = np.int64(mark_here & np.uint64(slots - 1))
        while table[slot] >= 0 and marks[table[slot]] != mark_here:
            slot = (slot + 1) & (slots - 1)
        if table[slot] < 0:
            table[slot] = point
            signature[point] = eldest[point] = signatures
            size[signatures] = people[signatures] = 0
            signatures += 1
        else:
            signature[point] = signature[table[slot]]
        size[signature[point]] += 1
        people[signature[point]] += weight[point]
    return signatures


@compiled(
    f"int64({_I64}, {_I32}, {_BOOL}, int64[::1], {_I32}, {_I32}, {_I32}, int64, int64[::1], "
    "int32[::1])"
)
def gather_all(
    start: Int64s,
    row: Int32s,
    live: Bools,
    weight: Int64s,
    signature: Int32s,
    eldest: Int32s,
    size: Int32s,
    signatures: int,
    merged_start: Int64s,
    merged_row: Int32s,
) -> int:
    """Write each candidate's signatures, ascending, where each has all or none of their points.

    Returns
    -------
    int
        How many entries there are; -1 where a candidate has some of a signature's points and not
        all: then the signatures are wrong.
    """
    met = np.zeros(signatures + 1, np.int32)
    filled = 0
    for candidate in range(len(start) - 1):
        merged_start[candidate] = filled
        if not live[candidate]:
            continue
        living, told = 0, 0
        for at in range(start[candidate], start[candidate + 1]):
            point = row[at]
            living += weight[point] > 0
            met[signature[point]] += 1  # those of none meet in the last
            merged_row[filled] = eldest[point]
            filled += eldest[point] >= 0
        for at in range(merged_start[candidate], filled):
            one = merged_row[at]
            if met[one] != size[one]:
                return -1
            told += met[one]
            met[one] = 0
        if told != living:
            return -1
    merged_start[len(start) - 1] = filled
    return filled


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
