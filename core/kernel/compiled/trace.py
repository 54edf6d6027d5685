"""Search outwards from one point over the original streets, touching no more than its ball."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import compiled
from core.kernel.walks import UNREACHED

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

_INTS = "Array(int32, 1, 'C', True)"
_LONGS = "Array(int64, 1, 'C', True)"
NODE_BITS = 32  # a heap's key is time * 2**32 + node, so that equal times go by node


@compiled(f"void({_INTS}, {_INTS}, int32[::1], int32[::1], int32[::1])")
def lay_out(u: Ints, v: Ints, start: Ints, head: Ints, arc: Ints) -> None:
    """Sort the arcs by their tail: a counting sort that keeps the order of edges.

    Arc ``2·edge`` leads from ``u`` to ``v``, arc ``2·edge + 1`` back; a loop has the first only.
    ``start`` comes filled with zeros, one longer than there are nodes.
    """
    for edge in range(len(u)):
        start[u[edge] + 1] += 1
        if u[edge] != v[edge]:
            start[v[edge] + 1] += 1
    for node in range(len(start) - 1):
        start[node + 1] += start[node]
    place = start[:-1].copy()
    for edge in range(len(u)):
        tail, tip = u[edge], v[edge]
        head[place[tail]] = tip
        arc[place[tail]] = 2 * edge
        place[tail] += 1
        if tail != tip:
            head[place[tip]] = tail
            arc[place[tip]] = 2 * edge + 1
            place[tip] += 1


@compiled("void(int64[::1], int64, int64)")
def _push(heap: Longs, size: int, key: int) -> None:
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if heap[above] <= key:
            break
        heap[at] = heap[above]
        at = above
    heap[at] = key


@compiled("int64(int64[::1], int64)")
def _pop(heap: Longs, size: int) -> int:
    """Take the least key out of a heap of ``size``; the caller counts down."""
    least = heap[0]
    last = size - 1
    key = heap[last]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= last:
            break
        if below + 1 < last and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= key:
            break
        heap[at] = heap[below]
        at = below
    heap[at] = key
    return int(least)


@compiled(
    f"int64({_INTS}, {_INTS}, {_INTS}, {_INTS}, {_INTS}, {_INTS}, {_LONGS},"
    f" {_INTS}, {_LONGS}, {_LONGS}, int64,"
    " int32[::1], int32[::1], int64[::1], int32[::1], int32[::1], int32[::1], int64[::1])"
)
def spread(
    start: Ints,
    head: Ints,
    arc: Ints,
    along: Ints,
    against: Ints,
    seed_node: Ints,
    seed_ds: Longs,
    offer_node: Ints,
    offer_ds: Longs,
    offer_row: Longs,
    limit: int,
    ds: Ints,
    via: Ints,
    heap: Longs,
    seen: Ints,
    first: Ints,
    link: Ints,
    best: Longs,
) -> int:
    """Search from the seeds up to ``limit``, or until the best offer is settled.

    Times of arcs with and against their edge's direction are ``along`` and ``against``. An offer
    ``k`` costs ``offer_ds[k]`` more from ``offer_node[k]``; ``best`` comes as (total, row, -1) of
    what is already known and leaves as (total, row, k) of the least total, then the lowest row.

    Workspace: ``ds`` comes as ``UNREACHED`` and ``first`` as -1 throughout, and both are left
    dirty at the nodes of ``seen`` and of the offers; ``via`` holds the arc that led to a node, or
    -1 - k from seed ``k``. ``heap`` holds as many keys as there are arcs and seeds.

    Returns
    -------
    int
        How many nodes were touched; they stand in ``seen``. Those whose ``ds`` is beyond the
        last time settled may not be final, where offers stopped the search early.
    """
    for offer in range(len(offer_node)):
        link[offer] = first[offer_node[offer]]
        first[offer_node[offer]] = offer
    size, touched = 0, 0
    for seed in range(len(seed_node)):
        node, time = seed_node[seed], seed_ds[seed]
        if time <= limit and time < ds[node]:
            if ds[node] == UNREACHED:
                seen[touched] = node
                touched += 1
            ds[node] = time
            via[node] = -1 - seed
            _push(heap, size, (time << NODE_BITS) | node)
            size += 1
    bound = min(limit, best[0])
    while size > 0:
        key = _pop(heap, size)
        size -= 1
        now, here = key >> NODE_BITS, key & 0xFFFFFFFF
        if now > bound:
            break
        if now > ds[here]:
            continue
        offer = first[here]
        while offer >= 0:
            total = now + offer_ds[offer]
            row = offer_row[offer]
            if total < best[0] or (total == best[0] and row < best[1]):
                best[0], best[1], best[2] = total, row, offer
            offer = link[offer]
        bound = min(limit, best[0])
        for place in range(start[here], start[here + 1]):
            edge = arc[place] >> 1
            there = now + (against[edge] if arc[place] & 1 else along[edge])
            tip = head[place]
            if there <= bound and there < ds[tip]:
                if ds[tip] == UNREACHED:
                    seen[touched] = tip
                    touched += 1
                ds[tip] = there
                via[tip] = arc[place]
                _push(heap, size, (there << NODE_BITS) | tip)
                size += 1
    return touched


@compiled(f"int64({_INTS}, {_INTS}, {_INTS}, {_INTS}, {_INTS}, int32[::1])")
def edges_of(start: Ints, head: Ints, arc: Ints, seen: Ints, ds: Ints, edges: Ints) -> int:
    """List every edge with a reached end once, and count them."""
    count = 0
    for number in range(len(seen)):
        node = seen[number]
        for place in range(start[node], start[node + 1]):
            if arc[place] & 1 and ds[head[place]] != UNREACHED:
                continue  # its other end lists it
            edges[count] = arc[place] >> 1
            count += 1
    return count
