"""Loops that keep walks to the nearest outlet right while outlets come and go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import INTS, SHORTS, compiled

_ARCS = f"{INTS}, {INTS}, {SHORTS}"  # start, node, into
_SPACE = "int32[::1], int32[::1], int32[::1], uint8[::1], int32[::1], uint16[::1]"

FAR = 65535
NONE = -1  # an empty bucket, and the end of one
FREE, ASKED, FIRM, DOUBTED, LOST = 0, 1, 2, 3, 4  # what is known of a node's old walk

Ints = NDArray[np.int32]
Shorts = NDArray[np.uint16]
Bytes = NDArray[np.uint8]


@compiled(f"int64({_ARCS}, uint16[::1], int64, int64, int64, int64, int64, {_SPACE})")
def spread(
    start: Ints,
    node: Ints,
    into: Shorts,
    field: Shorts,
    bound: int,
    nearest: np.int64,
    waiting: int,
    used: int,
    logged: int,
    buckets: Ints,
    following: Ints,
    held: Ints,
    mark: Bytes,
    log_node: Ints,
    log_before: Shorts,
) -> int:
    """Walk on from the nodes that wait in their buckets, nearest first (Dial 1969).

    A node whose walk changes is logged with its old one, unless it is marked already. Every node
    is left once, so no more entries are used than arcs and first entries together.

    Returns
    -------
    int
        Entries of the log.
    """
    walk = nearest
    while waiting > 0:
        entry = buckets[walk]
        while entry >= 0:
            buckets[walk] = following[entry]
            waiting -= 1
            here = held[entry]
            if np.int64(field[here]) == walk:
                for arc in range(start[here], start[here + 1]):
                    there = node[arc]
                    longer = walk + np.int64(into[arc])
                    if longer <= bound and longer < np.int64(field[there]):
                        if mark[there] == FREE:
                            mark[there] = ASKED
                            log_node[logged] = there
                            log_before[logged] = field[there]
                            logged += 1
                        field[there] = longer
                        held[used] = there
                        following[used] = buckets[longer]
                        buckets[longer] = used
                        used += 1
                        waiting += 1
            entry = buckets[walk]
        walk += 1
    return logged


@compiled(f"int64({_ARCS}, uint16[::1], {INTS}, {INTS}, int64, {_SPACE})")
def improve(
    start: Ints,
    node: Ints,
    into: Shorts,
    field: Shorts,
    at: Ints,
    time: Ints,
    bound: int,
    buckets: Ints,
    following: Ints,
    held: Ints,
    mark: Bytes,
    log_node: Ints,
    log_before: Shorts,
) -> int:
    """Shorten the walks that new seeds shorten.

    Returns
    -------
    int
        Entries of the log: each changed node once, with its old walk.
    """
    waiting = 0
    logged = 0
    nearest = np.int64(bound)
    for seed in range(len(at)):
        here = at[seed]
        walk = np.int64(time[seed])
        if walk <= bound and walk < np.int64(field[here]):
            if mark[here] == FREE:
                mark[here] = ASKED
                log_node[logged] = here
                log_before[logged] = field[here]
                logged += 1
            field[here] = walk
            held[waiting] = here
            following[waiting] = buckets[walk]
            buckets[walk] = waiting
            waiting += 1
            nearest = min(nearest, walk)
    logged = spread(
        start,
        node,
        into,
        field,
        bound,
        nearest,
        waiting,
        waiting,
        logged,
        buckets,
        following,
        held,
        mark,
        log_node,
        log_before,
    )
    for entry in range(logged):
        mark[log_node[entry]] = FREE
    return logged


@compiled(
    f"int64({INTS}, {INTS}, {SHORTS}, {SHORTS}, {SHORTS}, {SHORTS}, {INTS}, int64, "
    "int32[::1], int32[::1], int32[::1], uint8[::1], int32[::1], uint16[::1], int32[::1], "
    "int32[::1])"
)
def _lose(
    start: Ints,
    node: Ints,
    out: Shorts,
    into: Shorts,
    field: Shorts,
    seeds: Shorts,
    at: Ints,
    bound: int,
    buckets: Ints,
    following: Ints,
    held: Ints,
    mark: Bytes,
    log_node: Ints,
    log_before: Shorts,
    asked: Ints,
    firm: Ints,
) -> int:
    """Mark and log the nodes whose old walk nothing supports any more, nearest first.

    A walk is firm where a seed of that time stands, or a firm shorter walk is one step away. Nodes
    equally far and joined by steps of no time could seem to hold up one another, so they stay in
    doubt until all of that distance are asked; then firmness spreads among them from those firm by
    other means, and from those whom nobody had to ask. The rest is lost.

    Returns
    -------
    int
        Entries of the log; ``asked[:asked[-1]]`` are all nodes with a mark to be wiped off.
    """
    waiting = 0
    walk = np.int64(bound)
    for seed in range(len(at)):
        here = at[seed]
        old = np.int64(field[here])
        if old <= bound and np.int64(seeds[here]) != old and mark[here] == FREE:
            mark[here] = ASKED
            held[waiting] = here
            following[waiting] = buckets[old]
            buckets[old] = waiting
            waiting += 1
            walk = min(walk, old)
    used = waiting
    logged = 0
    count = 0
    while waiting > 0:
        first = count
        entry = buckets[walk]
        buckets[walk] = NONE
        while entry >= 0:
            asked[count] = held[entry]
            count += 1
            waiting -= 1
            entry = following[entry]
        doubts = False
        place = first
        while place < count:  # grows while walking along steps of no time
            here = asked[place]
            place += 1
            found = LOST
            if np.int64(seeds[here]) == walk:
                found = FIRM
            else:
                for arc in range(start[here], start[here + 1]):
                    there = node[arc]
                    step = np.int64(out[arc])
                    if np.int64(field[there]) + step == walk:
                        if step == 0:
                            found = DOUBTED
                        elif mark[there] != LOST:
                            found = FIRM
                            break
            mark[here] = found
            if found == FIRM:
                continue
            doubts = doubts or found == DOUBTED
            for arc in range(start[here], start[here + 1]):
                there = node[arc]
                if into[arc] == 0 and mark[there] == FREE and np.int64(field[there]) == walk:
                    mark[there] = ASKED
                    asked[count] = there
                    count += 1
        if doubts:
            sure = 0
            for place in range(first, count):
                here = asked[place]
                if mark[here] == DOUBTED:
                    for arc in range(start[here], start[here + 1]):
                        there = node[arc]
                        if (
                            out[arc] == 0
                            and np.int64(field[there]) == walk
                            and (mark[there] == FREE or mark[there] == FIRM)
                        ):
                            mark[here] = FIRM
                            firm[sure] = here
                            sure += 1
                            break
            while sure > 0:
                sure -= 1
                here = firm[sure]
                for arc in range(start[here], start[here + 1]):
                    there = node[arc]
                    if into[arc] == 0 and mark[there] == DOUBTED and np.int64(field[there]) == walk:
                        mark[there] = FIRM
                        firm[sure] = there
                        sure += 1
        for place in range(first, count):
            here = asked[place]
            if mark[here] == FIRM:
                continue
            mark[here] = LOST
            log_node[logged] = here
            log_before[logged] = field[here]
            logged += 1
            for arc in range(start[here], start[here + 1]):
                there = node[arc]
                longer = walk + np.int64(into[arc])
                if longer <= bound and mark[there] == FREE and np.int64(field[there]) == longer:
                    mark[there] = ASKED
                    held[used] = there
                    following[used] = buckets[longer]
                    buckets[longer] = used
                    used += 1
                    waiting += 1
        walk += 1
    asked[len(asked) - 1] = count
    return logged


@compiled(
    f"int64({INTS}, {INTS}, {SHORTS}, {SHORTS}, uint16[::1], {SHORTS}, {INTS}, int64, "
    "int32[::1], int32[::1], int32[::1], uint8[::1], int32[::1], uint16[::1], int32[::1], "
    "int32[::1])"
)
def retract(
    start: Ints,
    node: Ints,
    out: Shorts,
    into: Shorts,
    field: Shorts,
    seeds: Shorts,
    at: Ints,
    bound: int,
    buckets: Ints,
    following: Ints,
    held: Ints,
    mark: Bytes,
    log_node: Ints,
    log_before: Shorts,
    asked: Ints,
    firm: Ints,
) -> int:
    """Lengthen the walks that hung on seeds now gone (after Ramalingam and Reps 1996).

    ``seeds`` holds what is left at each node. First the nodes that lost their support are found
    from their old walks alone, then they are walked to again from those around that kept theirs.

    Returns
    -------
    int
        Entries of the log: each changed node once, with its old walk.
    """
    logged = _lose(
        start,
        node,
        out,
        into,
        field,
        seeds,
        at,
        bound,
        buckets,
        following,
        held,
        mark,
        log_node,
        log_before,
        asked,
        firm,
    )
    waiting = 0
    nearest = np.int64(bound)
    for entry in range(logged):
        here = log_node[entry]
        best = np.int64(seeds[here])
        for arc in range(start[here], start[here + 1]):
            there = node[arc]
            if mark[there] != LOST:
                best = min(best, np.int64(field[there]) + np.int64(out[arc]))
        if best > bound:
            field[here] = FAR
        else:
            field[here] = best
            held[waiting] = here
            following[waiting] = buckets[best]
            buckets[best] = waiting
            waiting += 1
            nearest = min(nearest, best)
    spread(
        start,
        node,
        into,
        field,
        bound,
        nearest,
        waiting,
        waiting,
        logged,
        buckets,
        following,
        held,
        mark,
        log_node,
        log_before,
    )
    for place in range(asked[len(asked) - 1]):
        mark[asked[place]] = FREE
    return logged
