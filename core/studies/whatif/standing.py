"""Standing: a run from which scenarios start: cities by walker, and what the run counted."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.contract import Demand
from core.kernel.doors import Doors, doors
from core.kernel.prepared import Prepared, prepare
from core.kernel.snap import snap_on
from core.kernel.street_index import StreetIndex, index_streets
from core.kernel.streets import plane, take_edges
from core.kernel.walkers import CLOSED, Profile
from core.kernel.walks import deciseconds
from core.kernel.whatif.city import City
from core.runs.lanes import Lane, outlets_in, wanted
from core.runs.measure import longest_minutes
from core.runs.network import Network, footing, network, on_open_streets
from core.runs.town import Counts, Town
from core.store import Blobs, Derived
from core.studies.opened import Opened
from core.studies.whatif.indicators import Indicator, demanded, reported
from core.studies.whatif.register import Foot, Pinned

HELD = 3  # runs that one process keeps standing
GATES_HELD = 2  # sets of opened gates whose streets are kept prepared
Gates: TypeAlias = frozenset[int]  # edges of the town's streets


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """A city for one walker, and the streets that it is made of.

    ``shut`` tells whether there are streets that this walker cannot use at all.
    """

    town: Town
    prepared: Prepared
    city: City
    shut: bool

    def door(self, foot: Foot) -> Doors:
        """Find where this walker reaches a point, as the run's network does for its outlets."""
        place = foot.street
        if self.shut:
            place = on_open_streets(self.town, self.prepared.weights, place, foot.x, foot.y)
        return doors(self.prepared, place)

    def on_street(self, foot: Foot) -> Doors:
        """Find a point on its nearest street, even if this walker cannot use it."""
        return doors(self.prepared, foot.street)


class Standing:
    """An opened run from which scenarios start. What is asked first is searched, then kept.

    Its lanes are those of the run and, for formats that nobody offers yet, those there would be.
    Threads may share it.

    Parameters
    ----------
    opened
        The run.
    blobs
        Where prepared streets are kept.
    """

    def __init__(self, opened: Opened, blobs: Blobs) -> None:
        town = opened.town
        self.opened = opened
        self._blobs = blobs
        self._lock = threading.Lock()
        self.pinned = Pinned(town.offers, len(town.outlets))
        self.demands: tuple[Demand, ...] = tuple(dict.fromkeys(opened.demands))
        asked_for = {key for demand in self.demands for key in demand.formats}
        self.formats = tuple(
            sorted({*town.offers.formats(), *opened.catalogue.formats, *asked_for})
        )
        longest = longest_minutes(self.demands, opened.params)
        self.longest_ds = deciseconds(longest)
        self._wanted = wanted(self.demands, self.formats, longest)
        self.numbers: Mapping[Profile, Mapping[Lane, int]] = {
            one: {lane: number for number, lane in enumerate(want.lanes)}
            for one, want in self._wanted.items()
        }
        self.groups = tuple(sorted(town.homes.groups, key=lambda group: (group != "all", group)))
        self.indicators: tuple[Indicator, ...] = (
            *reported(
                self.formats,
                opened.catalogue.formats,
                self.numbers,
                opened.params.report_minutes,
                self.groups,
            ),
            *demanded(self.demands, self.numbers, self.groups),
        )
        self._grounds: dict[Profile, Ground] = {}
        self._gated: OrderedDict[tuple[Profile, Gates], Ground] = OrderedDict()
        self._counts: dict[str | Indicator, Mapping[float, Counts]] = {}
        self._warming = threading.Lock()
        self._warm = False

    def warm(self) -> None:
        """Search and count what the run has, so that no edit waits for it; done once."""
        with self._warming:
            if self._warm:
                return
            for one in self.numbers:
                city = self.ground(one).city
                for lane, rows in enumerate(city.lanes):
                    if len(rows):
                        city.ground(lane)
            for indicator in self.indicators:
                if indicator.key in self.opened.measured.walks:
                    self.before(indicator)
            self._warm = True

    def ground(self, one: Profile, gates: Gates = frozenset()) -> Ground:
        """Give a profile's city, with some gates opened to everybody."""
        with self._lock:
            if not gates or one.through_gates:
                if one not in self._grounds:
                    found = self._network(one)
                    self._grounds[one] = self._ground(
                        one, found.prepared, found.homes.doors, found.outlets
                    )
                return self._grounds[one]
            if (one, gates) not in self._gated:
                self._gated[one, gates] = self._ground_with(one, gates)
            self._gated.move_to_end((one, gates))
            while len(self._gated) > GATES_HELD:
                self._gated.popitem(last=False)
            return self._gated[one, gates]

    @cached_property
    def by_lane(self) -> Mapping[tuple[Profile, int], tuple[int, ...]]:
        """Tell which indicators hang on each lane."""
        found: dict[tuple[Profile, int], tuple[int, ...]] = {}
        for number, one in enumerate(self.indicators):
            for lane in one.lanes:
                found[one.profile, lane] = (*found.get((one.profile, lane), ()), number)
        return found

    @cached_property
    def people(self) -> Counts:
        """Count the people of every home by group, shape (homes, groups)."""
        homes = self.opened.town.homes
        return np.stack([homes.groups[group] for group in self.groups], axis=1)

    @cached_property
    def asked(self) -> Mapping[int, Mapping[bool, int]]:
        """Find the indicators of each demand by its place: the sure one and the possible one."""
        found: dict[int, dict[bool, int]] = {}
        for number, one in enumerate(self.indicators):
            if not one.key:
                found.setdefault(one.demand, {})[one.sure] = number
        return found

    @cached_property
    def reported(self) -> Mapping[str, tuple[int, ...]]:
        """Find the indicators of each format and slot, by minutes."""
        found: dict[str, tuple[int, ...]] = {}
        for number, one in enumerate(self.indicators):
            if one.key:
                found[one.key] = (*found.get(one.key, ()), number)
        return found

    @cached_property
    def _area_of_entry(self) -> NDArray[np.intp]:
        """Name the area of each pair of area and home."""
        homes = self.opened.town.areas.homes
        return np.repeat(np.arange(homes.shape[0]), np.diff(homes.indptr))

    @cached_property
    def living(self) -> Mapping[str, Counts]:
        """Count everybody of each group by area."""
        total = self.opened.town.areas.people(self.people)
        return {group: total[:, column] for column, group in enumerate(self.groups)}

    @cached_property
    def areas_of(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Tell in which areas each home lies: where its areas begin (homes + 1), and the areas."""
        across = self.opened.town.areas.homes.T.tocsr()
        return across.indptr.astype(np.intp), across.indices.astype(np.intp)

    @cached_property
    def gates(self) -> tuple[StreetIndex, NDArray[np.intp]] | None:
        """Index the edges with a gate that is not open to everybody, and number them."""
        shut = self.opened.town.obstacles.shut
        if shut is None or not shut.any():
            return None
        return index_streets(take_edges(self.opened.town.streets, shut)), np.flatnonzero(shut)

    def foot(self, lon: float, lat: float) -> Foot:
        """Put a point on its nearest street within the run's limit."""
        town = self.opened.town
        x, y = plane([lon], [lat], lon0=town.lon0, lat0=town.lat0)
        street = snap_on(town.index, x, y, limit_metres=town.access_limit_metres)
        return Foot(x=x, y=y, street=street)

    def before(self, one: Indicator) -> Counts:
        """Count as the run does: shape (areas, groups of the indicator)."""
        name = one.key or one
        with self._lock:
            found = self._counts.get(name)
        if found is None:
            found = self._reported(one.key) if one.key else {one.minutes: self._demanded(one)}
            with self._lock:
                self._counts[name] = found
        return found[one.minutes]

    def _reported(self, key: str) -> Mapping[float, Counts]:
        """Count all groups within all minutes of a format or slot at once."""
        areas, minutes = self.opened.town.areas, self.opened.params.report_minutes
        row = self.opened.measured.walks.get(key)
        if row is None:
            nobody = np.zeros((len(areas.each), len(self.groups)), dtype=np.int64)
            return dict.fromkeys(minutes, nobody)
        limits = np.array([deciseconds(one) for one in minutes])
        classes = len(limits) + 1  # of walks, by the first limit that is long enough
        home, place = areas.homes.indices, self._area_of_entry * classes
        place += np.searchsorted(limits, row)[home]
        counted = np.empty((len(minutes), len(areas.each), len(self.groups)), dtype=np.int64)
        for column in range(len(self.groups)):
            # Sums of whole numbers below 2^53 are exact in floats, too.
            each = np.bincount(place, self.people[home, column], len(areas.each) * classes)
            within = each.reshape(-1, classes)[:, :-1].cumsum(axis=1)
            counted[:, :, column] = within.T.astype(np.int64)
        return dict(zip(minutes, counted, strict=True))

    def _demanded(self, one: Indicator) -> Counts:
        """Take the run's count, or count what it could not answer but a scenario may."""
        answer = self.opened.measured.answers[self.demands[one.demand]]
        found = answer.low if one.sure else answer.high
        if found is None:
            lanes = self._wanted[one.profile].lanes
            walks = [
                self.opened.walks.of(one.walker, lanes[lane], one.minutes) for lane in one.lanes
            ]
            near = sum((row <= deciseconds(one.minutes)).astype(np.int16) for row in walks)
            group = self.opened.town.homes.groups[one.groups[0]]
            found = self.opened.town.areas.people(np.where(near >= one.at_least, group, 0))
        return found[:, np.newaxis]

    def _network(self, one: Profile) -> Network:
        found, limit = self.opened.networks.get(one), self._wanted[one].limit_ds
        if found is not None and found.prepared.bound_ds >= limit:
            return found
        return network(self.opened.town, one, limit, Derived(self._blobs))

    def _ground_with(self, one: Profile, gates: Gates) -> Ground:
        """Prepare the streets with gates opened; kept in memory only."""
        town = self.opened.town
        shut = np.array(town.obstacles.shut)
        shut[sorted(gates)] = False
        feet = footing(town, one, replace(town.obstacles, shut=shut))
        limit = self._wanted[one].limit_ds
        prepared = prepare(town.streets, feet.weights, bound_ds=limit, hierarchy=False)
        homes, outlets = doors(prepared, feet.homes), doors(prepared, feet.outlets)
        return self._ground(one, prepared, homes, outlets)

    def _ground(self, one: Profile, prepared: Prepared, homes: Doors, outlets: Doors) -> Ground:
        town, want = self.opened.town, self._wanted[one]
        city = City(
            prepared,
            homes,
            outlets,
            lanes=[outlets_in(town.offers, lane) for lane in want.lanes],
            limit_ds=want.limit_ds,
        )
        weights = prepared.weights
        shut = (weights.forward >= CLOSED) & (weights.backward >= CLOSED)
        return Ground(town=town, prepared=prepared, city=city, shut=bool(shut.any()))


def stand(opened: Opened, blobs: Blobs) -> Standing:
    """Make an opened run ready, or give it where this process has it standing already.

    The first call takes about as long as opening the run; threads that ask meanwhile wait for it.
    """
    key = str(blobs.root), id(opened)
    with _lock:
        found = _held.get(key)
        if found is None:
            found = _held[key] = Standing(opened, blobs)
        _held.move_to_end(key)
        while len(_held) > HELD:
            _held.popitem(last=False)
    found.warm()
    return found


_held: OrderedDict[tuple[str, int], Standing] = OrderedDict()  # each holds its run, so ids stay
_lock = threading.Lock()
