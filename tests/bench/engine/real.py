"""Las Palmas' real streets, outlets and homes, copied side by side to the size of a large city."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.contract import Source
from core.kernel import streets as network
from core.kernel.streets import Streets
from plugins.osm.streets import StreetOptions, read_streets
from tests.bench.engine.city import City, Floats, Whole
from tests.bench.machine import TOP

FOLDER = "las_palmas"
BRIDGES = 8  # ways from each copy to the next and to the one above
GAP_METRES = 200.0  # between the copies' boxes; every bridge is that long to walk
PEOPLE = 1  # a modelled home of less than a person still counts one


def starter() -> Path:
    """Find the starter data, by LIFECIRCLE_STARTER_DATA or beside the checkout."""
    told = os.environ.get("LIFECIRCLE_STARTER_DATA")
    return Path(told) if told else TOP.parent / "shared" / "data" / "starter"


def one_city(folder: Path) -> City:
    """Read Las Palmas: every piece of its walkable ways, its outlets by category, its homes."""
    options = StreetOptions().load({})
    extract = folder / "las_palmas_2023.osm.pbf"
    raw = read_streets(Source(path=extract, filename=extract.name), options).tables
    nodes, edges = raw["nodes"], raw["edges"]
    lon0, lat0 = float(np.mean(nodes["lon"])), float(np.mean(nodes["lat"]))
    x, y = network.plane(nodes["lon"], nodes["lat"], lon0=lon0, lat0=lat0)
    streets = network.checked(x=x, y=y, u=edges["u"], v=edges["v"], metres=edges["metres"])
    outlets = _columns(folder / "pois.csv.gz")
    homes = _columns(folder / "demand.csv.gz")
    outlet_x, outlet_y = _placed(outlets, lon0, lat0)
    home_x, home_y = _placed(homes, lon0, lat0)
    category = np.array(outlets["category"])
    persons = np.rint(np.array(homes["persons_modelled"], dtype=np.float64))
    return City(
        name="Las Palmas",
        streets=streets,
        outlet_x=outlet_x,
        outlet_y=outlet_y,
        lanes=[np.flatnonzero(category == key).astype(np.int32) for key in np.unique(category)],
        home_x=home_x,
        home_y=home_y,
        people=np.maximum(PEOPLE, persons).astype(np.int32),
    )


def tiled(city: City, nodes: int) -> City:
    """Copy a city to about so many nodes, each copy joined to its neighbours by bridges.

    Copies stand in rows and columns as near a square as their number allows. A bridge is
    drawn from shore to shore but is short to walk: longer than the bound it would join nothing.
    """
    copies = max(1, round(nodes / city.streets.nodes))
    columns = int(np.ceil(np.sqrt(copies)))
    streets = city.streets
    step_x = float(np.ptp(streets.x)) + GAP_METRES
    step_y = float(np.ptp(streets.y)) + GAP_METRES
    place = [(copy % columns * step_x, copy // columns * step_y) for copy in range(copies)]
    ends = _bridges(streets, copies, columns)
    x, y = _moved(streets.x, streets.y, place)
    u = np.r_[_numbered(streets.u, streets.nodes, copies), ends[0]]
    v = np.r_[_numbered(streets.v, streets.nodes, copies), ends[1]]
    metres = np.r_[np.tile(streets.metres, copies), np.full(len(ends[0]), GAP_METRES)]
    outlet_x, outlet_y = _moved(city.outlet_x, city.outlet_y, place)
    home_x, home_y = _moved(city.home_x, city.home_y, place)
    outlets = len(city.outlet_x)
    return City(
        name=f"{city.name} × {copies}, {len(x):,} nodes",
        streets=network.checked(x=x, y=y, u=u, v=v, metres=metres),
        outlet_x=outlet_x,
        outlet_y=outlet_y,
        lanes=[_numbered(lane, outlets, copies).astype(np.int32) for lane in city.lanes],
        home_x=home_x,
        home_y=home_y,
        people=np.tile(city.people, copies),
    )


def _bridges(streets: Streets, copies: int, columns: int) -> tuple[Whole, Whole]:
    """Join nodes at facing sides of neighbours, at heights (or breadths) spread over the side."""
    sides = [
        _facing(streets, streets.x, streets.y),
        _facing(streets, streets.y, streets.x),
    ]
    tails, heads = [], []
    for copy in range(copies):
        beside = copy + 1 if (copy + 1) % columns else copies
        for (far, near), neighbour in zip(sides, (beside, copy + columns), strict=True):
            if neighbour < copies:
                tails.append(far + copy * streets.nodes)
                heads.append(near + neighbour * streets.nodes)
    nothing = np.zeros(0, dtype=np.int64)
    return np.concatenate([nothing, *tails]), np.concatenate([nothing, *heads])


def _facing(streets: Streets, along: Floats, across: Floats) -> tuple[Whole, Whole]:
    """Find, in strips across, the main part's node farthest along and the one least far."""
    main = np.zeros(streets.nodes, dtype=np.bool_)
    main[streets.u[network.largest_component(streets)]] = True
    rows = np.flatnonzero(main)
    span = float(np.ptp(across[rows])) + 1.0
    strip = ((across[rows] - across[rows].min()) / span * BRIDGES).astype(np.int64)
    far, near = [], []
    for number in range(BRIDGES):
        inside = rows[strip == number]
        if len(inside):
            far.append(inside[np.argmax(along[inside])])
            near.append(inside[np.argmin(along[inside])])
    return np.array(far), np.array(near)


def _numbered(column: NDArray[np.integer], step: int, copies: int) -> Whole:
    shift = np.repeat(np.arange(copies, dtype=np.int64) * step, len(column))
    numbered: Whole = np.tile(column.astype(np.int64), copies) + shift
    return numbered


def _moved(x: Floats, y: Floats, place: Sequence[tuple[float, float]]) -> tuple[Floats, Floats]:
    return np.concatenate([x + dx for dx, _ in place]), np.concatenate([y + dy for _, dy in place])


def _columns(path: Path) -> dict[str, list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {name: [row[name] for row in rows] for name in rows[0]}


def _placed(columns: dict[str, list[str]], lon0: float, lat0: float) -> tuple[Floats, Floats]:
    lon, lat = (np.array(columns[name], dtype=np.float64) for name in ("lon", "lat"))
    return network.plane(lon, lat, lon0=lon0, lat0=lat0)
