"""Loops that bring homes in line with a field that changed: which streets, and what walks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import FLOATS, INTS, SHORTS, compiled

_TABLE = "Array(int32, 2, 'C', True)"
_BYTES = "Array(uint8, 1, 'C', True)"

FAR16 = 65535
UNREACHED = 2**29 - 1  # walks.UNREACHED
RANK, ALONG, AGAINST, SHUT_ALONG, SHUT_AGAINST, NO_ALONG, NO_AGAINST = range(7)

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


@compiled(f"int64({INTS}, {INTS}, {INTS}, {INTS}, uint8[::1], int32[::1])")
def touched(nodes: Ints, first: Ints, street: Ints, also: Ints, mark: Bytes, found: Ints) -> int:
    """Find the streets that end at some nodes, and those of ``also``, each once.

    Parameters
    ----------
    nodes
        Where streets end.
    first, street
        Streets of each node are ``street[first[node]:first[node + 1]]``.
    also
        More streets.
    mark
        Zeros, one per street; zeros again afterwards.
    found
        Written.

    Returns
    -------
    int
        How many were found.
    """
    count = 0
    for one in also:
        if mark[one] == 0:
            mark[one] = 1
            found[count] = one
            count += 1
    for node in nodes:
        for at in range(first[node], first[node + 1]):
            one = street[at]
            if mark[one] == 0:
                mark[one] = 1
                found[count] = one
                count += 1
    for at in range(count):
        mark[found[at]] = 0
    return count


@compiled(f"int64({INTS}, int64)")
def _lowest(column: Ints, value: int) -> int:
    """Find the first entry of an ascending column that is not below a value."""
    low, high = 0, len(column)
    while low < high:
        middle = (low + high) // 2
        if column[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled(f"int64({_TABLE}, {FLOATS}, int64, {_TABLE}, {FLOATS}, {INTS}, {_BYTES}, int64, int64)")
def _straight(
    home_at: Ints,
    home_part: Floats,
    home: int,
    at: Ints,
    part: Floats,
    access: Ints,
    live: Bytes,
    begin: int,
    end: int,
) -> np.int64:
    """Walk from a home straight along its chain to the best of the outlets on it."""
    best = np.int64(UNREACHED)
    rank, place = home_at[home, RANK], home_part[home]
    for k in range(begin, end):
        if live[k] == 0:
            continue
        ahead = at[k, RANK] > rank or (at[k, RANK] == rank and part[k] >= place)
        behind = at[k, RANK] < rank or (at[k, RANK] == rank and part[k] <= place)
        if (
            ahead
            and home_at[home, NO_ALONG] == 0
            and at[k, NO_ALONG] == 0
            and home_at[home, SHUT_ALONG] == at[k, SHUT_ALONG]
        ):
            step = np.int64(at[k, ALONG]) - np.int64(home_at[home, ALONG])
            best = min(best, step + np.int64(access[k]))
        if (
            behind
            and home_at[home, NO_AGAINST] == 0
            and at[k, NO_AGAINST] == 0
            and home_at[home, SHUT_AGAINST] == at[k, SHUT_AGAINST]
        ):
            step = np.int64(home_at[home, AGAINST]) - np.int64(at[k, AGAINST])
            best = min(best, step + np.int64(access[k]))
    return best


@compiled(
    f"int64({INTS}, {INTS}, {INTS}, {INTS}, {INTS}, {_TABLE}, {INTS}, {_TABLE}, {FLOATS}, {SHORTS},"
    f"{INTS}, {_BYTES}, {_TABLE}, {FLOATS}, {INTS}, {INTS}, {_BYTES}, {_TABLE}, {FLOATS}, {INTS},"
    "int64, int32[::1], int32[::1], int32[::1])"
)
def measure(
    streets: Ints,
    first: Ints,
    chain: Ints,
    tail: Ints,
    head: Ints,
    home_to: Ints,
    home_access: Ints,
    home_at: Ints,
    home_part: Floats,
    field: NDArray[np.uint16],
    base_chain: Ints,
    base_live: Bytes,
    base_at: Ints,
    base_part: Floats,
    base_access: Ints,
    more_chain: Ints,
    more_live: Bytes,
    more_at: Ints,
    more_part: Floats,
    more_access: Ints,
    limit: int,
    walks: Ints,
    log_home: Ints,
    log_before: Ints,
) -> int:
    """Measure all homes on some streets anew, and log those whose walk is another now.

    Parameters
    ----------
    streets
        Which ones; ``first``, ``chain``, ``tail`` and ``head`` describe them all.
    home_to, home_access, home_at, home_part
        Doors of homes in the order of streets: times to both ends, and the place on the chain.
    field
        Walk from each node to the nearest outlet.
    base_chain, base_live, base_at, base_part, base_access
        The lane's outlets by chain; the same again as ``more_`` for those that came later.
    limit
        Longest walk.
    walks
        Written; one per home.

    Returns
    -------
    int
        Entries of the log.
    """
    logged = 0
    for street in streets:
        from_tail = np.int64(field[tail[street]])
        from_head = np.int64(field[head[street]])
        base_begin = _lowest(base_chain, chain[street])
        base_end = _lowest(base_chain, chain[street] + 1)
        more_begin = _lowest(more_chain, chain[street])
        more_end = _lowest(more_chain, chain[street] + 1)
        for home in range(first[street], first[street + 1]):
            best = np.int64(UNREACHED)
            if from_tail != FAR16:
                best = min(best, from_tail + np.int64(home_to[home, 0]))
            if from_head != FAR16:
                best = min(best, from_head + np.int64(home_to[home, 1]))
            if base_begin < base_end:
                straight = _straight(
                    home_at,
                    home_part,
                    home,
                    base_at,
                    base_part,
                    base_access,
                    base_live,
                    base_begin,
                    base_end,
                )
                best = min(best, straight)
            if more_begin < more_end:
                straight = _straight(
                    home_at,
                    home_part,
                    home,
                    more_at,
                    more_part,
                    more_access,
                    more_live,
                    more_begin,
                    more_end,
                )
                best = min(best, straight)
            walk = best + np.int64(home_access[home])
            if walk > limit:
                walk = np.int64(UNREACHED)
            if walk != np.int64(walks[home]):
                log_home[logged] = home
                log_before[logged] = walks[home]
                logged += 1
                walks[home] = walk
    return logged
