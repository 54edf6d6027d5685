"""Two sweeps over the hierarchy carry 32 lanes' walks from the outlets to every node."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import INTS, SHORTS, compiled
from core.kernel.compiled.lanes import FAR16, LANES, pull

Ints = NDArray[np.int32]
Shorts = NDArray[np.uint16]


@compiled(f"Tuple((int32[::1], int32[::1], uint16[::1]))({INTS}, {INTS}, {SHORTS})")
def transposed(first: Ints, node: Ints, time: Shorts) -> tuple[Ints, Ints, Shorts]:
    """Turn arcs around: of each node, the arcs that come to it, in ascending order."""
    nodes = len(first) - 1
    start = np.zeros(nodes + 1, np.int32)
    for k in range(len(node)):
        start[node[k] + 1] += 1
    for at in range(nodes):
        start[at + 1] += start[at]
    place = start[:nodes].copy()
    tail = np.empty(len(node), np.int32)
    taken = np.empty(len(node), np.uint16)
    for at in range(nodes):
        for k in range(first[at], first[at + 1]):
            p = place[node[k]]
            tail[p], taken[p] = at, time[k]
            place[node[k]] += 1
    return start, tail, taken


@compiled(f"int64({INTS}, {INTS}, {INTS}, int64, int32[::1], uint16[::1])")
def sow(node: Ints, lane: Ints, time: Ints, bound: int, row_of: Ints, seeds: Shorts) -> int:
    """Write seeds into lines, one line a node that has any; line 0 is FAR16 in every lane.

    ``row_of`` comes zeroed and says where a node's line is. Seeds beyond the bound are left out.
    Returns the number of lines used.
    """
    rows = 1
    for k in range(len(node)):
        if time[k] > bound:
            continue
        at = node[k]
        if row_of[at] == 0:
            row_of[at] = rows
            for each in range(LANES):
                seeds[rows * LANES + each] = FAR16
            rows += 1
        place = np.int64(row_of[at]) * LANES + lane[k]
        seeds[place] = min(seeds[place], time[k])
    return rows


@compiled(f"void({INTS}, {INTS}, {SHORTS}, uint16[::1], uint16[::1], {INTS})")
def sweep_up(
    start: Ints, node: Ints, time: Shorts, field: Shorts, seeds: Shorts, row_of: Ints
) -> None:
    """Fill lines from the lowest node up: its seeds, and what comes from nodes below it."""
    for at in range(len(start) - 2, -1, -1):
        pull(
            field, np.int64(at), seeds, np.int64(row_of[at]), node, time,
            np.int64(start[at]), np.int64(start[at + 1]),
        )  # fmt: skip


@compiled(f"void({INTS}, {INTS}, {SHORTS}, uint16[::1])")
def sweep_down(first: Ints, node: Ints, time: Shorts, field: Shorts) -> None:
    """Lower lines from the top down by what comes from nodes above."""
    for at in range(len(first) - 1):
        pull(
            field, np.int64(at), field, np.int64(at), node, time,
            np.int64(first[at]), np.int64(first[at + 1]),
        )  # fmt: skip
