"""Gathering candidates: who could offer a format next, near enough to those who lack it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from core.kernel.siting.candidates import positions, spaced, street_points
from core.kernel.streets import unplane
from core.kernel.walkers import CLOSED, Weights
from core.runs.lanes import Lane, outlets_in
from core.runs.network import on_open_streets
from core.studies.opened import Opened
from core.studies.siting.spots import (
    FIXED,
    HOST,
    PREMISES,
    STREET,
    Bools,
    Floats,
    Place,
    Spots,
    Wished,
    joined,
    nothing,
    outlets_at,
    places_at,
    refused,
    spots_at,
)

MOST_SPOTS = 3000
SPACINGS = (150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 700.0, 1000.0)  # metres: the first that fits
HOSTS_SHARE = 0.6  # of what fits, where points along streets are to have room too
_WIDER, _SLACK_METRES = 1.02, 10.0  # for the plane's error and the rounding of each street


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gathered:
    """Spots to choose from, and those named that cannot be used.

    ``excluded`` counts candidates within the excluded shape, ``far`` those from whom everybody
    who lacks the format lives farther than a straight walk; ``unattached`` stand too far from
    any street. ``spacing`` is that of points along streets, None without them. ``only_hosts``
    says that of all outlets only those that may host were taken, ``thinned`` how far they then
    stand apart, None where all of them were.
    """

    spots: Spots
    fixed: Spots
    unattached: Spots
    excluded: int
    far: int
    spacing: float | None
    only_hosts: bool
    thinned: float | None


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
    sieve = _Sieve(opened, wished, weights, _Near(opened, lacking, metres))
    serving = set(outlets_in(opened.town.offers, Lane(format=key)).tolist())
    fixed = [_fixed(opened, number, one) for number, one in enumerate(wished.fixed)]
    decided = sieve.stood(joined(fixed))
    rows = np.arange(len(wished.premises))
    premises = sieve.sift(places_at(opened, PREMISES, rows, wished.premises))
    room = MOST_SPOTS - len(premises.kept)
    if wished.streets is not None and wished.streets.spacing is None:
        room = int(room * HOSTS_SHARE)
    hosts, only_hosts, thinned = _hosts(opened, wished, serving, sieve, room)
    chosen = joined([hosts.kept, premises.kept])
    along, spacing, outside = _along(sieve, MOST_SPOTS - len(chosen))
    away = decided.take(~decided.snapped.attached)
    return Gathered(
        spots=joined([chosen, along]),
        fixed=decided.take(decided.snapped.attached),
        unattached=joined([hosts.unattached, premises.unattached, away]),
        excluded=hosts.excluded + premises.excluded + outside,
        far=hosts.far + premises.far,
        spacing=spacing,
        only_hosts=only_hosts,
        thinned=thinned,
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sifted:
    """Candidates that can help, and what became of the others."""

    kept: Spots
    unattached: Spots
    excluded: int
    far: int


class _Sieve:
    """Tells the candidates that could help anybody from the others."""

    def __init__(self, opened: Opened, wished: Wished, weights: Weights, near: _Near) -> None:
        self.opened, self.wished, self.near, self._weights = opened, wished, near, weights

    def stood(self, spots: Spots) -> Spots:
        """Put spots on streets that the walker can use."""
        town = self.opened.town
        moved = on_open_streets(town, self._weights, spots.snapped, spots.x, spots.y)
        return replace(spots, snapped=moved)

    def sift(self, spots: Spots) -> _Sifted:
        """Keep those on a street, outside the excluded shape, and near somebody."""
        stood = self.stood(spots)
        free, standing = ~self.inside(stood), stood.snapped.attached
        close = self.near.any(stood.x, stood.y)
        return _Sifted(
            kept=stood.take(free & standing & close),
            unattached=stood.take(free & ~standing),
            excluded=int(np.count_nonzero(~free)),
            far=int(np.count_nonzero(free & standing & ~close)),
        )

    def inside(self, spots: Spots) -> Bools:
        """Mark the spots within the excluded shape."""
        shape, town = self.wished.exclude, self.opened.town
        if shape is None or not len(spots):
            return np.zeros(len(spots), dtype=np.bool_)
        lon, lat = unplane(spots.x, spots.y, lon0=town.lon0, lat0=town.lat0)
        shapely.prepare(shape)
        mask: Bools = shapely.intersects_xy(shape, lon, lat)
        return mask

    def walked(self) -> Bools:
        """Mark the streets along which a shop may stand: not on steps."""
        walked = (self._weights.forward < CLOSED) | (self._weights.backward < CLOSED)
        steps = self.opened.town.obstacles.steps
        marked: Bools = walked if steps is None else walked & ~steps
        return marked


def _fixed(opened: Opened, number: int, one: int | Place) -> Spots:
    if isinstance(one, Place):
        return places_at(opened, FIXED, np.array([number]), [one])
    if not 0 <= one < len(opened.town.outlets):
        raise refused(
            f"fixed.{number}.outlet",
            one,
            "没有这一行网点，",
            "请检查编号。",
            "There is no outlet in this row. Check its number.",
        )
    spot = outlets_at(opened, FIXED, np.array([one]))
    return spots_at(FIXED, np.array([number]), (spot.x, spot.y), spot.snapped)


def _hosts(
    opened: Opened, wished: Wished, serving: set[int], sieve: _Sieve, room: int
) -> tuple[_Sifted, bool, float | None]:
    """Give the outlets that may add the format, fewer of them where all would be too many."""
    hosts = wished.hosts
    if hosts is None:
        return sieve.sift(nothing()), False, None
    out = serving | {one for one in wished.fixed if isinstance(one, int)}

    def offering(formats: Sequence[str] | None) -> _Sifted:
        named = (
            np.arange(len(offers.outlet)) if formats is None else np.isin(offers.format, formats)
        )
        rows = [row for row in np.unique(offers.outlet[named]).tolist() if row not in out]
        return sieve.sift(outlets_at(opened, HOST, np.array(rows, dtype=np.int64)))

    offers = opened.town.offers
    able = [name for name, one in opened.catalogue.formats.items() if one.can_host]
    if hosts.formats or hosts.can_host is not None:
        asked = _known(opened, hosts.formats) or (able if hosts.can_host else None)
        return offering(asked), asked is able, None
    found, only_hosts = offering(None), False
    if len(found.kept) > room and able:
        found, only_hosts = offering(able), True
    kept, thinned = _thinned(found.kept, room)
    return replace(found, kept=kept), only_hosts, thinned


def _thinned(spots: Spots, room: int) -> tuple[Spots, float | None]:
    """Let one spot stand for those near it where there is no room for all."""
    found, thinned = spots, None
    for metres in SPACINGS:
        if len(found) <= room:
            break
        found, thinned = spots.take(spaced(spots.x, spots.y, metres=metres)), metres
    return found, thinned


def _known(opened: Opened, formats: Sequence[str]) -> list[str]:
    for name in formats:
        if name not in opened.catalogue.formats and name not in opened.keys:
            raise refused(
                "candidates.hosts.formats",
                name,
                f"没有业态“{name}”，",
                "请从这次评价的业态中选择。",
                f"There is no business format {name!r}. Name one of the run's.",
            )
    return list(formats)


def _along(sieve: _Sieve, room: int) -> tuple[Spots, float | None, int]:
    """Spread points along the streets near those who lack the format.

    Returns the points, how far apart they are, and how many stood within the excluded shape.
    """
    streets = sieve.wished.streets
    if room < 0 or streets is None:
        _hold(MOST_SPOTS - room, None)
        return nothing(), None, 0
    left = list(SPACINGS if streets.spacing is None else (streets.spacing,))
    while True:
        spacing = left.pop(0)
        found, outside = _spread(sieve, spacing)
        least = len(found) * spacing**2  # were they spread over a plane, and not along lines
        left = [wider for wider in left if least / wider**2 <= room]
        if len(found) <= room or not left:
            break
    _hold(MOST_SPOTS - room + len(found), spacing)
    return found, spacing, outside


def _spread(sieve: _Sieve, spacing: float) -> tuple[Spots, int]:
    streets = sieve.opened.town.streets
    points = street_points(streets, metres=spacing)
    points = points.take(sieve.walked()[points.edge])
    x, y = positions(streets, points)
    close = np.flatnonzero(sieve.near.any(x, y))
    spots = spots_at(STREET, np.full(len(close), -1), (x[close], y[close]), points.take(close))
    free = ~sieve.inside(spots)
    kept = spaced(spots.x, spots.y, metres=spacing, first=np.flatnonzero(free))
    return spots.take(kept), int(np.count_nonzero(~free))


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
