"""People modelled from building footprints: floor area that is lived in, over floor per person.

A model, not a count: footprint × levels × share lived in × dwelling part of a floor ÷ dwelling
floor per person. Every number of it stands here with its reason, and each row of the file that
is written says 模型估计.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import osmium
import shapely
from pyproj import Geod

MODELLED = "模型估计 modelled"

DWELLING_SQUARE_METRES_PER_PERSON = 40.0  # assumed: about what a resident of a Nordic town has
DWELLING_PART_OF_FLOOR = 0.8  # assumed: walls, stairs and lifts take the other fifth

# Which part of a building's floors is lived in, by the value of ``building``; 0 for all others.
# ``yes`` says nothing of the use: in a centre about half of such floors are offices and shops.
LIVED_IN: Mapping[str, float] = {
    **dict.fromkeys(("apartments", "residential", "block", "dormitory"), 1.0),
    **dict.fromkeys(("house", "detached", "semidetached_house", "terrace"), 1.0),
    "yes": 0.5,
}
# Tags that name another use; with one of these a building of no stated kind houses nobody.
OTHER_USES = frozenset(
    ("amenity", "government", "historic", "leisure", "man_made", "office", "shop", "tourism")
)
# Levels of a building that states none: the median of the 96 ``yes`` and of the 18 ``apartments``
# that do in the extract of central Helsinki, which is 5 for both; 2 for houses is assumed.
LEVELS: Mapping[str, float] = {
    **dict.fromkeys(("house", "detached", "semidetached_house", "terrace"), 2.0),
}
OTHER_LEVELS = 5.0
MOST_LEVELS = 60.0  # a number above is a slip of the keyboard
SMALLEST_SQUARE_METRES = 60.0  # below this ``yes`` is a shed, a kiosk or a bin store

ELLIPSOID = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """A building that people are modelled to live in.

    ``lon`` and ``lat`` are a point inside it, WGS 84 degrees; ``square_metres`` its footprint
    without courtyards; ``people`` has fractions, which the import rounds once for all.
    """

    key: str
    lon: float
    lat: float
    kind: str
    square_metres: float
    levels: float
    levels_stated: bool
    people: float


def read_footprints(extract: Path) -> Iterator[Footprint]:
    """Read the buildings of an OpenStreetMap extract that the model says people live in.

    Closed ways and multipolygons tagged ``building``; parts of buildings are not counted again.
    With a box in the file's head, buildings whose point is outside it are left out: their
    streets and outlets are cut off.
    """
    with osmium.io.Reader(str(extract)) as reader:
        box = reader.header().box()
    shapes = osmium.geom.WKBFactory()
    wanted = osmium.filter.KeyFilter("building")
    for thing in osmium.FileProcessor(str(extract)).with_areas(wanted).with_filter(wanted):
        if not isinstance(thing, osmium.osm.Area):
            continue
        tags = dict(thing.tags)
        if not lived_in(tags):
            continue
        polygon = shapely.from_wkb(shapes.create_multipolygon(thing))
        key = f"{'w' if thing.from_way() else 'r'}{thing.orig_id()}"
        found = footprint(key, tags, polygon)
        inside = not box.valid() or box.contains(osmium.osm.Location(found.lon, found.lat))
        if inside and found.people > 0:
            yield found


def lived_in(tags: Mapping[str, str]) -> float:
    """Give the share of a building's floors that the model says are dwellings."""
    kind = tags.get("building", "no")
    if kind == "yes" and not OTHER_USES.isdisjoint(tags):
        return 0.0
    return LIVED_IN.get(kind, 0.0)


def footprint(key: str, tags: Mapping[str, str], polygon: shapely.Geometry) -> Footprint:
    """Model one building.

    Parameters
    ----------
    key
        Its id, ``w`` or ``r`` and the number of the way or relation.
    tags
        Its OpenStreetMap tags.
    polygon
        Its outline, WGS 84 degrees; courtyards are holes.
    """
    kind = tags["building"]
    area, _ = ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(polygon))
    square_metres = abs(area)
    stated = stated_levels(tags.get("building:levels", ""))
    levels = LEVELS.get(kind, OTHER_LEVELS) if stated is None else stated
    floor = square_metres * levels * lived_in(tags) * DWELLING_PART_OF_FLOOR
    if kind == "yes" and square_metres < SMALLEST_SQUARE_METRES:
        floor = 0.0
    point = polygon.representative_point()
    return Footprint(
        key=key,
        lon=point.x,
        lat=point.y,
        kind=kind,
        square_metres=square_metres,
        levels=levels,
        levels_stated=stated is not None,
        people=floor / DWELLING_SQUARE_METRES_PER_PERSON,
    )


def stated_levels(written: str) -> float | None:
    """Read ``building:levels``; ``None`` where it is no number between nought and 60."""
    try:
        levels = float(written)
    except ValueError:
        return None
    return levels if 0 < levels <= MOST_LEVELS else None


def write_footprints(path: Path, footprints: Iterable[Footprint]) -> None:
    """Write one row a building, for the importer of resident points; the same rows, same bytes."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        (
            *("key", "lon", "lat", "people"),
            *("building", "footprint_m2", "levels", "levels_from", "note"),
        )
    )
    writer.writerows(
        (
            one.key,
            f"{one.lon:.7f}",
            f"{one.lat:.7f}",
            f"{one.people:.3f}",
            one.kind,
            f"{one.square_metres:.1f}",
            f"{one.levels:g}",
            "building:levels" if one.levels_stated else "assumed",
            MODELLED,
        )
        for one in footprints
    )
    path.write_bytes(text.getvalue().encode("utf-8"))
