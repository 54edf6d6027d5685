"""Lanes: one search per business format, opening window and walker, each made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.contract import Demand, Walker, Window
from core.kernel.reach import reach
from core.kernel.walks import UNREACHED, Deciseconds, deciseconds
from core.runs.hours import open_throughout
from core.runs.town import Offers, Town

AT_ONCE = 8  # lanes between two looks at progress and cancellation

Ticks: TypeAlias = Callable[[int, int], None]
Rows: TypeAlias = NDArray[np.int32]

REPORT_WALKER = Walker()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The outlets that offer a format: all, or those open in a window.

    With a window, ``sure`` takes those known to be open, otherwise also those whose hours are
    unknown.
    """

    format: str
    window: Window | None = None
    sure: bool = True


@dataclass(slots=True)
class Wanted:
    """The lanes one walker has to walk, and how long a walk matters."""

    limit_minutes: float = 0.0
    lanes: list[Lane] = field(default_factory=list)

    def add(self, lane: Lane, minutes: float) -> None:
        """Ask for a lane once, and for walks of at least so many minutes."""
        if lane not in self.lanes:
            self.lanes.append(lane)
        self.limit_minutes = max(self.limit_minutes, minutes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walks:
    """Walking time per home, by speed and lane."""

    by_lane: Mapping[tuple[float, Lane], Deciseconds]
    homes: int

    def of(self, speed_mps: float, lane: Lane) -> Deciseconds:
        """Give one lane's row (homes,); everything is unreached where no outlet offers it."""
        row = self.by_lane.get((speed_mps, lane))
        return np.full(self.homes, UNREACHED, dtype=np.int32) if row is None else row


def lanes_of(demand: Demand, *, sure: bool) -> tuple[Lane, ...]:
    """Name the lanes that answer a demand, one a format."""
    sure = sure or demand.window is None
    return tuple(Lane(format=key, window=demand.window, sure=sure) for key in demand.formats)


def wanted(
    demands: Sequence[Demand], offered: Sequence[str], report_minutes: float
) -> dict[float, Wanted]:
    """Collect every lane once by walking speed: the report's, then the ruleset's."""
    by_speed: dict[float, Wanted] = {}
    report = by_speed.setdefault(REPORT_WALKER.metres_per_second, Wanted())
    for key in offered:
        report.add(Lane(format=key), report_minutes)
    known = set(offered)
    for demand in demands:
        walker = by_speed.setdefault(demand.walker.metres_per_second, Wanted())
        for sure in (True, False):
            for lane in lanes_of(demand, sure=sure):
                if lane.format in known:
                    walker.add(lane, demand.minutes)
    return by_speed


def outlets_in(offers: Offers, lane: Lane) -> Rows:
    """Give the rows of the outlets in a lane, each once, in order."""
    rows = np.flatnonzero(offers.format == lane.format)
    if lane.window is not None:
        keep = {True} if lane.sure else {True, None}
        rows = rows[[open_throughout(str(offers.hours[row]), lane.window) in keep for row in rows]]
    outlets: Rows = np.unique(offers.outlet[rows]).astype(np.int32)
    return outlets


def hours_known(offers: Offers, formats: Sequence[str], window: Window) -> bool:
    """Tell whether anything of these formats states hours that say yes or no."""
    rows = np.flatnonzero(np.isin(offers.format, list(formats)))
    return any(open_throughout(str(offers.hours[row]), window) is not None for row in rows)


def walk(town: Town, by_speed: Mapping[float, Wanted], tick: Ticks) -> Walks:
    """Measure every lane; lanes with the same outlets are walked once.

    ``tick(done, total)`` counts lanes and may raise to stop.
    """
    total = sum(len(want.lanes) for want in by_speed.values())
    done = 0
    found: dict[tuple[float, Lane], Deciseconds] = {}
    for speed, want in sorted(by_speed.items()):
        limit = deciseconds(want.limit_minutes)
        sets = {lane: outlets_in(town.offers, lane) for lane in want.lanes}
        distinct = {rows.tobytes(): rows for rows in sets.values()}
        walked: dict[bytes, Deciseconds] = {}
        order = list(distinct)
        for first in range(0, len(order), AT_ONCE):
            batch = order[first : first + AT_ONCE]
            tick(done + first * len(want.lanes) // len(order), total)
            found_rows = reach(
                town.streets,
                town.outlets,
                town.homes.snapped,
                lanes=[distinct[name] for name in batch],
                speed_mps=speed,
                limit_ds=limit,
            )
            walked.update(zip(batch, found_rows, strict=True))
        for lane, rows in sets.items():
            found[speed, lane] = walked[rows.tobytes()]
        done += len(want.lanes)
    tick(total, total)
    return Walks(by_lane=found, homes=len(town.homes.lon))
