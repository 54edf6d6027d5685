"""OpenStreetMap extracts (.osm.pbf): walkable streets, and places as outlets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.contract import Head, Importer, Manifest, TableKind, hookimpl
from plugins.osm.places import PlaceOptions, read_places
from plugins.osm.streets import StreetOptions, read_streets

MEDIA = (".osm.pbf", ".pbf")


@hookimpl
def lifecircle_manifest() -> Manifest:
    """Say who this is."""
    return Manifest(key="osm", name="OpenStreetMap 导入", version="1.0", api=(1, 0))


@hookimpl
def lifecircle_importers(settings: Mapping[str, Any]) -> Sequence[Importer]:  # noqa: ARG001 - none are needed
    """Give the two readers of an extract."""
    return [
        Importer(
            key="osm_streets",
            name="OpenStreetMap 步行路网",
            english="OpenStreetMap walking streets",
            gives=TableKind.STREETS,
            media=MEDIA,
            sniff=_sniff,
            read=read_streets,
            options=StreetOptions,
        ),
        Importer(
            key="osm_places",
            name="OpenStreetMap 网点",
            english="OpenStreetMap places",
            gives=TableKind.OUTLETS,
            media=MEDIA,
            sniff=_sniff,
            read=read_places,
            options=PlaceOptions,
        ),
    ]


def _sniff(head: Head) -> float:
    """Know a pbf by the header blob's name, near the first byte."""
    return 1.0 if b"OSMHeader" in head.start[:64] else 0.0
