"""Places of an OpenStreetMap extract whose tags mean a business format, as outlets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import osmium
import shapely
from marshmallow import fields, validate

from core.contract import BusinessFormat, Problem, Raw, Settings, Severity, Source, Unreadable, text
from plugins.osm.extract import ATTRIBUTION, opened

RING = 4  # points of the smallest closed ring, its first given twice
ADDRESS = ("addr:full", "addr:city", "addr:district", "addr:street", "addr:housenumber")


class PlaceOptions(Settings):
    """Which things of the map count, which tags rule one out, and where an area stands.

    ``area_point`` is ``centroid``, or ``vertices``: the mean of the ring's points as listed, the
    closing one counted again, as some tools have it; for comparing with their figures.
    """

    relations = fields.Boolean(load_default=True)
    not_tags = fields.List(
        fields.String(),
        load_default=("access=no", "access=private", "disused=yes", "abandoned=yes"),
    )
    first_format_only = fields.Boolean(load_default=False)
    area_point = fields.String(
        load_default="centroid", validate=validate.OneOf(["centroid", "vertices"])
    )


@dataclass(frozen=True, slots=True)
class Meaning:
    """The formats' tags as lookups: a tag, or several joined by ``+``, means a format."""

    single: Mapping[str, tuple[int, ...]]  # key=value: positions in keys
    joined: tuple[tuple[frozenset[str], int], ...]
    keys: tuple[str, ...]
    tag_keys: tuple[str, ...]

    @classmethod
    def of(cls, formats: Sequence[BusinessFormat]) -> Meaning:
        """Turn the terms of the formats round."""
        single: dict[str, tuple[int, ...]] = {}
        joined: list[tuple[frozenset[str], int]] = []
        tag_keys: dict[str, None] = {}
        for position, format_ in enumerate(formats):
            for term in format_.terms.tags:
                parts = term.split("+")
                tag_keys.update(dict.fromkeys(part.split("=")[0] for part in parts))
                if len(parts) == 1:
                    single[term] = (*single.get(term, ()), position)
                else:
                    joined.append((frozenset(parts), position))
        return cls(single, tuple(joined), tuple(each.key for each in formats), tuple(tag_keys))

    def formats(self, pairs: frozenset[str]) -> list[str]:
        """Give the keys of the formats that these ``key=value`` mean, in the formats' order."""
        found = {position for pair in pairs for position in self.single.get(pair, ())}
        found.update(position for parts, position in self.joined if parts <= pairs)
        return [self.keys[position] for position in sorted(found)]


@dataclass(slots=True)
class _Found:
    """Columns being gathered."""

    key: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)
    address: list[str] = field(default_factory=list)
    outlet: list[int] = field(default_factory=list)
    format: list[str] = field(default_factory=list)
    hours: list[str] = field(default_factory=list)
    broken: int = 0

    def add(
        self, key: str, tags: Mapping[str, str], place: tuple[float, float], formats: list[str]
    ) -> None:
        """Take one place with its offers."""
        self.outlet.extend([len(self.key)] * len(formats))
        self.format.extend(formats)
        self.hours.extend([tags.get("opening_hours", "")] * len(formats))
        self.key.append(key)
        self.name.append(tags.get("name:zh") or tags.get("name", ""))
        self.address.append(" ".join(tags[part] for part in ADDRESS if part in tags))
        self.lon.append(place[0])
        self.lat.append(place[1])


def read_places(source: Source, options: Mapping[str, Any]) -> Raw:
    """Read nodes, closed ways and multipolygons whose tags mean a format.

    An area stands at its centroid. One place is one outlet with an offer for each format that
    its tags mean.

    Raises
    ------
    Unreadable
        When the file is no whole pbf, or no format has tags to look for.
    """
    meaning = Meaning.of(source.formats)
    if not meaning.tag_keys:
        raise Unreadable(
            "no_tags",
            "本租户启用的业态都没有 OpenStreetMap 标签，无法识别网点，什么都没有写入。"
            "请先启用业态插件。",
            "No enabled format has OpenStreetMap tags. Nothing was written. Turn formats on first.",
        )
    found = _Found()
    with opened(source.path) as path:
        centre = CENTRES[options["area_point"]]
        for key, tags, place in _places(path, meaning, centre, relations=options["relations"]):
            pairs = frozenset(f"{name}={value}" for name, value in tags.items())
            formats = meaning.formats(pairs)
            if not formats or not pairs.isdisjoint(options["not_tags"]):
                continue
            if place is None:
                found.broken += 1
                continue
            found.add(key, tags, place, formats[:1] if options["first_format_only"] else formats)
            if len(found.key) % 1000 == 0:
                source.progress(0, source.path.stat().st_size)
    return _raw(found)


Point = tuple[float, float]
Place = tuple[str, dict[str, str], Point | None]
Centre = Callable[[list[list[Point]]], Point | None]


def _places(
    path: osmium.io.File, meaning: Meaning, centre: Centre, *, relations: bool
) -> Iterator[Place]:
    """Go through the tagged objects; a place of ``None`` is one whose shape is cut or broken."""
    wanted = osmium.filter.KeyFilter(*meaning.tag_keys)
    reader = osmium.FileProcessor(path).with_locations()
    if relations:
        reader = reader.with_areas(wanted)
    for thing in reader.with_filter(wanted):
        if isinstance(thing, osmium.osm.Node):
            yield f"n{thing.id}", dict(thing.tags), (thing.location.lon, thing.location.lat)
        elif isinstance(thing, osmium.osm.Way):
            if len(thing.nodes) < RING or not thing.is_closed():
                continue
            yield f"w{thing.id}", dict(thing.tags), _way_centre(thing, centre)
        elif isinstance(thing, osmium.osm.Area) and not thing.from_way():
            yield f"r{thing.orig_id()}", dict(thing.tags), _area_centre(thing, centre)


def _way_centre(way: osmium.osm.Way, centre: Centre) -> Point | None:
    nodes = [node.location for node in way.nodes]
    if not all(location.valid() for location in nodes):
        return None
    return centre([[(location.lon, location.lat) for location in nodes]])


def _area_centre(area: osmium.osm.Area, centre: Centre) -> Point | None:
    rings = [[(node.lon, node.lat) for node in ring] for ring in area.outer_rings()]
    return centre(rings)


def _centroid(rings: list[list[Point]]) -> Point | None:
    shape = shapely.MultiPolygon([shapely.Polygon(ring) for ring in rings if len(ring) >= RING])
    centre = shape.centroid
    return None if centre.is_empty else (centre.x, centre.y)


def _mean_of_vertices(rings: list[list[Point]]) -> Point | None:
    points = [point for ring in rings for point in ring]
    if not points:
        return None
    lon, lat = (math.fsum(axis) / len(points) for axis in zip(*points, strict=True))
    return lon, lat


CENTRES: Mapping[str, Centre] = {"centroid": _centroid, "vertices": _mean_of_vertices}


def _raw(found: _Found) -> Raw:
    count = len(found.outlet)
    problems = [_broken(found.broken)] if found.broken else []
    return Raw(
        tables={
            "outlets": {
                "key": text(found.key),
                "name": text(found.name),
                "lon": np.array(found.lon, dtype=np.float64),
                "lat": np.array(found.lat, dtype=np.float64),
                "address": text(found.address),
            },
            "offers": {
                "outlet": np.array(found.outlet, dtype=np.int32),
                "format": text(found.format),
                "service": text([""] * count),
                "mode": text(["on_site"] * count),
                "hours": text(found.hours),
            },
        },
        rows=len(found.key) + found.broken,
        problems=problems,
        attribution=ATTRIBUTION,
    )


def _broken(count: int) -> Problem:
    return Problem(
        row=0,
        column="",
        code="broken_shapes",
        message=f"有 {count} 处网点的轮廓不完整（多在文件边缘），没有导入。必要时请换更大的范围。",
        english=f"{count} places have incomplete outlines, mostly at the edge, and were left out.",
        value=str(count),
        severity=Severity.WARNING,
    )
