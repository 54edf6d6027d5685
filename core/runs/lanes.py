"""Lanes: business formats, opening windows and walkers, each searched once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.contract import Demand, Walker, Window
from core.kernel.compiled.lanes import LANES
from core.kernel.reach import Reached, search
from core.kernel.walkers import Profile
from core.kernel.walks import UNREACHED, Deciseconds, deciseconds
from core.runs.hours import open_throughout
from core.runs.network import Network, at_own_pace, at_pace, profile
from core.runs.terms import REPORT_WALKER
from core.runs.town import Offers, Town

Ticks: TypeAlias = Callable[[int, int], None]
Rows: TypeAlias = NDArray[np.int32]


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
    """The lanes to walk for all walkers of one profile, and how far, in deciseconds at ``PACE``."""

    limit_ds: int = 0
    lanes: list[Lane] = field(default_factory=list)

    def add(self, lane: Lane, walker: Walker, minutes: float) -> None:
        """Ask for a lane once, and for walks of at least so many of the walker's minutes."""
        if lane not in self.lanes:
            self.lanes.append(lane)
        self.limit_ds = max(self.limit_ds, at_pace(deciseconds(minutes), walker))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walks:
    """Walking time per home, by profile and lane: which lines hold it, and where in them."""

    found: Mapping[tuple[Profile, Lane], tuple[Reached, int]]
    homes: int

    def of(self, walker: Walker, lane: Lane, minutes: float) -> Deciseconds:
        """Give one lane's walks (homes,) of a walker, ``UNREACHED`` beyond so many minutes.

        Nothing is reached where no outlet offers what the lane asks.
        """
        place = self.found.get((profile(walker), lane))
        if place is None:
            return np.full(self.homes, UNREACHED, dtype=np.int32)
        reached, number = place
        walks = at_own_pace(reached.row(number), walker)
        walks[walks > deciseconds(minutes)] = UNREACHED
        return walks


def lanes_of(demand: Demand, *, sure: bool) -> tuple[Lane, ...]:
    """Name the lanes that answer a demand, one a format."""
    sure = sure or demand.window is None
    return tuple(Lane(format=key, window=demand.window, sure=sure) for key in demand.formats)


def wanted(
    demands: Sequence[Demand], offered: Sequence[str], report_minutes: float
) -> dict[Profile, Wanted]:
    """Collect every lane once by the walkers' profile: the report's, then the ruleset's."""
    by_profile: dict[Profile, Wanted] = {}
    report = by_profile.setdefault(profile(REPORT_WALKER), Wanted())
    for key in offered:
        report.add(Lane(format=key), REPORT_WALKER, report_minutes)
    known = set(offered)
    for demand in demands:
        mine = by_profile.setdefault(profile(demand.walker), Wanted())
        for sure in (True, False):
            for lane in lanes_of(demand, sure=sure):
                if lane.format in known:
                    mine.add(lane, demand.walker, demand.minutes)
    return by_profile


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


def walk(
    town: Town,
    networks: Mapping[Profile, Network],
    by_profile: Mapping[Profile, Wanted],
    tick: Ticks,
) -> Walks:
    """Search every lane, 32 in one pass; lanes with the same outlets are searched once.

    ``tick(done, total)`` counts lanes and may raise to stop.
    """
    total = sum(len(want.lanes) for want in by_profile.values())
    done = 0
    found: dict[tuple[Profile, Lane], tuple[Reached, int]] = {}
    for one, want in by_profile.items():
        sets = {lane: outlets_in(town.offers, lane) for lane in want.lanes}
        distinct = {rows.tobytes(): rows for rows in sets.values()}
        places: dict[bytes, tuple[Reached, int]] = {}
        order = list(distinct)
        for first in range(0, len(order), LANES):
            names = order[first : first + LANES]
            tick(done + first * len(want.lanes) // len(order), total)
            reached = search(
                networks[one].prepared,
                networks[one].outlets,
                networks[one].homes,
                lanes=[distinct[name] for name in names],
                limit_ds=want.limit_ds,
            )
            places |= {name: (reached, number) for number, name in enumerate(names)}
        found |= {(one, lane): places[rows.tobytes()] for lane, rows in sets.items()}
        done += len(want.lanes)
    tick(total, total)
    return Walks(found=found, homes=len(town.homes.lon))
