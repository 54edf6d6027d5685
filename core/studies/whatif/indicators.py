"""Indicators: all that a run counts people for, each with the lanes that it hangs on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.contract import BusinessFormat, Demand, Walker
from core.kernel.walkers import Profile
from core.kernel.walks import Deciseconds, deciseconds
from core.runs.lanes import Lane, lanes_of
from core.runs.network import at_own_pace, profile
from core.runs.terms import REPORT_WALKER, SLOT

Numbers: TypeAlias = Mapping[Profile, Mapping[Lane, int]]  # of lanes, by profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """People who walk in time to so many of some lanes: one number per area and group.

    ``profile`` is the walker's. ``key`` and ``minutes`` name one of the report; ``demand`` (its
    place in the ruleset) and ``sure`` one of the ruleset.
    """

    walker: Walker
    profile: Profile
    lanes: tuple[int, ...]
    minutes: float
    at_least: int
    groups: tuple[str, ...]
    key: str = ""
    demand: int = -1
    sure: bool = False

    def met(self, walks: Sequence[Deciseconds]) -> NDArray[np.bool_]:
        """Mark the homes where it is met.

        Parameters
        ----------
        walks
            One row a lane, one column a home, at the pace of all preparations.
        """
        limit = deciseconds(self.minutes)
        near = np.zeros(len(walks[0]), dtype=np.int16)
        for row in walks:
            near += at_own_pace(row, self.walker) <= limit
        answer: NDArray[np.bool_] = near >= self.at_least
        return answer


def reported(
    formats: Sequence[str],
    catalogue: Mapping[str, BusinessFormat],
    numbers: Numbers,
    minutes: Sequence[float],
    groups: tuple[str, ...],
) -> Iterator[Indicator]:
    """List what the report counts: every format and slot, by minutes."""
    number = numbers[profile(REPORT_WALKER)]
    lanes = {key: [number[Lane(format=key)]] for key in formats}
    for key, one in sorted(catalogue.items()):
        if one.slot:
            lanes.setdefault(f"{SLOT}{one.slot}", []).append(number[Lane(format=key)])
    for key, some in lanes.items():
        for each in minutes:
            yield Indicator(
                walker=REPORT_WALKER,
                profile=profile(REPORT_WALKER),
                lanes=tuple(some),
                minutes=each,
                at_least=1,
                groups=groups,
                key=key,
            )


def demanded(
    demands: Sequence[Demand], numbers: Numbers, groups: tuple[str, ...]
) -> Iterator[Indicator]:
    """List what the ruleset asks, surely and possibly; what is asked of unknown groups is left."""
    for place, demand in enumerate(demands):
        if demand.group not in groups:
            continue
        number = numbers[profile(demand.walker)]
        for sure in (True, False):
            yield Indicator(
                walker=demand.walker,
                profile=profile(demand.walker),
                lanes=tuple(number[lane] for lane in lanes_of(demand, sure=sure)),
                minutes=demand.minutes,
                at_least=demand.at_least,
                groups=(demand.group,),
                demand=place,
                sure=sure,
            )
