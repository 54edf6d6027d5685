"""Spots: where a new offer could be made: in existing shops, in vacant premises, along streets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from core.errors import Invalid
from core.kernel.candidates import positions, spaced, street_points
from core.kernel.snap import Snapped, snap_on
from core.kernel.streets import plane, unplane
from core.kernel.walkers import CLOSED, Weights
from core.runs.lanes import Lane, outlets_in
from core.runs.network import on_open_streets
from core.studies.opened import Opened

HOST, PREMISES, STREET, FIXED = KINDS = ("host", "premises", "street", "fixed")
MOST_SPOTS = 3000
SPACINGS = (150.0, 200.0, 250.0, 300.0, 400.0, 500.0)  # metres; the first that fits, unless asked
_WIDER, _SLACK_METRES = 1.02, 10.0  # for the plane's error and the rounding of each street

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
    may carry others (一店多能), otherwise all that people walk to.
    """

    formats: tuple[str, ...] = ()
    can_host: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gathered:
    """Spots to choose from, and those named that cannot be used.

    ``excluded`` counts candidates within the excluded shape, ``far`` those from whom everybody
    who lacks the format lives farther than a straight walk; ``unattached`` stand too far from
    any street. ``spacing`` is that of points along streets, None without them.
    """

    spots: Spots
    fixed: Spots
    unattached: Spots
    excluded: int
    far: int
    spacing: float | None


def refused(field: str, value: Any, problem: str, remedy: str, english: str) -> Invalid:
    """Say which field cannot be used, with its value, and what to do."""
    detail = {"field": field, "value": value, "problem": problem, "remedy": remedy}
    message = f"{problem}没有计算。{remedy}"
    return Invalid(message, english=f"{english} Nothing was computed.", details=[detail])


def gather(
    opened: Opened,
    wished: Wished,
    weights: Weights,
    *,
    key: str,
    lacking: NDArray[np.integer],
    metres: float,
) -> Gathered:
    """Put every wished candidate on the streets, and keep those who could help anybody.

    Parameters
    ----------
    opened
        The run.
    wished
        Which kinds of candidates.
    weights
        The streets as the walker finds them: candidates stand on those that he can use.
    key
        The format that is to be offered.
    lacking
        Homes that lack it.
    metres
        How far the walk that counts goes on level ground. A candidate farther from all who lack
        the format, straight, is left out: as no street is shorter than the straight line, nobody
        who lacks it would walk there in time.

    Raises
    ------
    Invalid
        There are more than ``MOST_SPOTS``, or a named outlet or format is not there.
    """
    near = _Near(opened, lacking, metres)
    serving = set(outlets_in(opened.town.offers, Lane(format=key)).tolist())
    decided = joined([_fixed(opened, number, one) for number, one in enumerate(wished.fixed)])
    offered = joined([_hosts(opened, wished, serving), _premises(opened, wished.premises)])
    fixed, named = (_on_open(opened, weights, spots) for spots in (decided, offered))
    free = ~_inside(opened, named, wished.exclude)
    standing = named.snapped.attached
    close = near.any(named.x, named.y)
    chosen = named.take(free & standing & close)
    along, spacing, outside = _along(
        opened, wished, near, _walked(opened, weights), MOST_SPOTS - len(chosen)
    )
    return Gathered(
        spots=joined([chosen, along]),
        fixed=fixed.take(fixed.snapped.attached),
        unattached=joined([named.take(free & ~standing), fixed.take(~fixed.snapped.attached)]),
        excluded=int(np.count_nonzero(~free)) + outside,
        far=int(np.count_nonzero(free & standing & ~close)),
        spacing=spacing,
    )


class _Near:
    """Who lacks the format, for asking whether anybody is near a point."""

    def __init__(self, opened: Opened, lacking: NDArray[np.integer], metres: float) -> None:
        homes = opened.town.homes
        self._radius = metres * _WIDER + _SLACK_METRES
        points = np.column_stack([homes.x[lacking], homes.y[lacking]])
        self._tree = cKDTree(points) if len(points) else None

    def any(self, x: Floats, y: Floats) -> Bools:
        """Mark the points from which somebody lives no farther than the walk goes."""
        if self._tree is None or not len(x):
            return np.zeros(len(x), dtype=np.bool_)
        points = np.column_stack([x, y])
        found, _ = self._tree.query(points, distance_upper_bound=self._radius)
        close: Bools = np.isfinite(found)
        return close


def joined(parts: Sequence[Spots]) -> Spots:
    """Lay spots one after the other."""
    every = [_nothing(), *parts]
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


def _nothing() -> Spots:
    none = np.zeros(0)
    snapped = Snapped(edge=none.astype(np.int32), fraction=none, access_metres=none)
    return _spots(PREMISES, none.astype(np.int64), (none, none), snapped)


def _spots(kind: str, row: Rows, at: tuple[Floats, Floats], snapped: Snapped) -> Spots:
    kinds = np.full(len(row), KINDS.index(kind), dtype=np.int8)
    return Spots(kind=kinds, row=row.astype(np.int64), x=at[0], y=at[1], snapped=snapped)


def _hosts(opened: Opened, wished: Wished, serving: set[int]) -> Spots:
    """Give the outlets that may add the format: each offers something, and not this."""
    hosts, offers = wished.hosts, opened.town.offers
    if hosts is None:
        return _nothing()
    formats = opened.catalogue.formats
    for name in hosts.formats:
        if name not in formats and name not in opened.keys:
            raise refused(
                "candidates.hosts.formats",
                name,
                f"没有业态“{name}”，",
                "请从这次评价的业态中选择。",
                f"There is no business format {name!r}. Name one of the run's.",
            )
    wanted = list(hosts.formats)
    if not wanted and hosts.can_host:
        wanted = [name for name, one in formats.items() if one.can_host]
    some = np.isin(offers.format, wanted) if wanted or hosts.can_host else slice(None)
    decided = {one for one in wished.fixed if isinstance(one, int)}
    rows = [row for row in np.unique(offers.outlet[some]).tolist() if row not in serving | decided]
    return _outlets(opened, HOST, np.array(rows, dtype=np.int64))


def _outlets(opened: Opened, kind: str, rows: Rows) -> Spots:
    town, outlets = opened.town, opened.outlets
    at = plane(outlets["lon"][rows], outlets["lat"][rows], lon0=town.lon0, lat0=town.lat0)
    return _spots(kind, rows, at, town.outlets.take(rows))


def _premises(opened: Opened, places: Sequence[Place]) -> Spots:
    return _named(opened, PREMISES, np.arange(len(places)), places)


def _named(opened: Opened, kind: str, rows: Rows, places: Sequence[Place]) -> Spots:
    town = opened.town
    lon, lat = (np.array([getattr(one, name) for one in places]) for name in ("lon", "lat"))
    x, y = plane(lon, lat, lon0=town.lon0, lat0=town.lat0)
    snapped = snap_on(opened.index, x, y, limit_metres=opened.params.access_limit_metres)
    return _spots(kind, rows, (x, y), snapped)


def _fixed(opened: Opened, number: int, one: int | Place) -> Spots:
    if isinstance(one, Place):
        return _named(opened, FIXED, np.array([number]), [one])
    if not 0 <= one < len(opened.town.outlets):
        raise refused(
            f"fixed.{number}.outlet",
            one,
            "没有这一行网点，",
            "请检查编号。",
            "There is no outlet in this row. Check its number.",
        )
    spot = _outlets(opened, FIXED, np.array([one]))
    return _spots(FIXED, np.array([number]), (spot.x, spot.y), spot.snapped)


def _inside(opened: Opened, spots: Spots, exclude: Any) -> Bools:
    if exclude is None or not len(spots):
        return np.zeros(len(spots), dtype=np.bool_)
    town = opened.town
    lon, lat = unplane(spots.x, spots.y, lon0=town.lon0, lat0=town.lat0)
    shapely.prepare(exclude)
    mask: Bools = shapely.intersects_xy(exclude, lon, lat)
    return mask


def _along(
    opened: Opened, wished: Wished, near: _Near, walked: Bools, room: int
) -> tuple[Spots, float | None, int]:
    """Spread points along the streets near those who lack the format; not on steps.

    Returns the points, how far apart they are, and how many stood within the excluded shape.
    """
    if room < 0 or wished.streets is None:
        _hold(MOST_SPOTS - room, None)
        return _nothing(), None, 0
    asked = wished.streets.spacing
    left = list(SPACINGS if asked is None else (asked,))
    while True:
        spacing = left.pop(0)
        found, outside = _spread(opened, near, walked, spacing, wished.exclude)
        least = len(found) * spacing**2  # were they spread over a plane, and not along lines
        left = [wider for wider in left if least / wider**2 <= room]
        if len(found) <= room or not left:
            break
    _hold(MOST_SPOTS - room + len(found), spacing)
    return found, spacing, outside


def _spread(
    opened: Opened, near: _Near, walked: Bools, spacing: float, exclude: Any
) -> tuple[Spots, int]:
    streets = opened.town.streets
    points = street_points(streets, metres=spacing)
    points = points.take(walked[points.edge])
    x, y = positions(streets, points)
    close = np.flatnonzero(near.any(x, y))
    spots = _spots(STREET, np.full(len(close), -1), (x[close], y[close]), points.take(close))
    free = ~_inside(opened, spots, exclude)
    kept = spaced(spots.x, spots.y, metres=spacing, first=np.flatnonzero(free))
    return spots.take(kept), int(np.count_nonzero(~free))


def _walked(opened: Opened, weights: Weights) -> Bools:
    """Mark the streets along which a shop may stand."""
    walked = (weights.forward < CLOSED) | (weights.backward < CLOSED)
    steps = opened.town.obstacles.steps
    marked: Bools = walked if steps is None else walked & ~steps
    return marked


def _on_open(opened: Opened, weights: Weights, spots: Spots) -> Spots:
    moved = on_open_streets(opened.town, weights, spots.snapped, spots.x, spots.y)
    return replace(spots, snapped=moved)


def _hold(count: int, spacing: float | None) -> None:
    """Refuse more candidates than are compared at once."""
    if count <= MOST_SPOTS:
        return
    wider = "" if spacing is None else f"街道点间距现为 {spacing:g} 米，可加大；"
    raise refused(
        "candidates",
        count,
        f"候选点有 {count} 个，超过上限 {MOST_SPOTS} 个，",
        f"请缩小范围：{wider}限定可加项店铺的业态或只取可一店多能的；用多边形排除部分区域；减少铺面。",
        f"There are {count} candidates; at most {MOST_SPOTS} are compared. Name formats of hosts "
        "or only those that can host, widen the spacing along streets, exclude areas, or send "
        "fewer premises.",
    )
