"""Where things are: on the earth, near the tenant, longitude and latitude the right way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.intake.found import Found, Rows

Box = tuple[float, float, float, float]  # west, south, east, north, degrees
Mask = NDArray[np.bool_]

MARGIN = 0.25  # degrees beyond the tenant's own box that are still near; about 25 km
MOST = 0.5  # a larger share of bad rows is one mistake of the whole file
SWAP = 0.9  # a share of rows that would be right the other way round


@dataclass(frozen=True, slots=True)
class Places:
    """Places of rows, and the rows' numbers as people see them."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    rows: Rows


def check_places(places: Places, near: Box | None, found: Found) -> Mask:
    """Tell which rows are where they can be.

    Parameters
    ----------
    places
        What to check.
    near
        The tenant's own box, where it is known and wanted.
    found
        Takes one problem a bad row, or a single one where most of the file is wrong.

    Returns
    -------
    ndarray
        Whether each row's place can be used.
    """
    lon, lat = places.lon, places.lat
    earthly = _on_earth(lon, lat)
    good = earthly if near is None else earthly & _within(lon, lat, near)
    if good.all():
        return good
    with np.errstate(invalid="ignore"):
        other = _on_earth(lat, lon) & (_within(lat, lon, near) if near else ~earthly)
    bad = int((~good).sum())
    if bad > MOST * good.size:
        _whole_file(found, places, good, swapped=bool(other[~good].mean() >= SWAP), near=near)
        return good
    for index in np.flatnonzero(~good):
        _row(found, places, int(index), swapped=bool(other[index]), earthly=bool(earthly[index]))
    return good


def overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether two boxes (west, south, east, north) share any ground."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def grown(box: Box, margin: float = MARGIN) -> Box:
    """Give the box with a margin on each side."""
    west, south, east, north = box
    return west - margin, south - margin, east + margin, north + margin


def _on_earth(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Mask:
    with np.errstate(invalid="ignore"):
        on: Mask = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)  # noqa: PLR2004 - degrees
    return on


def _within(lon: NDArray[np.float64], lat: NDArray[np.float64], near: Box) -> Mask:
    west, south, east, north = grown(near)
    with np.errstate(invalid="ignore"):
        inside: Mask = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside


def _whole_file(
    found: Found, places: Places, good: Mask, *, swapped: bool, near: Box | None
) -> None:
    bad = np.flatnonzero(~good)
    example = _shown(places, int(bad[0]))
    if swapped:
        found.add(
            0,
            "lon",
            "swapped",
            f"{bad.size} 行的经纬度像是写反了（例如 {example}），什么都没有写入。"
            "请对调经度与纬度两列后重新导入。",
            f"Longitude and latitude look swapped in {bad.size} rows (such as {example}). "
            "Nothing was written. Swap the two columns and import again.",
            value=example,
        )
    elif near is not None and _on_earth(places.lon, places.lat).mean() > MOST:
        found.add(
            0,
            "lon",
            "elsewhere",
            f"{bad.size} 行远在本地区之外（例如 {example}），什么都没有写入。请确认文件属于本地区；"
            "确要导入请勾选“不核对位置”。",
            f"{bad.size} rows lie far from this place (such as {example}). Nothing was written. "
            "Check that the file belongs here, or set the option 'anywhere'.",
            value=example,
        )
    else:
        found.add(
            0,
            "lon",
            "off_earth",
            f"{bad.size} 行的坐标不在地球上（例如 {example}），什么都没有写入。"
            "请确认坐标是十进制经纬度。",
            f"{bad.size} rows have coordinates beyond the earth (such as {example}). Nothing was "
            "written. Check that they are degrees.",
            value=example,
        )


def _row(found: Found, places: Places, index: int, *, swapped: bool, earthly: bool) -> None:
    row, shown = int(places.rows[index]), _shown(places, index)
    if swapped:
        code, message = "swapped", "经纬度像是写反了。请对调后再导入。"
        english = "has longitude and latitude swapped, it seems. Swap them."
    elif earthly:
        code, message = "elsewhere", "远在本地区之外。请核对坐标；确要导入请勾选“不核对位置”。"
        english = "lies far from this place. Check it, or set the option 'anywhere'."
    else:
        code, message = "off_earth", "坐标不在地球上。请填写十进制经纬度。"
        english = "lies beyond the earth. Write decimal degrees."
    found.add(
        row,
        "lon",
        code,
        f"第 {row} 行（{shown}）{message}",
        f"Row {row} ({shown}) {english}",
        value=shown,
    )


def _shown(places: Places, index: int) -> str:
    return f"{places.lon[index]:.6g}, {places.lat[index]:.6g}"
