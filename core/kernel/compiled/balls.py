"""Full balls of 32 outlets at once: both sweeps, only over nodes that walks within the limit meet.

Which nodes these are is found on the graph and never from coordinates, which may mislead: a street
may be shorter than the straight line between its ends. A node is visited if it is seeded, or has
an arc in the hierarchy to a node that is within the limit in some lane. Since no arc has a
negative time, what lies beyond the limit cannot lead back within it, and every shortest walk in
the hierarchy goes first up, then down: so nothing is missed. The visited nodes are bits of words
by position, so they come up in order without being sorted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.kernel.compiled import INTS, SHORTS, compiled
from core.kernel.compiled.bits import forget, highest, hold, lowest, within
from core.kernel.compiled.lanes import meet, pull


@compiled("void(uint64[::1], int64)")
def mark(words: Any, place: int) -> None:
    """Set the bit of a place."""
    words[place >> 6] |= np.uint64(1) << np.uint64(place & 63)


@compiled(
    f"int64({INTS}, {INTS}, {SHORTS}, {INTS}, {INTS}, {SHORTS}, uint16[::1], int32[::1], "
    f"{INTS}, uint16, uint16[::1], uint64[::1], uint8[::1], int32[::1])"
)
def sweep_balls(
    first: Any,
    above: Any,
    out: Any,
    below_first: Any,
    below: Any,
    below_into: Any,
    seeds: Any,
    row_of: Any,
    seeded: Any,
    limit: Any,
    field: Any,
    words: Any,
    reached: Any,
    visited: Any,
) -> int:
    """Fill the lines of all nodes within the limit of seeded ones, and list the visited, ascending.

    ``seeds`` and ``row_of`` as ``sow`` leaves them, ``seeded`` the nodes that have seeds. ``field``
    comes with 65,535 everywhere, ``words`` and ``reached`` with zeros. ``reached`` is 1 where some
    lane is within the limit. Returns how many were visited; :func:`clean` undoes it.
    """
    for k in range(len(seeded)):
        if row_of[seeded[k]] > 0:
            mark(words, np.int64(seeded[k]))
    one = np.uint64(1)
    for w in range(len(words) - 1, -1, -1):
        pending = words[w]
        while pending != np.uint64(0):
            bit: Any = highest(pending)
            pending &= ~(one << np.uint64(bit))
            at = np.int64(w) * 64 + bit
            pull(
                field,
                at,
                seeds,
                np.int64(row_of[at]),
                below,
                below_into,
                np.int64(below_first[at]),
                np.int64(below_first[at + 1]),
            )
            if within(field, at, limit) != np.uint64(0):
                for k in range(first[at], first[at + 1]):
                    there = np.int64(above[k])
                    mark(words, there)
                    if there >> 6 == w:
                        pending |= one << np.uint64(there & 63)
    count = 0
    for w in range(len(words)):
        pending = words[w]
        while pending != np.uint64(0):
            bit = lowest(pending)
            pending &= ~(one << np.uint64(bit))
            at = np.int64(w) * 64 + bit
            visited[count] = at
            count += 1
            pull(
                field,
                at,
                field,
                at,
                above,
                out,
                np.int64(first[at]),
                np.int64(first[at + 1]),
            )
            if within(field, at, limit) != np.uint64(0):
                reached[at] = 1
                for k in range(below_first[at], below_first[at + 1]):
                    there = np.int64(below[k])
                    mark(words, there)
                    if there >> 6 == w:
                        pending |= one << np.uint64(there & 63)
        words[w] = 0
    return count


@compiled(f"void({INTS}, int64, uint16[::1], uint8[::1])")
def clean(visited: Any, count: int, field: Any, reached: Any) -> None:
    """Leave the field as the next batch must find it."""
    for k in range(count):
        at = np.int64(visited[k])
        forget(field, at)
        reached[at] = 0


@compiled(
    f"int64({INTS}, int64, Array(uint8, 1, 'C', True), {INTS}, {INTS}, {INTS}, {INTS}, {INTS}, "
    f"{INTS}, {INTS}, int32[::1], int32[::1])"
)
def homes_near(
    visited: Any,
    count: int,
    reached: Any,
    tail: Any,
    head: Any,
    tail_first: Any,
    head_first: Any,
    head_chain: Any,
    home_first: Any,
    own: Any,
    homes: Any,
    line_of: Any,
) -> int:
    """List the homes on chains with a reached end, and on the outlets' own chains (``own``).

    Chains are sorted by tail, ``tail_first`` cuts them by node; ``head_chain`` lists them by head.
    ``line_of[home]`` is written only for homes listed. Returns how many.
    """
    found = 0
    for k in range(len(own)):  # sorted: each chain once; those with a reached end come below
        chain = own[k]
        if (
            (k == 0 or chain != own[k - 1])
            and reached[tail[chain]] == 0
            and reached[head[chain]] == 0
        ):
            for home in range(home_first[chain], home_first[chain + 1]):
                homes[found], line_of[home] = home, found
                found += 1
    for k in range(count):
        at = visited[k]
        if reached[at] == 0:
            continue
        for home in range(home_first[tail_first[at]], home_first[tail_first[at + 1]]):
            homes[found], line_of[home] = home, found
            found += 1
        for q in range(head_first[at], head_first[at + 1]):
            chain = head_chain[q]
            if reached[tail[chain]] == 0:
                for home in range(home_first[chain], home_first[chain + 1]):
                    homes[found], line_of[home] = home, found
                    found += 1
    return found


@compiled(
    f"void(uint16[::1], {INTS}, {INTS}, {SHORTS}, {INTS}, {SHORTS}, {SHORTS}, "
    "uint16[::1], uint16[::1])"
)
def arrive_near(
    field: Any,
    homes: Any,
    tail: Any,
    to_tail: Any,
    head: Any,
    to_head: Any,
    access: Any,
    lines: Any,
    access_near: Any,
) -> None:
    """Walk from the listed homes over the nearer end of their chain."""
    for k in range(len(homes)):
        home = homes[k]
        access_near[k] = access[home]
        meet(
            field,
            np.int64(tail[home]),
            to_tail[home],
            np.int64(head[home]),
            to_head[home],
            access[home],
            lines,
            np.int64(k),
        )


@compiled("void(uint16[::1], uint16)")
def hold_lines(lines: Any, limit: Any) -> None:
    """Turn walks longer than the limit into 65,535."""
    for k in range(len(lines) // 32):
        hold(lines, np.int64(k), limit)
