"""Rings: the streets within so many minutes of a point, as polygons, and who lives on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from core.kernel.around.vicinity import (
    Feet,
    Floats,
    Ints,
    Longs,
    StreetGraph,
    check_search,
    direct,
    feet,
)
from core.kernel.compiled.trace import edges_of, spread
from core.kernel.snap import Snapped
from core.kernel.streets import Streets
from core.kernel.walkers import CLOSED, Weights
from core.kernel.walks import UNREACHED, Deciseconds

MARGIN_METRES = 40.0  # assumed: a door lies within half a block of its street
TOLERANCE_METRES = 1.0  # by which an outline may be simplified, at most a tenth of the margin
CORNERS = 4  # to a quarter of a circle

Land: TypeAlias = shapely.Polygon | shapely.MultiPolygon

NOTHING = np.empty(0, dtype=np.int32)
NO_TIMES = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walked:
    """When each stretch of street around a point is reached; make one with `walked_streets`.

    A stretch is a whole edge, except on the point's own edge, which the point cuts in two: these
    two come last. An unattached point has no stretches.

    Parameters
    ----------
    origin
        The point.
    weights
        The walker's, turned around where people walk to the point: in them one walks from it.
    limit_ds
        How far was searched.
    edge, low, high
        Each stretch lies on an edge between two fractions.
    at_low, at_high
        Deciseconds between the point and the stretch's ends; ``UNREACHED`` beyond the limit.
    from_low, from_high
        Deciseconds for the whole stretch when it is entered at that end; `CLOSED` if it cannot be.
    """

    origin: Feet
    weights: Weights
    limit_ds: int
    edge: Ints
    low: Floats
    high: Floats
    at_low: Longs
    at_high: Longs
    from_low: Longs
    from_high: Longs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pieces:
    """Parts of edges, each from one fraction to another."""

    edge: Ints
    begin: Floats
    end: Floats


def walked_streets(
    graph: StreetGraph,
    streets: Streets,
    weights: Weights,
    point: Snapped,
    *,
    limit_ds: int,
    leaving: bool = False,
) -> Walked:
    """Measure the walk between a point and both ends of every edge around it.

    One Dijkstra search (1959) within the limit; it touches the streets within it only. Every
    walk counts the point's access walk.

    Parameters
    ----------
    graph
        Of the same streets, by `street_graph`.
    point
        A single point: a home, an outlet, a place on the map.
    limit_ds
        Longest walk of interest, inclusive.
    leaving
        Whether people walk away from the point; by default they walk to it.

    Raises
    ------
    ValueError
        If there is not one point, the limit is negative or not below ``UNREACHED``, or graph,
        streets, weights and point do not belong together.
    """
    check_search(graph, streets, weights, limit_ds)
    if len(point) != 1:
        raise ValueError(f"one point is looked at, not {len(point)}")
    spreading = weights if leaving else _turned(weights)
    origin = feet(spreading, point)
    own = int(origin.edge[0])
    if own < 0:
        return _stretches(origin, spreading, limit_ds, NOTHING, NO_TIMES, NO_TIMES)
    ends = np.array([streets.u[own], streets.v[own]], dtype=np.int32)
    with graph.workspace() as work:
        touched = spread(
            graph.start,
            graph.head,
            graph.arc,
            spreading.forward,
            spreading.backward,
            ends,
            origin.access + np.array([origin.to_u[0], origin.to_v[0]]),
            NOTHING,
            NO_TIMES,
            NO_TIMES,
            limit_ds,
            work.ds,
            work.via,
            work.heap,
            work.seen,
            work.first,
            NOTHING.copy(),
            np.array([limit_ds + 1, -1, -1], dtype=np.int64),
        )
        seen = work.seen[:touched]
        room = int((graph.start[seen + 1] - graph.start[seen]).sum())
        edges = np.empty(room, dtype=np.int32)
        edges = np.sort(edges[: edges_of(graph.start, graph.head, graph.arc, seen, work.ds, edges)])
        edges = np.append(edges[edges != own], np.int32(own))
        at_u = work.ds[streets.u[edges]].astype(np.int64)
        at_v = work.ds[streets.v[edges]].astype(np.int64)
        work.clean(touched, NOTHING)
    return _stretches(origin, spreading, limit_ds, edges, at_u, at_v)


def walks(walked: Walked, homes: Snapped) -> Deciseconds:
    """Measure the walk between each home and the point, in the direction of ``walked``.

    It is that of `reach` with the point as the only outlet, decisecond by decisecond. People
    inside a ring are counted from it (`covered_people`), never from the polygon: a polygon
    may cover a home that has no short walk, and margin is no walk.

    Returns
    -------
    Deciseconds
        Shape (homes,); ``UNREACHED`` beyond the limit or unattached.
    """
    at = feet(walked.weights, homes)
    found = np.full(len(homes), UNREACHED, dtype=np.int32)
    if not len(walked.edge):
        return found
    place = np.full(len(walked.weights.forward), -1, dtype=np.int32)
    place[walked.edge[:-1]] = np.arange(len(walked.edge) - 1, dtype=np.int32)
    near = np.flatnonzero((at.edge >= 0) & (place[at.edge] >= 0))
    at = at.take(near)
    low = place[at.edge]
    high = np.where(at.edge == walked.origin.edge[0], low + 1, low)
    along = walked.origin.access[0] + direct(walked.origin, at)
    ways = (walked.at_low[low] + at.from_u, walked.at_high[high] + at.from_v, along)
    total = np.minimum.reduce(ways) + at.access
    found[near] = np.where(total <= walked.limit_ds, total, UNREACHED)
    return found


def reached(walked: Walked, limit_ds: int, *, beyond_ds: int | None = None) -> Pieces:
    """Cut out what is within a limit, and not already within a shorter one.

    An edge may be reached from both ends with a gap between. Along a stretch time runs evenly;
    nothing is rounded but the ends' times. The point's own place is given even if it is all.

    Raises
    ------
    ValueError
        If the limit is longer than what was searched.
    """
    if not 0 <= limit_ds <= walked.limit_ds:
        raise ValueError(f"the search ended at {walked.limit_ds} ds, short of {limit_ds}")
    below, above = _fronts(walked, limit_ds)
    done_below, done_above = walked.low, walked.high
    if beyond_ds is not None:
        done_below, done_above = _fronts(walked, beyond_ds)
    met = below >= above
    begin = np.concatenate([done_below, above])
    end = np.concatenate([np.where(met, done_above, below), np.where(met, above, done_above)])
    edge = np.concatenate([walked.edge, walked.edge])
    keep = end > begin
    if beyond_ds is not None:
        keep &= np.tile(done_below < done_above, 2)
    if not keep.any() and len(edge) and walked.origin.access[0] <= limit_ds:
        keep[len(walked.edge) - 1] = beyond_ds is None or walked.origin.access[0] > beyond_ds
    return Pieces(edge=edge[keep], begin=begin[keep], end=end[keep])


def rings(
    streets: Streets,
    walked: Walked,
    limits_ds: Sequence[int],
    *,
    margin_metres: float = MARGIN_METRES,
) -> list[Land]:
    """Draw how far one gets within each limit, for the map.

    Every piece of street within a limit is widened by the margin and all are united, so a ring
    contains each reached point of a street, and nothing farther than the margin from one. A
    longer limit's ring is made by adding to the shorter one's, hence contains it.

    Parameters
    ----------
    limits_ds
        In any order, none longer than what was searched.
    margin_metres
        Half the width of a street's land. It is drawn, not measured: people are counted by
        their walks (see `walks`).

    Returns
    -------
    list
        A polygon for each limit, in the plane of the streets; empty where nothing is reached.

    Raises
    ------
    ValueError
        If the margin is not positive and finite, or a limit is longer than what was searched.
    """
    if not (math.isfinite(margin_metres) and margin_metres > 0):
        raise ValueError(f"margin_metres must be positive and finite, not {margin_metres}")
    tolerance = min(TOLERANCE_METRES, margin_metres / 10)
    drawn: dict[int, Land] = {}
    grown, before = shapely.Polygon(), None
    for limit in sorted({int(limit) for limit in limits_ds}):
        pieces = reached(walked, limit, beyond_ds=before)
        if len(pieces.edge):
            land = shapely.buffer(
                _lines(streets, pieces), margin_metres - tolerance, quad_segs=CORNERS
            )
            outline = shapely.simplify(_areas(shapely.union_all(land)), tolerance)
            grown = _areas(shapely.union(grown, outline))
        drawn[limit], before = grown, limit
    return [drawn[int(limit)] for limit in limits_ds]


def _turned(weights: Weights) -> Weights:
    return Weights(
        forward=weights.backward,
        backward=weights.forward,
        metres_per_second=weights.metres_per_second,
    )


def _stretches(
    origin: Feet, weights: Weights, limit_ds: int, edge: Ints, at_u: Longs, at_v: Longs
) -> Walked:
    """Make stretches of edges, cutting the last, the point's own, in two."""
    low, high = np.zeros(len(edge)), np.ones(len(edge))
    from_low = weights.forward[edge].astype(np.int64)
    from_high = weights.backward[edge].astype(np.int64)
    if len(edge):
        fraction, access = origin.fraction, origin.access
        edge, low, high = np.append(edge, edge[-1:]), np.append(low, fraction), np.append(high, 1.0)
        high[-2] = fraction[0]
        at_u, at_v = np.append(at_u, access), np.append(at_v, at_v[-1:])
        at_v[-2] = access[0]
        from_low = np.concatenate([from_low[:-1], origin.from_u, origin.to_v])
        from_high = np.concatenate([from_high[:-1], origin.to_u, origin.from_v])
    return Walked(
        origin=origin,
        weights=weights,
        limit_ds=limit_ds,
        edge=edge,
        low=low,
        high=high,
        at_low=at_u,
        at_high=at_v,
        from_low=from_low,
        from_high=from_high,
    )


def _fronts(walked: Walked, limit_ds: int) -> tuple[Floats, Floats]:
    """Say how far up from its low end, and down from its high end, each stretch is reached."""
    span = walked.high - walked.low
    below = walked.low + span * _share(walked.at_low, walked.from_low, limit_ds)
    above = walked.high - span * _share(walked.at_high, walked.from_high, limit_ds)
    return below, above


def _share(at: Longs, crossing: Longs, limit_ds: int) -> Floats:
    """Give the share of a stretch that time is left for."""
    left = limit_ds - at
    open_to = (left >= 0) & (crossing < CLOSED)
    share = np.divide(left, crossing, out=np.ones(len(at)), where=open_to & (crossing > 0))
    return np.where(open_to, np.minimum(share, 1.0), 0.0)


def _lines(streets: Streets, pieces: Pieces) -> NDArray[np.object_]:
    """Draw each piece as a straight line."""
    u, v = streets.u[pieces.edge], streets.v[pieces.edge]
    part = np.stack([pieces.begin, pieces.end], axis=1)
    x, y = (
        column[u, None] * (1 - part) + column[v, None] * part for column in (streets.x, streets.y)
    )
    lines: NDArray[np.object_] = shapely.linestrings(np.stack([x, y], axis=2))
    return lines


def _areas(united: shapely.Geometry) -> Land:
    """Drop the specks of line that a union leaves where outlines all but coincide."""
    parts = shapely.get_parts(shapely.get_parts(united))
    polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(list(polygons))
