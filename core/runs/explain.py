"""Gaps: where the people live who lack a format, the largest groups first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from core.contract import BusinessFormat, Demand
from core.db import WHOLE
from core.kernel.coverage import People, within
from core.kernel.gaps import Gaps, Ground, gaps_on, lay
from core.kernel.streets import unplane
from core.kernel.walks import Deciseconds, minutes_of
from core.runs.lanes import Ticks
from core.runs.measure import Measured
from core.runs.terms import CELL_METRES, SLOT
from core.runs.town import Town

LISTED = 50  # gaps kept per format, the largest; totals count them all
USUAL_MINUTES = 15.0  # where the ruleset asks nothing of a format
OUTLINE_MARGIN_METRES = 40.0
PLACES = ("circle", "community", "street")  # what a gap is named after, the nearest first
DEGREE_DECIMALS = 5  # one metre
MINUTE_DECIMALS = 1
EVERYBODY = "all"

Floats: TypeAlias = NDArray[np.float64]
Ring: TypeAlias = Floats  # (corners, 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gap:
    """A group of residents who lack one format. Minutes ``None``: beyond what was measured.

    ``groups`` counts those of its people who belong to each age group that the data carry.
    ``outline`` is a closed ring, one row a corner: longitude and latitude in degrees.
    """

    rank: int
    area: str
    people: int
    groups: Mapping[str, int]
    homes: int
    worst_minutes: float | None
    median_minutes: float | None
    lon: float
    lat: float
    outline: Ring


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shortfall:
    """All who lack one format: ``people`` and ``groups`` sum all clusters, listed or not."""

    key: str
    minutes: float
    people: int
    groups: Mapping[str, int]
    clusters: int
    listed: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Districts:
    """The areas that gaps are named after, as pairs of an area's place in the run and a home."""

    place: NDArray[np.int32]
    home: NDArray[np.int32]


def explain(
    town: Town,
    measured: Measured,
    demands: Sequence[Demand],
    formats: Mapping[str, BusinessFormat],
    tick: Ticks,
) -> tuple[Shortfall, ...]:
    """Find the gaps of every format and slot, for everybody at the report's walking speed.

    The limit is the longest that the ruleset grants for the format, 15 minutes where it asks
    nothing. People of all gaps of a key sum to the people not covered, and so do those of every
    age group.
    """
    limits = limit_minutes(measured.walks, demands, formats)
    homes = town.homes
    ground = lay(homes.x, homes.y, homes.people, cell_metres=CELL_METRES)
    districts = _districts(town)
    found = []
    for done, (key, walks) in enumerate(sorted(measured.walks.items())):
        tick(done, len(measured.walks))
        clusters = gaps_on(ground, uncovered=~within(walks, limits[key]), walks=walks)
        found.append(_shortfall(town, ground, districts, clusters, key=key, minutes=limits[key]))
    return tuple(found)


def limit_minutes(
    keys: Mapping[str, Deciseconds],
    demands: Sequence[Demand],
    formats: Mapping[str, BusinessFormat],
) -> dict[str, float]:
    """Give the minutes within which each format or slot is looked for."""
    asked: dict[str, float] = {}
    for demand in demands:
        for key in demand.formats:
            slot = f"{SLOT}{formats[key].slot}" if key in formats else ""
            for name in (key, slot):
                asked[name] = max(asked.get(name, 0.0), demand.minutes)
    return {key: asked.get(key, USUAL_MINUTES) for key in keys}


def _shortfall(
    town: Town, ground: Ground, districts: Districts, clusters: Gaps, *, key: str, minutes: float
) -> Shortfall:
    groups = {
        group: clusters.sums(counts)
        for group, counts in sorted(town.homes.groups.items())
        if group != EVERYBODY
    }
    return Shortfall(
        key=key,
        minutes=minutes,
        people=int(clusters.people.sum()),
        groups={group: int(counts.sum()) for group, counts in groups.items()},
        clusters=len(clusters),
        listed=tuple(_listed(town, ground, districts, clusters, groups)),
    )


def _listed(
    town: Town,
    ground: Ground,
    districts: Districts,
    clusters: Gaps,
    groups: Mapping[str, People],
) -> Iterator[Gap]:
    """Describe the largest groups, all at once: one call a column, not one a gap."""
    count = min(LISTED, len(clusters))
    if not count:
        return
    middles = _degrees(town, clusters.x[:count], clusters.y[:count])
    ages = {group: counts[:count].tolist() for group, counts in groups.items()}
    columns = zip(
        _areas_of(town, districts, clusters.cluster, count),
        clusters.people[:count].tolist(),
        clusters.homes[:count].tolist(),
        _minutes(clusters.worst[:count]),
        _minutes(clusters.median[:count]),
        middles.tolist(),
        _outlines(town, ground, clusters, count),
        strict=True,
    )
    for index, (area, people, homes, worst, median, (lon, lat), outline) in enumerate(columns):
        yield Gap(
            rank=index + 1,
            area=area,
            people=people,
            groups={group: counts[index] for group, counts in ages.items()},
            homes=homes,
            worst_minutes=worst,
            median_minutes=median,
            lon=lon,
            lat=lat,
            outline=outline,
        )


def _minutes(walks: Deciseconds) -> list[float | None]:
    return [
        None if math.isnan(minutes) else round(minutes, MINUTE_DECIMALS)
        for minutes in minutes_of(walks).tolist()
    ]


def _degrees(town: Town, x: Floats, y: Floats) -> Floats:
    degrees = np.column_stack(unplane(x, y, lon0=town.lon0, lat0=town.lat0))
    return np.round(degrees, DEGREE_DECIMALS)


def _districts(town: Town) -> Districts:
    """Pair homes with the areas that are of a kind to be named after, kind after kind."""
    places = [
        place for kind in PLACES for place, area in enumerate(town.areas.each) if area.kind == kind
    ]
    homes = [town.areas.rows_of(place) for place in places]
    return Districts(
        place=np.repeat(np.array(places, dtype=np.int32), [len(rows) for rows in homes]),
        home=np.concatenate([np.zeros(0, dtype=np.int32), *homes]),
    )


def _areas_of(
    town: Town, districts: Districts, cluster: NDArray[np.int32], count: int
) -> list[str]:
    """Name the circle, else community, else street where most of each gap's people live."""
    each = town.areas.each
    of_pair = cluster[districts.home]
    inside = np.flatnonzero((of_pair >= 0) & (of_pair < count))
    people = np.bincount(
        districts.place[inside].astype(np.int64) * count + of_pair[inside],
        town.homes.people[districts.home[inside]],
        minlength=len(each) * count,
    ).reshape(len(each), count)
    names = np.full(count, WHOLE, dtype=object)
    for kind in reversed(PLACES):
        places = np.array([place for place, area in enumerate(each) if area.kind == kind], int)
        if not len(places):
            continue
        most = people[places].argmax(axis=0)  # the first of equals
        for gap in np.flatnonzero(people[places].max(axis=0)):
            names[gap] = each[places[most[gap]]].key
    named: list[str] = names.tolist()
    return named


def _outlines(town: Town, ground: Ground, clusters: Gaps, count: int) -> list[Ring]:
    """Draw the hull of each gap's homes with a margin, as one closed ring."""
    rows = np.flatnonzero((clusters.cluster >= 0) & (clusters.cluster < count))
    rows = rows[np.argsort(clusters.cluster[rows], kind="stable")]
    first = np.cumsum(clusters.homes[:count]) - clusters.homes[:count]
    rows = np.insert(rows, first, rows[first])  # a line has two points at least
    lines = shapely.linestrings(
        ground.x[rows],
        ground.y[rows],
        indices=np.repeat(np.arange(count), clusters.homes[:count] + 1),
    )
    hulls = shapely.buffer(shapely.convex_hull(lines), OUTLINE_MARGIN_METRES, quad_segs=2)
    corners, of_gap = shapely.get_coordinates(shapely.get_exterior_ring(hulls), return_index=True)
    ends = np.searchsorted(of_gap, np.arange(1, count))
    return np.split(_degrees(town, corners[:, 0], corners[:, 1]), ends)
