"""From nodes to homes: both ends of a home's chain, the direct walk along it, and counting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import FLOATS, INTS, LONGS, SHORTS, compiled
from core.kernel.compiled.lanes import FAR16, LANES, go_on, lower, meet

Ints = NDArray[np.int32]
Shorts = NDArray[np.uint16]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]

MANY = 2**30  # people that are no longer added up in 32 bits
ROWS = "Array(int32, 2, 'C', True)"


@compiled(f"void(uint16[::1], {INTS}, {SHORTS}, {INTS}, {SHORTS}, {SHORTS}, uint16[::1])")
def arrive(
    field: Shorts,
    tail: Ints,
    to_tail: Shorts,
    head: Ints,
    to_head: Shorts,
    access: Shorts,
    out: Shorts,
) -> None:
    """Walk from every home over the nearer end of its chain; the unattached have access FAR16."""
    for home in range(len(tail)):
        meet(
            field, np.int64(tail[home]), to_tail[home], np.int64(head[home]), to_head[home],
            access[home], out, np.int64(home),
        )  # fmt: skip


@compiled("boolean(int32, float64, int32, float64)")
def before(rank: int, part: float, other_rank: int, other_part: float) -> bool:
    """Tell whether a place on a chain comes strictly before another."""
    return rank < other_rank or (rank == other_rank and part < other_part)


@compiled("uint16(int64)")
def short(time: int) -> int:
    """Cut a time to 16 bits."""
    return np.uint16(min(time, FAR16))


@compiled(
    f"void({INTS}, {INTS}, {INTS}, {ROWS}, {FLOATS}, {INTS}, "
    f"{INTS}, {ROWS}, {FLOATS}, {INTS}, {SHORTS}, uint16[::1])"
)
def along_chains(
    seed_row: Ints,
    seed_lane: Ints,
    seed_chain: Ints,
    seed_along: Ints,
    seed_part: Floats,
    seed_access: Ints,
    home_first: Ints,
    home_along: Ints,
    home_part: Floats,
    home_line: Ints,
    access: Shorts,
    out: Shorts,
) -> None:
    """Lower homes' lines by walks straight along a chain that they share with outlets.

    ``seed_row`` and ``seed_lane`` name outlets and lanes in order of chain, rank, part; homes stand
    in that order too, ``home_first`` by chain, and have their line in ``out`` and their access at
    ``home_line``. ``along`` holds rank, time from the tail along and against it, streets shut
    before along and against, 1 where its own street is shut along, against. One line of 32 walks is
    carried along the chain: outlets shorten it, the way lengthens it, homes read it; once from the
    left, once from the right. A shut street makes it forget.
    """
    carried = np.empty(LANES, np.uint16)
    zero = np.int64(0)
    first = 0
    while first < len(seed_row):
        chain = seed_chain[seed_row[first]]
        last = first
        while last < len(seed_row) and seed_chain[seed_row[last]] == chain:
            last += 1
        begin, end = home_first[chain], home_first[chain + 1]
        if begin < end:
            k, level, at = first, -1, zero
            for h in range(begin, end):
                while k < last:
                    o = seed_row[k]
                    if before(home_along[h, 0], home_part[h], seed_along[o, 0], seed_part[o]):
                        break
                    if seed_along[o, 6] == 0:
                        here = np.int64(seed_along[o, 2])
                        if seed_along[o, 4] != level:
                            level, at = seed_along[o, 4], here
                            carried[:] = FAR16
                        go_on(carried, zero, short(here - at))
                        at = here
                        lane = seed_lane[k]
                        carried[lane] = min(carried[lane], short(seed_access[o]))
                    k += 1
                if home_along[h, 6] == 0 and home_along[h, 4] == level:
                    line = np.int64(home_line[h])
                    here = np.int64(home_along[h, 2])
                    go_on(carried, zero, short(here - at))
                    at = here
                    lower(out, line, carried, zero, access[line])
            k, level, at = last - 1, -1, zero
            for h in range(end - 1, begin - 1, -1):
                while k >= first:
                    o = seed_row[k]
                    if before(seed_along[o, 0], seed_part[o], home_along[h, 0], home_part[h]):
                        break
                    if seed_along[o, 5] == 0:
                        here = np.int64(seed_along[o, 1])
                        if seed_along[o, 3] != level:
                            level, at = seed_along[o, 3], here
                            carried[:] = FAR16
                        go_on(carried, zero, short(at - here))
                        at = here
                        lane = seed_lane[k]
                        carried[lane] = min(carried[lane], short(seed_access[o]))
                    k -= 1
                if home_along[h, 5] == 0 and home_along[h, 3] == level:
                    line = np.int64(home_line[h])
                    here = np.int64(home_along[h, 1])
                    go_on(carried, zero, short(at - here))
                    at = here
                    lower(out, line, carried, zero, access[line])
        first = last


@compiled(f"void({SHORTS}, int64, int64, {INTS}, int64, int64, int32[:, ::1], int64)")
def spread(
    lines: Shorts,
    lanes: int,
    homes: int,
    row_of: Ints,
    limit: int,
    far: int,
    walks: Ints,
    first_lane: int,
) -> None:
    """Turn lines into rows: ``walks[first_lane + lane, home]``, ``far`` beyond the limit."""
    block = 64
    for begin in range(0, homes, block):
        end = min(homes, begin + block)
        for lane in range(lanes):
            for home in range(begin, end):
                walk = lines[np.int64(row_of[home]) * LANES + lane]
                walks[first_lane + lane, home] = walk if walk <= limit else far


@compiled(f"void({SHORTS}, {LONGS}, {INTS}, int64[::1])")
def count_people(lines: Shorts, people: Longs, limits: Ints, covered: Longs) -> None:
    """Add up the people whose walk is within each lane's limit.

    In 32 bits while they surely fit, which the processor adds by the line.
    """
    some = np.zeros(LANES, np.int32)
    living_in_some = np.int64(0)
    for home in range(len(people)):
        living = people[home]
        living_in_some += living
        if living_in_some >= MANY:
            for lane in range(LANES):
                covered[lane] += some[lane]
                some[lane] = 0
            living_in_some = living
        row = np.int64(home) * LANES
        if living < MANY:
            few = np.int32(living)
            for lane in range(LANES):
                some[lane] += few if lines[row + lane] <= limits[lane] else np.int32(0)
        else:
            living_in_some = np.int64(0)
            for lane in range(LANES):
                covered[lane] += living if lines[row + lane] <= limits[lane] else np.int64(0)
    for lane in range(LANES):
        covered[lane] += some[lane]
