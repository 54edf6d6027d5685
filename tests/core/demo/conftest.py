import csv
import gzip
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
import pytest

from core.demo.city import SampleCity, generate
from core.demo.places import PLACES
from core.kernel.streets import Streets, checked, plane


@dataclass(frozen=True)
class Walkable:
    """The walkable ways of a written pbf, read without the product's importer."""

    streets: Streets
    edge_kind: np.ndarray
    edge_bridge: np.ndarray
    gates: np.ndarray  # rows of nodes that are gates which residents may pass
    lon0: float
    lat0: float


@dataclass(frozen=True)
class Files:
    """A generated city's files, read as plainly as may be."""

    city: SampleCity
    outlets: list[dict[str, str]]
    homes: list[dict[str, str]]
    areas: list[dict]
    walkable: Walkable


@pytest.fixture(scope="session")
def full(tmp_path_factory) -> Files:
    """Generate the first demo tenant's city in full size."""
    place = next(place for place in PLACES if place.sample is not None)
    folder = tmp_path_factory.mktemp("city")
    centre = (place.sample.lon, place.sample.lat)
    city = generate(place.sample.seed, place.name, centre, folder)
    with city.outlets.open(encoding="utf-8-sig", newline="") as file:
        outlets = list(csv.DictReader(file))
    with gzip.open(city.residents, "rt", encoding="utf-8", newline="") as file:
        homes = list(csv.DictReader(file))
    areas = json.loads(city.areas.read_text("utf-8"))["features"]
    walkable = _walkable(city.streets, *centre)
    return Files(city=city, outlets=outlets, homes=homes, areas=areas, walkable=walkable)


def _walkable(path: Path, lon0: float, lat0: float) -> Walkable:
    row, lons, lats, gates, edges, kinds, bridges = {}, [], [], [], [], [], []
    for thing in osmium.FileProcessor(str(path)):
        tags = dict(thing.tags)
        if thing.is_node():
            row[thing.id] = len(lons)
            lons.append(thing.location.lon)
            lats.append(thing.location.lat)
            if tags.get("barrier") == "gate" and tags["foot"] != "no":
                gates.append(row[thing.id])
        elif "highway" in tags and tags.get("foot") != "no":
            refs = [row[node.ref] for node in thing.nodes]
            edges += list(pairwise(refs))
            kinds += [tags["highway"]] * (len(refs) - 1)
            bridges += [tags.get("bridge") == "yes"] * (len(refs) - 1)
    x, y = plane(np.array(lons), np.array(lats), lon0=lon0, lat0=lat0)
    u, v = np.array(edges).T
    streets = checked(x=x, y=y, u=u, v=v, metres=np.hypot(x[u] - x[v], y[u] - y[v]))
    return Walkable(streets, np.array(kinds), np.array(bridges), np.array(gates), lon0, lat0)
