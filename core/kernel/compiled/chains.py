"""Streets into chains: runs of streets between nodes where one can choose the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import INTS, compiled

Ints = NDArray[np.int32]
Shorts = NDArray[np.uint16]
Signs = NDArray[np.int8]
Flags = NDArray[np.bool_]

FAR16 = 65535
CLOSED = 2**29 - 1  # a street that may not be walked; walks.UNREACHED
LONGEST = 2**29  # a chain is cut before it gets longer, so that its times fit 32 bits


@compiled(f"Tuple((int32[::1], int32[::1]))(int64, {INTS}, {INTS})")
def incidence(nodes: int, u: Ints, v: Ints) -> tuple[Ints, Ints]:
    """List the ends of edges at each node, as CSR: ``edge * 2`` for its u, one more for its v."""
    start = np.zeros(nodes + 1, np.int32)
    for edge in range(len(u)):
        start[u[edge] + 1] += 1
        start[v[edge] + 1] += 1
    for node in range(nodes):
        start[node + 1] += start[node]
    place = start[:nodes].copy()
    half = np.empty(2 * len(u), np.int32)
    for edge in range(len(u)):
        half[place[u[edge]]] = 2 * edge
        place[u[edge]] += 1
        half[place[v[edge]]] = 2 * edge + 1
        place[v[edge]] += 1
    return start, half


@compiled(
    f"int64({INTS}, {INTS}, {INTS}, {INTS}, {INTS}, {INTS}, "
    "boolean[::1], int64, int64, int64, int32[::1], int8[::1], int32[:, ::1], int32[:, ::1])"
)
def walk_chain(
    u: Ints,
    v: Ints,
    forward: Ints,
    backward: Ints,
    start: Ints,
    half: Ints,
    keep: Flags,
    node: int,
    first: int,
    chain: int,
    of: Ints,
    facing: Signs,
    at: Ints,
    ends: Ints,
) -> int:
    """Follow a chain from a kept node through half-edge ``first``; give the next free number.

    A chain that would grow beyond ``LONGEST`` ends at the node before, which is kept from then on,
    and a new one begins there. ``at[edge]``: rank, time before it along and against the chain,
    streets shut before it along and against. ``ends[chain]``: tail, head, time along and against,
    streets shut along and against.
    """
    here, way = node, first
    rank, along, against, shut_along, shut_against = 0, 0, 0, 0, 0
    ends[chain, 0] = here
    while True:
        edge, side = way >> 1, way & 1
        onward = forward[edge] if side == 0 else backward[edge]
        back = backward[edge] if side == 0 else forward[edge]
        longer = max(
            along + (onward if onward < CLOSED else 0), against + (back if back < CLOSED else 0)
        )
        if rank > 0 and longer > LONGEST:
            keep[here] = True
            ends[chain, 1] = here
            ends[chain, 2], ends[chain, 3] = along, against
            ends[chain, 4], ends[chain, 5] = shut_along, shut_against
            chain += 1
            ends[chain, 0] = here
            rank, along, against, shut_along, shut_against = 0, 0, 0, 0, 0
        of[edge] = chain
        facing[edge] = 1 if side == 0 else -1
        at[edge, 0] = rank
        at[edge, 1], at[edge, 2] = along, against
        at[edge, 3], at[edge, 4] = shut_along, shut_against
        rank += 1
        if onward < CLOSED:
            along += onward
        else:
            shut_along += 1
        if back < CLOSED:
            against += back
        else:
            shut_against += 1
        here = v[edge] if side == 0 else u[edge]
        if keep[here]:
            break
        other = half[start[here]]
        way = half[start[here] + 1] if other >> 1 == edge else other
    ends[chain, 1] = here
    ends[chain, 2], ends[chain, 3] = along, against
    ends[chain, 4], ends[chain, 5] = shut_along, shut_against
    return chain + 1


@compiled(
    f"int64({INTS}, {INTS}, {INTS}, {INTS}, {INTS}, {INTS}, "
    "boolean[::1], int32[::1], int8[::1], int32[:, ::1], int32[:, ::1])"
)
def chain_up(
    u: Ints,
    v: Ints,
    forward: Ints,
    backward: Ints,
    start: Ints,
    half: Ints,
    keep: Flags,
    of: Ints,
    facing: Signs,
    at: Ints,
    ends: Ints,
) -> int:
    """Put every edge into a chain and count the chains; ``of`` comes filled with -1.

    Kept are nodes with other than two ends of edges; of a ring without one, the first edge's ``u``.
    """
    count = 0
    for node in range(len(keep)):
        degree = start[node + 1] - start[node]
        keep[node] = degree not in (0, 2)
    for node in range(len(keep)):
        if keep[node]:
            for k in range(start[node], start[node + 1]):
                if of[half[k] >> 1] < 0:
                    count = walk_chain(
                        u, v, forward, backward, start, half, keep, node, half[k], count,
                        of, facing, at, ends,
                    )  # fmt: skip
    for edge in range(len(u)):
        if of[edge] < 0:
            keep[u[edge]] = True
            count = walk_chain(
                u, v, forward, backward, start, half, keep, u[edge], 2 * edge, count,
                of, facing, at, ends,
            )  # fmt: skip
    return count


@compiled(
    "Tuple((int32[::1], int32[::1], uint16[::1], uint16[::1]))"
    "(int64, int32[::1], int32[::1], uint16[::1], uint16[::1])"
)
def without_parallels(
    nodes: int, start: Ints, near: Ints, out: Shorts, back: Shorts
) -> tuple[Ints, Ints, Shorts, Shorts]:
    """Keep one arc to each neighbour, the shorter of each direction, in place."""
    slot = np.full(nodes, -1, np.int32)
    tight = np.zeros(nodes + 1, np.int32)
    top = 0
    for node in range(nodes):
        first = top
        for k in range(start[node], start[node + 1]):
            there = near[k]
            if slot[there] >= first:
                kept = slot[there]
                out[kept] = min(out[kept], out[k])
                back[kept] = min(back[kept], back[k])
            else:
                slot[there] = top
                near[top], out[top], back[top] = there, out[k], back[k]
                top += 1
        tight[node + 1] = top
    return tight, near[:top].copy(), out[:top].copy(), back[:top].copy()


@compiled(
    "Tuple((int32[::1], int32[::1], uint16[::1], uint16[::1]))"
    f"(int64, {INTS}, {INTS}, {INTS}, {INTS}, int64)"
)
def neighbours(
    nodes: int, tail: Ints, head: Ints, along: Ints, against: Ints, bound: int
) -> tuple[Ints, Ints, Shorts, Shorts]:
    """Lay chains out as arcs by node: neighbour, time to it, time from it.

    ``along`` and ``against`` are ``CLOSED`` where the chain cannot be walked through. Loops and
    what is longer than ``bound`` both ways are left out; of parallel chains the shorter counts.
    """
    start = np.zeros(nodes + 1, np.int32)
    for chain in range(len(tail)):
        if tail[chain] != head[chain] and min(along[chain], against[chain]) <= bound:
            start[tail[chain] + 1] += 1
            start[head[chain] + 1] += 1
    for node in range(nodes):
        start[node + 1] += start[node]
    place = start[:nodes].copy()
    near = np.empty(start[nodes], np.int32)
    out = np.empty(start[nodes], np.uint16)
    back = np.empty(start[nodes], np.uint16)
    for chain in range(len(tail)):
        if tail[chain] != head[chain] and min(along[chain], against[chain]) <= bound:
            there = along[chain] if along[chain] <= bound else FAR16
            return_ = against[chain] if against[chain] <= bound else FAR16
            k = place[tail[chain]]
            near[k], out[k], back[k] = head[chain], there, return_
            place[tail[chain]] += 1
            k = place[head[chain]]
            near[k], out[k], back[k] = tail[chain], return_, there
            place[head[chain]] += 1
    return without_parallels(nodes, start, near, out, back)


@compiled(f"int32[::1]({INTS}, int64)")
def in_order(number: Ints, numbers: int) -> Ints:
    """Sort rows by a whole number below ``numbers``, equal ones as they stand."""
    place = np.zeros(numbers + 1, np.int32)
    for row in range(len(number)):
        place[number[row] + 1] += 1
    for each in range(numbers):
        place[each + 1] += place[each]
    order = np.empty(len(number), np.int32)
    for row in range(len(number)):
        order[place[number[row]]] = row
        place[number[row]] += 1
    return order
