"""Write a sample city's files: the same city gives the same bytes, and each says 示例数据."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import osmium

from core.contract import GROUPS
from core.demo.areas import Area, outline
from core.demo.ground import Ground
from core.demo.knit import Network
from core.demo.people import Residents
from core.demo.shops import Outlet
from core.demo.sketch import Gate, Rect, Sketch

LABEL = "示例数据"
NOTE = "示例数据：由 lifecircle 生成，不是真实的城市 / generated sample data, not a real city"
GENERATOR = f"lifecircle demo ({LABEL})"


def write_streets(path: Path, network: Network, ground: Ground, water: Rect) -> int:
    """Write nodes and ways as OpenStreetMap pbf; give the number of ways."""
    lon, lat = ground.lonlat(network.x, network.y)
    header = osmium.io.Header()
    header.set("generator", GENERATOR)
    path.unlink(missing_ok=True)
    target = osmium.io.File(str(path), "pbf,add_metadata=false")
    with osmium.SimpleWriter(target, header=header) as writer:
        for number, where in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
            tags = _node_tags(network, number)
            writer.add_node(osmium.osm.mutable.Node(id=number + 1, location=where, tags=tags))
        shore = _shore(writer, ground, water, len(lon) + 1)
        for way_id, nodes in enumerate(network.ways, start=1):
            tags = _way_tags(network, way_id - 1, nodes)
            refs = [node + 1 for node in nodes]
            writer.add_way(osmium.osm.mutable.Way(id=way_id, nodes=refs, tags=tags))
        tags = {"natural": "water", "water": "river", "name": "示例河", "source": LABEL}
        last = len(network.ways) + 1
        writer.add_way(osmium.osm.mutable.Way(id=last, nodes=shore, tags=tags))
    return last


def _shore(writer: osmium.SimpleWriter, ground: Ground, water: Rect, first_id: int) -> list[int]:
    """Write the nodes of the river's outline; give them as a closed ring."""
    x, y = outline(water)
    lon, lat = ground.lonlat(x[:-1], y[:-1])
    for number, where in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
        writer.add_node(osmium.osm.mutable.Node(id=first_id + number, location=where))
    return [*range(first_id, first_id + len(lon)), first_id]


def _node_tags(network: Network, node: int) -> dict[str, str]:
    if node in network.signals:
        return {"highway": "crossing", "crossing": "traffic_signals", "source": LABEL}
    return _gate_tags(network.gates[node]) if node in network.gates else {}


def _gate_tags(gate: Gate) -> dict[str, str]:
    access = "no" if gate.closed else "private" if gate.private else "yes"
    return {"barrier": "gate", "name": gate.name, "foot": access, "source": LABEL}


def _way_tags(network: Network, row: int, nodes: Sequence[int]) -> dict[str, str]:
    """Tag a way; the path behind a gate that is shut for good is closed to walkers."""
    street = network.streets[row]
    tags = {"highway": street.kind, **dict(street.tags), "source": LABEL}
    if street.name:
        tags["name"] = street.name
    if any(network.gates[node].closed for node in nodes if node in network.gates):
        tags |= {"access": "no", "foot": "no", "note": "此门长期关闭"}
    return tags


def write_outlets(path: Path, outlets: Sequence[Outlet], ground: Ground) -> None:
    """Write the ledger of outlets as a CSV that Excel opens (UTF-8 with a mark)."""
    lon, lat = ground.lonlat(
        np.array([outlet.x for outlet in outlets]), np.array([outlet.y for outlet in outlets])
    )
    header = ("编号", "名称", "业态", "经度", "纬度", "地址", "营业时间", "兼营", "备注")
    rows = (
        (
            f"WD{number:05d}",
            outlet.name,
            outlet.kind,
            f"{east:.7f}",
            f"{north:.7f}",
            outlet.address,
            outlet.hours,
            "、".join(outlet.hosted),
            LABEL,
        )
        for number, (outlet, east, north) in enumerate(
            zip(outlets, lon.tolist(), lat.tolist(), strict=True), start=1
        )
    )
    path.write_bytes(b"\xef\xbb\xbf" + _csv(header, rows))


def write_residents(path: Path, sketch: Sketch, residents: Residents, ground: Ground) -> None:
    """Write people by home, gzipped without a time or a name in its head."""
    lon, lat = ground.lonlat(
        np.array([home.x for home in sketch.homes]), np.array([home.y for home in sketch.homes])
    )
    header = (
        *("编号", "小区", "lon", "lat", "people"),
        *(f"people_{group}" for group in GROUPS),
        "备注",
    )
    ages = {
        "60+": residents.over_60,
        "65+": residents.over_65,
        "0-3": residents.below_4,
        "0-6": residents.below_7,
    }
    columns = [residents.people, *(ages[group] for group in GROUPS)]
    counts = np.stack(columns, axis=1).tolist()
    doors = [0] * len(sketch.quarters)
    rows = []
    for home, east, north, people in zip(
        sketch.homes, lon.tolist(), lat.tolist(), counts, strict=True
    ):
        quarter = sketch.quarters[home.quarter]
        doors[home.quarter] += 1
        key = f"{quarter.key}-{doors[home.quarter]:04d}"
        rows.append((key, quarter.name, f"{east:.7f}", f"{north:.7f}", *people, LABEL))
    path.write_bytes(gzip.compress(_csv(header, rows), compresslevel=6, mtime=0))


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def write_areas(path: Path, areas: Sequence[Area], ground: Ground) -> None:
    """Write the areas as GeoJSON in WGS 84."""
    features = [_feature(area, ground) for area in areas]
    document = {"type": "FeatureCollection", "name": LABEL, "note": NOTE, "features": features}
    path.write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )


def _feature(area: Area, ground: Ground) -> dict[str, object]:
    lon, lat = ground.lonlat(*outline(area.rect))
    ring = [[x, y] for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
    properties: dict[str, object] = {
        "key": area.key,
        "name": area.name,
        "kind": area.kind,
        "note": LABEL,
    }
    if area.satisfaction is not None:
        properties |= {"satisfaction": area.satisfaction, "satisfaction_n": area.satisfaction_n}
    return {
        "type": "Feature",
        "id": area.key,
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def write_readme(path: Path, name: str, seed: int, counts: dict[str, int]) -> None:
    """Write what the folder holds and that none of it is real."""
    lines = [
        f"{name}：{LABEL}",
        NOTE,
        f"种子 seed: {seed}",
        "",
        "streets.osm.pbf   步行路网（WGS 84）",
        "outlets.csv       网点台账（UTF-8，WGS 84）",
        "residents.csv.gz  居民点与人口、年龄（WGS 84）",
        "areas.geojson     边界、街道、社区、生活圈，含示例满意度",
        "",
        *(f"{key}: {value}" for key, value in counts.items()),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
