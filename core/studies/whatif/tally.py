"""Tally: what a scenario adds to and takes from every indicator, kept right edit by edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.walkers import Profile
from core.kernel.walks import Deciseconds
from core.kernel.whatif.scenario import LaneChange
from core.runs.town import Counts
from core.studies.whatif.indicators import Indicator
from core.studies.whatif.standing import Standing

Rows: TypeAlias = NDArray[np.intp]
Changes: TypeAlias = Mapping[tuple[Profile, int], LaneChange]  # by profile and number of a lane
WalksAt: TypeAlias = Callable[[Profile, int, Rows], Deciseconds]


@dataclass(slots=True, kw_only=True, eq=False)
class Count:
    """One indicator in a scenario, against the run.

    Parameters
    ----------
    areas
        People more than in the run, shape (areas, groups); negative where fewer.
    homes
        1 where a home gained it, -1 where it lost it.
    changed
        How many homes gained or lost it.
    gained, lost
        People of those homes by group; both may be more than nothing.
    """

    areas: Counts
    homes: NDArray[np.int8]
    changed: int
    gained: Counts
    lost: Counts


class Anything:
    """Homes that gained, or lost, anything that the report counts, and their people by group."""

    def __init__(self, homes: int, groups: int) -> None:
        self.people = np.zeros(groups, dtype=np.int64)
        self._times = np.zeros(homes, dtype=np.int16)  # how many indicators of each home

    def add(self, homes: Rows, step: NDArray[np.int64], people: Counts) -> None:
        """Count one indicator more or less of some homes, each named once."""
        before = self._times[homes]
        after = before + step
        self._times[homes] = after
        self.people += _sum(people, (after > 0).astype(np.int64) - (before > 0))


class Tally:
    """The counts of one scenario: only those that something changed."""

    def __init__(self, standing: Standing) -> None:
        homes, groups = len(standing.opened.town.homes.lon), len(standing.groups)
        self.standing = standing
        self.counts: dict[int, Count] = {}
        self.gaining = Anything(homes, groups)
        self.losing = Anything(homes, groups)

    def update(self, changes: Changes, walks_at: WalksAt) -> None:
        """Bring the counts in line with an edit, or with the undoing of one.

        Takes time in proportion to the homes that changed.

        Parameters
        ----------
        changes
            Homes whose walks changed, with the walks before and after.
        walks_at
            Gives walks of some homes as they are now, at the pace of all preparations.
        """
        touched = {number for place in changes for number in self.standing.by_lane.get(place, ())}
        told: dict[tuple[Profile, tuple[int, ...]], tuple[Rows, _Rows, _Rows]] = {}
        for number in sorted(touched):
            one = self.standing.indicators[number]
            place = one.profile, one.lanes
            if place not in told:
                told[place] = _before_and_after(one, changes, walks_at)
            homes, before, after = told[place]
            was, now = one.met(before), one.met(after)
            other = np.flatnonzero(was != now)
            if len(other):
                self._shift(number, one, homes[other], np.where(now[other], 1, -1))

    def _shift(self, number: int, one: Indicator, homes: Rows, step: NDArray[np.intp]) -> None:
        count = self.counts.get(number)
        if count is None:
            count = self.counts[number] = self._nothing(one)
        columns = [self.standing.groups.index(group) for group in one.groups]
        people = self.standing.people[homes][:, columns]
        old = count.homes[homes]
        new = old + step
        count.homes[homes] = new
        more = (new == 1).astype(np.int64) - (old == 1)
        less = (new == -1).astype(np.int64) - (old == -1)
        count.changed += int(more.sum() + less.sum())
        count.gained += _sum(people, more)
        count.lost += _sum(people, less)
        _add(count.areas, self.standing.areas_of, homes, people * step[:, None])
        if one.key:
            self.gaining.add(homes, more, people)
            self.losing.add(homes, less, people)
        if not count.changed:  # nothing is left of it
            del self.counts[number]

    def _nothing(self, one: Indicator) -> Count:
        town, groups = self.standing.opened.town, len(one.groups)
        return Count(
            areas=np.zeros((len(town.areas.each), groups), dtype=np.int64),
            homes=np.zeros(len(town.homes.lon), dtype=np.int8),
            changed=0,
            gained=np.zeros(groups, dtype=np.int64),
            lost=np.zeros(groups, dtype=np.int64),
        )


_Rows: TypeAlias = list[Deciseconds]


def _before_and_after(
    one: Indicator, changes: Changes, walks_at: WalksAt
) -> tuple[Rows, _Rows, _Rows]:
    """Give the homes of which any lane changed, and the walks of all lanes before and after."""
    mine = [changes.get((one.profile, lane)) for lane in one.lanes]
    homes = [change.home for change in mine if change is not None]
    every: Rows = homes[0] if len(homes) == 1 else np.unique(np.concatenate(homes))
    before, after = [], []
    for lane, change in zip(one.lanes, mine, strict=True):
        now = walks_at(one.profile, lane, every)
        was = now
        if change is not None:
            was = now.copy()
            was[np.searchsorted(every, change.home)] = change.before
        before.append(was)
        after.append(now)
    return every, before, after


def _sum(people: Counts, step: NDArray[np.int64]) -> Counts:
    total: Counts = step @ people
    return total


def _add(
    total: Counts, areas_of: tuple[NDArray[np.intp], NDArray[np.intp]], homes: Rows, some: Counts
) -> None:
    """Add what some homes count, shape (homes, groups), to all the areas that they lie in."""
    first, areas = areas_of
    count = first[homes + 1] - first[homes]
    skipped = np.repeat(first[homes] - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    place = areas[skipped + np.arange(len(skipped))]
    each = np.repeat(np.arange(len(homes)), count)
    for column in range(total.shape[1]):
        # Sums of whole numbers below 2^53 are exact in floats, too.
        more = np.bincount(place, weights=some[each, column], minlength=len(total))
        total[:, column] += more.astype(np.int64)


def moved(old: Deciseconds, new: Deciseconds, lane: int) -> LaneChange | None:
    """Tell the change between two whole rows of walks; None where they are alike."""
    home = np.flatnonzero(old != new)
    if not len(home):
        return None
    return LaneChange(lane=lane, home=home, before=old[home], after=new[home])
