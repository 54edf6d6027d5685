"""Choose sites: greedy, then the best exchange again and again, in whole numbers.

What a choice is worth is kept up to date for every candidate at once, after Resende and Werneck
(2007, fast swap-based local search for facility location): ``gain`` of adding it, ``loss`` of
removing a site, and ``extra`` for those who lose one site and are caught by the other. A site
stands in a slot; ``count`` and ``owners`` (the sum of the slots) say for each row who covers it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import compiled

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

_I32 = 'Array(int32, 1, "C", True)'
_I64 = 'Array(int64, 1, "C", True)'
_SETS = f"{_I64}, {_I32}, {_I64}, {_I32}, {_I64}, {_I64}, {_I32}"
_STATE = (
    "int32[::1], int32[::1], int32[::1], int64[::1], int64[::1], int64[::1], int32[::1], int32[::1]"
)


@compiled(f"void(int64, int64, {_SETS}, {_STATE})")
def place(
    slot: int,
    site: int,
    start: Int64s,
    row: Int32s,
    back_start: Int64s,
    back: Int32s,
    weight: Int64s,
    near_start: Int64s,
    near: Int32s,
    chosen: Int32s,
    count: Int32s,
    owners: Int32s,
    gain: Int64s,
    loss: Int64s,
    extra: Int64s,
    blocks: Int32s,
    blockers: Int32s,
) -> None:
    """Put a site into an empty slot."""
    slots = len(chosen)
    chosen[slot] = site
    for at in range(start[site], start[site + 1]):
        one = row[at]
        people = weight[one]
        if count[one] == 0:
            loss[slot] += people
            for k in range(back_start[one], back_start[one + 1]):
                gain[back[k]] -= people
                extra[back[k] * slots + slot] += people
        elif count[one] == 1:
            owner = owners[one]
            loss[owner] -= people
            for k in range(back_start[one], back_start[one + 1]):
                extra[back[k] * slots + owner] -= people
        count[one] += 1
        owners[one] += slot
    for at in range(near_start[site], near_start[site + 1]):
        blocks[near[at]] += 1
        blockers[near[at]] += slot


@compiled(f"void(int64, {_SETS}, {_STATE})")
def lift(
    slot: int,
    start: Int64s,
    row: Int32s,
    back_start: Int64s,
    back: Int32s,
    weight: Int64s,
    near_start: Int64s,
    near: Int32s,
    chosen: Int32s,
    count: Int32s,
    owners: Int32s,
    gain: Int64s,
    loss: Int64s,
    extra: Int64s,
    blocks: Int32s,
    blockers: Int32s,
) -> None:
    """Take the site out of a slot: the reverse of placing it."""
    slots = len(chosen)
    site = chosen[slot]
    chosen[slot] = -1
    for at in range(start[site], start[site + 1]):
        one = row[at]
        people = weight[one]
        count[one] -= 1
        owners[one] -= slot
        if count[one] == 0:
            loss[slot] -= people
            for k in range(back_start[one], back_start[one + 1]):
                gain[back[k]] += people
                extra[back[k] * slots + slot] -= people
        elif count[one] == 1:
            owner = owners[one]
            loss[owner] += people
            for k in range(back_start[one], back_start[one + 1]):
                extra[back[k] * slots + owner] += people
    for at in range(near_start[site], near_start[site + 1]):
        blocks[near[at]] -= 1
        blockers[near[at]] -= slot


@compiled(f"int64({_I64}, int64[::1], int64)")
def highest(gain: Int64s, work: Int64s, most: int) -> int:
    """Add up the ``most`` largest of the gains; ``work`` is ``most`` long and overwritten."""
    for k in range(most):
        work[k] = 0
    total = 0
    low = 0  # the place of the smallest of the largest
    for candidate in range(len(gain)):
        if most > 0 and gain[candidate] > work[low]:
            total += gain[candidate] - work[low]
            work[low] = gain[candidate]
            for k in range(most):
                if work[k] < work[low]:
                    low = k
    return total


@compiled(f"void({_I64}, {_I32}, {_I64}, int64[::1])")
def count_alone(start: Int64s, row: Int32s, weight: Int64s, alone: Int64s) -> None:
    """Count the people whom each candidate covers on its own."""
    for candidate in range(len(start) - 1):
        people = 0
        for at in range(start[candidate], start[candidate + 1]):
            people += weight[row[at]]
        alone[candidate] = people


@compiled(f"int64({_SETS}, {_I64}, {_I64}, int64, boolean, int64, int32[::1])")
def exchange(
    start: Int64s,
    row: Int32s,
    back_start: Int64s,
    back: Int32s,
    weight: Int64s,
    near_start: Int64s,
    near: Int32s,
    alone: Int64s,
    cost: Int64s,
    budget: int,
    by_cost: bool,  # noqa: FBT001 - compiled loops take no keywords
    moves: int,
    chosen: Int32s,
) -> int:
    """Fill the slots greedily, then exchange until nothing is better.

    A greedy step takes the largest gain, or with ``by_cost`` the largest gain per cost; among
    equals the larger gain, then the lowest candidate. An exchange replaces one site, adds one
    or drops one; taken is the one that covers most people more, among equals the one that
    saves most, then the lowest candidate. Each exchange covers more people, or as many at less
    cost, or as many at the same cost with fewer sites, so it ends.

    Parameters
    ----------
    start, row, back_start, back
        Rows of each candidate, and candidates of each row.
    weight
        People of each row.
    near_start, near
        Candidates too close to each candidate, both ways.
    alone
        The people whom each candidate covers on its own.
    cost, budget
        What each candidate costs, and what the chosen may cost together.
    by_cost
        Which greedy begins.
    moves
        Exchange at most so often; 0 for the greedy answer alone.
    chosen
        Read: sites to begin with (permitted together), -1 in the empty slots; written: the
        site in each slot.

    Returns
    -------
    int
        An upper bound on the people that any permitted choice covers: the least, over the
        empty choice, every greedy step and the last choice, of the people covered and the
        largest gains beside it, as many as there are slots (Nemhauser, Wolsey, Fisher 1978).
    """
    candidates, rows, slots = len(start) - 1, len(weight), len(chosen)
    count = np.zeros(rows, np.int32)
    owners = np.zeros(rows, np.int32)
    gain = alone.copy()
    loss = np.zeros(slots, np.int64)
    extra = np.zeros(candidates * slots, np.int64)
    blocks = np.zeros(candidates, np.int32)
    blockers = np.zeros(candidates, np.int32)
    inside = np.zeros(candidates, np.bool_)
    work = np.zeros(slots, np.int64)
    everybody = 0
    for one in range(rows):
        everybody += weight[one]

    covered, spent = 0, 0
    bound = min(everybody, highest(gain, work, slots))
    for slot in range(slots):
        if chosen[slot] >= 0:
            site = chosen[slot]
            covered += gain[site]
            spent += cost[site]
            inside[site] = True
            place(
                slot, site, start, row, back_start, back, weight, near_start, near,
                chosen, count, owners, gain, loss, extra, blocks, blockers,
            )  # fmt: skip
    for slot in range(slots):
        if chosen[slot] >= 0:
            continue
        best = -1
        for candidate in range(candidates):
            if gain[candidate] <= 0 or blocks[candidate] > 0 or spent + cost[candidate] > budget:
                continue
            if best < 0:
                best = candidate
            elif by_cost:
                ahead = gain[candidate] * cost[best] - gain[best] * cost[candidate]
                if ahead > 0 or (ahead == 0 and gain[candidate] > gain[best]):
                    best = candidate
            elif gain[candidate] > gain[best]:
                best = candidate
        if best < 0:
            break
        covered += gain[best]
        spent += cost[best]
        inside[best] = True
        place(
            slot, best, start, row, back_start, back, weight, near_start, near,
            chosen, count, owners, gain, loss, extra, blocks, blockers,
        )  # fmt: skip
        bound = min(bound, covered + highest(gain, work, slots))

    for _ in range(moves):
        more, saved, comes, goes = 0, 0, -1, -1
        empty = -1
        for slot in range(slots):
            if chosen[slot] < 0:
                empty = slot
            elif loss[slot] == 0 and (goes < 0 or cost[chosen[slot]] > saved):
                goes, saved = slot, cost[chosen[slot]]
        for candidate in range(candidates):
            if inside[candidate] or start[candidate] == start[candidate + 1]:
                continue
            if empty >= 0 and blocks[candidate] == 0 and spent + cost[candidate] <= budget:
                ahead, spared = gain[candidate], -cost[candidate]
                if ahead > more or (ahead == more and ahead > 0 and spared > saved):
                    more, saved, comes, goes = ahead, spared, candidate, empty
            if blocks[candidate] > 1:
                continue
            for slot in range(slots):
                if chosen[slot] < 0 or (blocks[candidate] == 1 and blockers[candidate] != slot):
                    continue
                spared = cost[chosen[slot]] - cost[candidate]
                ahead = gain[candidate] - loss[slot] + extra[candidate * slots + slot]
                if (ahead > more or (ahead == more and spared > saved)) and (
                    spent - spared <= budget
                ):
                    more, saved, comes, goes = ahead, spared, candidate, slot
        if goes < 0:
            break
        covered += more
        spent -= saved
        if chosen[goes] >= 0:
            inside[chosen[goes]] = False
            lift(
                goes, start, row, back_start, back, weight, near_start, near,
                chosen, count, owners, gain, loss, extra, blocks, blockers,
            )  # fmt: skip
        if comes >= 0:
            inside[comes] = True
            place(
                goes, comes, start, row, back_start, back, weight, near_start, near,
                chosen, count, owners, gain, loss, extra, blocks, blockers,
            )  # fmt: skip
    return min(bound, covered + highest(gain, work, slots))


@compiled(f"void({_I64}, {_I32}, {_I64}, int32[::1], int64[::1])")
def rank(start: Int64s, row: Int32s, weight: Int64s, chosen: Int32s, marginal: Int64s) -> None:
    """Order the chosen by what each adds to those before it; among equals the lowest first."""
    sites = len(chosen)
    taken = np.zeros(len(weight), np.bool_)
    for turn in range(sites):
        best, most = -1, -1
        for k in range(turn, sites):
            people = 0
            for at in range(start[chosen[k]], start[chosen[k] + 1]):
                if not taken[row[at]]:
                    people += weight[row[at]]
            if people > most or (people == most and chosen[k] < chosen[best]):
                best, most = k, people
        chosen[turn], chosen[best] = chosen[best], chosen[turn]
        marginal[turn] = most
        for at in range(start[chosen[turn]], start[chosen[turn] + 1]):
            taken[row[at]] = True
