"""What the columns of each table mean: name, dtype, unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class TableKind(StrEnum):
    """The four kinds of dataset."""

    STREETS = "streets"
    RESIDENTS = "residents"
    OUTLETS = "outlets"
    AREAS = "areas"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a frozen table.

    ``dtype`` is a numpy type string, or ``str`` / ``bytes``. ``optional`` columns may be absent;
    a float column says "unknown" with NaN, a text column with ''.
    """

    name: str
    dtype: str
    meaning: str
    unit: str = ""
    optional: bool = False


GATES = ("private", "locked")  # what a street's gate may be, besides '' for open to all
GROUPS = ("60+", "65+", "0-3", "0-6")  # age groups a residents table may carry, as people_<group>

TABLES: Mapping[TableKind, Mapping[str, tuple[Column, ...]]] = {
    TableKind.STREETS: {
        "nodes": (
            Column("lon", "f8", "longitude, WGS 84", "degree"),
            Column("lat", "f8", "latitude, WGS 84", "degree"),
        ),
        "edges": (
            Column("u", "i4", "row of one end in nodes"),
            Column("v", "i4", "row of the other end in nodes"),
            Column("metres", "f8", "length on the WGS 84 ellipsoid", "m"),
            Column("way", "i8", "id of the source way, for people who look it up"),
            Column("kind", "str", "what the street is, in the source's word (footway, steps …)"),
            Column("crossings", "i4", "signalled crossings passed, 0 none", optional=True),
            Column("gate", "str", "'' open to all, private or locked", optional=True),
            Column(
                "one_way",
                "i1",
                "on foot: 0 both ways, 1 only from u to v, -1 only from v to u",
                optional=True,
            ),
            Column(
                "climb",
                "f8",
                "climbed from u to v, negative when falling, NaN unknown",
                "m",
                optional=True,
            ),
        ),
    },
    TableKind.RESIDENTS: {
        "homes": (
            Column("key", "str", "the source's id of the home or compound", optional=True),
            Column("lon", "f8", "longitude, WGS 84", "degree"),
            Column("lat", "f8", "latitude, WGS 84", "degree"),
            Column("people", "i4", "residents", "person"),
            *(
                Column(f"people_{group}", "i4", f"residents aged {group}", "person", optional=True)
                for group in GROUPS
            ),
        ),
    },
    TableKind.OUTLETS: {
        "outlets": (
            Column("key", "str", "the source's id of the outlet"),
            Column("name", "str", "name as written in the source"),
            Column("lon", "f8", "longitude, WGS 84", "degree"),
            Column("lat", "f8", "latitude, WGS 84", "degree"),
            Column("address", "str", "address as written", optional=True),
        ),
        "offers": (
            Column("outlet", "i4", "row in outlets"),
            Column("format", "str", "key of the business format"),
            Column("service", "str", "key of the service, '' for the format as such"),
            Column("mode", "str", "on_site, scheduled, at_home, mobile, locker or delivery"),
            Column("hours", "str", "opening hours in OpenStreetMap's syntax, '' when unknown"),
        ),
    },
    TableKind.AREAS: {
        "areas": (
            Column("key", "str", "stable key within this dataset"),
            Column("name", "str", "name"),
            Column("kind", "str", "boundary, street, community or circle"),
            Column("wkb", "bytes", "polygon, WGS 84, well-known binary"),
            Column(
                "satisfaction",
                "f8",
                "share of satisfied residents surveyed, 0–1, NaN unknown",
                optional=True,
            ),
            Column("satisfaction_n", "i4", "answers behind it, 0 unknown", optional=True),
            Column(
                "note", "str", "what must be said with this area's figures (示例 …)", optional=True
            ),
        ),
    },
}
