"""Bounded hierarchy: nodes taken out one by one, shortcuts put in their place up to a bound.

Times of an arc both ways stand in one 32-bit word, the way out of the node in the lower half, the
way in the upper; ``FAR16`` is a way that is closed or longer than the bound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import INTS, compiled

Ints = NDArray[np.int32]
Words = NDArray[np.uint32]
Longs = NDArray[np.int64]

FAR16 = 65535
BUCKETS = 4096
WITNESS_LOOKS = 200  # neighbours looked through to find that a shortcut is not needed


@compiled("int64(int64, int64, int64)")
def joined(one: int, other: int, bound: int) -> int:
    """Add two times; beyond the bound it is FAR16."""
    time = one + other
    return time if time <= bound else FAR16


@compiled("void(int32[::1], uint32[::1], int64, int64, int64, int64)")
def write_arc(near: Ints, times: Words, place: int, node: int, out: int, into: int) -> None:
    """Put an arc down."""
    near[place] = node
    times[place] = np.uint32(out) | (np.uint32(into) << np.uint32(16))


@compiled("boolean(int32[::1], uint32[::1], int32[::1], int64, int64, int64, int64)")
def has_witness(
    near: Ints, times: Words, slot: Ints, begin: int, count: int, out: int, into: int
) -> bool:
    """Tell whether a third node joins two neighbours as quickly, both ways.

    ``slot`` says where the arcs of the one stand by the node they lead to; the other's are the
    ``count`` from ``begin``.
    """
    found_out, found_into = out == FAR16, into == FAR16
    for q in range(begin, begin + count):
        p = slot[near[q]]
        if p < 0:
            continue
        there, back = times[p], times[q]
        out_one, into_one = np.int64(there & np.uint32(0xFFFF)), np.int64(there >> np.uint32(16))
        out_other, into_other = np.int64(back & np.uint32(0xFFFF)), np.int64(back >> np.uint32(16))
        found_out = found_out or out_one + into_other <= out
        found_into = found_into or into_one + out_other <= into
        if found_out and found_into:
            return True
    return False


@compiled(
    "Tuple((int64, int64[::1], int32[::1], int32[::1], uint32[::1]))"
    f"(int64, {INTS}, {INTS}, Array(uint32, 1, 'C', True), int64, int64)"
)
def eliminate(
    nodes: int, first: Ints, near_in: Ints, times_in: Words, bound: int, most: int
) -> tuple[int, Longs, Ints, Ints, Words]:
    """Take out nodes, those with few neighbours first, and join their neighbours.

    Returns the number of arcs added, or -1 when more than ``most`` places would be needed; and each
    node's arcs to nodes taken out later: where they start, how many, neighbour, times.
    """
    start = np.empty(nodes, np.int64)
    room = np.empty(nodes, np.int32)
    degree = np.empty(nodes, np.int32)
    top = 0
    for node in range(nodes):
        degree[node] = first[node + 1] - first[node]
        room[node] = max(4, degree[node] + 2)
        start[node] = top
        top += room[node]
    near = np.empty(2 * top + 1024, np.int32)
    times = np.empty(2 * top + 1024, np.uint32)
    for node in range(nodes):
        place = start[node]
        for k in range(first[node], first[node + 1]):
            near[place], times[place] = near_in[k], times_in[k]
            place += 1
    level = np.zeros(nodes, np.int32)
    slot = np.full(nodes, -1, np.int32)
    bucket = np.full(BUCKETS, -1, np.int32)
    after = np.full(nodes, -1, np.int32)
    for node in range(nodes - 1, -1, -1):
        key = min(BUCKETS - 1, degree[node] * 3)
        after[node] = bucket[key]
        bucket[key] = node
    current, taken, added = 0, 0, 0
    while taken < nodes:
        while bucket[current] < 0:
            current += 1
        node = bucket[current]
        bucket[current] = after[node]
        key = min(BUCKETS - 1, degree[node] * 3 + level[node])
        if key > current:
            after[node] = bucket[key]
            bucket[key] = node
            continue
        taken += 1
        begin, count = start[node], degree[node]
        for p in range(begin, begin + count):
            one = near[p]
            level[one] = max(level[one], level[node] + 1)
            last = start[one] + degree[one] - 1
            for q in range(start[one], last + 1):
                if near[q] == node:
                    near[q], times[q] = near[last], times[last]
                    break
            degree[one] -= 1
        for p in range(begin, begin + count):
            one = near[p]
            out_one = np.int64(times[p] & np.uint32(0xFFFF))
            into_one = np.int64(times[p] >> np.uint32(16))
            for r in range(start[one], start[one] + degree[one]):
                slot[near[r]] = r
            for q in range(p + 1, begin + count):
                other = near[q]
                out = joined(into_one, np.int64(times[q] & np.uint32(0xFFFF)), bound)
                into = joined(np.int64(times[q] >> np.uint32(16)), out_one, bound)
                if out == FAR16 and into == FAR16:
                    continue
                found = slot[other]
                if found >= 0:
                    was_out = np.int64(times[found] & np.uint32(0xFFFF))
                    was_into = np.int64(times[found] >> np.uint32(16))
                    if out < was_out or into < was_into:
                        out, into = min(out, was_out), min(into, was_into)
                        write_arc(near, times, found, other, out, into)
                        for r in range(start[other], start[other] + degree[other]):
                            if near[r] == one:
                                write_arc(near, times, r, one, into, out)
                                break
                    continue
                if degree[other] <= WITNESS_LOOKS and has_witness(
                    near, times, slot, start[other], degree[other], out, into
                ):
                    continue
                added += 1
                for turn in range(2):
                    at = one if turn == 0 else other
                    if degree[at] == room[at]:
                        room[at] *= 2
                        if top + room[at] > most:
                            return -1, start, degree, near, times
                        if top + room[at] > len(near):
                            grown = np.empty(2 * len(near) + room[at], np.int32)
                            grown[:top] = near[:top]
                            near = grown
                            longer = np.empty(len(near), np.uint32)
                            longer[:top] = times[:top]
                            times = longer
                        for r in range(degree[at]):
                            near[top + r] = near[start[at] + r]
                            times[top + r] = times[start[at] + r]
                            if turn == 0:
                                slot[near[top + r]] = top + r
                        start[at] = top
                        top += room[at]
                    place = start[at] + degree[at]
                    if turn == 0:
                        write_arc(near, times, place, other, out, into)
                        slot[other] = place
                    else:
                        write_arc(near, times, place, one, into, out)
                    degree[at] += 1
            for r in range(start[one], start[one] + degree[one]):
                slot[near[r]] = -1
    return added, start, degree, near, times


@compiled("int32[::1](int64[::1], int32[::1], int32[::1])")
def from_the_top(start: Longs, degree: Ints, near: Ints) -> Ints:
    """Find an order in which all that a node has arcs to come before it, near ones near.

    A search in depth from each node in turn, ancestors first.
    """
    nodes = len(start)
    position = np.full(nodes, -1, np.int32)
    stack = np.empty(nodes, np.int32)
    seen = np.empty(nodes, np.int32)
    count = 0
    for root in range(nodes):
        if position[root] >= 0:
            continue
        depth = 0
        stack[0], seen[0] = root, 0
        while depth >= 0:
            node = stack[depth]
            if seen[depth] < degree[node]:
                above = near[start[node] + seen[depth]]
                seen[depth] += 1
                if position[above] < 0:
                    depth += 1
                    stack[depth], seen[depth] = above, 0
            else:
                position[node] = count
                count += 1
                depth -= 1
    return position


@compiled(
    "Tuple((int32[::1], int32[::1], uint32[::1]))"
    "(int64[::1], int32[::1], int32[::1], uint32[::1], int32[::1])"
)
def relabel(
    start: Longs, degree: Ints, near: Ints, times: Words, position: Ints
) -> tuple[Ints, Ints, Words]:
    """Lay the arcs out by position, each node's in ascending order."""
    nodes = len(start)
    node_at = np.empty(nodes, np.int32)
    total = 0
    for node in range(nodes):
        node_at[position[node]] = node
        total += degree[node]
    first = np.zeros(nodes + 1, np.int32)
    above = np.empty(total, np.int32)
    word = np.empty(total, np.uint32)
    top = 0
    for place in range(nodes):
        node = node_at[place]
        begin = top
        for k in range(start[node], start[node] + degree[node]):
            target, time = position[near[k]], times[k]
            q = top
            while q > begin and above[q - 1] > target:
                above[q], word[q] = above[q - 1], word[q - 1]
                q -= 1
            above[q], word[q] = target, time
            top += 1
        first[place + 1] = top
    return first, above, word
