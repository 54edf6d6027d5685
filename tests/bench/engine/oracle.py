"""Walks from doors worked out plainly from walks at the streets' own nodes, to compare with ours.

Nothing here is taken from the engine but the rule of rounding: each part of a walk once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.kernel.snap import Snapped
from core.kernel.streets import Streets
from core.kernel.walks import UNREACHED
from tests.bench.engine.ours import BOUND_DS, SPEED_MPS, Ready, Seeds

Walks = NDArray[np.int32]
Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Feet:
    """Attached points: their rows, edge, access, and the walk to both ends of the edge."""

    row: Longs
    edge: Longs
    access: Longs
    to_u: Longs
    to_v: Longs


def feet(streets: Streets, points: Snapped) -> Feet:
    """Measure attached points in whole deciseconds."""
    row = np.flatnonzero(points.attached)
    edge = points.edge[row].astype(np.int64)
    walk = np.rint(streets.metres[edge] / SPEED_MPS * 10).astype(np.int64)
    to_u = np.rint(points.fraction[row] * walk).astype(np.int64)
    access = np.rint(points.access_metres[row] / SPEED_MPS * 10).astype(np.int64)
    return Feet(row=row, edge=edge, access=access, to_u=to_u, to_v=walk - to_u)


def seeds_on_streets(ready: Ready) -> Seeds:
    """Give the seeds of all lanes at the ends of the outlets' own edges."""
    streets, at = ready.city.streets, feet(ready.city.streets, ready.outlet_feet)
    place = np.full(len(ready.outlet_feet), -1, dtype=np.int64)
    place[at.row] = np.arange(len(at.row))
    nodes, lanes, rests = [], [], []
    for lane, rows in enumerate(ready.city.lanes):
        mine = place[rows][place[rows] >= 0]
        edge = at.edge[mine]
        nodes += [streets.u[edge], streets.v[edge]]
        rests += [at.access[mine] + at.to_u[mine], at.access[mine] + at.to_v[mine]]
        lanes.append(np.full(2 * len(mine), lane, dtype=np.int32))
    node, rest = np.concatenate(nodes).astype(np.int32), np.concatenate(rests)
    return node, np.concatenate(lanes), rest.astype(np.int32)


def walks_of_homes(ready: Ready, at_node: Walks) -> Walks:
    """Read the walks of homes from those at nodes, and along an edge shared with an outlet."""
    streets, lanes = ready.city.streets, ready.city.lanes
    home, outlet = feet(streets, ready.home_feet), feet(streets, ready.outlet_feet)
    place = np.full(len(ready.outlet_feet), -1, dtype=np.int64)
    place[outlet.row] = np.arange(len(outlet.row))
    walks = np.full((len(lanes), len(ready.home_feet)), UNREACHED, dtype=np.int32)
    for lane, rows in enumerate(lanes):
        best = np.minimum(
            at_node[lane, streets.u[home.edge]] + home.to_u,
            at_node[lane, streets.v[home.edge]] + home.to_v,
        )
        mine = place[rows][place[rows] >= 0]
        best = np.minimum(best, _direct(home, outlet, mine)) + home.access
        best[best > BOUND_DS] = UNREACHED
        walks[lane, home.row] = best
    return walks


def _direct(home: Feet, outlet: Feet, mine: Longs) -> Longs:
    """Walk straight along a shared edge: each home beside each outlet of its edge, one by one."""
    mine = mine[np.argsort(outlet.edge[mine], kind="stable")]
    edges = outlet.edge[mine]
    first = np.searchsorted(edges, home.edge, side="left")
    last = np.searchsorted(edges, home.edge, side="right")
    best = np.full(len(home.edge), UNREACHED, dtype=np.int64)
    ahead = 0
    some = np.flatnonzero(last > first)
    while len(some):
        beside = mine[first[some] + ahead]
        along = np.abs(home.to_u[some] - outlet.to_u[beside]) + outlet.access[beside]
        best[some] = np.minimum(best[some], along)
        ahead += 1
        some = some[first[some] + ahead < last[some]]
    return best


def nodes_as_points(streets: Streets) -> tuple[Snapped, Longs]:
    """Give every node that has a street as a point at the end of one; and which nodes they are."""
    edge = np.full(streets.nodes, -1, dtype=np.int32)
    at_v = np.zeros(streets.nodes)
    rows = np.arange(streets.edges, dtype=np.int32)
    edge[streets.v] = rows
    at_v[streets.v] = 1.0
    edge[streets.u] = rows
    at_v[streets.u] = 0.0
    node = np.flatnonzero(edge >= 0)
    points = Snapped(edge=edge[node], fraction=at_v[node], access_metres=np.zeros(len(node)))
    return points, node


def at_nearest_ends(points: Snapped) -> Snapped:
    """Move points to the nearer end of their edge, as engines do that know nodes only."""
    return Snapped(
        edge=points.edge,
        fraction=np.where(points.attached, np.rint(points.fraction), points.fraction),
        access_metres=np.where(points.attached, 0.0, points.access_metres),
    )


def differing(ours: Walks, theirs: Walks) -> int:
    """Count the values that differ."""
    return int(np.count_nonzero(ours != theirs))
