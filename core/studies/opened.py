"""A finished run opened for questions: its inputs, prepared streets and answers, held in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.catalog.host import Host
from core.catalog.view import Catalogue
from core.contract import Demand, TableKind, Walker
from core.kernel.around.vicinity import StreetGraph, street_graph
from core.kernel.street_index import StreetIndex
from core.kernel.walkers import Profile
from core.runs.execute import Silent, pinned_catalogue
from core.runs.judge import Judged, judge
from core.runs.lanes import Walks, Wanted, wanted
from core.runs.measure import Measured, count, longest_minutes, measure, ready
from core.runs.network import Footing, Network, footing, network, profile
from core.runs.params import Params
from core.runs.town import Tables, Town, load, settle
from core.store import Blobs, Derived

HELD = 3  # runs that one process keeps open; the one asked longest ago goes first


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """A run's inputs and answers, as the run itself computed them; never changed.

    Parameters
    ----------
    plan
        What the run pinned.
    params, catalogue, demands
        As pinned; ``demands`` are the ruleset's.
    tables
        The inputs by kind, as frozen.
    town
        The inputs on one plane.
    networks
        Prepared streets for every walker profile of the run.
    asked
        The lanes of each profile.
    walks, keys, measured, judged
        What the run found: walks by lane, formats measured, counts, scorecards.
    """

    plan: Mapping[str, Any]
    params: Params
    catalogue: Catalogue
    demands: Sequence[Demand]
    tables: Mapping[str, Tables]
    town: Town
    networks: Mapping[Profile, Network]
    asked: Mapping[Profile, Wanted]
    walks: Walks
    keys: tuple[str, ...]
    measured: Measured
    judged: tuple[Judged, ...]

    @property
    def ruleset(self) -> str:
        """The key of the ruleset that judged."""
        key: str = self.plan["ruleset"]["key"]
        return key

    @property
    def index(self) -> StreetIndex:
        """Give the streets for putting single points on them."""
        return self.town.index

    @cached_property
    def graph(self) -> StreetGraph:
        """Give the streets for searching outwards from single points."""
        return street_graph(self.town.streets)

    @cached_property
    def _footings(self) -> dict[Profile, Footing]:
        return {}

    def footing(self, walker: Walker) -> Footing:
        """Give the streets as a walker finds them; found once a profile."""
        one = profile(walker)
        known = self._footings.get(one)
        if known is None:
            ours = self.networks.get(one)
            known = self._footings[one] = footing(self.town, one) if ours is None else ours.footing
        return known

    @property
    def outlets(self) -> Mapping[str, Any]:
        """The table of outlets: key, name, lon, lat, address."""
        return self.tables[TableKind.OUTLETS]["outlets"]


def open_run(blobs: Blobs, host: Host, plan: Mapping[str, Any], fingerprint: str) -> Opened:
    """Open a finished run, or give it where this process has it open already.

    The first call takes as long as the run's own computation; the streets come prepared from the
    store. Threads that ask for the same run wait for one opening.

    Raises
    ------
    Conflict
        Something the plan pinned is installed in another version.
    NotFound, Damaged
        A pinned snapshot is missing or its bytes are wrong.
    """
    return _shelf.get((str(blobs.root), fingerprint), lambda: _opened(blobs, host, plan))


def network_for(opened: Opened, blobs: Blobs, walker: Walker, bound_ds: int) -> Network:
    """Give the streets prepared for a walker, also one whom the run did not name.

    Parameters
    ----------
    bound_ds
        The longest walk of interest, in deciseconds at the pace of all preparations; see
        ``core.runs.network.at_pace``.
    """
    one = profile(walker)
    found = opened.networks.get(one)
    if found is not None and found.prepared.bound_ds >= bound_ds:
        return found
    return network(opened.town, one, bound_ds, Derived(blobs))


def _opened(blobs: Blobs, host: Host, plan: Mapping[str, Any]) -> Opened:
    params = Params.load(plan["params"])
    catalogue = pinned_catalogue(host, plan)
    key = plan["ruleset"]["key"]
    demands = catalogue.demands(key)
    loaded = load(blobs, plan["inputs"])
    town = settle(loaded, params)
    tick = Silent().tick
    networks = ready(town, demands, params, Derived(blobs))
    walks, keys = measure(town, demands, catalogue.formats, params, tick, networks)
    measured = count(town, walks, demands, keys, catalogue.formats, params)
    return Opened(
        plan=plan,
        params=params,
        catalogue=catalogue,
        demands=demands,
        tables=loaded.tables,
        town=town,
        networks=networks,
        asked=wanted(demands, town.offers.formats(), longest_minutes(demands, params)),
        walks=walks,
        keys=keys,
        measured=measured,
        judged=judge(town, measured, catalogue, key, tick),
    )


class Shelf:
    """The runs that were asked for last, each opened once however many threads ask."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._held: OrderedDict[Hashable, Opened] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Opened]) -> Opened:
        """Give what stands under a key; ``make`` is called where nothing does."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._held:
                    return self._held[key]
            made = make()
            with self._lock:
                self._held[key] = made
                self._making.pop(key, None)
                while len(self._held) > self.most:
                    self._held.popitem(last=False)
            return made


_shelf = Shelf(HELD)
