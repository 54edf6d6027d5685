"""Walkable ways of an OpenStreetMap extract as nodes and edges, one edge a segment."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import osmium
from marshmallow import fields
from numpy.typing import NDArray
from pyproj import Geod

from core.contract import Problem, Raw, Settings, Severity, Source, Unreadable
from plugins.osm.extract import ATTRIBUTION, opened
from plugins.osm.obstacles import NODE_KEYS, Marks, Pieces, lay

KINDS = (
    *("footway", "path", "pedestrian", "steps", "residential", "living_street", "service"),
    *("tertiary", "tertiary_link", "secondary", "secondary_link", "primary", "primary_link"),
    *("unclassified", "track", "cycleway", "road", "corridor", "platform"),
)
WITH_SIDEWALK = ("trunk", "trunk_link")
NEVER = (
    *("motorway", "motorway_link", "construction", "proposed", "planned"),
    *("abandoned", "disused", "razed", "raceway"),
)
OPENS = ("yes", "designated", "permissive")
CLOSES = ("no", "private")
SIDEWALKS = ("both", "left", "right", "yes", "separate")
SIDES = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
REPORT_EVERY = 20_000  # ways between two reports of progress


def _words(default: tuple[str, ...]) -> fields.List[str]:
    return fields.List(fields.String(), load_default=default)


class StreetOptions(Settings):
    """The rule that tells which ways people may walk on; every part of it can be set."""

    kinds = _words(KINDS)
    kinds_with_sidewalk = _words(WITH_SIDEWALK)
    never = _words(NEVER)
    foot_opens = _words(OPENS)
    foot_closes = _words(CLOSES)
    access_closes = _words(CLOSES)
    areas = fields.Boolean(load_default=False)
    largest_component_only = fields.Boolean(load_default=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """The options as sets, asked once a way."""

    kinds: frozenset[str]
    kinds_with_sidewalk: frozenset[str]
    never: frozenset[str]
    foot_opens: frozenset[str]
    foot_closes: frozenset[str]
    access_closes: frozenset[str]
    areas: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Rule:
        """Take the rule's part of the options."""
        return cls(
            kinds=frozenset(options["kinds"]),
            kinds_with_sidewalk=frozenset(options["kinds_with_sidewalk"]),
            never=frozenset(options["never"]),
            foot_opens=frozenset(options["foot_opens"]),
            foot_closes=frozenset(options["foot_closes"]),
            access_closes=frozenset(options["access_closes"]),
            areas=bool(options["areas"]),
        )

    def walkable(self, tags: Mapping[str, str]) -> bool:
        """Tell whether people may walk on a way with these tags."""
        kind, foot = tags["highway"], tags.get("foot", "")
        if kind in self.never or foot in self.foot_closes:
            return False
        if tags.get("area") == "yes" and not self.areas:
            return False
        if foot in self.foot_opens:
            return True
        if tags.get("access", "") in self.access_closes:
            return False
        if kind in self.kinds_with_sidewalk:
            return any(tags.get(side, "") in SIDEWALKS for side in SIDES)
        return kind in self.kinds


@dataclass(slots=True)
class _Ways:
    """Walkable ways being gathered: the nodes of all, end to end, and what belongs to each."""

    ids: array[int] = field(default_factory=lambda: array("q"))
    places: array[float] = field(default_factory=lambda: array("d"))
    breaks: array[int] = field(default_factory=lambda: array("q"))
    ways: array[int] = field(default_factory=lambda: array("q"))
    kinds: list[str] = field(default_factory=list)
    lengths: array[int] = field(default_factory=lambda: array("q"))
    marks: Marks = field(default_factory=Marks)

    def add(self, way: osmium.osm.Way, tags: Mapping[str, str]) -> None:
        """Take a way; where a node lies beyond the extract's edge the way is cut."""
        before = len(self.ids)
        for node in way.nodes:
            if node.location.valid():
                self.ids.append(node.ref)
                self.places.extend((node.location.lon, node.location.lat))
            else:
                self.breaks.append(len(self.ids))
        self.ways.append(way.id)
        self.kinds.append(tags["highway"])
        self.lengths.append(len(self.ids) - before)
        self.marks.add(tags)


@dataclass(frozen=True, slots=True)
class _Segments:
    """Segments end to end: OSM node ids and places of both ends, way and kind of each.

    ``more`` are the optional columns.
    """

    ids: NDArray[np.int64]  # (2, n)
    lon: NDArray[np.float64]  # (2, n)
    lat: NDArray[np.float64]  # (2, n)
    metres: NDArray[np.float64]
    way: NDArray[np.int64]
    kind: NDArray[Any]
    more: Mapping[str, NDArray[Any]]
    missing: int


def read_streets(source: Source, options: Mapping[str, Any]) -> Raw:
    """Read the walkable streets.

    Every piece between two consecutive nodes of a walkable way becomes an edge; ways meet where
    they share a node. Lengths are geodesics on the WGS 84 ellipsoid (Karney 2013, by PROJ).
    Signalled crossings, gates, one-ways on foot and climbs come where the file tells of any; gates
    close nothing here, that is for the walker to say.

    Raises
    ------
    Unreadable
        When the file is no whole pbf or has no walkable way.
    """
    rule = Rule.of(options)
    with opened(source.path) as path:
        segments = _collect(path, rule, source)
    if not segments.way.size:
        raise Unreadable(
            "no_walkable_way",
            "文件里没有可步行的道路，什么都没有写入。请确认文件覆盖本地区，或放宽道路规则。",
            "No way in the file can be walked on. Nothing was written. Check the area or the rule.",
        )
    tables = _tables(segments, largest_only=bool(options["largest_component_only"]))
    problems = [_cut(segments.missing)] if segments.missing else []
    return Raw(
        tables=tables,
        rows=int(segments.way.size),
        problems=problems,
        attribution=ATTRIBUTION,
    )


def _collect(path: osmium.io.File, rule: Rule, source: Source) -> _Segments:
    """Walk through the ways once; places are looked up by the library."""
    gathered = _Ways()
    total = source.path.stat().st_size
    reader = (
        osmium.FileProcessor(path)
        .with_locations()
        .with_filter(osmium.filter.EntityFilter(osmium.osm.NODE | osmium.osm.WAY))
        .with_filter(osmium.filter.KeyFilter("highway", *NODE_KEYS))
    )
    for number, one in enumerate(reader):
        if number % REPORT_EVERY == 0:
            source.progress(0, total)
        tags = dict(one.tags)
        if isinstance(one, osmium.osm.Node):
            gathered.marks.note(one.id, tags)
        elif isinstance(one, osmium.osm.Way) and "highway" in tags and rule.walkable(tags):
            gathered.add(one, tags)
    return _segments(gathered)


def _segments(gathered: _Ways) -> _Segments:
    """Pair each node with the next of its way, except across a cut."""
    node = np.array(gathered.ids, dtype=np.int64)
    place = np.array(gathered.places, dtype=np.float64).reshape(-1, 2)
    owner = np.repeat(np.arange(len(gathered.ways)), np.array(gathered.lengths, dtype=np.int64))
    joined = (owner[1:] == owner[:-1]) & (node[1:] != node[:-1])
    cuts = np.array(gathered.breaks, dtype=np.int64)
    joined[cuts[(cuts > 0) & (cuts < node.size)] - 1] = False
    first = np.flatnonzero(joined)
    names = np.empty(len(gathered.kinds), dtype=object)
    names[:] = gathered.kinds
    ids = np.stack([node[first], node[first + 1]])
    lon = np.stack([place[first, 0], place[first + 1, 0]])
    lat = np.stack([place[first, 1], place[first + 1, 1]])
    metres = np.asarray(Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])[2], np.float64)
    kind = names[owner[first]]
    return _Segments(
        ids=ids,
        lon=lon,
        lat=lat,
        metres=metres,
        way=np.array(gathered.ways, dtype=np.int64)[owner[first]],
        kind=kind,
        more=lay(gathered.marks, Pieces(ids, metres, owner[first], kind)),
        missing=len(gathered.breaks),
    )


def _tables(segments: _Segments, *, largest_only: bool) -> dict[str, dict[str, NDArray[Any]]]:
    """Give nodes their rows by OSM id, drop what is not wanted."""
    keep = np.ones(segments.way.size, dtype=bool)
    if largest_only:
        _, ends = np.unique(segments.ids, return_inverse=True)
        keep = _in_largest(ends.reshape(2, -1))
    ids, lon, lat = segments.ids[:, keep], segments.lon[:, keep], segments.lat[:, keep]
    _, first, ends = np.unique(ids, return_index=True, return_inverse=True)
    u, v = ends.reshape(2, -1).astype(np.int32)
    return {
        "nodes": {"lon": lon.ravel()[first], "lat": lat.ravel()[first]},
        "edges": {
            "u": u,
            "v": v,
            "metres": segments.metres[keep],
            "way": segments.way[keep],
            "kind": segments.kind[keep],
            **{name: column[keep] for name, column in segments.more.items()},
        },
    }


def _in_largest(ends: NDArray[Any]) -> NDArray[np.bool_]:
    """Mark the edges of the component with most nodes; the lowest-numbered of equals."""
    # Imported here: every child that reads any file loads this plugin, and few read streets.
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    size = int(ends.max()) + 1
    graph = coo_array((np.ones(ends.shape[1], dtype=np.int8), (ends[0], ends[1])), (size, size))
    _, label = connected_components(graph, directed=False)
    inside: NDArray[np.bool_] = label[ends[0]] == np.argmax(np.bincount(label))
    return inside


def _cut(missing: int) -> Problem:
    return Problem(
        row=0,
        column="",
        code="cut_ways",
        message=f"有 {missing} 个道路节点在文件范围之外，道路在那里断开。必要时请换更大的范围。",
        english=f"{missing} nodes of ways lie beyond the extract; ways end there.",
        value=str(missing),
        severity=Severity.WARNING,
    )
