"""Upper bounds on what any choice of sites covers, by Lagrange multipliers in whole numbers.

A multiplier says what it is worth to a candidate to cover a row; whatever the multipliers are,
people - multiplier of every row, and the best so many candidates at their worth, are together at
least the optimum (Galvão and ReVelle 1996). Subgradients, scaled by the people of each row, bring
the bound down; as it holds for any multipliers, how they were found need not be exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import compiled

Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

_I32 = 'Array(int32, 1, "C", True)'
_I64 = 'Array(int64, 1, "C", True)'
_BOOL = 'Array(boolean, 1, "C", True)'
_SHORTEST_STEP = 1e-4
_STILL = 1e-6  # people; drifts of less lead nowhere


@compiled(
    f"int64({_I64}, {_I32}, {_I64}, {_I64}, int64, int64, {_BOOL}, int64, int64, "
    "int64, int64[::1], float64[::1], float64[::1], int64[::1], int32[::1])"
)
def tighten(
    start: Int64s,
    row: Int32s,
    weight: Int64s,
    cost: Int64s,
    budget: int,
    slots: int,
    live: Bools,
    known: int,
    rounds: int,
    lowest: int,
    now: Int64s,
    drift: Floats,
    pace: Floats,
    forced: Int64s,
    leaning: Int32s,
) -> int:
    """Bring the bound down for so many rounds.

    Parameters
    ----------
    start, row
        Rows of each candidate.
    weight
        People of each row, scaled up so that fractions of a person can be told.
    cost, budget, slots
        What each candidate costs, what all may cost (negative: anything), and how many may stand.
    live
        Candidates that may still be chosen.
    known
        People (scaled alike) whom a known choice covers.
    rounds
        Looks at the multipliers, at least one.
    lowest
        The bound so far (scaled alike).
    now
        The multipliers, one per row and one, the last, for the budget; read and written.
    drift
        Where the last rounds went, one like ``now``; read and written.
    pace
        The step, the rounds since the bound last fell (both read and written), what share of
        the drift is made anew each round, and after how many rounds the step is halved.
    forced
        The bound where this candidate must be chosen; lowered where these rounds know better.
    leaning
        Written: the candidates that the last multipliers lean to, the dearest first, then -1.

    Returns
    -------
    int
        The bound after these rounds, scaled alike.
    """
    candidates, rows = len(start) - 1, len(weight)
    worth = np.zeros(candidates, np.int64)
    standing = np.zeros(candidates, np.int64)
    times = np.zeros(rows, np.int32)
    priced = budget >= 0
    mean = 0.0
    for candidate in range(candidates):
        mean += max(cost[candidate], 0)
    mean = max(mean / max(candidates, 1), 1.0)
    heavy = max(float(known), 1.0) / max(slots, 1)  # what a site's cost counts like: its people
    dearest = 2**60 // max(budget, 1)  # a price whose products still fit
    for _ in range(max(rounds, 1)):
        price = int(now[rows]) if priced else 0
        bound = price * budget if priced else 0
        for one in range(rows):
            bound += int(weight[one] - now[one])
            times[one] = 0
        for candidate in range(candidates):
            value = -1
            if live[candidate]:
                value = 0
                for at in range(start[candidate], start[candidate + 1]):
                    value += now[row[at]]
                value -= price * cost[candidate]
            worth[candidate] = value
        order = np.argsort(-worth, kind="mergesort")
        standing[:] = 0
        leaning[:] = -1
        last, spent = 0, 0
        for k in range(min(slots, candidates)):
            candidate = order[k]
            if worth[candidate] <= 0:
                last = 0
                break
            last = worth[candidate]
            leaning[k] = candidate
            bound += last
            standing[candidate] = 1
            spent += cost[candidate]
            for at in range(start[candidate], start[candidate + 1]):
                times[row[at]] += 1
        if slots == 0 or candidates < slots:
            last = 0
        if bound < lowest:
            lowest = bound
            pace[1] = 0
        else:
            pace[1] += 1
            if pace[1] >= pace[3]:
                pace[1] = 0
                pace[0] /= 2
        for candidate in range(candidates):
            held = bound
            if standing[candidate] == 0:
                held += worth[candidate] - last
            if live[candidate] and held < forced[candidate]:
                forced[candidate] = held
        if lowest <= known or pace[0] < _SHORTEST_STEP:
            break
        length = 0.0
        for one in range(rows):
            drift[one] += pace[2] * (times[one] - 1 - drift[one])
            if (drift[one] < 0 and now[one] < weight[one]) or (drift[one] > 0 and now[one] > 0):
                length += weight[one] * drift[one] * drift[one]
        if priced:
            drift[rows] += pace[2] * ((spent - budget) / mean - drift[rows])
            if drift[rows] > 0 or price > 0:
                length += heavy * drift[rows] * drift[rows]
        if length < _STILL:
            break
        stride = pace[0] * float(bound - known) / length
        for one in range(rows):
            whole = float(weight[one])
            by = min(max(stride * whole * drift[one], -whole), whole)
            moved = int(now[one]) - int(np.rint(by))
            now[one] = min(max(moved, 0), int(weight[one]))
        if priced:
            by = stride * heavy * drift[rows] / mean
            moved = price + int(np.rint(min(max(by, -float(dearest)), float(dearest))))
            now[rows] = min(max(moved, 0), dearest)
    return lowest
