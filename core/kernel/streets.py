"""Streets: the walking network as checked arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

WGS84_A = 6_378_137.0  # equatorial radius of the WGS 84 ellipsoid, metres
WGS84_E2 = 0.006_694_379_990_141_3  # its squared eccentricity
LONGEST_EDGE_METRES = 40_100_000.0  # once around the earth: a longer street is an error of unit

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Streets:
    """An undirected walking network; make one with :func:`checked`.

    Loops, parallel edges, edges of no length and islands are all legal. An edge is drawn as the
    straight segment between its two nodes; ``metres`` is how long it is to walk.

    Parameters
    ----------
    x, y
        Metres in a local plane, one per node.
    u, v
        The nodes at the two ends of each edge.
    metres
        Length of each edge.
    """

    x: Floats
    y: Floats
    u: Indices
    v: Indices
    metres: Floats

    @property
    def nodes(self) -> int:
        """Count the nodes."""
        return len(self.x)

    @property
    def edges(self) -> int:
        """Count the edges."""
        return len(self.u)


def checked(
    *, x: ArrayLike, y: ArrayLike, u: ArrayLike, v: ArrayLike, metres: ArrayLike
) -> Streets:
    """Check the columns of a network and give them as read-only arrays.

    No copy is made of a column that already has its type.

    Raises
    ------
    ValueError
        If columns differ in length, an end is no node, a coordinate is not finite, or a length
        is negative, not finite or longer than the earth is round; the first bad row is named.
    """
    ends = {name: _whole(name, column) for name, column in (("u", u), ("v", v))}
    reals = {name: _real(name, column) for name, column in (("x", x), ("y", y), ("metres", metres))}
    if len(reals["x"]) != len(reals["y"]):
        raise ValueError(f"x has {len(reals['x'])} nodes but y has {len(reals['y'])}")
    if not len(ends["u"]) == len(ends["v"]) == len(reals["metres"]):
        lengths = (len(ends["u"]), len(ends["v"]), len(reals["metres"]))
        raise ValueError(f"u, v and metres must be equally long, not {lengths}")
    nodes = len(reals["x"])
    for name, column in ends.items():
        _refuse(name, (column < 0) | (column >= nodes), column, f"is no node of {nodes}")
    length = reals["metres"]
    _refuse("metres", length < 0, length, "is negative")
    _refuse("metres", length > LONGEST_EDGE_METRES, length, "is longer than the earth is round")
    return Streets(
        x=reals["x"],
        y=reals["y"],
        u=_frozen(ends["u"].astype(np.int32, copy=False)),
        v=_frozen(ends["v"].astype(np.int32, copy=False)),
        metres=length,
    )


def plane(lon: ArrayLike, lat: ArrayLike, *, lon0: float, lat0: float) -> tuple[Floats, Floats]:
    """Lay longitude and latitude (WGS 84, degrees) flat around a point.

    East and north are scaled by the ellipsoid's radii of curvature at ``lat0`` (prime vertical
    and meridian), so straight segments stay straight. Forty kilometres north or south of
    ``lat0`` an east-west metre is off by 0.6 % at 45° and less nearer the equator; it is
    meant for door-to-street distances inside one city, not across the antimeridian.

    Returns
    -------
    x, y
        Metres east and north of (``lon0``, ``lat0``).
    """
    east, north = _metres_per_degree(lat0)
    x: Floats = (np.asarray(lon, dtype=np.float64) - lon0) * east
    y: Floats = (np.asarray(lat, dtype=np.float64) - lat0) * north
    return x, y


def unplane(x: ArrayLike, y: ArrayLike, *, lon0: float, lat0: float) -> tuple[Floats, Floats]:
    """Give back the longitude and latitude that :func:`plane` laid flat around the same point."""
    east, north = _metres_per_degree(lat0)
    lon: Floats = np.asarray(x, dtype=np.float64) / east + lon0
    lat: Floats = np.asarray(y, dtype=np.float64) / north + lat0
    return lon, lat


def components(streets: Streets) -> Indices:
    """Label each node with the number of the part of the network that it hangs together with."""
    ones = np.ones(streets.edges, dtype=np.int32)
    shape = (streets.nodes, streets.nodes)
    graph = coo_array((ones, (streets.u, streets.v)), shape=shape).tocsr()
    _, labels = connected_components(graph, directed=False)
    named: Indices = labels.astype(np.int32, copy=False)
    return named


def largest_component(streets: Streets) -> NDArray[np.bool_]:
    """Mark the edges of the part with most edges; among equals, the one with the first edge."""
    if streets.edges == 0:
        return np.zeros(0, dtype=np.bool_)
    of_edge = components(streets)[streets.u]
    counts = np.bincount(of_edge)[of_edge]
    winner = of_edge[np.argmax(counts)]
    mask: NDArray[np.bool_] = of_edge == winner
    return mask


def take_edges(streets: Streets, mask: NDArray[np.bool_]) -> Streets:
    """Keep some edges and every node: nodes keep their numbers, edges are counted anew."""
    if mask.shape != (streets.edges,):
        raise ValueError(f"mask has shape {mask.shape} for {streets.edges} edges")
    return Streets(
        x=streets.x,
        y=streets.y,
        u=_frozen(streets.u[mask]),
        v=_frozen(streets.v[mask]),
        metres=_frozen(streets.metres[mask]),
    )


def _metres_per_degree(lat0: float) -> tuple[float, float]:
    if not abs(lat0) < 90:  # noqa: PLR2004 - the pole, where east has no meaning
        raise ValueError(f"lat0 must lie between the poles, not {lat0}")
    sine = math.sin(math.radians(lat0))
    flat = 1 - WGS84_E2 * sine * sine
    prime_vertical = WGS84_A / math.sqrt(flat)
    meridian = WGS84_A * (1 - WGS84_E2) / flat**1.5
    degree = math.radians(1)
    return prime_vertical * math.cos(math.radians(lat0)) * degree, meridian * degree


def _column(name: str, values: ArrayLike) -> NDArray[Any]:
    column = np.asarray(values)
    if column.ndim != 1:
        raise ValueError(f"{name} must be one column, not of shape {column.shape}")
    return column


def _real(name: str, values: ArrayLike) -> Floats:
    column = _column(name, values).astype(np.float64, copy=False)
    _refuse(name, ~np.isfinite(column), column, "is not finite")
    return _frozen(column)


def _whole(name: str, values: ArrayLike) -> NDArray[Any]:
    column = _column(name, values)
    if column.size and not np.issubdtype(column.dtype, np.integer):
        raise ValueError(f"{name} must hold whole numbers, not {column.dtype}")
    return column


def _refuse(name: str, bad: NDArray[np.bool_], column: NDArray[Any], why: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"{name}[{row}] = {column[row]} {why}")


def _frozen(column: NDArray[Any]) -> NDArray[Any]:
    view = column.view()
    view.setflags(write=False)
    return view
