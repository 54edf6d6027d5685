"""Spots: where a new offer could be made: in existing shops, in vacant premises, along streets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.errors import Invalid
from core.kernel.snap import Snapped, snap_on
from core.kernel.streets import plane
from core.studies.opened import Opened

HOST, PREMISES, STREET, FIXED = KINDS = ("host", "premises", "street", "fixed")
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point that somebody names: vacant premises, or a site that is decided.

    ``cost`` is the asker's, None for that of opening anew.
    """

    lon: float
    lat: float
    key: str = ""
    name: str = ""
    cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Existing outlets that could add the format.

    Those that offer any of ``formats``; where it is empty, with ``can_host`` those whose format
    may carry others (一店多能), with False all that people walk to. None is all where they are
    few enough, then those that may host, then one of those within some distance.
    """

    formats: tuple[str, ...] = ()
    can_host: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Along:
    """Points along streets, at least ``spacing`` metres apart; None for the first that fits."""

    spacing: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """Which spots come into question, and what is decided.

    ``exclude`` is a shape in degrees within which no candidate stands; ``fixed`` are rows of
    outlets and points.
    """

    premises: Sequence[Place] = ()
    hosts: Hosts | None = None
    streets: Along | None = None
    exclude: Any = None
    fixed: Sequence[int | Place] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spots:
    """Candidates as columns: hosts by row, then premises as given, then points along streets.

    ``row`` is the outlet's or the place's as given, -1 for points along streets; ``x`` and ``y``
    are metres on the town's plane.
    """

    kind: NDArray[np.int8]
    row: Rows
    x: Floats
    y: Floats
    snapped: Snapped

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, rows: NDArray[Any]) -> Spots:
        """Give some of the spots, by index or mask."""
        return Spots(**{one.name: _some(getattr(self, one.name), rows) for one in fields(self)})

    def of(self, kind: str) -> Bools:
        """Mark the spots of a kind."""
        mask: Bools = self.kind == KINDS.index(kind)
        return mask


def refused(field: str, value: Any, problem: str, remedy: str, english: str) -> Invalid:
    """Say which field cannot be used, with its value, and what to do."""
    detail = {"field": field, "value": value, "problem": problem, "remedy": remedy}
    message = f"{problem}没有计算。{remedy}"
    return Invalid(message, english=f"{english} Nothing was computed.", details=[detail])


def joined(parts: Sequence[Spots]) -> Spots:
    """Lay spots one after the other."""
    every = [nothing(), *parts]
    return Spots(
        **{
            one.name: _end_to_end([getattr(part, one.name) for part in every])
            for one in fields(Spots)
        }
    )


def _some(column: Any, rows: NDArray[Any]) -> Any:
    return column.take(rows) if isinstance(column, Snapped) else column[rows]


def _end_to_end(columns: Sequence[Any]) -> Any:
    if isinstance(columns[0], Snapped):
        names = [one.name for one in fields(Snapped)]
        return Snapped(
            **{name: np.concatenate([getattr(one, name) for one in columns]) for name in names}
        )
    return np.concatenate(columns)


def nothing() -> Spots:
    """Give no spots."""
    none = np.zeros(0)
    snapped = Snapped(edge=none.astype(np.int32), fraction=none, access_metres=none)
    return spots_at(PREMISES, none.astype(np.int64), (none, none), snapped)


def spots_at(kind: str, row: Rows, at: tuple[Floats, Floats], snapped: Snapped) -> Spots:
    """Make spots of one kind."""
    kinds = np.full(len(row), KINDS.index(kind), dtype=np.int8)
    return Spots(kind=kinds, row=row.astype(np.int64), x=at[0], y=at[1], snapped=snapped)


def outlets_at(opened: Opened, kind: str, rows: Rows) -> Spots:
    """Make spots of outlets, where the run has put them."""
    town, outlets = opened.town, opened.outlets
    at = plane(outlets["lon"][rows], outlets["lat"][rows], lon0=town.lon0, lat0=town.lat0)
    return spots_at(kind, rows, at, town.outlets.take(rows))


def places_at(opened: Opened, kind: str, rows: Rows, places: Sequence[Place]) -> Spots:
    """Make spots of points, on their nearest street within the run's limit."""
    town = opened.town
    lon, lat = (np.array([getattr(one, name) for one in places]) for name in ("lon", "lat"))
    x, y = plane(lon, lat, lon0=town.lon0, lat0=town.lat0)
    snapped = snap_on(opened.index, x, y, limit_metres=opened.params.access_limit_metres)
    return spots_at(kind, rows, (x, y), snapped)
