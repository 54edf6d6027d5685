"""What if: outlets added, closed, moved or offered otherwise, ways added; exact, and undone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.doors import Doors
from core.kernel.fields import Change
from core.kernel.walks import Deciseconds
from core.kernel.whatif.city import (
    NOTHING,
    City,
    Ground,
    Ints,
    Offers,
    offered,
    remeasure,
    seeds_at,
    streets_near,
)
from core.kernel.whatif.ways import NO_WAYS, Ways, joined

Rows: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaneChange:
    """Homes whose walk in one lane is another now: ascending rows, walks before and after."""

    lane: int
    home: Rows
    before: Deciseconds
    after: Deciseconds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edit:
    """What an edit changed, lanes ascending and only those with a change; and whose it was.

    ``outlet`` is the row of the outlet, numbered on after the city's own where it was added, and
    None for a way.
    """

    outlet: int | None
    changes: tuple[LaneChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Moment:
    """What a lane was before an edit, as far as the edit changed it."""

    steps: int
    live: int | None
    places: dict[int, Doors]
    more: Offers
    beyond: Deciseconds
    base: tuple[Ints, Deciseconds]
    walks: tuple[Ints, Deciseconds]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Before:
    """What a scenario was before an edit; ``outlet`` had no place or lanes where it was added."""

    outlet: int | None
    place: Doors | None
    lanes: frozenset[int] | None
    ways: Ways
    touched: tuple[int, ...]


class Scenario:
    """A city with edits on top; the city itself is untouched.

    Edits of outlets repair the walks at nodes (see ``fields``) and measure the homes on streets
    whose ends changed. Added ways change no field: every walk over some of them is a walk without
    them to where the first begins, the ways with walks without them in between, and a walk without
    them from the last one's end. So edits of outlets and ways may come in any order. One thread at
    a time.
    """

    def __init__(self, city: City) -> None:
        self.city = city
        self._lanes: dict[int, _Lane] = {}
        self._place: dict[int, Doors] = {}
        self._offered: dict[int, frozenset[int]] = {}
        self._ways = NO_WAYS
        self._past: list[_Before] = []
        self._next = len(city.outlets)

    def walks(self, lane: int) -> Deciseconds:
        """Give every home's walk to the nearest outlet of a lane, as the scenario has it."""
        state = self._lanes.get(lane)
        walks = self.city.ground(lane).walks if state is None else state.walks
        answer = np.empty_like(walks)
        answer[self.city.homes.row] = walks
        return answer

    def walks_at(self, lane: int, homes: NDArray[np.integer]) -> Deciseconds:
        """Give the walks of some homes, by row."""
        state = self._lanes.get(lane)
        walks = self.city.ground(lane).walks if state is None else state.walks
        answer: Deciseconds = walks[self.city.places[homes]]
        return answer

    def lanes_of(self, outlet: int) -> frozenset[int]:
        """Tell in which lanes an outlet is offered now.

        Raises
        ------
        ValueError
            If there is no such outlet.
        """
        known = self._offered.get(outlet)
        if known is None:
            if not 0 <= outlet < len(self.city.outlets):
                raise ValueError(f"there is no outlet {outlet} in this scenario")
            known = frozenset(
                lane
                for lane, rows in enumerate(self.city.lanes)
                if (at := int(np.searchsorted(rows, outlet))) < len(rows) and rows[at] == outlet
            )
        return known

    def add(self, door: Doors, lanes: Collection[int]) -> Edit:
        """Open an outlet at a door, offered in some lanes."""
        outlet = self._next
        edit = self._change(outlet, self._one(door), self._known(lanes))
        self._next += 1
        return edit

    def offer(self, outlet: int, lanes: Collection[int]) -> Edit:
        """Offer an outlet in exactly these lanes: offers added or closed, other hours."""
        return self._change(outlet, self._where(outlet), self._known(lanes))

    def close(self, outlet: int) -> Edit:
        """Close an outlet in all lanes."""
        return self.offer(outlet, ())

    def move(self, outlet: int, door: Doors) -> Edit:
        """Move an outlet to another door, offered as before."""
        return self._change(outlet, self._one(door), self.lanes_of(outlet))

    def add_way(self, start: Doors, end: Doors, *, ds: int, both: bool = True) -> Edit:
        """Add a way between two places on the streets: a bridge, a gate opened, a path.

        Parameters
        ----------
        start, end
            One door each. Their access walks, if any, are walked besides the way.
        ds
            How long it takes, in deciseconds.
        both
            Whether it may be walked from ``end`` to ``start``, too.

        Raises
        ------
        ValueError
            If an end is not attached to the streets or the time is negative.
        """
        if ds < 0:
            raise ValueError(f"a way takes no negative time: {ds} deciseconds")
        doors = joined([self._one(start), self._one(end)])
        if (doors.chain < 0).any():
            raise ValueError("both ends of a way must stand on a street")
        old = self._ways
        ways = old.grown(self.city, doors, ds=ds, both=both)
        some = [k for k, rows in enumerate(self.city.lanes) if k in self._lanes or len(rows)]
        changes = [self._lane(lane).reroute(ways) for lane in some]
        self._ways = ways
        return self._told(
            _Before(outlet=None, place=None, lanes=None, ways=old, touched=tuple(some)), changes
        )

    def undo(self) -> Edit:
        """Take back the last edit; every walk is as it was before, byte for byte.

        Raises
        ------
        IndexError
            If nothing is left to undo.
        """
        past = self._past.pop()
        changes = [self._lanes[lane].undo() for lane in past.touched]
        for lane in past.touched:
            if self._lanes[lane].untouched and len(self.city.lanes[lane]) == 0:
                del self._lanes[lane]
        self._ways = past.ways
        if past.outlet is not None:
            if past.place is None or past.lanes is None:
                del self._place[past.outlet], self._offered[past.outlet]
                self._next = past.outlet
            else:
                self._place[past.outlet], self._offered[past.outlet] = past.place, past.lanes
        return self._answer(past, changes)

    def _change(self, outlet: int, place: Doors, lanes: frozenset[int]) -> Edit:
        """Bring an outlet to a place and set of lanes from those that it has."""
        new = outlet == self._next
        old_place = None if new else self._where(outlet)
        old_lanes = frozenset[int]() if new else self.lanes_of(outlet)
        moved = place is not old_place
        touched = tuple(sorted(old_lanes | lanes if moved else old_lanes ^ lanes))
        changes = [
            self._lane(lane).swap(
                outlet,
                old_place if lane in old_lanes else None,
                place if lane in lanes else None,
                self._ways,
            )
            for lane in touched
        ]
        self._place[outlet], self._offered[outlet] = place, lanes
        before = _Before(
            outlet=outlet,
            place=old_place,
            lanes=None if new else old_lanes,
            ways=self._ways,
            touched=touched,
        )
        return self._told(before, changes)

    def _told(self, before: _Before, changes: list[_Changed]) -> Edit:
        self._past.append(before)
        return self._answer(before, changes)

    def _answer(self, before: _Before, changes: list[_Changed]) -> Edit:
        told = []
        for lane, (home, old, new) in zip(before.touched, changes, strict=True):
            if len(home):
                row = self.city.homes.row[home]
                order = np.argsort(row)
                told.append(
                    LaneChange(lane=lane, home=row[order], before=old[order], after=new[order])
                )
        return Edit(outlet=before.outlet, changes=tuple(told))

    def _where(self, outlet: int) -> Doors:
        self.lanes_of(outlet)
        if outlet not in self._place:
            self._place[outlet] = self.city.outlets.take(np.array([outlet]))
            self._offered[outlet] = self.lanes_of(outlet)
        return self._place[outlet]

    def _lane(self, lane: int) -> _Lane:
        state = self._lanes.get(lane)
        if state is None:
            state = self._lanes[lane] = _Lane(self.city, self.city.ground(lane))
            if len(self._ways):  # only where nothing was offered when they were added
                state.know(self._ways)
        return state

    def _known(self, lanes: Collection[int]) -> frozenset[int]:
        for lane in lanes:
            if not 0 <= lane < len(self.city.lanes):
                raise ValueError(f"there is no lane {lane} among {len(self.city.lanes)}")
        return frozenset(lanes)

    def _one(self, door: Doors) -> Doors:
        if len(door) != 1 or door.chains != self.city.outlets.chains:
            raise ValueError("one door is needed, on the city's own streets")
        return door


_Changed: TypeAlias = tuple[Ints, Deciseconds, Deciseconds]


class _Lane:
    """One lane of a scenario: walks at nodes, walks at homes without ways and with them.

    Where there are no ways, both walks at homes are one array.
    """

    def __init__(self, city: City, ground: Ground) -> None:
        self._city = city
        self._field = ground.field.fork()
        self._offers = replace(ground.offers, live=ground.offers.live.copy())
        self._places: dict[int, Doors] = {}
        self._more = NOTHING
        self._beyond: Deciseconds = np.zeros(0, dtype=np.int32)
        self._base = ground.walks.copy()
        self.walks = self._base
        self._past: list[_Moment] = []

    def swap(self, outlet: int, gone: Doors | None, came: Doors | None, ways: Ways) -> _Changed:
        """Close an outlet here, or open it there, or both."""
        places, more, live = self._places, self._more, None
        fields: list[Change] = []
        if gone is not None:
            fields.append(self._field.remove(seeds_at(gone)))
            if outlet not in places:
                live = self._set_live(outlet)
            self._places = {key: door for key, door in places.items() if key != outlet}
        if came is not None:
            fields.append(self._field.insert(seeds_at(came)))
            self._places = {**self._places, outlet: came}
        if self._places is not places:
            self._more = _offered(self._places)
        chains = [int(door.chain[0]) for door in (gone, came) if door is not None]
        streets = streets_near(self._city.homes, fields, chains, self._city.desk)
        base = remeasure(
            self._city.desk,
            self._city.homes,
            streets,
            self._field.walks,
            (self._offers, self._more),
            self._base,
        )
        moment = _Moment(
            steps=len(fields),
            live=live,
            places=places,
            more=more,
            beyond=self._beyond,
            base=base,
            walks=base,
        )
        if len(ways):
            self._beyond = ways.beyond(self._field.walks, (self._offers, self._more))
            same = np.array_equal(self._beyond, moment.beyond)
            homes = base[0] if same else ways.also(base[0])
            return self._led(moment, homes, ways)
        home, before = base
        self._past.append(moment)
        return home, before, self.walks[home]

    @property
    def untouched(self) -> bool:
        """Tell whether nothing was done here, or all of it undone."""
        return not self._past

    def know(self, ways: Ways) -> None:
        """Start with ways that are there already and lead nobody to an outlet."""
        self.walks = self._base.copy()
        self._beyond = ways.beyond(self._field.walks, (self._offers, self._more))

    def reroute(self, ways: Ways) -> _Changed:
        """Walk by more ways than before."""
        if self.walks is self._base:
            self.walks = self._base.copy()
        nothing = self._base[:0]
        moment = _Moment(
            steps=0,
            live=None,
            places=self._places,
            more=self._more,
            beyond=self._beyond,
            base=(nothing, nothing),
            walks=(nothing, nothing),
        )
        self._beyond = ways.beyond(self._field.walks, (self._offers, self._more))
        return self._led(moment, ways.homes, ways)

    def undo(self) -> _Changed:
        """Take back the last swap or reroute."""
        moment = self._past.pop()
        for _ in range(moment.steps):
            self._field.undo()
        if moment.live is not None:
            self._offers.live[moment.live] = 1
        self._places, self._more = moment.places, moment.more
        self._beyond = moment.beyond
        home, old = moment.walks
        now = self.walks[home]
        self._base[moment.base[0]] = moment.base[1]
        self.walks[home] = old
        if len(self._beyond) == 0:
            self.walks = self._base
        return home, now, old

    def _led(self, moment: _Moment, homes: Ints, ways: Ways) -> _Changed:
        """Bring the walks of some homes in line with the walks without ways, and the ways."""
        now = ways.shorten(homes, self._base[homes], self._beyond)
        other = now != self.walks[homes]
        home, after = homes[other], now[other]
        before = self.walks[home]
        self.walks[home] = after
        self._past.append(replace(moment, walks=(home, before)))
        return home, before, after

    def _set_live(self, outlet: int) -> int | None:
        at = np.flatnonzero(self._offers.outlet == outlet)
        if len(at) == 0:
            return None
        self._offers.live[at[0]] = 0
        return int(at[0])


def _offered(places: dict[int, Doors]) -> Offers:
    if not places:
        return NOTHING
    return offered(joined(list(places.values())), np.array(list(places), dtype=np.int32))
