"""Areas as polygons from GeoJSON: a boundary, streets, communities, circles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import shapely
from marshmallow import fields, validate

from core.contract import (
    Crs,
    Head,
    Importer,
    Manifest,
    Problem,
    Raw,
    Settings,
    Severity,
    Source,
    TableKind,
    Unreadable,
    hookimpl,
    text,
)
from core.contract.reading import decode, number, read_bytes

KINDS: Mapping[str, str] = {
    **{kind: kind for kind in ("boundary", "street", "community", "circle")},
    "边界": "boundary",
    "行政边界": "boundary",
    "辖区": "boundary",
    "街道": "street",
    "镇": "street",
    "社区": "community",
    "村": "community",
    "生活圈": "circle",
    "便民生活圈": "circle",
    "圈": "circle",
}
NAMES: Mapping[str, tuple[str, ...]] = {
    "key": ("key", "code", "id", "adcode", "INSPIREID", "NATCODE", "编号", "代码", "区划代码"),
    "name": ("name", "名称", "NAME", "NAMEUNIT", "街道名称", "社区名称"),
    "kind": ("kind", "level", "类型", "级别"),
    "satisfaction": ("satisfaction", "满意度", "满意率"),
    "satisfaction_n": ("satisfaction_n", "满意度样本", "样本数"),
    "note": ("note", "备注"),
}
EARTHLY = ("CRS84", "4326", "4490")  # WGS 84 and CGCS2000, in degrees
POLYGONS = ("Polygon", "MultiPolygon")


class AreaOptions(Settings):
    """What the areas are where the file does not say."""

    kind = fields.String(
        load_default="",
        validate=validate.OneOf(("", "boundary", "street", "community", "circle")),
    )


@hookimpl
def lifecircle_manifest() -> Manifest:
    """Say who this is."""
    return Manifest(key="geojson", name="GeoJSON 区域导入", version="1.0", api=(1, 0))


@hookimpl
def lifecircle_importers(settings: Mapping[str, Any]) -> Sequence[Importer]:  # noqa: ARG001 - none are needed
    """Give the reader of areas."""
    return [
        Importer(
            key="area_polygons",
            name="区域多边形",
            english="Areas as polygons",
            gives=TableKind.AREAS,
            media=(".geojson", ".json", ".geojson.gz"),
            sniff=_sniff,
            read=read_areas,
            options=AreaOptions,
        )
    ]


def _sniff(head: Head) -> float:
    """Know GeoJSON by its words, or its name."""
    start = head.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{") and (b"FeatureCollection" in start or b'"Feature"' in start):
        return 1.0
    return 0.4 if head.filename.lower().endswith((".geojson", ".geojson.gz")) else 0.0


@dataclass(frozen=True, slots=True)
class _Area:
    """One area read, or only the problems that kept it out."""

    row: int
    wkb: bytes
    words: Mapping[str, str]
    satisfaction: float
    answers: int
    problems: tuple[Problem, ...] = ()

    @property
    def usable(self) -> bool:
        """Tell whether nothing refused it."""
        return not any(problem.severity is Severity.REFUSED for problem in self.problems)


def read_areas(source: Source, options: Mapping[str, Any]) -> Raw:
    """Read the polygons of a FeatureCollection.

    Satisfaction may be a share (0–1) or a percentage. Crossing outlines are mended where that
    leaves a polygon, and said.

    Raises
    ------
    Unreadable
        When the file is no GeoJSON of polygons in degrees.
    """
    features = _features(read_bytes(source.path))
    if options["kind"] or len(features) > 1:
        chosen, unsaid = options["kind"], ""
    else:
        chosen, unsaid = "", "boundary"  # a single outline that says nothing is the place's own
    areas = [
        _area(number_, feature, chosen, unsaid) for number_, feature in enumerate(features, start=1)
    ]
    kept = [area for area in areas if area.usable]
    columns = {
        "key": text([area.words["key"] or f"area{area.row}" for area in kept]),
        "name": text([area.words["name"] for area in kept]),
        "kind": text([area.words["kind"] for area in kept]),
        "wkb": _bytes([area.wkb for area in kept]),
        "satisfaction": np.array([area.satisfaction for area in kept], dtype=np.float64),
        "satisfaction_n": np.array([area.answers for area in kept], dtype=np.int32),
        "note": text([area.words["note"] for area in kept]),
        "raw_row": np.array([area.row for area in kept], dtype=np.int32),
    }
    return Raw(
        tables={"areas": columns},
        rows=len(features),
        problems=[problem for area in areas for problem in area.problems],
        crs=Crs.WGS84,
    )


def _features(raw: bytes) -> list[Mapping[str, Any]]:
    try:
        document = json.loads(decode(raw)[0], parse_constant=_no_constant)
    except (ValueError, RecursionError) as cause:
        raise _not_geojson(f"JSON: {cause}") from cause
    if not isinstance(document, dict):
        raise _not_geojson("no object")
    crs = str(document.get("crs") or "")
    if crs and not any(name in crs for name in EARTHLY):
        raise Unreadable(
            "projected",
            "坐标不是经纬度（文件的 crs 说明如此），什么都没有写入。请导出为 WGS84 经纬度。",
            "The file's crs is not longitude and latitude. Nothing was written. Export as WGS 84.",
        )
    features = [document] if document.get("type") == "Feature" else document.get("features")
    if not isinstance(features, list) or not features:
        raise _not_geojson("no features")
    if not all(isinstance(feature, dict) for feature in features):
        raise _not_geojson("a feature is no object")
    return features


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _not_geojson(reason: str) -> Unreadable:
    return Unreadable(
        "not_geojson",
        f"这不是含有区域的 GeoJSON（{reason[:100]}），什么都没有写入。请重新导出后再上传。",
        f"This is no GeoJSON of areas ({reason[:100]}). Nothing was written. Export it again.",
    )


def _area(row: int, feature: Mapping[str, Any], chosen: str, unsaid: str) -> _Area:
    properties = feature.get("properties")
    words = {
        meaning: _word(properties if isinstance(properties, dict) else {}, names)
        for meaning, names in NAMES.items()
    }
    words["key"] = words["key"] or str(feature.get("id") or "")
    words["kind"] = KINDS.get(words["kind"], chosen or words["kind"] or unsaid)
    shape, problems = _shape(row, feature.get("geometry"))
    satisfaction, answers = number(words["satisfaction"]), number(words["satisfaction_n"])
    problems += tuple(_word_problems(row, words, satisfaction))
    if satisfaction is not None and satisfaction > 1:
        satisfaction /= 100
    return _Area(
        row=row,
        wkb=shape,
        words=words,
        satisfaction=float("nan") if satisfaction is None else satisfaction,
        answers=int(answers or 0) if answers is not None and 0 <= answers < 2**31 else 0,
        problems=problems,
    )


def _word(properties: Mapping[str, Any], names: Sequence[str]) -> str:
    for name in names:
        value = properties.get(name)
        if value is not None and value != "":
            return str(value).strip()
    return ""


def _word_problems(
    row: int, words: Mapping[str, str], satisfaction: float | None
) -> Iterator[Problem]:
    if words["kind"] not in KINDS.values():
        yield _problem(
            row,
            "kind",
            "unknown_kind",
            "没有说明或无法识别区域类型。请填写：边界、街道、社区或生活圈，或在导入选项里指定。",
            "has no known kind. Write boundary, street, community or circle, or set the option.",
            words["kind"],
        )
    said = words["satisfaction"]
    if said and (satisfaction is None or not 0 <= satisfaction <= 100):  # noqa: PLR2004 - percent
        yield _problem(
            row,
            "satisfaction",
            "bad_share",
            "满意度应是 0–1 的比例或 0–100 的百分数。请改正或留空。",
            "has a satisfaction that is neither a share nor a percentage. Mend or empty it.",
            said,
        )


def _shape(row: int, geometry: object) -> tuple[bytes, tuple[Problem, ...]]:
    """Read a geometry into WKB without heights; mend crossing outlines."""
    if not isinstance(geometry, dict) or geometry.get("type") not in POLYGONS:
        return b"", (_no_polygon(row, "不是多边形", "is no polygon"),)
    try:
        shape = shapely.force_2d(shapely.from_geojson(json.dumps(geometry)))
    except (shapely.errors.GEOSException, ValueError, TypeError):
        return b"", (_no_polygon(row, "多边形写得不对", "has a malformed polygon"),)
    if shapely.is_valid(shape) and not shape.is_empty:
        return shapely.to_wkb(shape, byte_order=1), ()
    parts = [part for part in _polygons(shapely.make_valid(shape)) if part.area > 0]
    if not parts:
        return b"", (_no_polygon(row, "多边形没有面积", "has a polygon without area"),)
    mended = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    warning = _problem(
        row,
        "geometry",
        "mended",
        "边界自相交，已自动修补。请在地图上核对。",
        "has a crossing outline, which was mended. Check it on the map.",
        severity=Severity.WARNING,
    )
    return shapely.to_wkb(mended, byte_order=1), (warning,)


def _polygons(shape: Any) -> list[Any]:
    parts = list(getattr(shape, "geoms", [shape]))
    flat = [each for part in parts for each in getattr(part, "geoms", [part])]
    return [part for part in flat if part.geom_type == "Polygon"]


def _no_polygon(row: int, message: str, english: str) -> Problem:
    return _problem(
        row,
        "geometry",
        "no_polygon",
        f"{message}。请改正这个要素。",
        f"{english}. Mend the feature.",
    )


def _problem(  # noqa: PLR0913 - the parts of a problem, named once here
    row: int,
    column: str,
    code: str,
    message: str,
    english: str,
    value: str = "",
    *,
    severity: Severity = Severity.REFUSED,
) -> Problem:
    return Problem(
        row=row,
        column=column,
        code=code,
        message=f"第 {row} 个区域{message}",
        english=f"Area {row} {english}",
        value=value[:200],
        severity=severity,
    )


def _bytes(values: Sequence[bytes]) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
