"""How good an answer for sites is, proven: multipliers first, then the integer solver HiGHS."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.kernel.siting.bounds import Multipliers
from core.kernel.siting.candidates import Cover
from core.kernel.siting.choice import Patience, Sites, choose, improve, ranked
from core.kernel.siting.question import Bools, Question, merge

HASTY, STEADY = 5, 30  # beginnings from the multipliers before the solver is asked
HASTY_ROUNDS, STEADY_ROUNDS = 10, 25  # looks at the multipliers before each
SECONDS = 4.0  # with what comes before, an answer within five
MULTIPLIERS_SHARE = 0.5  # of the time; the solver has what they leave
ENTRIES_A_SECOND = 25_000  # a programme with more for its time is not begun: it would not keep it
_SLACK = 0.01  # people by which the solver's floating point bound may be too low
OPTIONS = {
    "output_flag": False,
    "threads": 1,  # the pool is made once a process; one thread also fixes the order of work
    "random_seed": 0,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.98,  # people; a bound that close, with the slack, rounds down to the answer
}

Clique = list[int]


class Proof(Enum):
    """Who proved the upper bound."""

    MULTIPLIERS = "multipliers"
    SOLVER = "solver"
    SOLVER_FAILED = "solver_failed"  # the bound is then that of the multipliers


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The best answer known, and what no permitted answer can surpass.

    Parameters
    ----------
    sites
        The answer, counted in whole numbers by this engine, whoever found it.
    proof
        Where the upper bound comes from.
    """

    sites: Sites
    proof: Proof

    @property
    def chosen(self) -> tuple[int, ...]:
        """Give the chosen candidates."""
        return self.sites.chosen

    @property
    def people(self) -> int:
        """Count the people whom they cover."""
        return self.sites.people

    @property
    def upper_bound(self) -> int:
        """Give the people that no permitted choice surpasses."""
        return self.sites.upper_bound

    @property
    def optimal(self) -> bool:
        """Say whether it is proven that nothing covers one person more."""
        return self.sites.proven

    @property
    def gap(self) -> float:
        """Give the share by which the best choice could at most surpass this one.

        Infinity where nobody is covered but somebody might be.
        """
        if self.optimal:
            return 0.0
        return (self.upper_bound - self.people) / self.people if self.people else math.inf

    @property
    def sentences(self) -> tuple[str, str]:
        """Say it in Chinese and in English."""
        if self.optimal:
            return (
                f"已证明最优：新增覆盖 {self.people} 人，任何允许的方案都不会更多。",
                f"Proven: {self.people} people are newly covered; no permitted choice has more.",
            )
        more = self.upper_bound - self.people
        chinese = f"新增覆盖 {self.people} 人；尚未证明最优，最好的方案最多再多 {more} 人。"
        english = (
            f"{self.people} people are newly covered; not proven best: the best choice covers at "
            f"most {more} more."
        )
        if self.proof is Proof.SOLVER_FAILED:
            return (
                chinese + "求解器未能运行，方案和上界仍然有效；可稍后重试。",
                english
                + " The solver did not run; the answer and the bound hold. Try again later.",
            )
        return chinese + "延长求解时间可缩小差距。", english + " More time narrows this."


def certify(
    question: Question, sites: Sites | None = None, *, seconds: float = SECONDS
) -> Certificate:
    """Prove how good an answer is, and better it where the proof finds a better one.

    Lagrange multipliers bound the optimum and rule out candidates with whom nothing surpasses
    the answer; most often that is the whole proof. What is left goes to HiGHS (Huangfu and Hall
    2018) as an integer programme in which only the sites are whole numbers. Its answer is
    counted anew here, and its bound, found in floating point, is taken a hundredth of a person
    higher and rounded down. One thread and fixed seeds: the same question gives the same
    certificate, unless the time runs out.

    Parameters
    ----------
    question
        The checked question.
    sites
        An answer to it; made here where it is not given.
    seconds
        How long to look: half of it at most for the multipliers, what they leave for the solver.
        A programme too large for its time is left to the multipliers. With 0 nothing is looked
        for, and the bound is that of the answer.

    Raises
    ------
    ValueError
        If the answer is not permitted, or the time is negative or not finite.
    """
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError(f"seconds must be finite and not negative, not {seconds}")
    known = choose(question) if sites is None else sites
    if not question.permits(known.chosen):
        raise ValueError("the answer to prove is not permitted by the question")
    begun = time.monotonic()
    until = begun + seconds * MULTIPLIERS_SHARE
    multipliers = Multipliers(question, known.chosen)
    best, bound = known.chosen, known.upper_bound
    for cycles, rounds in ((HASTY, HASTY_ROUNDS), (STEADY, STEADY_ROUNDS)):
        patience = Patience(cycles=cycles, rounds=rounds, until=until)
        best, bound = improve(question, best, bound, multipliers, patience=patience)
        multipliers.settle()
    people = question.people_of(best)
    if people >= bound or seconds == 0:
        return _certificate(question, best, known, bound, Proof.MULTIPLIERS)
    kept = ~multipliers.hopeless() & question.live
    kept[list(best)] = True
    solved = _solve(question, kept, best, begun + seconds - time.monotonic())
    if solved is None:
        return _certificate(question, best, known, bound, Proof.SOLVER_FAILED)
    found, limit = solved
    if question.permits(found) and question.people_of(found) > people:
        best, people = found, question.people_of(found)
    proof = Proof.SOLVER if limit < bound else Proof.MULTIPLIERS
    return _certificate(question, best, known, max(people, min(bound, limit)), proof)


def _certificate(
    question: Question, chosen: Sequence[int], known: Sites, bound: int, proof: Proof
) -> Certificate:
    greedy_people = known.greedy_people
    sites = ranked(question, chosen, upper_bound=bound, greedy_people=greedy_people)
    return Certificate(sites=sites, proof=proof)


def _solve(
    question: Question, kept: Bools, known: Sequence[int], seconds: float
) -> tuple[tuple[int, ...], int] | None:
    """Ask HiGHS for the best choice among the kept candidates; None where it fails.

    Returns
    -------
    tuple or None
        The sites it found, and an upper bound for choices of kept candidates.
    """
    rows = _merged(question, kept)
    pairs = np.diff(question.near_start)[kept].sum()
    if len(rows.row) + pairs > ENTRIES_A_SECOND * seconds:
        return (), question.reachable
    try:
        import highspy  # noqa: PLC0415 - 0.1 s that only a proof needs
    except ImportError:
        return None
    candidates = np.flatnonzero(kept)
    # The class itself prints a banner into our output, for callbacks that are not used here.
    bare: Any = highspy.Highs.__base__
    solver = bare()
    options = {**OPTIONS, "time_limit": float(seconds)}
    done = [solver.setOptionValue(name, value) for name, value in options.items()]
    done.append(solver.passModel(_programme(highspy, question, kept, rows)))
    if highspy.HighsStatus.kError in done:
        return None
    solver.setSolution(_beginning(highspy, rows, candidates, known))
    if solver.run() == highspy.HighsStatus.kError:
        return None
    values = np.array(solver.getSolution().col_value)[: len(candidates)]
    found = tuple(candidates[: len(values)][values > 0.5].tolist())  # noqa: PLR2004 - a half
    limit = -solver.getInfo().mip_dual_bound
    bound = math.floor(limit + _SLACK) if math.isfinite(limit) else question.reachable
    return found, bound


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """The rows that kept candidates tell apart."""

    start: NDArray[np.int64]
    row: NDArray[np.int32]
    back_start: NDArray[np.int64]
    back: NDArray[np.int32]
    weight: NDArray[np.int64]


def _merged(question: Question, kept: Bools) -> _Rows:
    whole = Cover(points=len(question.weight), start=question.start, row=question.row)
    start, row, back_start, back, weight = merge(whole, question.weight, kept)
    return _Rows(start=start, row=row, back_start=back_start, back=back, weight=weight)


def _programme(highspy: Any, question: Question, kept: Bools, people: _Rows) -> Any:
    """Write the programme: sites x in {0, 1}; a row is covered, y <= 1, at most by its sites."""
    candidates, rows = np.flatnonzero(kept), len(people.weight)
    column, sites = np.cumsum(kept) - 1, len(candidates)
    ends = people.back_start[1:]  # y of each row stands behind the x of its sites
    sizes = [np.diff(people.back_start) + 1]
    indices = [np.insert(column[people.back], ends, sites + np.arange(rows))]
    factors = [np.insert(np.full(len(people.back), -1.0), ends, 1.0)]
    upper = [np.zeros(rows)]
    limits = [(np.arange(sites), np.ones(sites), float(question.at_most))]
    if question.budget is not None:
        unit = max(1, question.budget)
        prices = question.cost[candidates] / unit
        limits.append((np.arange(sites), prices, question.budget / unit))
    limits += [(column[one], np.ones(len(one)), 1.0) for one in cliques(question, kept)]
    for columns, factor, most in limits:
        sizes.append(np.array([len(columns)]))
        indices.append(columns)
        factors.append(factor)
        upper.append(np.array([most]))
    starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = sites + rows, len(starts) - 1
    model.col_cost_ = np.concatenate([np.zeros(sites), -people.weight.astype(np.float64)])
    model.col_lower_, model.col_upper_ = np.zeros(sites + rows), np.ones(sites + rows)
    model.row_lower_ = np.full(len(starts) - 1, -highspy.kHighsInf)
    model.row_upper_ = np.concatenate(upper)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.num_col_, model.a_matrix_.num_row_ = sites + rows, len(starts) - 1
    model.a_matrix_.start_ = starts
    model.a_matrix_.index_ = np.concatenate(indices)
    model.a_matrix_.value_ = np.concatenate(factors)
    kinds = highspy.HighsVarType
    model.integrality_ = [kinds.kInteger] * sites + [kinds.kContinuous] * rows
    return model


def _beginning(
    highspy: Any, people: _Rows, candidates: NDArray[np.int64], known: Sequence[int]
) -> Any:
    """Hand the solver the known answer to begin with."""
    values = np.zeros(len(candidates) + len(people.weight))
    values[np.searchsorted(candidates, np.array(known, dtype=np.int64))] = 1
    for site in known:
        values[len(candidates) + people.row[people.start[site] : people.start[site + 1]]] = 1
    solution = highspy.HighsSolution()
    solution.col_value = values.tolist()
    return solution


def cliques(question: Question, kept: Bools) -> list[Clique]:
    """Cover the pairs that stand too close by groups of which at most one may stand.

    A group says more to the solver than its pairs. Each pair that no earlier group holds is
    grown, lowest candidates first, into a group in which all are too close to each other.
    """
    near = {
        int(site): {int(other) for other in question.near[begin:end] if kept[other]}
        for site, begin, end in zip(
            np.flatnonzero(kept),
            question.near_start[:-1][kept],
            question.near_start[1:][kept],
            strict=True,
        )
    }
    told: set[tuple[int, int]] = set()
    groups: list[Clique] = []
    for site in sorted(near):
        for other in sorted(near[site]):
            if other < site or (site, other) in told:
                continue
            group = [site, other]
            common = near[site] & near[other]
            while common:
                group.append(min(common))
                common &= near[group[-1]]
            group.sort()
            told.update((a, b) for at, a in enumerate(group) for b in group[at + 1 :])
            groups.append(group)
    return groups
