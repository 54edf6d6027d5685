"""From nodes to homes: both ends of a home's chain, the direct walk along it, and counting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import FLOATS, INTS, LONGS, SHORTS, compiled
from core.kernel.compiled.lanes import FAR16, LANES, meet

Ints = NDArray[np.int32]
Shorts = NDArray[np.uint16]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]

NEVER = 2**30  # farther than any walk, and adding two of them fits 32 bits


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


@compiled(
    f"void({INTS}, Array(int32, 2, 'C', True), {FLOATS}, {INTS}, "
    f"{INTS}, Array(int32, 2, 'C', True), {FLOATS}, {INTS}, {SHORTS}, uint16[::1])"
)
def along_chains(
    seed_chain: Ints,
    seed_at: Ints,
    seed_part: Floats,
    seed_lane: Ints,
    home_first: Ints,
    home_at: Ints,
    home_part: Floats,
    home_row: Ints,
    access: Shorts,
    out: Shorts,
) -> None:
    """Lower homes' lines by walks straight along a chain that they share with outlets.

    Seeds are sorted by chain, rank, part; homes too, with ``home_first`` by chain and ``home_row``
    their line. ``at`` holds rank, time from the tail along and against the chain, streets shut
    before along and against, 1 where its own street is shut along, against; seeds have the outlet's
    access in a last column. Outlets behind a home are passed from left to right, those ahead of it
    from right to left; a shut street between makes both forget.
    """
    best = np.empty(LANES, np.int32)
    first = 0
    while first < len(seed_chain):
        chain = seed_chain[first]
        last = first
        while last < len(seed_chain) and seed_chain[last] == chain:
            last += 1
        begin, end = home_first[chain], home_first[chain + 1]
        if begin < end:
            best[:] = NEVER
            k, level = first, -1
            for h in range(begin, end):
                while k < last and not before(
                    home_at[h, 0], home_part[h], seed_at[k, 0], seed_part[k]
                ):
                    if seed_at[k, 6] == 0:
                        if seed_at[k, 4] != level:
                            level = seed_at[k, 4]
                            best[:] = NEVER
                        lane = seed_lane[k]
                        best[lane] = min(best[lane], seed_at[k, 7] - seed_at[k, 2])
                    k += 1
                if home_at[h, 6] == 0 and home_at[h, 4] == level:
                    row = np.int64(home_row[h])
                    base = home_at[h, 2] + np.int32(access[row])
                    if access[row] < FAR16:
                        for lane in range(LANES):
                            walk = best[lane] + base
                            out[row * LANES + lane] = min(out[row * LANES + lane], walk)
            best[:] = NEVER
            k, level = last - 1, -1
            for h in range(end - 1, begin - 1, -1):
                while k >= first and not before(
                    seed_at[k, 0], seed_part[k], home_at[h, 0], home_part[h]
                ):
                    if seed_at[k, 5] == 0:
                        if seed_at[k, 3] != level:
                            level = seed_at[k, 3]
                            best[:] = NEVER
                        lane = seed_lane[k]
                        best[lane] = min(best[lane], seed_at[k, 7] + seed_at[k, 1])
                    k -= 1
                if home_at[h, 5] == 0 and home_at[h, 3] == level:
                    row = np.int64(home_row[h])
                    base = np.int32(access[row]) - home_at[h, 1]
                    if access[row] < FAR16:
                        for lane in range(LANES):
                            walk = best[lane] + base
                            out[row * LANES + lane] = min(out[row * LANES + lane], walk)
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
    """Add up the people whose walk is within each lane's limit."""
    for home in range(len(people)):
        living = people[home]
        for lane in range(LANES):
            if lines[home * LANES + lane] <= limits[lane]:
                covered[lane] += living
