"""3 normalise: coordinates to WGS 84, text to one form, hours to one syntax."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from core.contract import Columns, Crs, Severity, TableKind
from core.intake.datum import to_wgs84
from core.intake.found import Found, rows_of
from core.intake.hours import osm_hours

LONGEST = 500  # characters of a name, an address, a key
KEPT_AS_WRITTEN = ("raw_format", "raw_code", "raw_tags")

Table = dict[str, NDArray[Any]]
Tables = dict[str, Table]


def normalise(kind: TableKind, raw: Mapping[str, Columns], crs: Crs, found: Found) -> Tables:
    """Bring what an importer read into one form.

    Parameters
    ----------
    kind
        What the tables are.
    raw
        The importer's tables; left as they are.
    crs
        The datum of their coordinates.
    found
        Takes the hours that cannot be read, as warnings.
    """
    tables = {
        name: {column: _clean(values) for column, values in columns.items()}
        for name, columns in raw.items()
    }
    for table in tables.values():
        if "lon" in table and "lat" in table:
            lon, lat = table["lon"].astype(np.float64), table["lat"].astype(np.float64)
            table["lon"], table["lat"] = to_wgs84(lon, lat, crs)
        if "wkb" in table and crs not in (Crs.WGS84, Crs.CGCS2000):
            table["wkb"] = _moved(table["wkb"], crs)
    if kind is TableKind.OUTLETS:
        _hours(tables, found)
    return tables


def one_form(words: str) -> str:
    """Write text in Unicode's composed form, on one line, without controls, not too long."""
    if words.isascii() and words.isprintable() and len(words) <= LONGEST:
        return words.strip()
    flat = unicodedata.normalize("NFC", words.replace("\u3000", " "))
    kept = (
        " " if character.isspace() else character
        for character in flat
        if character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co")
    )
    return " ".join("".join(kept).split())[:LONGEST]


def _clean(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype != object or (len(values) and isinstance(values[0], bytes)):
        return values
    return _each(values, one_form)


def _each(values: NDArray[Any], turn: Callable[[str], Any]) -> NDArray[Any]:
    """Turn a text column, each different text once."""
    known: dict[str, Any] = {}
    column = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        if value not in known:
            known[value] = turn(value)
        column[index] = known[value]
    return column


def _moved(wkb: NDArray[Any], crs: Crs) -> NDArray[Any]:
    """Move the corners of polygons from a datum to WGS 84."""

    def move(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        lon, lat = to_wgs84(corners[:, 0].copy(), corners[:, 1].copy(), crs)
        return np.column_stack([lon, lat])

    shapes = shapely.transform(shapely.from_wkb(wkb), move)
    moved: NDArray[Any] = shapely.to_wkb(shapes, byte_order=1)
    return moved


def _hours(tables: Tables, found: Found) -> None:
    """Write hours in OpenStreetMap's syntax; those that cannot be read become unknown."""
    offers, outlets = tables["offers"], tables["outlets"]
    written = offers["hours"]
    read = _each(written, osm_hours)
    unread = np.array([hours is None for hours in read], dtype=bool)
    numbers = rows_of(outlets, len(outlets["lon"]))
    told: set[tuple[int, str]] = set()
    for index in np.flatnonzero(unread):
        outlet = int(offers["outlet"][index])
        row = int(numbers[outlet]) if 0 <= outlet < len(numbers) else 0
        if (row, written[index]) in told:
            continue
        told.add((row, written[index]))
        found.add(
            row,
            "hours",
            "hours_unread",
            f"第 {row} 行的营业时间“{written[index][:50]}”读不准，按未知处理。"
            "请写成 07:00-22:00 或 Mo-Fr 08:00-18:00。",
            f"Row {row}: the hours {written[index][:50]!r} cannot be read and count as unknown. "
            "Write them as 07:00-22:00 or Mo-Fr 08:00-18:00.",
            value=written[index],
            severity=Severity.WARNING,
        )
    read[unread] = ""
    offers["hours"] = read
