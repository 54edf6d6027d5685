"""Walking time from every home to the nearest outlet of each lane, exact and bounded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from core.kernel.snap import Snapped
from core.kernel.streets import Streets
from core.kernel.walks import DECISECONDS_PER_SECOND, UNREACHED, Deciseconds

SLOWEST_MPS = 0.01  # below this the longest street no longer fits the sums of the direct walk

Rows: TypeAlias = NDArray[np.integer]
Longs: TypeAlias = NDArray[np.int64]


class Reach(Protocol):
    """What any engine must answer, byte for byte like :func:`reach`."""

    def __call__(  # noqa: D102 - told at reach below
        self,
        streets: Streets,
        outlets: Snapped,
        homes: Snapped,
        *,
        lanes: Sequence[Rows],
        speed_mps: float,
        limit_ds: int,
    ) -> Deciseconds: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Doors:
    """Points on edges in walking time: to each end of the edge, and from door to street."""

    edge: NDArray[np.int32]
    access: Longs
    to_u: Longs
    to_v: Longs


def reach(
    streets: Streets,
    outlets: Snapped,
    homes: Snapped,
    *,
    lanes: Sequence[Rows],
    speed_mps: float,
    limit_ds: int,
) -> Deciseconds:
    """Measure the shortest walk from each home to the nearest outlet of each lane.

    The walk is the home's access walk, the way along the streets, and the outlet's access walk;
    where both stand on one edge the direct way between them is considered too. Each part is
    rounded once to whole deciseconds (edge, access, and offset along the edge), so sums are
    exact and do not depend on their order. One search per lane from a virtual source behind
    all its outlets (Dijkstra 1959, as in ``scipy.sparse.csgraph``).

    Parameters
    ----------
    streets
        The network that both were snapped to.
    outlets, homes
        Points on it; the unattached reach nothing and are reached by nobody.
    lanes
        Rows of ``outlets``, one set per lane; a set may be empty or name an outlet twice.
    speed_mps
        Walking speed in metres per second.
    limit_ds
        Longest walk of interest in deciseconds, inclusive.

    Returns
    -------
    Deciseconds
        Shape (lanes, homes); ``UNREACHED`` beyond the limit or unattached.

    Raises
    ------
    ValueError
        If the speed is below 0.01 m/s or not finite, the limit is negative or not below
        ``UNREACHED``, or a point stands on an edge that the streets do not have.
    """
    if not (math.isfinite(speed_mps) and speed_mps >= SLOWEST_MPS):
        raise ValueError(f"speed_mps must be at least {SLOWEST_MPS}, not {speed_mps}")
    if not 0 <= limit_ds < UNREACHED:
        raise ValueError(f"limit_ds must lie within 0..{UNREACHED - 1}, not {limit_ds}")
    weight = _walk_time(streets.metres, speed_mps)
    doors_out = _doors(outlets, weight, speed_mps)
    doors_in = _doors(homes, weight, speed_mps)
    attached = np.flatnonzero(homes.attached)
    homes_in = _take(doors_in, attached)
    lanes_out = [_take(doors_out, _rows(lane, outlets)) for lane in lanes]

    walks: Deciseconds = np.full((len(lanes), len(homes)), UNREACHED, dtype=np.int32)
    graph = _graph(streets, weight, lanes_out)
    for lane, offers in enumerate(lanes_out):
        if len(offers.edge) == 0 or len(attached) == 0:
            continue
        at_node = dijkstra(graph, indices=streets.nodes + lane, limit=float(limit_ds))
        by_streets = np.minimum(
            at_node[streets.u[homes_in.edge]] + homes_in.to_u,
            at_node[streets.v[homes_in.edge]] + homes_in.to_v,
        )
        best = np.minimum(by_streets, _direct(offers, homes_in)) + homes_in.access
        best[best > limit_ds] = UNREACHED
        walks[lane, attached] = best
    return walks


def _walk_time(metres: NDArray[np.float64], speed_mps: float) -> Longs:
    time: Longs = np.rint(metres / speed_mps * DECISECONDS_PER_SECOND).astype(np.int64)
    return time


def _rows(lane: Rows, outlets: Snapped) -> NDArray[np.int64]:
    """Give the attached outlets of a lane."""
    rows = np.asarray(lane)
    if rows.size and not np.issubdtype(rows.dtype, np.integer):
        raise TypeError(f"a lane holds rows of outlets, not {rows.dtype}")
    if rows.size and (rows.min() < 0 or rows.max() >= len(outlets)):
        raise ValueError(f"a lane names an outlet outside 0..{len(outlets) - 1}")
    whole = rows.astype(np.int64)
    attached: NDArray[np.int64] = whole[outlets.attached[whole]]
    return attached


def _doors(points: Snapped, weight: Longs, speed_mps: float) -> _Doors:
    on = points.attached
    if on.any() and int(points.edge.max()) >= len(weight):
        raise ValueError(f"a point stands on edge {int(points.edge.max())} of {len(weight)}")
    if not len(weight):
        nothing = np.zeros(len(points), dtype=np.int64)
        return _Doors(edge=points.edge, access=nothing, to_u=nothing, to_v=nothing)
    length = weight[np.where(on, points.edge, 0)]
    to_u = np.rint(np.where(on, points.fraction, 0.0) * length).astype(np.int64)
    # A door farther than any limit is as good as one at the limit, and its sums stay small.
    farthest = UNREACHED * speed_mps / DECISECONDS_PER_SECOND
    metres = np.where(on, np.minimum(points.access_metres, farthest), 0.0)
    access = _walk_time(metres, speed_mps)
    return _Doors(edge=points.edge, access=access, to_u=to_u, to_v=length - to_u)


def _take(doors: _Doors, rows: Rows) -> _Doors:
    return _Doors(
        edge=doors.edge[rows],
        access=doors.access[rows],
        to_u=doors.to_u[rows],
        to_v=doors.to_v[rows],
    )


def _graph(streets: Streets, weight: Longs, lanes: Sequence[_Doors]) -> csr_array:
    """Lay out the streets both ways, and one node per lane with an arc to each outlet's ends.

    Built as CSR by hand: scipy's way from triples to CSR adds parallel edges where the
    shortest is meant. A street of no length stays an entry of its own, which csgraph walks.
    """
    size = streets.nodes + len(lanes)
    tails, heads, times = [streets.u, streets.v], [streets.v, streets.u], [weight, weight]
    for source, offers in enumerate(lanes, start=streets.nodes):
        tails += [np.full(2 * len(offers.edge), source, dtype=np.int32)]
        heads += [streets.u[offers.edge], streets.v[offers.edge]]
        times += [offers.access + offers.to_u, offers.access + offers.to_v]
    tail, head, time = np.concatenate(tails), np.concatenate(heads), np.concatenate(times)
    order = np.lexsort((time, head, tail))
    tail, head, time = tail[order], head[order], time[order]
    first = np.ones(len(tail), dtype=np.bool_)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    start = np.zeros(size + 1, dtype=np.int32)
    np.cumsum(np.bincount(tail[first], minlength=size), out=start[1:])
    return csr_array((time[first].astype(np.float64), head[first], start), shape=(size, size))


def _direct(offers: _Doors, homes: _Doors) -> NDArray[np.float64]:
    """Walk straight along an edge shared by home and outlet; inf where none.

    The best outlet at or before the home minimises access - offset, the best at or behind it
    access + offset. Both are running minima over outlets sorted by edge and offset; lifting each
    edge's values by a step wider than they can differ keeps a run from leaking into the next.
    """
    shared, rank = np.unique(offers.edge, return_inverse=True)
    span = int(max(offers.to_u.max(), homes.to_u.max())) + 1
    key = rank.astype(np.int64) * span + offers.to_u
    order = np.argsort(key, kind="stable")
    key, rank = key[order], rank[order].astype(np.int64)
    before, behind = (offers.access - offers.to_u)[order], (offers.access + offers.to_u)[order]
    step = int(offers.access.max()) + span + span
    before = np.minimum.accumulate(before - rank * step) + rank * step
    behind = np.minimum.accumulate((behind + rank * step)[::-1])[::-1] - rank * step

    place = np.searchsorted(shared, homes.edge)
    place_safe = np.minimum(place, len(shared) - 1)
    mine = np.flatnonzero(shared[place_safe] == homes.edge)
    place, offset = place[mine], homes.to_u[mine]
    upto = np.searchsorted(key, place * span + offset, side="right") - 1
    onward = np.searchsorted(key, place * span + offset, side="left")
    direct = np.full(len(homes.edge), np.inf)
    last, beyond = np.maximum(upto, 0), np.minimum(onward, len(key) - 1)
    back = np.where((upto >= 0) & (rank[last] == place), before[last] + offset, np.inf)
    ahead = np.where((onward < len(key)) & (rank[beyond] == place), behind[beyond] - offset, np.inf)
    direct[mine] = np.minimum(back, ahead)
    return direct
