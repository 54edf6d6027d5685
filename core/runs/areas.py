"""Areas: who belongs to which street, community or circle, and what was surveyed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.contract import Figure
from core.db import WHOLE
from core.errors import Invalid

JUDGED = ("circle", "community", "street")  # of which a scorecard is made; a boundary is not
WHOLE_NAME = "全部居民"

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """An area that gets a scorecard; the first of a run is always the whole."""

    key: str
    name: str
    kind: str
    note: str = ""
    satisfaction: Figure | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Areas:
    """The areas of a run, and their homes.

    Parameters
    ----------
    each
        The whole first, then circles, communities, streets as the data list them.
    homes
        One row per area, one column per home: 1 where the home lies inside.
    """

    each: tuple[Area, ...]
    homes: csr_array

    def people(self, counts: NDArray[np.integer]) -> Counts:
        """Sum people (homes,) or (homes, k) into the areas: (areas,) or (areas, k)."""
        total: Counts = np.asarray(self.homes @ counts.astype(np.int64))
        return total

    def rows_of(self, area: int) -> NDArray[np.int32]:
        """Give the homes of one area."""
        rows: NDArray[np.int32] = self.homes.indices[
            self.homes.indptr[area] : self.homes.indptr[area + 1]
        ]
        return rows


def place(
    lon: Floats, lat: Floats, people: Counts, table: Mapping[str, NDArray[Any]] | None
) -> Areas:
    """Assign homes to areas by point in polygon; a home on a shared border belongs to both.

    Parameters
    ----------
    lon, lat
        Homes, WGS 84 degrees.
    people
        Residents per home, by which surveyed figures of circles are weighted for the whole.
    table
        The areas table of the contract; ``None`` when the run has none.

    Raises
    ------
    Invalid
        Two areas share a key, or one is called ``whole``.
    """
    members = [np.arange(len(lon), dtype=np.int32)]
    named: list[Area] = []
    if table is not None:
        chosen = [int(row) for kind in JUDGED for row in np.flatnonzero(table["kind"] == kind)]
        named = [_area(table, row) for row in chosen]
        _refuse_doubles(named)
        members += [_inside(shapely.from_wkb(table["wkb"][row]), lon, lat) for row in chosen]
    indptr = np.cumsum([0, *(len(rows) for rows in members)])
    indices = np.concatenate(members)
    ones = np.ones(len(indices), dtype=np.int64)
    homes = csr_array((ones, indices, indptr), shape=(len(members), len(lon)))
    living = np.asarray(homes @ people)[1:]
    whole = Area(key=WHOLE, name=WHOLE_NAME, kind=WHOLE, satisfaction=_overall(named, living))
    return Areas(each=(whole, *named), homes=homes)


def _area(table: Mapping[str, NDArray[Any]], row: int) -> Area:
    note = str(table["note"][row]) if "note" in table else ""
    satisfaction = None
    if "satisfaction" in table and np.isfinite(table["satisfaction"][row]):
        sample = int(table["satisfaction_n"][row]) if "satisfaction_n" in table else 0
        satisfaction = Figure(
            value=float(table["satisfaction"][row]),
            sample=sample,
            source=note or "区域数据所载调查",
        )
    return Area(
        key=str(table["key"][row]),
        name=str(table["name"][row]),
        kind=str(table["kind"][row]),
        note=note,
        satisfaction=satisfaction,
    )


def _inside(area: Any, lon: Floats, lat: Floats) -> NDArray[np.int32]:
    """Give the points in a polygon or on its border, in order."""
    if area.is_empty:
        return np.zeros(0, dtype=np.int32)
    west, south, east, north = area.bounds
    near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    shapely.prepare(area)
    inside: NDArray[np.int32] = near[shapely.intersects_xy(area, lon[near], lat[near])].astype(
        np.int32
    )
    return inside


def _refuse_doubles(named: Sequence[Area]) -> None:
    keys = [area.key for area in named]
    doubled = sorted({key for key in keys if keys.count(key) > 1 or key == WHOLE})
    if doubled:
        raise Invalid(
            f"区域数据中编号重复或占用保留字：{'、'.join(doubled[:5])}。没有计算。"
            "请修改编号后重新导入区域。",
            english=f"Keys of areas are doubled or reserved: {', '.join(doubled[:5])}. Nothing "
            "was computed. Mend them and import the areas again.",
        )


def _overall(named: Sequence[Area], living: Counts) -> Figure | None:
    """Weigh the circles' surveys by their residents; ``None`` when no circle has one."""
    circles = [
        (area, int(people))
        for area, people in zip(named, living, strict=True)
        if area.kind == "circle"
    ]
    surveyed = [
        (area.satisfaction, people, area.note)
        for area, people in circles
        if area.satisfaction is not None and people
    ]
    weight = sum(people for _, people, _ in surveyed)
    if not weight:
        return None
    notes = sorted({note for _, _, note in surveyed if note})
    source = f"{len(surveyed)}/{len(circles)} 个生活圈的调查，按居民加权"
    return Figure(
        value=round(sum(figure.value * people for figure, people, _ in surveyed) / weight, 6),
        sample=sum(figure.sample for figure, _, _ in surveyed),
        source="；".join([source, *notes]),
    )
