"""Compiled tallies over the walks of up to 32 outlets at a time: counts, nearest, people, access.

``homes`` names the homes of a batch, ``walks[m, l]`` is the walk from home ``homes[m]`` to the
outlet in column ``l`` in deciseconds, 65,535 where not reached. The offers of column ``l`` are
``start[l]..start[l + 1]`` and ``lane[k]`` is the lane that offer ``k`` stands in; ``start`` says
nothing of columns without an outlet. ``zone[walk]`` is the number of the first limit that the walk
keeps. Of a line of walks only those within the last limit are looked at, by the bits of a mask.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.kernel.compiled import INTS, SHORTS, compiled
from core.kernel.compiled.bits import lowest, within

BATCH = f"{INTS}, {SHORTS}, uint64, {INTS}, {INTS}, uint16"
ZONE = "Array(uint8, 1, 'C', True)"


@compiled(f"int64({INTS}, {INTS}, int64, int64, uint8[::1])")
def unsound(outlets: Any, homes: Any, outlet_count: int, home_count: int, seen: Any) -> int:
    """Look for rows outside (1 of outlets, 2 of homes) and outlets seen before (3); 0 if none."""
    for k in range(len(homes)):
        if not 0 <= homes[k] < home_count:
            return 2
    for k in range(len(outlets)):
        if not 0 <= outlets[k] < outlet_count:
            return 1
        if seen[outlets[k]]:
            return 3
        seen[outlets[k]] = 1
    return 0


@compiled(f"void({BATCH}, {ZONE}, int32[:, :, ::1])")
def count_offers(
    homes: Any,
    walks: Any,
    columns: Any,
    start: Any,
    lane: Any,
    limit: Any,
    zone: Any,
    counts: Any,
) -> None:
    """Add one to ``counts[home, lane, zone]`` for every offer within a limit."""
    for m in range(len(homes)):
        home = homes[m]
        near = within(walks, np.int64(m), limit) & columns
        while near != np.uint64(0):
            column = lowest(near)
            near &= near - np.uint64(1)
            ring = zone[walks[m * 32 + column]]
            for k in range(start[column], start[column + 1]):
                counts[home, lane[k], ring] += 1


@compiled(f"void({BATCH}, uint16[:, :, ::1])")
def keep_nearest(
    homes: Any,
    walks: Any,
    columns: Any,
    start: Any,
    lane: Any,
    limit: Any,
    nearest: Any,
) -> None:
    """Sort each offer's walk into ``nearest[home, lane]``, which keeps the shortest, ascending."""
    last = nearest.shape[2] - 1
    for m in range(len(homes)):
        home = homes[m]
        near = within(walks, np.int64(m), limit) & columns
        while near != np.uint64(0):
            column = lowest(near)
            near &= near - np.uint64(1)
            walk = walks[m * 32 + column]
            for k in range(start[column], start[column + 1]):
                place = lane[k]
                if walk < nearest[home, place, last]:
                    at = last
                    while at > 0 and nearest[home, place, at - 1] > walk:
                        nearest[home, place, at] = nearest[home, place, at - 1]
                        at -= 1
                    nearest[home, place, at] = walk


@compiled(f"void({INTS}, {SHORTS}, {INTS}, Array(int64, 2, 'C', True), int64[:, :, ::1])")
def count_people(homes: Any, walks: Any, limits: Any, people: Any, living: Any) -> None:
    """Add up ``living[group, limit, column]``, the people within each limit of each column.

    ``people[group, home]``. Every column is added to in one pass over its line, without asking
    which walks are near: that is quicker than to ask.
    """
    for group in range(people.shape[0]):
        for each in range(len(limits)):
            limit = limits[each]
            total = living[group, each]
            for m in range(len(homes)):
                some = people[group, homes[m]]
                for column in range(32):
                    total[column] += some if walks[m * 32 + column] <= limit else 0


@compiled(
    f"void({BATCH}, {ZONE}, Array(boolean, 1, 'C', True), Array(int64, 3, 'C', True), "
    "int64[:, :, ::1], int32[:, ::1])"
)
def share_out(
    homes: Any,
    walks: Any,
    columns: Any,
    start: Any,
    lane: Any,
    limit: Any,
    zone: Any,
    known: Any,
    parts: Any,
    access: Any,
    unknown: Any,
) -> None:
    """Add ``parts[k, zone]``, a sum in two whole numbers, to ``access[home, lane]``.

    Offers of unknown capacity are counted in ``unknown[home, lane]`` instead. Whole numbers add
    up to the same in any order, so batches may come in any order.
    """
    for m in range(len(homes)):
        home = homes[m]
        near = within(walks, np.int64(m), limit) & columns
        while near != np.uint64(0):
            column = lowest(near)
            near &= near - np.uint64(1)
            ring = zone[walks[m * 32 + column]]
            for k in range(start[column], start[column + 1]):
                if known[k]:
                    access[home, lane[k], 0] += parts[k, ring, 0]
                    access[home, lane[k], 1] += parts[k, ring, 1]
                else:
                    unknown[home, lane[k]] += 1


@compiled(f"void(Array(int32, 3, 'C', True), {INTS}, int32[:, :, ::1])")
def sum_up_counts(counts: Any, line: Any, offers: Any) -> None:
    """Turn ``counts[home, lane, zone]`` into ``offers[lane, limit, home]``, zones added up."""
    for begin in range(0, len(line), 128):
        end = min(begin + 128, len(line))
        for lane in range(counts.shape[1]):
            for home in range(begin, end):
                total = np.int32(0)
                for ring in range(counts.shape[2]):
                    total += counts[line[home], lane, ring]
                    offers[lane, ring, home] = total


@compiled(f"void(Array(uint16, 3, 'C', True), {INTS}, int32, int32[:, :, ::1])")
def lay_out_nearest(nearest: Any, line: Any, far: Any, walks: Any) -> None:
    """Turn ``nearest[home, lane, k]`` into ``walks[lane, k, home]``, ``far`` for 65,535."""
    for begin in range(0, len(line), 128):
        end = min(begin + 128, len(line))
        for lane in range(nearest.shape[1]):
            for k in range(nearest.shape[2]):
                for home in range(begin, end):
                    walk = nearest[line[home], lane, k]
                    walks[lane, k, home] = walk if walk < np.uint16(65535) else far


@compiled(
    f"void(Array(int64, 3, 'C', True), Array(int32, 2, 'C', True), {INTS}, int64, float64, "
    "float64, float64[:, ::1], int32[:, ::1])"
)
def lay_out_access(
    parts: Any,
    unknown: Any,
    line: Any,
    fine_bits: int,
    whole_unit: float,
    fine_unit: float,
    access: Any,
    unknown_near: Any,
) -> None:
    """Turn sums in two whole numbers into ``access[lane, home]``; NaN if all is unknown."""
    fine_mask = (np.int64(1) << fine_bits) - 1
    for begin in range(0, len(line), 128):
        end = min(begin + 128, len(line))
        for lane in range(access.shape[0]):
            for home in range(begin, end):
                at = line[home]
                whole, fine = parts[at, lane, 0], parts[at, lane, 1]
                whole, fine = whole + (fine >> fine_bits), fine & fine_mask
                unknown_near[lane, home] = unknown[at, lane]
                if whole == 0 and fine == 0 and unknown[at, lane] > 0:
                    access[lane, home] = np.nan
                else:
                    access[lane, home] = whole * whole_unit + fine * fine_unit
