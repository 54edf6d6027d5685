"""A run on the map and in files: columns for the islands, GeoJSON, Arrow and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.contract import WALKED_TO, BusinessFormat, TableKind
from core.db import Run, RunGap
from core.errors import NotFound
from core.kernel.walks import DECISECONDS_PER_MINUTE
from core.runs.summary import SLOTS, name_of, order_of
from core.runs.terms import SLOT, WALK
from core.store import Blobs, read_table, thaw

DEGREE_DECIMALS = 6
MINUTE_DECIMALS = 1
SIMPLIFIED_DEGREES = 2e-5  # two metres: finer borders are not seen on the map
RANKS = {  # how wide a street of OpenStreetMap's kinds is drawn; all others 0
    "primary": 3,
    "secondary": 3,
    "trunk": 3,
    "tertiary": 2,
    "residential": 1,
    "unclassified": 1,
    "living_street": 1,
}

Formats = Mapping[str, BusinessFormat]
Rows: TypeAlias = NDArray[np.int64]
Holds: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.float64]], Rows]


def homes_columns(
    blobs: Blobs, run: Run, key: str, formats: Formats, rows: Rows | None = None
) -> dict[str, Any]:
    """Give homes with the minutes to one format or slot; ``None`` beyond the run's limit.

    Where only some ``rows`` of the residents are given, the column ``row`` says which.
    """
    table = minutes_of_run(blobs, run)
    if rows is not None:
        table = {name: column[rows] for name, column in table.items()}
    return ({} if rows is None else {"row": rows.tolist()}) | {
        "format": key,
        "name": name_of(key, formats),
        "english": name_of(key, formats, english=True),
        "lon": _degrees(table["lon"]),
        "lat": _degrees(table["lat"]),
        "people": table["people"].tolist(),
        "minutes": _minutes(_walks(table, key)),
    }


def home(
    blobs: Blobs, run: Run, row: int, formats: Formats, rows: Rows | None = None
) -> dict[str, Any]:
    """Give one home's people and its minutes to every format, 六个一 first.

    Another than some ``rows`` answers as one that is not there.
    """
    table = minutes_of_run(blobs, run)
    if not 0 <= row < len(table["people"]) or (rows is not None and row not in rows):
        raise NotFound("没有这一行居民点。请检查编号。", english="There is no home in this row.")
    measured = (name.removeprefix(WALK) for name in table if name.startswith(WALK))
    spoken = (
        key for key in measured if not key.startswith(SLOT) or key.removeprefix(SLOT) in SLOTS
    )
    keys = sorted(spoken, key=order_of)
    return {
        "people": int(table["people"][row]),
        "nearest": [
            {
                "key": key,
                "name": name_of(key, formats),
                "english": name_of(key, formats, english=True),
                "minutes": _minutes(table[f"{WALK}{key}"][row : row + 1])[0],
            }
            for key in keys
        ],
    }


def outlets_columns(
    blobs: Blobs, run: Run, key: str, formats: Formats, holds: Holds | None = None
) -> dict[str, Any]:
    """Give the outlets that offer a format, or any format of a slot, to those who walk there.

    ``holds`` chooses those that are given, by longitudes and latitudes; all where it is left out.
    """
    tables = thaw(blobs, run.plan["inputs"][TableKind.OUTLETS], verify=False).tables
    wanted = {key}
    if key.startswith(SLOT):
        slot = key.removeprefix(SLOT)
        wanted = {name for name, one in formats.items() if one.slot == slot}
    offers, outlets = tables["offers"], tables["outlets"]
    modes = {str(mode) for mode in WALKED_TO}
    rows = np.unique(
        [
            outlet
            for outlet, offered, mode in zip(
                offers["outlet"], offers["format"], offers["mode"], strict=True
            )
            if offered in wanted and mode in modes
        ]
    ).astype(np.int64)
    if holds is not None:
        rows = rows[holds(outlets["lon"][rows], outlets["lat"][rows])]
    return {
        "lon": _degrees(outlets["lon"][rows]),
        "lat": _degrees(outlets["lat"][rows]),
        "name": outlets["name"][rows].tolist(),
    }


def gaps_columns(session: Session, run_id: UUID, key: str) -> dict[str, Any]:
    """Give one format's gaps, the most people first, with their outlines."""
    rows = session.scalars(
        select(RunGap)
        .where(RunGap.run_id == run_id, RunGap.format_key == key)
        .order_by(RunGap.rank)
    ).all()
    return {
        "rank": [row.rank for row in rows],
        "lon": [row.lon for row in rows],
        "lat": [row.lat for row in rows],
        "people": [row.people for row in rows],
        "groups": [row.groups for row in rows],
        "worst_minutes": [row.worst_minutes for row in rows],
        "outline": [_ring(row.outline) for row in rows],
    }


def gaps_geojson(session: Session, run_id: UUID, formats: Formats) -> dict[str, Any]:
    """Give all listed gaps of a run as a FeatureCollection of outlines."""
    rows = session.scalars(
        select(RunGap).where(RunGap.run_id == run_id).order_by(RunGap.format_key, RunGap.rank)
    )
    return _collection(
        {
            "type": "Feature",
            "geometry": None
            if row.outline is None
            else shapely.geometry.mapping(shapely.from_wkb(row.outline)),
            "properties": {
                "format": row.format_key,
                "name": name_of(row.format_key, formats),
                "rank": row.rank,
                "area": row.area_key,
                "people": row.people,
                "groups": row.groups,
                "homes": row.homes,
                "minutes_limit": row.minutes_limit,
                "worst_minutes": row.worst_minutes,
                "median_minutes": row.median_minutes,
                "lon": row.lon,
                "lat": row.lat,
            },
        }
        for row in rows
    )


def streets_columns(blobs: Blobs, run: Run) -> dict[str, Any]:
    """Give the street network: nodes, then edges as rows of nodes, and how wide to draw them."""
    tables = thaw(blobs, run.plan["inputs"][TableKind.STREETS], verify=False).tables
    nodes, edges = tables["nodes"], tables["edges"]
    return {
        "lon": _degrees(nodes["lon"]),
        "lat": _degrees(nodes["lat"]),
        "u": edges["u"].tolist(),
        "v": edges["v"].tolist(),
        "rank": [RANKS.get(str(kind).removesuffix("_link"), 0) for kind in edges["kind"]],
    }


def areas_geojson(
    blobs: Blobs, run: Run, only: Mapping[str, NDArray[Any]] | None = None
) -> dict[str, Any]:
    """Give the areas of a run, or ``only`` some rows of its table; empty where it has none."""
    digest = run.plan["inputs"].get(TableKind.AREAS)
    if digest is None:
        return _collection(())
    table = thaw(blobs, digest, verify=False).tables["areas"] if only is None else only
    shapes = shapely.set_precision(
        shapely.simplify(shapely.from_wkb(table["wkb"]), SIMPLIFIED_DEGREES), 10**-DEGREE_DECIMALS
    )
    return _collection(
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(shape),
            "properties": {"key": key, "name": name, "kind": kind},
        }
        for shape, key, name, kind in zip(
            shapes, table["key"], table["name"], table["kind"], strict=True
        )
    )


def minutes_arrow(blobs: Blobs, run: Run) -> Path:
    """Give the run's table of minutes as the Arrow file it is; whole deciseconds, -1 beyond."""
    return blobs.open(_digest(run))


def minutes_parquet(blobs: Blobs, run: Run) -> bytes:
    """Give the run's table of minutes as Parquet."""
    with pa.memory_map(str(minutes_arrow(blobs, run))) as source:
        table = pa.ipc.open_file(source).read_all()
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def minutes_of_run(blobs: Blobs, run: Run) -> dict[str, NDArray[Any]]:
    """Open the run's table of minutes."""
    return read_table(minutes_arrow(blobs, run))


def _digest(run: Run) -> str:
    if run.minutes_digest is None:
        raise NotFound(
            "这次运行还没有结果。请等它完成。", english="The run has no results yet. Wait for it."
        )
    return run.minutes_digest


def _walks(table: Mapping[str, NDArray[Any]], key: str) -> NDArray[np.int32]:
    walks = table.get(f"{WALK}{key}")
    if walks is None:
        raise NotFound(
            f"这次运行没有测量“{key}”。请从结果页所列的业态中选择。",
            english=f"The run did not measure {key!r}. Choose one that its result lists.",
        )
    return walks


def _minutes(walks: NDArray[np.int32]) -> list[float | None]:
    rounded = np.round(walks / DECISECONDS_PER_MINUTE, MINUTE_DECIMALS).tolist()
    return [
        None if walk < 0 else minutes for walk, minutes in zip(walks.tolist(), rounded, strict=True)
    ]


def _degrees(column: NDArray[np.float64]) -> list[float]:
    degrees: list[float] = np.round(column, DEGREE_DECIMALS).tolist()
    return degrees


def _ring(outline: bytes | None) -> list[list[float]] | None:
    if outline is None:
        return None
    ring: list[list[float]] = shapely.get_coordinates(shapely.from_wkb(outline)).tolist()
    return ring


def _collection(features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}
