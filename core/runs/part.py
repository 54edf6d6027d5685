"""A part of a finished run: the homes of some of its areas, what they reach, and what they lack.

Everything is taken from what the run has stored: its table of minutes and its pinned areas. Gaps
are grouped anew from the part's own homes, so that none tells of people beyond it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from core.contract import GROUPS, BusinessFormat, TableKind
from core.db import Run
from core.kernel.coverage import within
from core.kernel.gaps import Gaps, gaps
from core.kernel.streets import plane, unplane
from core.kernel.walks import UNREACHED, Deciseconds, deciseconds, minutes_of
from core.runs.areas import JUDGED, Areas, place
from core.runs.maps import minutes_of_run
from core.runs.summary import Lacking, judged, name_of
from core.runs.terms import CELL_METRES, WALK
from core.store import Blobs, thaw

OUTLINE_MARGIN_METRES = 40.0  # around a gap's homes, as in a whole run's
DEGREE_DECIMALS = 5  # one metre
MINUTE_DECIMALS = 1

Rows: TypeAlias = NDArray[np.int64]
Table: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Some areas of a finished run, with the homes that lie in them.

    Parameters
    ----------
    table
        The areas' rows of the pinned areas, column by column.
    rows
        The part's homes, as rows of the residents version, rising.
    homes
        Their columns of the run's table of minutes, and people by age group as ``people_60+``.
    areas
        Which of the homes lie in which of the areas; the first is all of them.
    origin
        ``lon0`` and ``lat0`` of the run's own plane, so that homes fall into its own cells.
    limits
        Minutes within which the run looked for each format or slot.
    """

    table: Table
    rows: Rows
    homes: Table
    areas: Areas
    origin: Mapping[str, float]
    limits: Mapping[str, float]

    @property
    def people(self) -> int:
        """How many live in the part."""
        return int(self.homes["people"].sum())

    def walks(self, key: str) -> Deciseconds | None:
        """Give the homes' walks to a format or slot; ``None`` where the run measured none."""
        found = self.homes.get(f"{WALK}{key}")
        return None if found is None else np.where(found < 0, UNREACHED, found).astype(np.int32)

    def reaching(self, keys: Sequence[str], minutes: float) -> int | None:
        """Count the part's people who walk to every one of these in time; ``None``: unmeasured."""
        walks = [walk for walk in map(self.walks, keys) if walk is not None]
        if not walks or len(walks) < len(keys):
            return None
        in_time = np.logical_and.reduce([walk <= deciseconds(minutes) for walk in walks])
        return int(self.homes["people"][in_time].sum())

    def holds(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Rows:
        """Give the points that lie in the part or on its border, rising."""
        return _inside(lon, lat, self.table)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartGap:
    """A group of the part's people who lack something, and its homes as rows of the part's."""

    lacking: Lacking
    homes: Rows


def open_part(blobs: Blobs, run: Run, keys: Collection[str]) -> Part:
    """Find the homes of some of a finished run's areas, by the run's own rule: point in polygon."""
    inputs = run.plan["inputs"]
    minutes = minutes_of_run(blobs, run)
    table = thaw(blobs, inputs[TableKind.AREAS], verify=False).tables["areas"]
    ours = np.isin(table["kind"].astype(str), JUDGED) & np.isin(table["key"].astype(str), [*keys])
    table = {name: column[ours] for name, column in table.items()}
    rows = _inside(minutes["lon"], minutes["lat"], table)
    nodes = thaw(blobs, inputs[TableKind.STREETS], verify=False).tables["nodes"]
    residents = thaw(blobs, inputs[TableKind.RESIDENTS], verify=False).tables["homes"]
    ages = [f"people_{group}" for group in GROUPS if f"people_{group}" in residents]
    homes = {name: column[rows] for name, column in minutes.items()}
    homes |= {name: residents[name][rows] for name in ages}
    return Part(
        table=table,
        rows=rows,
        homes=homes,
        areas=place(homes["lon"], homes["lat"], homes["people"], table),
        origin={"lon0": _middle(nodes["lon"]), "lat0": _middle(nodes["lat"])},
        limits={gap["key"]: float(gap["minutes"]) for gap in run.summary["gaps"]},
    )


def part_of(session: Session, blobs: Blobs, run: Run, keys: frozenset[str] | None) -> Part | None:
    """Open what somebody may see of a finished run; ``None`` is the whole.

    Raises
    ------
    NotFound
        The run judged none of the areas.
    """
    ours = judged(session, run, keys)
    return None if ours is None else open_part(blobs, run, ours)


def gaps_of(part: Part, key: str, formats: Mapping[str, BusinessFormat]) -> Iterator[PartGap]:
    """Group the part's people who lack a format or slot, the most people first.

    Their people sum to those of the part who are not covered; nothing where the run did not look
    for the key.
    """
    walks = part.walks(key)
    if walks is None or key not in part.limits or not len(walks):
        return
    minutes = part.limits[key]
    x, y = plane(part.homes["lon"], part.homes["lat"], **part.origin)
    found = gaps(
        x,
        y,
        part.homes["people"],
        uncovered=~within(walks, minutes),
        walks=walks,
        cell_metres=CELL_METRES,
    )
    middles = unplane(found.x, found.y, **part.origin)
    lon, lat = (each.round(DEGREE_DECIMALS).tolist() for each in middles)
    worst, median = _minutes(found.worst), _minutes(found.median)
    names, groups = _areas_of(part, found), _ages(part, found)
    for place_of, people in enumerate(found.people.tolist()):
        yield PartGap(
            lacking=Lacking(
                key=key,
                name=name_of(key, formats),
                rank=place_of + 1,
                area=names[place_of],
                people=people,
                groups={group: counts[place_of] for group, counts in groups.items()},
                homes=int(found.homes[place_of]),
                minutes_limit=minutes,
                worst_minutes=worst[place_of],
                median_minutes=median[place_of],
                lon=lon[place_of],
                lat=lat[place_of],
            ),
            homes=np.flatnonzero(found.cluster == place_of),
        )


def ring(part: Part, gap: PartGap) -> list[list[float]]:
    """Draw the hull of a gap's homes with a margin, as one closed ring of degrees."""
    x, y = plane(part.homes["lon"], part.homes["lat"], **part.origin)
    points = shapely.multipoints(np.column_stack([x, y])[gap.homes])
    hull = shapely.buffer(shapely.convex_hull(points), OUTLINE_MARGIN_METRES, quad_segs=2)
    corners = shapely.get_coordinates(shapely.get_exterior_ring(hull))
    degrees = np.column_stack(unplane(corners[:, 0], corners[:, 1], **part.origin))
    drawn: list[list[float]] = degrees.round(DEGREE_DECIMALS).tolist()
    return drawn


def part_columns(part: Part, key: str) -> dict[str, Any]:
    """Give one format's gaps of the part as columns, with their outlines."""
    found = list(gaps_of(part, key, {}))
    told = [gap.lacking for gap in found]
    return {
        "rank": [each.rank for each in told],
        "lon": [each.lon for each in told],
        "lat": [each.lat for each in told],
        "people": [each.people for each in told],
        "groups": [each.groups for each in told],
        "worst_minutes": [each.worst_minutes for each in told],
        "outline": [ring(part, gap) for gap in found],
    }


def _inside(lon: NDArray[np.float64], lat: NDArray[np.float64], table: Table) -> Rows:
    """Give the points that lie in any of the areas, each once."""
    found = place(lon, lat, np.ones(len(lon), dtype=np.int64), table)
    rows = [found.rows_of(area) for area in range(1, len(found.each))]
    inside: Rows = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *rows])).astype(np.int64)
    return inside


def _middle(column: NDArray[np.float64]) -> float:
    """Find the middle as a run does when it lays its inputs flat."""
    return round((float(column.min()) + float(column.max())) / 2, 6)


def _areas_of(part: Part, found: Gaps) -> list[str]:
    """Name the area where most of each gap's people live, the first of equals."""
    each = [area.key for area in part.areas.each[1:]]
    living = np.zeros((len(each), len(found)), dtype=np.int64)
    for area in range(len(each)):
        homes, people = part.areas.rows_of(area + 1), np.zeros(len(part.rows), dtype=np.int64)
        people[homes] = part.homes["people"][homes]
        living[area] = found.sums(people)
    return [each[most] for most in living.argmax(axis=0).tolist()]


def _ages(part: Part, found: Gaps) -> dict[str, list[int]]:
    named = {group: f"people_{group}" for group in sorted(GROUPS)}
    carried = {group: part.homes[name] for group, name in named.items() if name in part.homes}
    return {group: found.sums(counts).tolist() for group, counts in carried.items()}


def _minutes(walks: Deciseconds) -> list[float | None]:
    return [
        None if np.isnan(each) else round(each, MINUTE_DECIMALS)
        for each in minutes_of(walks).tolist()
    ]
