"""Points on streets in terms of chains: how far to both ends, and where along."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import FLOATS, INTS, compiled

Ints = NDArray[np.int32]
Signs = NDArray[np.int8]
Floats = NDArray[np.float64]

CLOSED = 2**29 - 1  # walks.UNREACHED


@compiled(
    f"void({INTS}, {FLOATS}, {INTS}, {INTS}, {INTS}, Array(int8, 1, 'C', True), "
    "Array(int32, 2, 'C', True), Array(int32, 2, 'C', True), "
    "int32[::1], int32[:, ::1], int32[:, ::1], float64[::1])"
)
def place_doors(
    edge: Ints,
    fraction: Floats,
    forward: Ints,
    backward: Ints,
    of: Ints,
    facing: Signs,
    at: Ints,
    total: Ints,
    chain: Ints,
    ends: Ints,
    along: Ints,
    part: Floats,
) -> None:
    """Place points on chains.

    ``ends``: point to tail, to head, from tail, from head, ``CLOSED`` where shut. ``along``: rank,
    time from the tail along and against the chain, streets shut before along and against, 1 where
    the point's own street is shut along, against. ``part``: order within the street.
    """
    for k in range(len(edge)):
        e = edge[k]
        if e < 0:
            chain[k] = -1
            ends[k, :] = CLOSED
            along[k, :] = 0
            part[k] = 0.0
            continue
        chain[k] = of[e]
        there = np.int64(forward[e])
        back = np.int64(backward[e])
        shut_there, shut_back = there >= CLOSED, back >= CLOSED
        # From u to the point walking forward, from the point to u walking backward.
        in_there = np.int64(0) if shut_there else np.int64(np.rint(fraction[k] * there))
        in_back = np.int64(0) if shut_back else np.int64(np.rint(fraction[k] * back))
        there = np.int64(0) if shut_there else there
        back = np.int64(0) if shut_back else back
        if facing[e] > 0:
            into, out = in_there, in_back
            shut_along, shut_against = shut_there, shut_back
            part[k] = fraction[k]
        else:
            into, out = back - in_back, there - in_there
            shut_along, shut_against = shut_back, shut_there
            part[k] = -fraction[k]
        c = of[e]
        before_along, before_against = np.int64(at[e, 1]), np.int64(at[e, 2])
        along[k, 0] = at[e, 0]
        along[k, 1], along[k, 2] = before_along + into, before_against + out
        along[k, 3], along[k, 4] = at[e, 3], at[e, 4]
        along[k, 5], along[k, 6] = shut_along, shut_against
        ahead = at[e, 3] + shut_along
        behind = at[e, 4] + shut_against
        ends[k, 0] = before_against + out if behind == 0 else CLOSED
        ends[k, 1] = total[c, 0] - before_along - into if total[c, 2] == at[e, 3] else CLOSED
        ends[k, 2] = before_along + into if ahead == 0 else CLOSED
        ends[k, 3] = total[c, 1] - before_against - out if total[c, 3] == at[e, 4] else CLOSED


@compiled(f"Tuple((int32[::1], int32[::1]))({INTS}, Array(int32, 2, 'C', True), {FLOATS}, int64)")
def order_on_chains(chain: Ints, along: Ints, part: Floats, chains: int) -> tuple[Ints, Ints]:
    """Sort points by chain, rank, part, and where equal by row; those on no chain come last.

    Returns where each chain begins (chains + 1) and the rows in order.
    """
    points = len(chain)
    first = np.zeros(chains + 2, np.int32)
    for k in range(points):
        first[(chain[k] if chain[k] >= 0 else chains) + 1] += 1
    for c in range(chains + 1):
        first[c + 1] += first[c]
    place = first[: chains + 1].copy()
    row = np.empty(points, np.int32)
    for k in range(points):
        c = chain[k] if chain[k] >= 0 else chains
        row[place[c]] = k
        place[c] += 1
    spare = np.empty(points, np.int32)
    for c in range(chains):
        begin, end = first[c], first[c + 1]
        width = 1
        while width < end - begin:
            low = begin
            while low + width < end:
                middle, high = low + width, min(low + 2 * width, end)
                for k in range(low, high):
                    spare[k] = row[k]
                p, q, k = low, middle, low
                while p < middle and q < high:
                    one, other = spare[p], spare[q]
                    later = along[one, 0] > along[other, 0] or (
                        along[one, 0] == along[other, 0] and part[one] > part[other]
                    )
                    if later:
                        row[k] = other
                        q += 1
                    else:
                        row[k] = one
                        p += 1
                    k += 1
                while p < middle:
                    row[k] = spare[p]
                    p += 1
                    k += 1
                while q < high:
                    row[k] = spare[q]
                    q += 1
                    k += 1
                low += 2 * width
            width *= 2
    return first[: chains + 1].copy(), row
