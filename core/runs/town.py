"""Town: pinned snapshots as arrays on one plane, homes and outlets put on the streets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.contract import GROUPS, WALKED_TO, TableKind
from core.kernel import streets as network
from core.kernel.snap import Snapped, snap_on
from core.kernel.street_index import StreetIndex, index_streets
from core.kernel.walkers import Obstacles
from core.runs.areas import Areas, place
from core.runs.params import Params
from core.store import Blobs, Manifest, thaw

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]
Tables: TypeAlias = Mapping[str, Mapping[str, NDArray[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loaded:
    """The opened inputs of a run by kind, and their manifests."""

    tables: Mapping[str, Tables]
    manifests: Mapping[str, Manifest]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Homes:
    """Where residents live: degrees, metres on the plane, people, and where they reach a street.

    ``groups`` holds people by age group, for the groups that the data carry, ``all`` included.
    """

    lon: Floats
    lat: Floats
    x: Floats
    y: Floats
    groups: Mapping[str, Counts]
    snapped: Snapped

    @property
    def people(self) -> Counts:
        """Everybody, per home."""
        return self.groups["all"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offers:
    """What outlets offer, limited to what one walks to: outlet row, format key, hours."""

    outlet: NDArray[np.int32]
    format: NDArray[Any]
    hours: NDArray[Any]

    def formats(self) -> tuple[str, ...]:
        """Name the formats that are offered, in order."""
        return tuple(sorted({str(key) for key in self.format}))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Town:
    """All that the kernel needs of a run. ``lon0``, ``lat0`` is the plane's origin.

    Parameters
    ----------
    origin
        What the streets were made of: the version's digest, and what was left out.
    index
        The streets, for putting points on them.
    obstacles
        In the order of the streets' edges.
    outlet_x, outlet_y
        Outlets on the plane, metres; ``outlets`` is where they reach a street.
    access_limit_metres
        How far a street may be to be reached; None for any distance.
    """

    origin: Mapping[str, Any]
    lon0: float
    lat0: float
    streets: network.Streets
    index: StreetIndex
    obstacles: Obstacles
    homes: Homes
    outlet_x: Floats
    outlet_y: Floats
    outlets: Snapped
    access_limit_metres: float | None
    offers: Offers
    areas: Areas


def load(blobs: Blobs, digests: Mapping[str, str]) -> Loaded:
    """Open the pinned versions; every byte is checked against its digest."""
    opened = {kind: thaw(blobs, digest) for kind, digest in sorted(digests.items())}
    return Loaded(
        tables={kind: snapshot.tables for kind, snapshot in opened.items()},
        manifests={kind: snapshot.manifest for kind, snapshot in opened.items()},
    )


def settle(loaded: Loaded, params: Params) -> Town:
    """Lay the inputs on one plane and put homes and outlets on their nearest street."""
    nodes = loaded.tables[TableKind.STREETS]["nodes"]
    lon0, lat0 = _middle(nodes["lon"]), _middle(nodes["lat"])
    streets = _streets(loaded.tables[TableKind.STREETS], lon0, lat0)
    obstacles = _obstacles(loaded.tables[TableKind.STREETS]["edges"])
    if params.largest_component_only:
        largest = network.largest_component(streets)
        streets, obstacles = network.take_edges(streets, largest), obstacles.take(largest)
    index, limit = index_streets(streets), params.access_limit_metres
    residents = loaded.tables[TableKind.RESIDENTS]["homes"]
    x, y = network.plane(residents["lon"], residents["lat"], lon0=lon0, lat0=lat0)
    groups = {"all": residents["people"].astype(np.int64)}
    for group in GROUPS:
        if f"people_{group}" in residents:
            groups[group] = residents[f"people_{group}"].astype(np.int64)
    outlets = loaded.tables[TableKind.OUTLETS]["outlets"]
    outlet_x, outlet_y = network.plane(outlets["lon"], outlets["lat"], lon0=lon0, lat0=lat0)
    areas = loaded.tables.get(TableKind.AREAS)
    return Town(
        origin={
            "digest": loaded.manifests[TableKind.STREETS].digest,
            "largest_component_only": params.largest_component_only,
        },
        lon0=lon0,
        lat0=lat0,
        streets=streets,
        index=index,
        obstacles=obstacles,
        homes=Homes(
            lon=residents["lon"],
            lat=residents["lat"],
            x=x,
            y=y,
            groups=groups,
            snapped=snap_on(index, x, y, limit_metres=limit),
        ),
        outlet_x=outlet_x,
        outlet_y=outlet_y,
        outlets=snap_on(index, outlet_x, outlet_y, limit_metres=limit),
        access_limit_metres=limit,
        offers=_walked_to(loaded.tables[TableKind.OUTLETS]["offers"]),
        areas=place(
            residents["lon"],
            residents["lat"],
            groups["all"],
            None if areas is None else areas["areas"],
        ),
    )


def _middle(column: Floats) -> float:
    if not len(column):
        return 0.0
    return round((float(column.min()) + float(column.max())) / 2, 6)


def _streets(tables: Tables, lon0: float, lat0: float) -> network.Streets:
    nodes, edges = tables["nodes"], tables["edges"]
    x, y = network.plane(nodes["lon"], nodes["lat"], lon0=lon0, lat0=lat0)
    return network.checked(x=x, y=y, u=edges["u"], v=edges["v"], metres=edges["metres"])


def _obstacles(edges: Mapping[str, NDArray[Any]]) -> Obstacles:
    """Gather what lies on the edges; a version from before a column existed has none of it."""
    return Obstacles(
        steps=np.equal(edges["kind"], "steps").astype(np.bool_),
        shut=np.not_equal(edges["gate"], "").astype(np.bool_) if "gate" in edges else None,
        crossings=edges.get("crossings"),
        one_way=edges.get("one_way"),
        climb=edges.get("climb"),
    )


def _walked_to(offers: Mapping[str, NDArray[Any]]) -> Offers:
    modes = {str(mode) for mode in WALKED_TO}
    rows = np.array([str(mode) in modes for mode in offers["mode"]], dtype=np.bool_)
    return Offers(
        outlet=offers["outlet"][rows], format=offers["format"][rows], hours=offers["hours"][rows]
    )
