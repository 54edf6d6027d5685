"""Let people move in: how many behind each door, and how old they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.demo.sketch import Sketch

People = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Habit:
    """Who lives in a kind of quarter.

    ``behind_door`` is the mean number of people, ``spread`` the shape of its gamma distribution
    (higher is more even). Then shares: aged 60 and over of all, 65 and over of those, below
    seven of all, below four of those. Together they come near the national age structure.
    """

    behind_door: float
    spread: float
    over_60: float
    over_65: float
    below_7: float
    below_4: float


HABITS = {
    "oldtown": Habit(5.0, 2.5, 0.31, 0.74, 0.040, 0.46),
    "estate": Habit(22.0, 9.0, 0.29, 0.72, 0.048, 0.46),
    "tower": Habit(74.0, 14.0, 0.17, 0.68, 0.068, 0.48),
    "new": Habit(60.0, 6.0, 0.085, 0.64, 0.105, 0.52),
    "village": Habit(8.0, 2.0, 0.10, 0.66, 0.055, 0.50),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Residents:
    """People by home, one row a home in the sketch's order."""

    people: People
    over_60: People
    over_65: People
    below_4: People
    below_7: People


def settle(sketch: Sketch, residents: int, rng: np.random.Generator) -> Residents:
    """Spread exactly ``residents`` people over the homes and draw their ages.

    Raises
    ------
    ValueError
        When there are fewer residents than homes: nobody would live behind some doors.
    """
    quarter = np.array([home.quarter for home in sketch.homes])
    if residents < len(quarter):
        raise ValueError(f"{residents} residents for {len(quarter)} homes")
    habits = [HABITS[q.kind] for q in sketch.quarters]
    mean = np.array([h.behind_door for h in habits])[quarter]
    spread = np.array([h.spread for h in habits])[quarter]
    people = apportion(rng.gamma(spread, mean / spread), residents)

    def share(values: list[float], sure: float) -> NDArray[np.float64]:
        middle = np.array(values)
        drawn: NDArray[np.float64] = rng.beta(middle * sure, (1 - middle) * sure)[quarter]
        return drawn

    old = share([h.over_60 for h in habits], 120)
    over_60 = rng.binomial(people, old)
    over_65 = rng.binomial(over_60, share([h.over_65 for h in habits], 200))
    young = share([h.below_7 for h in habits], 400)
    below_7 = rng.binomial(people - over_60, np.minimum(1.0, young / (1 - old)))
    below_4 = rng.binomial(below_7, share([h.below_4 for h in habits], 300))
    return Residents(
        people=people,
        over_60=over_60.astype(np.int32),
        over_65=over_65.astype(np.int32),
        below_4=below_4.astype(np.int32),
        below_7=below_7.astype(np.int32),
    )


def apportion(weights: NDArray[np.float64], total: int) -> People:
    """Give each weight one and its part of the rest, in whole numbers that add up to ``total``."""
    rest = total - len(weights)
    exact = weights / weights.sum() * rest
    whole = np.floor(exact).astype(np.int64)
    short = rest - int(whole.sum())
    largest = np.argsort(whole - exact, kind="stable")[:short]
    whole[largest] += 1
    given: People = (whole + 1).astype(np.int32)
    return given
