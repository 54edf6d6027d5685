"""A city as it stands: homes by street and outlets by lane, from which what-if starts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled.whatif import measure, touched
from core.kernel.doors import Doors
from core.kernel.fields import Change, Field, Graph, Seeds, Workspace, graph
from core.kernel.prepared import Prepared
from core.kernel.walks import UNREACHED, Deciseconds

Ints: TypeAlias = NDArray[np.int32]
Shorts: TypeAlias = NDArray[np.uint16]
Bytes: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stops:
    """Doors grouped by the chain that they stand on, to be measured street by street.

    Parameters
    ----------
    row
        Which door stands at each place of the order; the unattached come last.
    doors
        In that order.
    first
        Where each street's doors begin; one more at the end.
    chain, tail, head
        The streets: chains with a door on them.
    of_first, of_street
        Streets that end at each node.
    """

    row: NDArray[np.intp]
    doors: Doors
    to: Ints
    first: Ints
    chain: Ints
    tail: Ints
    head: Ints
    of_first: Ints
    of_street: Ints

    def __len__(self) -> int:
        return len(self.row)

    @property
    def all(self) -> Ints:
        """Number all streets."""
        return np.arange(len(self.chain), dtype=np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offers:
    """Outlets of one lane by chain, in columns that a loop takes; ``live`` is 0 where closed."""

    outlet: Ints
    chain: Ints
    live: Bytes
    along: Ints
    part: NDArray[np.float64]
    access: Ints


class Desk:
    """What measuring needs besides its arrays, allocated once; measurings take turns at it."""

    __slots__ = ("before", "home", "limit_ds", "lock", "mark", "street")

    def __init__(self, homes: Stops, *, limit_ds: int) -> None:
        self.limit_ds = limit_ds
        self.home = np.empty(len(homes), dtype=np.int32)
        self.before = np.empty(len(homes), dtype=np.int32)
        self.street = np.empty(len(homes.chain), dtype=np.int32)
        self.mark = np.zeros(len(homes.chain), dtype=np.uint8)
        self.lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """One lane as it stands: walks at nodes and at homes (in street order), and its outlets."""

    field: Field
    walks: Deciseconds
    offers: Offers


class City:
    """A city's homes, outlets and lanes on prepared streets; never changed, shared by scenarios.

    A lane is searched when it is first asked for and kept. Threads may share a city.

    Parameters
    ----------
    prepared
        The streets for one walker; right up to ``limit_ds`` at least.
    homes, outlets
        Doors on them; the unattached reach nothing and are reached by nobody.
    lanes
        Rows of ``outlets``, one set per lane.
    limit_ds
        Longest walk of interest, inclusive.

    Raises
    ------
    ValueError
        If the streets are not prepared for walks that long, or a lane names no outlet.
    """

    def __init__(
        self,
        prepared: Prepared,
        homes: Doors,
        outlets: Doors,
        *,
        lanes: Sequence[NDArray[np.integer]],
        limit_ds: int,
    ) -> None:
        if not 0 <= limit_ds <= prepared.bound_ds:
            raise ValueError(f"limit_ds must lie within 0..{prepared.bound_ds}, not {limit_ds}")
        self.graph: Graph = graph(
            prepared.graph_start,
            prepared.graph_node,
            prepared.graph_out,
            prepared.graph_in,
            bound_ds=limit_ds,
        )
        self.homes = stops(homes, nodes=self.graph.nodes)
        self.places = np.empty(len(homes), dtype=np.int32)  # of each home in the order of streets
        self.places[self.homes.row] = np.arange(len(homes), dtype=np.int32)
        self.outlets = outlets
        self.lanes = [_rows(lane, len(outlets)) for lane in lanes]
        self.limit_ds = limit_ds
        self.workspace, self.desk = Workspace(self.graph), Desk(self.homes, limit_ds=limit_ds)
        self._grounds: dict[int, Ground] = {}
        self._lock = threading.Lock()

    def ground(self, lane: int) -> Ground:
        """Give a lane as it stands; searched at the first call."""
        with self._lock:
            found = self._grounds.get(lane)
            if found is None:
                doors = self.outlets.take(self.lanes[lane])
                field = Field(self.graph, seeds_at(doors), self.workspace)
                offers = offered(doors, self.lanes[lane])
                walks: Deciseconds = np.full(len(self.homes), UNREACHED, dtype=np.int32)
                if len(doors):
                    remeasure(
                        self.desk, self.homes, self.homes.all, field.walks, (offers, NOTHING), walks
                    )
                found = self._grounds[lane] = Ground(field=field, walks=walks, offers=offers)
            return found

    def field_to(self, door: Doors) -> tuple[Field, Offers]:
        """Search the way to one place from everywhere."""
        field = Field(self.graph, seeds_at(door), self.workspace)
        return field, offered(door, np.zeros(1, dtype=np.int32))


def stops(doors: Doors, *, nodes: int) -> Stops:
    """Group doors by chain."""
    chain = doors.chain.astype(np.int64)
    row = np.argsort(np.where(chain < 0, doors.chains, chain), kind="stable")
    sorted_doors = doors.take(row)
    attached = int(np.count_nonzero(doors.chain >= 0))
    street, first = np.unique(sorted_doors.chain[:attached], return_index=True)
    tail, head = sorted_doors.tail[first], sorted_doors.head[first]
    node = np.concatenate([tail, head])
    order = np.argsort(node, kind="stable")
    count = len(street)
    return Stops(
        row=row,
        doors=sorted_doors,
        to=np.ascontiguousarray(sorted_doors.ends[:, :2]),
        first=np.append(first, attached).astype(np.int32),
        chain=street.astype(np.int32),
        tail=tail,
        head=head,
        of_first=np.searchsorted(node[order], np.arange(nodes + 1)).astype(np.int32),
        of_street=(order % max(count, 1)).astype(np.int32),
    )


def seeds_at(doors: Doors) -> Seeds:
    """Give the two ends of the chain of each attached door, and the walk on from there."""
    on = doors.chain >= 0
    tail, head, access = doors.tail[on], doors.head[on], doors.access[on]
    ends = doors.ends[on]
    return Seeds(
        node=np.concatenate([tail, head]),
        time=np.concatenate([ends[:, 2] + access, ends[:, 3] + access]),
    )


def offered(doors: Doors, outlets: Ints) -> Offers:
    """Sort a lane's attached outlets by chain."""
    order = np.argsort(doors.chain, kind="stable")
    order = order[doors.chain[order] >= 0]
    return Offers(
        outlet=outlets[order],
        chain=doors.chain[order],
        live=np.ones(len(order), dtype=np.uint8),
        along=doors.along[order],
        part=doors.part[order],
        access=doors.access[order],
    )


def remeasure(
    desk: Desk,
    homes: Stops,
    streets: Ints,
    field: Shorts,
    offers: tuple[Offers, Offers],
    walks: Deciseconds,
) -> tuple[Ints, Ints]:
    """Measure the homes on some streets, in place; give those that changed and their old walks.

    ``offers`` are the lane's outlets in two parts, each sorted.
    """
    base, more = offers
    doors = homes.doors
    with desk.lock:
        count = measure(
            streets, homes.first, homes.chain, homes.tail, homes.head,
            homes.to, doors.access, doors.along, doors.part, field,
            base.chain, base.live, base.along, base.part, base.access,
            more.chain, more.live, more.along, more.part, more.access,
            desk.limit_ds, walks, desk.home, desk.before,
        )  # fmt: skip
        return desk.home[:count].copy(), desk.before[:count].copy()


def streets_near(
    homes: Stops, changes: Sequence[Change], chains: Sequence[int], desk: Desk
) -> Ints:
    """Find the streets with an end whose walk changed, and those of some chains."""
    nodes = np.concatenate([change.node for change in changes] or [_NO_INTS])
    sought = np.array(sorted(set(chains)), dtype=np.int32)
    place = np.searchsorted(homes.chain, sought)
    there = place < len(homes.chain)
    place, sought = place[there], sought[there]
    also = place[homes.chain[place] == sought].astype(np.int32)
    with desk.lock:
        count = touched(nodes, homes.of_first, homes.of_street, also, desk.mark, desk.street)
        return desk.street[:count].copy()


def _rows(lane: NDArray[np.integer], outlets: int) -> Ints:
    rows = np.unique(np.asarray(lane))
    if len(rows) and not np.issubdtype(rows.dtype, np.integer):
        raise TypeError(f"a lane holds rows of outlets, not {rows.dtype}")
    if len(rows) and not (rows[0] >= 0 and rows[-1] < outlets):
        raise ValueError(f"a lane names an outlet outside 0..{outlets - 1}")
    return rows.astype(np.int32)


_NO_INTS = np.zeros(0, dtype=np.int32)
NOTHING = Offers(
    outlet=_NO_INTS,
    chain=_NO_INTS,
    live=np.zeros(0, dtype=np.uint8),
    along=np.zeros((0, 7), dtype=np.int32),
    part=np.zeros(0, dtype=np.float64),
    access=_NO_INTS,
)
