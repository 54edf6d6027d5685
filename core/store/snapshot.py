"""A dataset version: a manifest of table blobs, opened as read-only arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from core.contract.tables import TABLES, TableKind
from core.store.blobs import Blobs, Damaged
from core.store.digest import canonical
from core.store.tables import Columns, digest_table, dtype_name, read_table, write_table

Box: TypeAlias = tuple[float, float, float, float]

FORMAT = 1
COUNTED = {  # the table whose rows a person would count
    TableKind.STREETS: "edges",
    TableKind.RESIDENTS: "homes",
    TableKind.OUTLETS: "outlets",
    TableKind.AREAS: "areas",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """One table of a manifest: its file, its data's digest, its size."""

    blob: str
    digest: str
    rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a dataset version is; ``digest`` is the manifest's SHA-256 and the version's identity.

    ``bbox`` is west, south, east, north in degrees, ``None`` without a row. ``attribution`` and
    ``note`` are shown wherever the data are.
    """

    kind: TableKind
    tables: Mapping[str, TableEntry]
    rows: int
    bbox: Box | None
    attribution: str
    note: str
    as_of: date | None
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An opened dataset version; every array is read-only."""

    manifest: Manifest
    tables: Mapping[str, Mapping[str, NDArray[Any]]]

    @property
    def kind(self) -> TableKind:
        """Which of the four kinds of data this is."""
        return self.manifest.kind


def freeze(
    blobs: Blobs,
    kind: TableKind,
    tables: Mapping[str, Columns],
    *,
    attribution: str = "",
    note: str = "",
    as_of: date | None = None,
) -> Manifest:
    """Keep tables as an immutable version; equal content gives the equal digest.

    The tables' blobs are on the disk before the manifest that names them.

    Raises
    ------
    ValueError
        A table or column is missing or unknown, or has another type than the contract's.
    """
    _check(kind, tables)
    entries = {}
    for name in sorted(tables):
        columns = tables[name]
        entries[name] = {
            "blob": blobs.put(write_table(columns)),
            "digest": digest_table(columns),
            "rows": len(next(iter(columns.values()))),
            "columns": sorted(columns),
        }
    box = _box(kind, tables)
    content = {
        "format": FORMAT,
        "kind": kind.value,
        "tables": entries,
        "rows": entries[COUNTED[kind]]["rows"],
        "bbox": None if box is None else list(box),
        "attribution": attribution,
        "note": note,
        "as_of": None if as_of is None else as_of.isoformat(),
    }
    return _manifest(blobs.put(canonical(content)), content)


def read_manifest(blobs: Blobs, digest: str) -> Manifest:
    """Read the manifest that ``digest`` names.

    Raises
    ------
    NotFound
        There is no such blob.
    Damaged
        Its bytes are wrong, or it is no manifest.
    """
    try:
        content = json.loads(blobs.read(digest))
        return _manifest(digest, content)
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(
            f"{digest[:12]}… 不是数据版本清单（{error}），已拒绝使用，数据未改动。请检查版本编号。",
            english=f"{digest[:12]}… is no manifest of a dataset version ({error}); it was not "
            "used and nothing was changed. Check the version's digest.",
        ) from error


def thaw(blobs: Blobs, digest: str, *, verify: bool = True) -> Snapshot:
    """Open a version's tables as read-only arrays.

    Parameters
    ----------
    verify
        Whether every file is read whole and its digest compared first.

    Raises
    ------
    NotFound
        The manifest or one of its tables is not here.
    Damaged
        Bytes are not what their digest promises.
    """
    manifest = read_manifest(blobs, digest)
    tables = {
        name: read_table(blobs.open(entry.blob, verify=verify))
        for name, entry in manifest.tables.items()
    }
    return Snapshot(manifest=manifest, tables=tables)


def _manifest(digest: str, content: Mapping[str, Any]) -> Manifest:
    if content["format"] != FORMAT:
        raise ValueError(f"format {content['format']}")
    as_of = content["as_of"]
    west_south_east_north = content["bbox"]
    return Manifest(
        kind=TableKind(content["kind"]),
        tables={
            name: TableEntry(
                blob=entry["blob"],
                digest=entry["digest"],
                rows=entry["rows"],
                columns=tuple(entry["columns"]),
            )
            for name, entry in content["tables"].items()
        },
        rows=content["rows"],
        bbox=None if west_south_east_north is None else tuple(west_south_east_north),
        attribution=content["attribution"],
        note=content["note"],
        as_of=None if as_of is None else date.fromisoformat(as_of),
        digest=digest,
    )


def _check(kind: TableKind, tables: Mapping[str, Columns]) -> None:
    if set(tables) != set(TABLES[kind]):
        raise ValueError(f"{kind} consists of {sorted(TABLES[kind])}, not {sorted(tables)}")
    for name, schema in TABLES[kind].items():
        columns = tables[name]
        known = {column.name: column for column in schema}
        missing = {c.name for c in schema if not c.optional} - set(columns)
        unknown = set(columns) - set(known)
        if missing or unknown:
            raise ValueError(f"{name}: missing {sorted(missing)}, unknown {sorted(unknown)}")
        for column_name, array in columns.items():
            wanted, given = known[column_name].dtype, dtype_name(array)
            if wanted != given and len(array):
                raise ValueError(f"{name}.{column_name} is {wanted}, not {given}")


def _box(kind: TableKind, tables: Mapping[str, Columns]) -> Box | None:
    """Find the smallest box around every point or polygon."""
    name = "nodes" if kind is TableKind.STREETS else COUNTED[kind]
    columns = tables[name]
    if len(next(iter(columns.values()))) == 0:
        return None
    if kind is TableKind.AREAS:
        bounds = shapely.total_bounds(shapely.from_wkb(columns["wkb"]))
    else:
        lon, lat = columns["lon"], columns["lat"]
        bounds = np.array([lon.min(), lat.min(), lon.max(), lat.max()])
    if not np.isfinite(bounds).all():
        return None
    west, south, east, north = (float(bound) for bound in bounds)
    return west, south, east, north
