"""Which few sites cover most people who are not covered yet: maximal covering, at once."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.kernel.compiled.exchange import exchange, rank
from core.kernel.siting.bounds import Multipliers
from core.kernel.siting.question import LARGEST, Question

ROUNDS = 4  # looks at the multipliers between two beginnings
CYCLES = 4  # beginnings from the multipliers in an answer that must come at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """An answer: which candidates, and what each adds.

    Parameters
    ----------
    chosen
        Candidates; each adds most people to those before it, equal ones lowest number first.
    marginal
        People whom each covers and none before it.
    people
        People whom the chosen cover and the fixed do not: the sum of ``marginal``.
    cost
        What the chosen cost together.
    greedy_people
        People whom the greedy beginning covered, before exchanges.
    upper_bound
        No permitted choice covers more people than this: proven, but not always reached.
    """

    chosen: tuple[int, ...]
    marginal: tuple[int, ...]
    people: int
    cost: int
    greedy_people: int
    upper_bound: int

    @property
    def proven(self) -> bool:
        """Say whether the bound already shows that nothing covers more."""
        return self.people == self.upper_bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What so many sites cover, and what no permitted choice of so many surpasses."""

    people: int
    upper_bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long exchanges begin anew.

    Parameters
    ----------
    cycles
        How many beginnings.
    rounds
        Looks at the multipliers before each.
    until
        None begins after this time of ``time.monotonic``.
    """

    cycles: int
    rounds: int
    until: float = math.inf


def choose(
    question: Question, *, cycles: int = CYCLES, begin: Sequence[Sequence[int]] = ()
) -> Sites:
    """Choose sites: greedy, then the best exchanges; not always the optimum, but bounded.

    With a budget both greedy beginnings, by people and by people per cost, are taken to their
    end. Then the exchanges begin anew, so many times, from what Lagrange multipliers lean to,
    while the multipliers bring the upper bound down. The best answer is given: most people,
    then least cost, then the first found.

    Parameters
    ----------
    question
        The checked question.
    cycles
        How often to begin anew; 0 for the greedy beginnings alone, more for a better answer
        and a lower bound.
    begin
        Permitted choices to begin from too: the answer covers no fewer people than any of them.
    """
    found: list[tuple[int, ...]] = []
    greedy_people, bound = 0, question.reachable
    beginnings = [tuple(one) for one in begin]
    for by_cost in (False, True) if question.budget is not None else (False,):
        begun, _ = _exchanged(question, by_cost=by_cost, moves=0)
        greedy_people = max(greedy_people, question.people_of(begun))
        beginnings.append(begun)
    for begun in beginnings:
        if not question.permits(begun):
            raise ValueError(f"sites {begun} to begin from are not permitted by the question")
        chosen, limit = _exchanged(question, begun)
        bound = min(bound, limit)
        found.append(chosen)
    best = max(found, key=lambda sites: _worth(question, sites))
    multipliers = Multipliers(question, best)
    best, bound = improve(
        question, best, bound, multipliers, patience=Patience(cycles=cycles, rounds=ROUNDS)
    )
    return ranked(question, best, upper_bound=bound, greedy_people=greedy_people)


def improve(
    question: Question,
    best: tuple[int, ...],
    bound: int,
    multipliers: Multipliers,
    *,
    patience: Patience,
) -> tuple[tuple[int, ...], int]:
    """Begin exchanges anew from what the multipliers lean to, until the bound is met.

    Parameters
    ----------
    question
        The checked question.
    best, bound
        The best permitted choice so far, and an upper bound.
    multipliers
        Lowered on the way.
    patience
        How long to go on.

    Returns
    -------
    best, bound
        The same, not worse.
    """
    for _ in range(patience.cycles):
        if time.monotonic() >= patience.until:
            break
        bound = min(bound, multipliers.tighten(patience.rounds))
        if question.people_of(best) >= bound:
            break
        chosen, limit = _exchanged(question, multipliers.leaning())
        bound = min(bound, limit)
        best = max(best, chosen, key=lambda sites: _worth(question, sites))
        multipliers.learn(question.people_of(best))
    return best, bound


def curve(question: Question, sites: Sites) -> tuple[Sites, tuple[Step, ...]]:
    """Say what 0, 1, 2 … sites cover, up to as many as the question allows.

    Each step begins from the sites of the one before, adds one and exchanges until nothing is
    better. More sites never cover fewer people, and no bound lies above that of more sites.

    Parameters
    ----------
    question
        The checked question.
    sites
        An answer to it.

    Returns
    -------
    Sites
        The answer, or a better one where the last step found it.
    tuple of Step
        One for each number of sites, none first; the last is that answer.
    """
    found, begun = [Step(people=0, upper_bound=0)], sites.chosen[:0]
    for slots in range(1, question.at_most + 1):
        begun, bound = _exchanged(replace(question, at_most=slots), begun)
        found.append(Step(people=question.people_of(begun), upper_bound=bound))
    bound = min(sites.upper_bound, found[-1].upper_bound)
    best = max(sites.chosen, begun, key=lambda chosen: _worth(question, chosen))
    better = ranked(question, best, upper_bound=bound, greedy_people=sites.greedy_people)
    return better, told(found, better)


def told(steps: Sequence[Step], sites: Sites) -> tuple[Step, ...]:
    """End a curve with an answer that is not worse, whose bound holds for fewer sites too."""
    bound = sites.upper_bound
    found = [Step(people=sites.people, upper_bound=bound)]
    for step in reversed(steps[:-1]):
        bound = min(bound, step.upper_bound)
        found.append(Step(people=step.people, upper_bound=bound))
    return tuple(reversed(found))


def ranked(
    question: Question, chosen: Sequence[int], *, upper_bound: int, greedy_people: int
) -> Sites:
    """Put chosen candidates in order and count what each adds."""
    sites = np.array(chosen, dtype=np.int32)
    marginal = np.zeros(len(sites), dtype=np.int64)
    rank(question.start, question.row, question.weight, sites, marginal)
    return Sites(
        chosen=tuple(sites.tolist()),
        marginal=tuple(marginal.tolist()),
        people=int(marginal.sum()),
        cost=int(question.cost[sites].sum()),
        greedy_people=greedy_people,
        upper_bound=upper_bound,
    )


def _worth(question: Question, chosen: Sequence[int]) -> tuple[int, int]:
    return question.people_of(chosen), -int(question.cost[list(chosen)].sum())


def _exchanged(
    question: Question,
    begin: Sequence[int] = (),
    *,
    by_cost: bool = False,
    moves: int = LARGEST,
) -> tuple[tuple[int, ...], int]:
    slots = np.full(question.at_most, -1, dtype=np.int32)
    slots[: len(begin)] = begin
    bound = exchange(
        question.start,
        question.row,
        question.back_start,
        question.back,
        question.weight,
        question.near_start,
        question.near,
        question.alone,
        question.cost,
        LARGEST if question.budget is None else question.budget,
        by_cost,
        moves,
        slots,
    )
    return tuple(slots[slots >= 0].tolist()), int(bound)
