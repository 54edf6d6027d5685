"""A question for sites, checked: whom candidates reach, what they cost, how many may stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.kernel.compiled.exchange import count_alone
from core.kernel.compiled.signatures import gather, gather_all, mark, refine, sort_out, turn
from core.kernel.siting.candidates import Cover, TooClose

LARGEST = 2**62  # products of people and cost stay below this
MOST_PEOPLE = 2**52  # sums that a solver's floating point still holds whole
_WORTH_HELD = 2**27  # one gigabyte of what slots and candidates are worth to each other

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conditions:
    """What the planner allows.

    Parameters
    ----------
    at_most
        How many candidates may be chosen beside the fixed ones.
    cost
        What each candidate costs, in whole units of money; required with a budget.
    budget
        What the chosen may cost together, the fixed ones not counted.
    apart
        Candidates that may not stand together.
    fixed
        Candidates that are decided already: whom they reach is covered, who stands too close
        to them is out, and neither ``at_most`` nor the budget counts them. That two of them
        are too close to each other is the planner's business.
    allowed
        Candidates that may be chosen; all by default.
    """

    at_most: int
    cost: ArrayLike | None = None
    budget: int | None = None
    apart: TooClose | None = None
    fixed: Sequence[int] = ()
    allowed: ArrayLike | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """A question for sites, checked and merged; make one with :func:`ask`.

    Demand points that the same candidates reach are one row here; points where nobody lives or
    whom the fixed sites or no candidate reach are gone.

    Parameters
    ----------
    start, row
        Rows of each candidate that may be chosen; the others have none.
    back_start, back
        Candidates of each row.
    weight
        People of each row.
    alone
        People whom each candidate covers on its own.
    cost, budget
        What each candidate costs (zeros where nobody said), what all may cost, or None.
    near_start, near
        Candidates too close to each candidate.
    live
        Candidates that may be chosen.
    at_most
        How many may be chosen.
    fixed, fixed_people
        Candidates that stand already, and the people whom they reach.
    people
        All the people asked for, reachable or not.
    """

    start: Int64s
    row: Int32s
    back_start: Int64s
    back: Int32s
    weight: Int64s
    alone: Int64s
    cost: Int64s
    budget: int | None
    near_start: Int64s
    near: Int32s
    live: Bools
    at_most: int
    fixed: tuple[int, ...]
    fixed_people: int
    people: int

    @property
    def candidates(self) -> int:
        """Count the candidates."""
        return len(self.start) - 1

    @property
    def reachable(self) -> int:
        """Count the people whom at least one candidate could reach beside the fixed sites."""
        return int(self.weight.sum())

    def of(self, candidate: int) -> Int32s:
        """Give the rows that one candidate covers."""
        return self.row[self.start[candidate] : self.start[candidate + 1]]

    def people_of(self, chosen: Sequence[int]) -> int:
        """Count the people whom candidates cover together beside the fixed sites."""
        reached = np.zeros(len(self.weight), dtype=np.bool_)
        for site in chosen:
            reached[self.of(site)] = True
        return int(self.weight[reached].sum())

    def permits(self, chosen: Sequence[int]) -> bool:
        """Say whether candidates may stand together: live, few, cheap and apart enough."""
        sites = [int(site) for site in chosen]
        if len(set(sites)) != len(sites) or len(sites) > self.at_most:
            return False
        if not all(0 <= site < self.candidates and self.live[site] for site in sites):
            return False
        if self.budget is not None and int(self.cost[sites].sum()) > self.budget:
            return False
        near = (self.near[self.near_start[site] : self.near_start[site + 1]] for site in sites)
        return not any(np.isin(others, sites).any() for others in near)


def ask(
    cover: Cover, people: ArrayLike, conditions: Conditions, *, covered: ArrayLike | None = None
) -> Question:
    """Check a question for sites, and merge the demand points that it cannot tell apart.

    Parameters
    ----------
    cover
        Whom each candidate reaches.
    people
        People living at each demand point.
    conditions
        What is allowed.
    covered
        Demand points that existing outlets cover: nobody there counts.

    Raises
    ------
    ValueError
        If lengths differ, a number is negative, a budget comes without costs, people or costs
        are too many to add up exactly, or a fixed site is no candidate.
    TypeError
        If people or costs are not whole numbers.
    """
    living = _column("people", people, cover.points)
    if covered is not None:
        living = np.where(_mask("covered", covered, cover.points), 0, living)
    cost = _prices(conditions, cover.candidates)
    _summable(living, cost)
    total = int(living.sum())
    near_start, near = _near(conditions, cover.candidates)
    live = _live(conditions, cost)
    fixed = tuple(dict.fromkeys(int(site) for site in conditions.fixed))
    living = living.copy()
    for site in fixed:
        if not 0 <= site < cover.candidates:
            raise ValueError(f"fixed site {site} is none of {cover.candidates} candidates")
        living[cover.of(site)] = 0
        live[site] = False
        live[near[near_start[site] : near_start[site + 1]]] = False
    start, row, back_start, back, weight = merge(cover, living, live)
    alone = np.empty(cover.candidates, dtype=np.int64)
    count_alone(start, row, weight, alone)
    slots = min(conditions.at_most, int(np.count_nonzero(np.diff(start))))
    if slots * cover.candidates > _WORTH_HELD:
        raise ValueError(f"{slots} sites among {cover.candidates} candidates are too many at once")
    return Question(
        start=start,
        row=row,
        back_start=back_start,
        back=back,
        weight=weight,
        alone=alone,
        cost=cost,
        budget=conditions.budget,
        near_start=near_start,
        near=near,
        live=live,
        at_most=slots,
        fixed=fixed,
        fixed_people=total - int(living.sum()),
        people=total,
    )


def merge(
    cover: Cover, people: Int64s, live: Bools
) -> tuple[Int64s, Int32s, Int64s, Int32s, Int64s]:
    """Make one row of the demand points that the same live candidates reach.

    Returns
    -------
    start, row
        Rows of each candidate.
    back_start, back
        Candidates of each row.
    weight
        People of each row, always above 0; every row has a candidate.
    """
    sets, points = (cover.start, cover.row, live), cover.points
    marks = np.zeros(points, dtype=np.uint64)
    signature, eldest, size = (np.empty(points, dtype=np.int32) for _ in range(3))
    weight = np.empty(points, dtype=np.int64)
    start = np.empty(cover.candidates + 1, dtype=np.int64)
    row = np.empty(len(cover.row) + 1, dtype=np.int32)  # one more, for a last entry not kept
    mark(*sets, marks)
    rows = sort_out(marks, people, signature, eldest, size, weight)
    entries = gather_all(*sets, people, signature, eldest, size, rows, start, row)
    if entries < 0:  # two signatures had one mark: told apart by splitting, which takes longer
        rows = refine(*sets, people, eldest, weight)
        entries = gather(*sets, eldest, start, row)
    row, weight = row[:entries].copy(), weight[:rows].copy()
    back_start, back = np.zeros(rows + 1, dtype=np.int64), np.empty(entries, dtype=np.int32)
    turn(start, row, back_start, back)
    return start, row, back_start, back, weight


def _prices(conditions: Conditions, candidates: int) -> Int64s:
    budget, cost = conditions.budget, conditions.cost
    if budget is not None and (cost is None or not 0 <= budget < LARGEST):
        raise ValueError(f"a budget ({budget}) needs costs, and must lie within 0..{LARGEST - 1}")
    if cost is None:
        return np.zeros(candidates, dtype=np.int64)
    return _column("cost", cost, candidates)


def _near(conditions: Conditions, candidates: int) -> tuple[Int64s, Int32s]:
    apart = conditions.apart
    if apart is None:
        return np.zeros(candidates + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)
    if apart.candidates != candidates:
        raise ValueError(f"apart tells of {apart.candidates} of {candidates} candidates")
    return apart.start, apart.other


def _live(conditions: Conditions, cost: Int64s) -> Bools:
    """Mark the candidates that may be chosen on their own."""
    if conditions.at_most < 0:
        raise ValueError(f"at_most must not be negative, not {conditions.at_most}")
    live = np.ones(len(cost), dtype=np.bool_)
    if conditions.allowed is not None:
        live = _mask("allowed", conditions.allowed, len(cost)).copy()
    if conditions.budget is not None:
        live &= cost <= conditions.budget
    return live


def _summable(people: Int64s, cost: Int64s) -> None:
    """Refuse numbers whose sums or products no longer fit."""
    if sum(people.tolist()) > MOST_PEOPLE:
        raise ValueError("people are too many to be added up exactly")
    if sum(cost.tolist()) * max(int(people.sum()), 1) >= LARGEST:
        raise ValueError("costs are too large beside the people; give them in a larger unit")


def _column(name: str, values: ArrayLike, length: int) -> Int64s:
    column = np.asarray(values)
    if column.shape != (length,):
        raise ValueError(f"{name} must have {length} rows, not the shape {column.shape}")
    if length and not np.issubdtype(column.dtype, np.integer):
        raise TypeError(f"{name} must hold whole numbers, not {column.dtype}")
    if length and int(column.min()) < 0:
        raise ValueError(f"{name}[{int(np.argmin(column))}] is negative")
    return np.ascontiguousarray(column, dtype=np.int64)


def _mask(name: str, values: ArrayLike, length: int) -> Bools:
    mask: NDArray[Any] = np.asarray(values)
    if mask.shape != (length,) or mask.dtype != np.bool_:
        raise ValueError(f"{name} must be {length} truth values")
    return np.ascontiguousarray(mask)
