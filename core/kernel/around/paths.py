"""Which outlet is nearest to one home, and which way one walks there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

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
from core.kernel.compiled.trace import spread
from core.kernel.snap import Snapped
from core.kernel.streets import Streets
from core.kernel.walkers import Weights

ALONG_ITS_OWN_EDGE = -1  # the offer that is reached without passing a node
Step: TypeAlias = tuple[int, float, float]  # an edge, and from which fraction of it to which


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Way:
    """The walk from one home to its nearest outlet.

    Parameters
    ----------
    outlet
        Row of the outlet.
    walk_ds
        The whole walk: ``home_access_ds + street_ds + outlet_access_ds``.
    home_access_ds, street_ds, outlet_access_ds
        Its parts: door to street, along the streets, street to door.
    edges
        Edges in the order in which they are walked, the first and last often only in part.
    metres
        How much of each of those edges is walked.
    x, y
        The line along the streets in their plane, from where the home meets them to where the
        outlet does: one point more than there are edges. `door_to_door` adds the doors.
    """

    outlet: int
    walk_ds: int
    home_access_ds: int
    street_ds: int
    outlet_access_ds: int
    edges: Ints
    metres: Floats
    x: Floats
    y: Floats


def nearest(  # noqa: PLR0913 - a network in three parts, a home, outlets and a limit
    graph: StreetGraph,
    streets: Streets,
    weights: Weights,
    home: Snapped,
    outlets: Snapped,
    rows: ArrayLike,
    *,
    limit_ds: int,
) -> Way | None:
    """Find the outlet with the shortest walk from one home, and the way there.

    Dijkstra (1959) from the home, ended when no outlet can be nearer, so that only the streets
    around the home are touched. The walk is that of `reach`, decisecond by decisecond.

    Parameters
    ----------
    graph
        Of the same streets, by `street_graph`.
    home
        A single point.
    rows
        The outlets in question, as rows of ``outlets``.
    limit_ds
        Longest walk of interest, inclusive.

    Returns
    -------
    Way | None
        To the nearest outlet, the lowest row among equals, by always the same of equally short
        ways. None if there is none within the limit or the home is unattached.

    Raises
    ------
    ValueError
        If there is not one home, a row names no outlet, the limit is negative or not below
        ``UNREACHED``, or graph, streets, weights and points do not belong together.
    """
    check_search(graph, streets, weights, limit_ds)
    if len(home) != 1:
        raise ValueError(f"one home is looked at, not {len(home)}")
    row = _rows(rows, outlets)
    here, there = feet(weights, home), feet(weights, outlets.take(row))
    if here.edge[0] < 0 or len(row) == 0:
        return None
    best = _along_its_own_edge(here, there, row, limit_ds)
    offer_node, offer_ds, offer_row = _offers(streets, there, row)
    with graph.workspace() as work:
        touched = spread(
            graph.start,
            graph.head,
            graph.arc,
            weights.forward,
            weights.backward,
            np.array([streets.u[here.edge[0]], streets.v[here.edge[0]]], dtype=np.int32),
            here.access + np.array([here.to_u[0], here.to_v[0]]),
            offer_node,
            offer_ds,
            offer_row,
            limit_ds,
            work.ds,
            work.via,
            work.heap,
            work.seen,
            work.first,
            np.empty(len(offer_node), dtype=np.int32),
            best,
        )
        total, outlet, offer = best.tolist()
        turns = [] if offer == ALONG_ITS_OWN_EDGE else _turns(streets, work.via, offer_node[offer])
        work.clean(touched, offer_node)
    if outlet < 0:
        return None
    at = int(np.argmax(row == outlet))
    steps = _steps(turns, here, there.take(np.array([at])), offer)
    edges, metres, x, y = _drawn(streets, steps, int(here.edge[0]), float(here.fraction[0]))
    home_access, outlet_access = int(here.access[0]), int(there.access[at])
    return Way(
        outlet=outlet,
        walk_ds=total,
        home_access_ds=home_access,
        street_ds=total - home_access - outlet_access,
        outlet_access_ds=outlet_access,
        edges=edges,
        metres=metres,
        x=x,
        y=y,
    )


def door_to_door(
    way: Way, *, home: tuple[float, float], outlet: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Draw a way from the home's door to the outlet's, both given as x and y in the plane.

    Returns
    -------
    x, y
        The line along the streets with a straight walk to each door.
    """
    return (
        np.concatenate([[home[0]], way.x, [outlet[0]]]),
        np.concatenate([[home[1]], way.y, [outlet[1]]]),
    )


def _rows(rows: ArrayLike, outlets: Snapped) -> Longs:
    """Give the attached among the outlets in question."""
    named = np.asarray(rows)
    if named.size and not np.issubdtype(named.dtype, np.integer):
        raise ValueError(f"rows of outlets are whole numbers, not {named.dtype}")
    if named.size and (named.min() < 0 or named.max() >= len(outlets)):
        raise ValueError(f"a row names an outlet outside 0..{len(outlets) - 1}")
    whole = named.astype(np.int64)
    attached: Longs = whole[outlets.attached[whole]]
    return attached


def _along_its_own_edge(here: Feet, there: Feet, row: Longs, limit_ds: int) -> Longs:
    """Give what is known before any search: the total, its outlet or -1, and how it is reached."""
    total = here.access[0] + there.access + direct(here, there)
    low = np.lexsort((row, total))[0]
    if total[low] > limit_ds:
        return np.array([limit_ds + 1, -1, ALONG_ITS_OWN_EDGE], dtype=np.int64)
    return np.array([total[low], row[low], ALONG_ITS_OWN_EDGE], dtype=np.int64)


def _offers(streets: Streets, there: Feet, row: Longs) -> tuple[Ints, Longs, Longs]:
    """List every outlet twice: at 2·k behind its edge's u, at 2·k + 1 behind its v."""
    node = np.stack([streets.u[there.edge], streets.v[there.edge]], axis=1)
    time = np.stack([there.from_u, there.from_v], axis=1) + there.access[:, None]
    return np.ascontiguousarray(node.ravel()), time.ravel(), np.repeat(row, 2)


def _turns(streets: Streets, via: Ints, node: int) -> list[int]:
    """Follow a search back from a node: -1 for the home's u or -2 for its v, then the arcs."""
    turns = []
    while via[node] >= 0:
        arc = int(via[node])
        turns.append(arc)
        node = streets.v[arc >> 1] if arc & 1 else streets.u[arc >> 1]
    return [int(via[node]), *reversed(turns)]


def _steps(turns: list[int], here: Feet, there: Feet, offer: int) -> list[Step]:
    """List what is walked of which edge, without first and last steps of no length."""
    start, end = float(here.fraction[0]), float(there.fraction[0])
    if offer == ALONG_ITS_OWN_EDGE:
        steps = [(int(here.edge[0]), start, end)]
    else:
        steps = [
            (int(here.edge[0]), start, -1.0 - turns[0]),
            *((arc >> 1, float(arc & 1), 1.0 - (arc & 1)) for arc in turns[1:]),
            (int(there.edge[0]), float(offer & 1), end),
        ]
    return [step for step in steps if step[1] != step[2]]


def _drawn(
    streets: Streets, steps: list[Step], edge: int, fraction: float
) -> tuple[Ints, Floats, Floats, Floats]:
    """Give the edges, their walked metres and the line, beginning at a place on an edge."""
    edges = np.array([step[0] for step in steps], dtype=np.int32)
    begin, end = (np.array([step[side] for step in steps]) for side in (1, 2))
    stop, part = np.append(np.int32(edge), edges), np.append(fraction, end)
    u, v = streets.u[stop], streets.v[stop]
    return (
        edges,
        np.abs(end - begin) * streets.metres[edges],
        (1.0 - part) * streets.x[u] + part * streets.x[v],
        (1.0 - part) * streets.y[u] + part * streets.y[v],
    )
