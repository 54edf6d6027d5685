"""5 check: what is wrong with the rows, which of them stay, and how good the data are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from core.contract import GATES, GROUPS, TABLES, OfferMode, Severity, TableKind
from core.intake.found import Found, rows_of
from core.intake.normalise import Table, Tables
from core.intake.people import whole_groups
from core.intake.place import Box, Mask, Places, check_places, grown, overlap

PEOPLE_IN_ONE_PLACE = 200_000  # no point on a map houses more: a mistake of a unit or a sum
SLACK = 1e-6
AREA_KINDS = ("boundary", "street", "community", "circle")
SAME_PLACE = 5  # decimals of a degree, about a metre


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Tables as they will be frozen, how many rows they kept, and what to know about them."""

    tables: Tables
    kept: int
    quality: Mapping[str, Any]


def check(kind: TableKind, tables: Tables, near: Box | None, found: Found) -> Checked:
    """Check normalised tables and drop the rows that are refused.

    Parameters
    ----------
    kind
        What the tables are.
    tables
        Normalised and classified.
    near
        The tenant's own box, to tell what lies elsewhere; ``None`` where it is unknown or
        not wanted.
    found
        Takes the problems.
    """
    checks: Mapping[TableKind, Callable[[Tables, Box | None, Found], Checked]] = {
        TableKind.STREETS: _streets,
        TableKind.RESIDENTS: _residents,
        TableKind.OUTLETS: _outlets,
        TableKind.AREAS: _areas,
    }
    checked = checks[kind](tables, near, found)
    if checked.kept == 0 and not found.whole:
        found.add(
            0,
            "",
            "nothing_left",
            "没有一行可用的数据，什么都没有写入。请按问题清单改正后重新导入。",
            "No row is usable. Nothing was written. Mend the listed problems and import again.",
        )
    return Checked(
        tables={name: _typed(kind, name, table) for name, table in checked.tables.items()},
        kept=checked.kept,
        quality=checked.quality,
    )


def _typed(kind: TableKind, name: str, table: Table) -> Table:
    """Keep the contract's columns, in its types."""
    return {
        column.name: table[column.name]
        if column.dtype in ("str", "bytes")
        else table[column.name].astype(column.dtype)
        for column in TABLES[kind][name]
        if column.name in table
    }


def _streets(tables: Tables, near: Box | None, found: Found) -> Checked:
    nodes, edges = tables["nodes"], tables["edges"]
    count = len(nodes["lon"])
    u, v, metres = edges["u"], edges["v"], edges["metres"]
    with np.errstate(invalid="ignore"):
        ends = (np.minimum(u, v) >= 0) & (np.maximum(u, v) < count)
        sound = ends & np.isfinite(metres) & (metres >= 0)
        sound &= _passable(edges, len(u))
    if not sound.all():
        _malformed(found, "edges", int(np.flatnonzero(~sound)[0]))
    placed = check_places(Places(nodes["lon"], nodes["lat"], rows_of(nodes, count)), None, found)
    if not (placed.all() or found.whole):
        _malformed(found, "nodes", int(np.flatnonzero(~placed)[0]))
    if count and not found.whole:
        lon, lat = nodes["lon"], nodes["lat"]
        box = [float(each) for each in (lon.min(), lat.min(), lon.max(), lat.max())]
        _elsewhere(found, box, near)
    kilometres = round(float(metres[sound].sum()) / 1000, 1)
    return Checked(tables=tables, kept=int(sound.sum()), quality={"kilometres": kilometres})


def _passable(edges: Table, count: int) -> Mask:
    """Mark the edges whose crossings, gates, one-ways and climbs are possible, where they stand."""
    good: Mask = np.ones(count, dtype=bool)
    if "crossings" in edges:
        good &= edges["crossings"] >= 0
    if "gate" in edges:
        good &= np.isin(edges["gate"], np.array(["", *GATES], dtype=object))
    if "one_way" in edges:
        good &= np.isin(edges["one_way"], (-1, 0, 1))
    if "climb" in edges:
        good &= ~np.isinf(edges["climb"])
    return good


def _residents(tables: Tables, near: Box | None, found: Found) -> Checked:
    homes = _known_groups(tables["homes"], found)
    rows = rows_of(homes, len(homes["lon"]))
    good = check_places(Places(homes["lon"], homes["lat"], rows), near, found)
    for name in ("people", *(f"people_{group}" for group in GROUPS)):
        if name in homes:
            good = good & _countable(homes, name, rows, found)
    for inner, outer in _nested(homes):
        with np.errstate(invalid="ignore"):
            fits = homes[inner] <= homes[outer] + SLACK
        for index in np.flatnonzero(good & ~fits):
            _too_many(found, int(rows[index]), inner, float(homes[inner][index]))
        good = good & fits
    kept = {name: values[good] for name, values in homes.items()}
    rounded = whole_groups(kept)
    total = int(rounded["people"].sum())
    if good.any() and total == 0:
        found.add(
            0,
            "people",
            "nobody",
            "人口合计为零，什么都没有写入。请检查人口列。",
            "There are no people in all. Nothing was written. Check the column of people.",
        )
    groups = {
        group: int(rounded[f"people_{group}"].sum())
        for group in GROUPS
        if f"people_{group}" in rounded
    }
    return Checked(
        tables={"homes": {**kept, **rounded}},
        kept=int(good.sum()),
        quality={"people": total, "groups": groups},
    )


def _known_groups(homes: Table, found: Found) -> Table:
    """Leave out an age group that no row knows; a group that some rows lack stays, and is said."""
    known = dict(homes)
    for group in GROUPS:
        column = homes.get(f"people_{group}")
        if column is not None and len(column) and np.isnan(column.astype(np.float64)).all():
            del known[f"people_{group}"]
            found.add(
                0,
                f"people_{group}",
                "group_unknown",
                f"{group} 岁人口一列全部为空，按未知处理。",
                f"The column of people aged {group} is empty and counts as unknown.",
                severity=Severity.WARNING,
            )
    return known


def _countable(homes: Table, name: str, rows: NDArray[np.int64], found: Found) -> Mask:
    people = homes[name] = homes[name].astype(np.float64)
    with np.errstate(invalid="ignore"):
        good: Mask = np.isfinite(people) & (people >= 0) & (people <= PEOPLE_IN_ONE_PLACE)
    for index in np.flatnonzero(~good):
        row, value = int(rows[index]), float(people[index])
        negative = value < 0
        found.add(
            row,
            name,
            "negative_people" if negative else "bad_people",
            f"第 {row} 行的人数 {value:g} {'是负数' if negative else '不是合理的人数'}。请改正。",
            f"Row {row}: {value:g} people {'is negative' if negative else 'cannot be'}. Mend it.",
            value=f"{value:g}",
        )
    return good


def _nested(homes: Table) -> list[tuple[str, str]]:
    """List which columns of people lie within which others."""
    pairs = [(f"people_{group}", "people") for group in GROUPS]
    pairs += [("people_65+", "people_60+"), ("people_0-3", "people_0-6")]
    return [(inner, outer) for inner, outer in pairs if inner in homes and outer in homes]


def _too_many(found: Found, row: int, column: str, value: float) -> None:
    found.add(
        row,
        column,
        "group_too_large",
        f"第 {row} 行的分龄人数 {value:g} 超过其所属的总人数。请改正。",
        f"Row {row}: {value:g} people of an age are more than those they belong to. Mend it.",
        value=f"{value:g}",
    )


def _outlets(tables: Tables, near: Box | None, found: Found) -> Checked:
    outlets, offers = tables["outlets"], tables["offers"]
    count = len(outlets["lon"])
    rows = rows_of(outlets, count)
    linked = (offers["outlet"] >= 0) & (offers["outlet"] < count)
    if not linked.all():
        _malformed(found, "offers", int(np.flatnonzero(~linked)[0]))
    known = set(OfferMode)
    if any(mode not in known for mode in offers["mode"]):
        _malformed(found, "offers", 0)
    good = check_places(Places(outlets["lon"], outlets["lat"], rows), near, found)
    good = good & _once(outlets["key"], rows, "key", found)
    offered = np.zeros(count, dtype=bool)
    offered[offers["outlet"][linked]] = True
    good = good & offered  # one whose format is unknown was refused by classify
    _doubles(outlets, good, rows, found)
    renumbered = np.cumsum(good) - 1
    stays = linked.copy()
    stays[linked] = good[offers["outlet"][linked]]
    kept = {name: values[stays] for name, values in offers.items()}
    kept["outlet"] = renumbered[kept["outlet"]]
    kept = _distinct(kept)
    told = float((kept["hours"] != "").mean()) if len(kept["hours"]) else 0.0
    return Checked(
        tables={
            "outlets": {name: values[good] for name, values in outlets.items()},
            "offers": kept,
        },
        kept=int(good.sum()),
        quality={
            "offers": len(kept["outlet"]),
            "with_hours": round(told, 4),
            "formats": dict(sorted(Counter(kept["format"].tolist()).items())),
        },
    )


def _distinct(offers: Table) -> Table:
    """Keep one of offers that say the same of one outlet."""
    names = ("outlet", "format", "service", "mode", "hours")
    seen: dict[tuple[Any, ...], int] = {}
    for index, offer in enumerate(zip(*(offers[name].tolist() for name in names), strict=True)):
        seen.setdefault(offer, index)
    first = np.array(list(seen.values()), dtype=np.int64)
    return {name: values[first] for name, values in offers.items()}


def _doubles(outlets: Table, good: Mask, rows: NDArray[np.int64], found: Found) -> None:
    """Warn of outlets with one name in one place."""
    seen: dict[tuple[str, float, float], int] = {}
    places = np.round(np.column_stack([outlets["lon"], outlets["lat"]]), SAME_PLACE).tolist()
    for index in np.flatnonzero(good):
        name = outlets["name"][index]
        other = seen.setdefault((name, *places[index]), int(index))
        if name and other != index:
            row, first = int(rows[index]), int(rows[other])
            found.add(
                row,
                "name",
                "double",
                f"第 {row} 行与第 {first} 行同名同址（{name[:50]}），疑似重复，仍已导入，请核对。",
                f"Row {row} has the name and place of row {first} ({name[:50]}): a double? "
                "It was taken as it is.",
                value=name,
                severity=Severity.WARNING,
            )


def _areas(tables: Tables, near: Box | None, found: Found) -> Checked:
    areas = tables["areas"]
    rows = rows_of(areas, len(areas["key"]))
    shapes = shapely.from_wkb(areas["wkb"], on_invalid="ignore")
    polygonal = np.isin(shapely.get_type_id(shapes), (3, 6)) & shapely.is_valid(shapes)
    known = np.array([kind in AREA_KINDS for kind in areas["kind"]], dtype=bool)
    for index in np.flatnonzero(~(polygonal & known)):
        _malformed(found, "areas", int(index))
    bounds = shapely.bounds(shapes)
    good = polygonal & known & _once(areas["key"], rows, "key", found)
    for corner in (0, 2):
        places = Places(bounds[good, corner], bounds[good, corner + 1], rows[good])
        usable = check_places(places, None, found)
        good[np.flatnonzero(good)[~usable]] = False
        if found.whole:
            break
    if good.any() and not found.whole:
        west, south, east, north = shapely.total_bounds(shapes[good]).tolist()
        _elsewhere(found, (west, south, east, north), near)
    kept = {name: values[good] for name, values in areas.items()}
    kinds = dict(sorted(Counter(kept["kind"].tolist()).items()))
    return Checked(tables={"areas": kept}, kept=int(good.sum()), quality={"kinds": kinds})


def _once(keys: NDArray[Any], rows: NDArray[np.int64], column: str, found: Found) -> Mask:
    """Refuse every later row with the same key; rows without a key are given one."""
    first: dict[str, int] = {}
    good = np.ones(len(keys), dtype=bool)
    for index, key in enumerate(keys.tolist()):
        other = first.setdefault(key, index)
        if other != index:
            good[index] = False
            row = int(rows[index])
            found.add(
                row,
                column,
                "key_twice",
                f"第 {row} 行的编号“{key[:50]}”与第 {int(rows[other])} 行重复。请改成不同的编号。",
                f"Row {row} has the key {key[:50]!r} of row {int(rows[other])}. Give it its own.",
                value=key,
            )
    return good


def _elsewhere(found: Found, box: Sequence[float], near: Box | None) -> None:
    """Refuse streets or areas that do not touch the tenant's own place."""
    if near is None or overlap(box, grown(near)):
        return
    shown = ", ".join(f"{degree:.4g}" for degree in box)
    swapped = overlap((box[1], box[0], box[3], box[2]), grown(near))
    found.add(
        0,
        "",
        "swapped" if swapped else "elsewhere",
        f"数据范围（{shown}）{'像是经纬度写反了' if swapped else '与本地区不相接'}，"
        "什么都没有写入。请确认文件属于本地区；确要导入请勾选“不核对位置”。",
        f"The data ({shown}) {'look swapped' if swapped else 'do not touch this place'}. Nothing "
        "was written. Check the file, or set the option 'anywhere'.",
        value=shown,
    )


def _malformed(found: Found, table: str, index: int) -> None:
    found.add(
        0,
        "",
        "malformed",
        f"导入器给出的表 {table} 第 {index + 1} 项不合约定，什么都没有写入。请联系插件作者。",
        f"Entry {index + 1} of the importer's table {table} breaks the contract. Nothing was "
        "written. Tell the plugin's author.",
        value=f"{table}[{index}]",
    )
