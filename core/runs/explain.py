"""Gaps: where the people live who lack a format, the largest groups first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from core.contract import BusinessFormat, Demand
from core.db import WHOLE
from core.kernel.coverage import within
from core.kernel.gaps import Gaps, gaps
from core.kernel.streets import unplane
from core.kernel.walks import Deciseconds, minutes_of
from core.runs.lanes import Ticks
from core.runs.measure import SLOT, Measured
from core.runs.town import Town

CELL_METRES = 150.0  # homes this near always lie in one gap; named in each plan
LISTED = 50  # gaps kept per format, the largest; totals count them all
USUAL_MINUTES = 15.0  # where the ruleset asks nothing of a format
OUTLINE_MARGIN_METRES = 40.0
DEGREE_DECIMALS = 5  # one metre
MINUTE_DECIMALS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A group of residents who lack one format. Minutes ``None``: beyond what was measured."""

    rank: int
    area: str
    people: int
    homes: int
    worst_minutes: float | None
    median_minutes: float | None
    lon: float
    lat: float
    outline: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """All who lack one format: ``people`` is the sum over all clusters, listed or not."""

    key: str
    minutes: float
    people: int
    clusters: int
    listed: tuple[Gap, ...]


def explain(
    town: Town,
    measured: Measured,
    demands: Sequence[Demand],
    formats: Mapping[str, BusinessFormat],
    tick: Ticks,
) -> tuple[Shortfall, ...]:
    """Find the gaps of every format and slot, for everybody at the report's walking speed.

    The limit is the longest that the ruleset grants for the format, 15 minutes where it asks
    nothing. People of all gaps of a key sum to the people not covered.
    """
    limits = limit_minutes(measured.walks, demands, formats)
    found = []
    for done, (key, walks) in enumerate(sorted(measured.walks.items())):
        tick(done, len(measured.walks))
        found.append(_shortfall(town, key, walks, limits[key]))
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


def _shortfall(town: Town, key: str, walks: Deciseconds, minutes: float) -> Shortfall:
    homes = town.homes
    clusters = gaps(
        homes.x,
        homes.y,
        homes.people,
        uncovered=~within(walks, minutes),
        walks=walks,
        cell_metres=CELL_METRES,
    )
    return Shortfall(
        key=key,
        minutes=minutes,
        people=int(clusters.people.sum()),
        clusters=len(clusters),
        listed=tuple(_gap(town, clusters, index) for index in range(min(LISTED, len(clusters)))),
    )


def _gap(town: Town, clusters: Gaps, index: int) -> Gap:
    lon, lat = unplane(
        clusters.x[index : index + 1],
        clusters.y[index : index + 1],
        lon0=town.lon0,
        lat0=town.lat0,
    )
    rows = np.flatnonzero(clusters.cluster == index)
    return Gap(
        rank=index + 1,
        area=_area_of(town, rows),
        people=int(clusters.people[index]),
        homes=int(clusters.homes[index]),
        worst_minutes=_minutes(clusters.worst[index]),
        median_minutes=_minutes(clusters.median[index]),
        lon=round(float(lon[0]), DEGREE_DECIMALS),
        lat=round(float(lat[0]), DEGREE_DECIMALS),
        outline=_outline(town, rows),
    )


def _minutes(walk: np.int32) -> float | None:
    minutes = float(minutes_of(np.array([walk], dtype=np.int32))[0])
    return None if np.isnan(minutes) else round(minutes, MINUTE_DECIMALS)


def _area_of(town: Town, rows: NDArray[np.integer]) -> str:
    """Name the circle, else community, else street where most of the gap's people live."""
    inside = np.zeros(len(town.homes.lon), dtype=np.int64)
    inside[rows] = town.homes.people[rows]
    people = town.areas.people(inside)
    for kind in ("circle", "community", "street"):
        places = [
            place
            for place, area in enumerate(town.areas.each)
            if area.kind == kind and people[place]
        ]
        if places:
            return town.areas.each[max(places, key=lambda place: (people[place], -place))].key
    return WHOLE


def _outline(town: Town, rows: NDArray[np.integer]) -> tuple[tuple[float, float], ...]:
    """Draw the hull of a gap's homes with a margin, as one closed ring."""
    points = shapely.multipoints(np.column_stack([town.homes.x[rows], town.homes.y[rows]]))
    hull = shapely.buffer(shapely.convex_hull(points), OUTLINE_MARGIN_METRES, quad_segs=2)
    ring = shapely.get_coordinates(shapely.get_exterior_ring(hull))
    lon, lat = unplane(ring[:, 0], ring[:, 1], lon0=town.lon0, lat0=town.lat0)
    return tuple(
        (round(float(east), DEGREE_DECIMALS), round(float(north), DEGREE_DECIMALS))
        for east, north in zip(lon, lat, strict=True)
    )
