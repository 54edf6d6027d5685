"""What no choice of sites can surpass, and the candidates that cannot help."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.kernel.compiled.multipliers import tighten
from core.kernel.siting.question import MOST_PEOPLE, Bools, Int64s, Question

FINEST_BITS = 20  # a multiplier tells 2^-20 of a person apart, or less where people are many
HASTE = 5  # rounds without a lower bound until the step is halved, where the answer cannot wait
PATIENCE = 20  # the same, where it can
STEADY_SHARE = 0.1  # of each round's direction; nine tenths are that of the rounds before
STEADY_STEP = 0.25


class Multipliers:
    """Lagrange multipliers of a question, brought down in as many goes as one likes.

    Parameters
    ----------
    question
        The checked question.
    chosen
        A permitted answer to it, whose people are the least that the best answer covers.
    """

    def __init__(self, question: Question, chosen: Sequence[int]) -> None:
        total = max(question.reachable, 1)
        finest = MOST_PEOPLE.bit_length() - total.bit_length()
        self._scale = 1 << max(0, min(FINEST_BITS, finest))
        self._question = question
        self._weight = question.weight * self._scale
        self._known = question.people_of(chosen)
        self._lowest = total * self._scale
        self._now = np.zeros(len(question.weight) + 1, dtype=np.int64)
        self._now[:-1] = self._weight // np.maximum(_times(question, chosen), 1)
        self._drift = np.zeros(len(self._now))
        self._pace = np.array([1.0, 0.0, 1.0, HASTE])
        self._forced = np.full(question.candidates, self._lowest, dtype=np.int64)
        self._leaning = np.full(question.at_most, -1, dtype=np.int32)

    @property
    def bound(self) -> int:
        """Give the people that no permitted choice surpasses, as far as is known."""
        return max(self._lowest // self._scale, self._known)

    def learn(self, people: int) -> None:
        """Hear of a permitted choice that covers so many people."""
        self._known = max(self._known, people)

    def settle(self) -> None:
        """Go steadily from here: the bound falls late, but much lower in the end."""
        self._pace[:] = STEADY_STEP, 0.0, STEADY_SHARE, PATIENCE

    def tighten(self, rounds: int) -> int:
        """Bring the bound down for so many rounds, and give it."""
        question = self._question
        self._lowest = int(
            tighten(
                question.start,
                question.row,
                self._weight,
                question.cost,
                -1 if question.budget is None else question.budget,
                question.at_most,
                question.live,
                self._known * self._scale,
                rounds,
                self._lowest,
                self._now,
                self._drift,
                self._pace,
                self._forced,
                self._leaning,
            )
        )
        return self.bound

    def leaning(self) -> list[int]:
        """Give a permitted choice of the candidates that the multipliers lean to."""
        question, spent = self._question, 0
        blocked = np.zeros(question.candidates, dtype=np.bool_)
        picked: list[int] = []
        for site in self._leaning[self._leaning >= 0].tolist():
            price = int(question.cost[site])
            if blocked[site] or (question.budget is not None and spent + price > question.budget):
                continue
            picked.append(site)
            spent += price
            blocked[question.near[question.near_start[site] : question.near_start[site + 1]]] = True
        return picked

    def hopeless(self) -> Bools:
        """Mark the candidates with whom nothing covers more people than the known answer."""
        dead: Bools = self._forced // self._scale <= self._known
        return dead


def _times(question: Question, chosen: Sequence[int]) -> Int64s:
    """Count for each row the chosen that cover it."""
    times = np.zeros(len(question.weight), dtype=np.int64)
    for site in chosen:
        times[question.of(site)] += 1
    return times
