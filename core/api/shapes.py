"""Polygons that somebody sends as GeoJSON, checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import shapely

from core.errors import Invalid

MOST_CORNERS = 20_000
SHAPES = ("Polygon", "MultiPolygon")
EARTH = (-180.0, -90.0, 180.0, 90.0)


def polygons(geojson: dict[str, Any] | None, field: str) -> Any:
    """Join all polygons of a geometry, feature or collection; None where there are none.

    Parameters
    ----------
    geojson
        As it came, in degrees (WGS 84).
    field
        What the body calls it.

    Raises
    ------
    Invalid
        It cannot be read, holds something else or more than 20,000 corners, leaves the earth, or
        crosses itself; the details name the field, the problem and a remedy.
    """
    if geojson is None:
        return None
    try:
        read = shapely.from_geojson(json.dumps(geojson))
    except shapely.errors.GEOSException:
        remedy = "请给出 GeoJSON 的 Polygon、MultiPolygon 或由其组成的集合"
        raise _wrong(field, "读不懂", remedy) from None
    parts = [part for part in _parts(read) if not part.is_empty]
    for problem, remedy in _faults(parts):
        raise _wrong(field, problem, remedy)
    return shapely.union_all(parts) if parts else None


def _faults(parts: list[Any]) -> Iterator[tuple[str, str]]:
    if any(part.geom_type not in SHAPES for part in parts):
        yield "含有不是多边形的图形", "请只给出 Polygon 或 MultiPolygon"
    if int(shapely.get_num_coordinates(parts).sum()) > MOST_CORNERS:
        yield f"超过 {MOST_CORNERS} 个顶点", "请简化多边形"
    west, south, east, north = shapely.total_bounds(parts) if parts else EARTH
    if min(west - EARTH[0], south - EARTH[1], EARTH[2] - east, EARTH[3] - north) < 0:
        yield "经纬度超出范围", "请检查坐标，先经度后纬度"
    for number, part in enumerate(parts):
        if not part.is_valid:
            yield f"第 {number + 1} 个多边形自相交或环有误", "请重画这个多边形"


def _parts(read: Any) -> Iterator[Any]:
    """Take collections apart, however deep."""
    if read.geom_type == "GeometryCollection":
        for part in read.geoms:
            yield from _parts(part)
    else:
        yield read


def _wrong(field: str, problem: str, remedy: str) -> Invalid:
    detail: dict[str, object] = {"field": field, "problem": problem, "remedy": remedy}
    return Invalid(
        f"{field} {problem}，没有计算。{remedy}。",
        english=f"{field} cannot be used; nothing was computed. Send valid GeoJSON polygons in "
        "degrees, longitude first.",
        details=[detail],
    )
