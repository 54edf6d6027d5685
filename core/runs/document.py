"""The result as one JSON document and one table: what the digests are taken over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from core.contract import Demand
from core.kernel.walks import UNREACHED, Deciseconds
from core.runs.explain import Gap, Shortfall
from core.runs.judge import Judged
from core.runs.measure import Answer, Measured
from core.runs.terms import FORMAT, WALK, plain
from core.runs.town import Town
from core.store import write_table

NOT_REACHED = -1
LITTLE_ENDIAN = 1  # shapely's number for it: the same bytes on every machine


def document(
    fingerprint: str,
    town: Town,
    measured: Measured,
    judged: Sequence[Judged],
    shortfalls: Sequence[Shortfall],
) -> dict[str, Any]:
    """Write down everything that came out of a run; equal runs give equal documents."""
    return {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "totals": _totals(town),
        "areas": [_area(town, place, one) for place, one in enumerate(judged)],
        "demands": [_demand(demand, answer) for demand, answer in measured.answers.items()],
        "coverage": {
            key: {_name(minutes): counts.tolist() for minutes, counts in by_minutes.items()}
            for key, by_minutes in measured.coverage.items()
        },
        "gaps": [_shortfall(shortfall) for shortfall in shortfalls],
    }


def minutes_table(town: Town, walks: Mapping[str, Deciseconds]) -> bytes:
    """Write the walk from every home to every format and slot as one Arrow table.

    Rows are in the order of the residents version. ``walk:<key>`` is int32 deciseconds,
    -1 beyond the limit; ``attached`` is 1 where the home stands on a street.
    """
    columns: dict[str, NDArray[Any]] = {
        "lon": town.homes.lon,
        "lat": town.homes.lat,
        "people": town.homes.people,
        "attached": town.homes.snapped.attached.astype(np.int8),
    }
    for key, row in walks.items():
        columns[f"{WALK}{key}"] = np.where(row >= UNREACHED, NOT_REACHED, row).astype(np.int32)
    return write_table(columns)


def _name(minutes: float) -> str:
    return f"{minutes:g}"


def _totals(town: Town) -> dict[str, Any]:
    homes, lost = town.homes, ~town.homes.snapped.attached
    return {
        "people": int(homes.people.sum()),
        "homes": len(homes.lon),
        "unattached_homes": int(lost.sum()),
        "unattached_people": int(homes.people[lost].sum()),
        "outlets": len(town.outlets),
        "unattached_outlets": int((~town.outlets.attached).sum()),
        "offers": len(town.offers.outlet),
        "offers_without_hours": int((town.offers.hours == "").sum()),
        "street_segments": town.streets.edges,
        "groups": {key: int(counts.sum()) for key, counts in sorted(homes.groups.items())},
    }


def _area(town: Town, place: int, one: Judged) -> dict[str, Any]:
    return {
        "key": one.area.key,
        "name": one.area.name,
        "kind": one.area.kind,
        "note": one.area.note,
        "people": one.people,
        "homes": len(town.areas.rows_of(place)),
        "scorecard": plain(one.scorecard),
    }


def _shortfall(one: Shortfall) -> dict[str, Any]:
    return {
        "key": one.key,
        "minutes": one.minutes,
        "people": one.people,
        "groups": dict(one.groups),
        "clusters": one.clusters,
        "listed": [
            {
                "rank": gap.rank,
                "area": gap.area,
                "people": gap.people,
                "groups": dict(gap.groups),
                "homes": gap.homes,
                "worst_minutes": gap.worst_minutes,
                "median_minutes": gap.median_minutes,
                "lon": gap.lon,
                "lat": gap.lat,
                "outline": outline,
            }
            for gap, outline in zip(one.listed, _outlines(one.listed), strict=True)
        ],
    }


def _outlines(listed: Sequence[Gap]) -> list[str]:
    """Write each gap's outline as a polygon in WKB, in hexadecimal: short, and exact."""
    if not listed:
        return []
    corners = [len(gap.outline) for gap in listed]
    of_gap = np.repeat(np.arange(len(listed)), corners)
    points = np.concatenate([gap.outline for gap in listed])
    rings = shapely.linearrings(points, indices=of_gap)
    written: list[str] = shapely.to_wkb(
        shapely.polygons(rings), hex=True, byte_order=LITTLE_ENDIAN
    ).tolist()
    return written


def _demand(demand: Demand, answer: Answer) -> dict[str, Any]:
    counts = {
        name: None if column is None else column.tolist()
        for name, column in (
            ("low", answer.low),
            ("high", answer.high),
            ("people", answer.people),
        )
    }
    return {"demand": plain(demand), "why": answer.why, **counts}
