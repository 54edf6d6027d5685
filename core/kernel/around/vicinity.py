"""The streets around one point: sorted for a search outwards, and what it needs of its points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled.trace import lay_out
from core.kernel.snap import Snapped
from core.kernel.streets import Streets
from core.kernel.walkers import CLOSED, Weights
from core.kernel.walks import DECISECONDS_PER_SECOND, UNREACHED

MOST_EDGES = 2**30 - 1  # two arcs each must be counted by an int32
NO_WAY = 2**40  # longer than any sum of walks, and still far from the end of an int64

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Workspace:
    """Arrays as long as the network, which a search dirties and its caller cleans."""

    ds: Ints
    via: Ints
    seen: Ints
    first: Ints
    heap: Longs

    def clean(self, touched: int, offer_node: Ints) -> None:
        """Undo a search that touched so many nodes and had offers at those."""
        self.ds[self.seen[:touched]] = UNREACHED
        self.first[offer_node] = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreetGraph:
    """The streets sorted by tail, for searches from one point; make one with `street_graph`.

    It knows no walking times, so all walkers share it. It may be cached and used by several
    threads: each search borrows a workspace of its own.

    Parameters
    ----------
    edges
        How many edges the streets have.
    start
        Where each node's arcs begin, shape (nodes + 1,).
    head, arc
        Of each arc the node it leads to, and twice its edge, plus one if it leads from v to u.
    spare
        Workspaces that are not in use.
    """

    edges: int
    start: Ints
    head: Ints
    arc: Ints
    spare: list[Workspace] = field(default_factory=list)

    @property
    def nodes(self) -> int:
        """Count the nodes."""
        return len(self.start) - 1

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """Lend a clean workspace, to be left clean; after an exception it is thrown away."""
        try:
            lent = self.spare.pop()
        except IndexError:
            lent = Workspace(
                ds=np.full(self.nodes, UNREACHED, dtype=np.int32),
                via=np.empty(self.nodes, dtype=np.int32),
                seen=np.empty(self.nodes, dtype=np.int32),
                first=np.full(self.nodes, -1, dtype=np.int32),
                heap=np.empty(len(self.arc) + 2, dtype=np.int64),
            )
        yield lent
        self.spare.append(lent)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Feet:
    """Where points meet the streets, in walking time to and from both ends of their edge.

    Parameters
    ----------
    edge, fraction
        As in `Snapped`; -1 and 0 where unattached.
    access
        Deciseconds between door and street.
    to_u, to_v, from_u, from_v
        Deciseconds from the point to the ends of its edge, and from those to the point;
        `CLOSED` where one may not walk so, or the point is unattached.
    """

    edge: Ints
    fraction: Floats
    access: Longs
    to_u: Longs
    to_v: Longs
    from_u: Longs
    from_v: Longs

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Feet:
        """Give some of the points, by index or mask."""
        return Feet(
            edge=self.edge[rows],
            fraction=self.fraction[rows],
            access=self.access[rows],
            to_u=self.to_u[rows],
            to_v=self.to_v[rows],
            from_u=self.from_u[rows],
            from_v=self.from_v[rows],
        )


def street_graph(streets: Streets) -> StreetGraph:
    """Sort the streets by tail, in time proportional to their number.

    Raises
    ------
    ValueError
        If there are more edges than an int32 counts arcs.
    """
    if streets.edges > MOST_EDGES:
        raise ValueError(f"{streets.edges} edges are more than {MOST_EDGES}")
    arcs = 2 * streets.edges - int(np.count_nonzero(streets.u == streets.v))
    start = np.zeros(streets.nodes + 1, dtype=np.int32)
    head, arc = np.empty(arcs, dtype=np.int32), np.empty(arcs, dtype=np.int32)
    lay_out(np.ascontiguousarray(streets.u), np.ascontiguousarray(streets.v), start, head, arc)
    for column in (start, head, arc):
        column.setflags(write=False)
    return StreetGraph(edges=streets.edges, start=start, head=head, arc=arc)


def feet(weights: Weights, points: Snapped) -> Feet:
    """Turn points on streets into walking times, rounded part by part as in `reach`.

    Raises
    ------
    ValueError
        If a point stands on an edge that has no weight, or outside its ends.
    """
    on = points.attached
    if on.any() and int(points.edge.max()) >= len(weights.forward):
        raise ValueError(f"a point stands on edge {points.edge.max()} of {len(weights.forward)}")
    fraction = np.where(on, points.fraction, 0.0)
    if not ((fraction >= 0) & (fraction <= 1)).all():
        raise ValueError("a point stands outside the ends of its edge: fractions are within 0..1")
    forward, backward = _lengths(weights.forward, points), _lengths(weights.backward, points)
    ahead, behind = (np.rint(fraction * w).astype(np.int64) for w in (forward, backward))
    # A door farther than any limit is as good as one at the limit, and its sums stay small.
    farthest = UNREACHED * weights.metres_per_second / DECISECONDS_PER_SECOND
    metres = np.where(on, np.minimum(points.access_metres, farthest), 0.0)
    access = np.rint(metres / weights.metres_per_second * DECISECONDS_PER_SECOND)
    return Feet(
        edge=np.where(on, points.edge, -1).astype(np.int32),
        fraction=fraction,
        access=access.astype(np.int64),
        to_u=np.where(backward < CLOSED, behind, CLOSED),
        to_v=np.where(forward < CLOSED, forward - ahead, CLOSED),
        from_u=np.where(forward < CLOSED, ahead, CLOSED),
        from_v=np.where(backward < CLOSED, backward - behind, CLOSED),
    )


def direct(home: Feet, others: Feet) -> Longs:
    """Measure the way from one point to others along its own edge; `NO_WAY` where there is none.

    Ahead only where the edge is open from u to v, and back only where it is open from v to u.
    """
    same = others.edge == home.edge[0]
    ahead = same & (others.fraction >= home.fraction[0]) & (others.from_u < CLOSED)
    back = same & (others.fraction <= home.fraction[0]) & (others.to_u < CLOSED)
    return np.minimum(
        np.where(ahead, others.from_u - home.from_u[0], NO_WAY),
        np.where(back, home.to_u[0] - others.to_u, NO_WAY),
    )


def check_search(graph: StreetGraph, streets: Streets, weights: Weights, limit_ds: int) -> None:
    """Refuse what a compiled search would crash on.

    Raises
    ------
    ValueError
        If graph, streets and weights do not belong together, a weight is negative, or the limit
        is negative or not below ``UNREACHED``.
    """
    if not 0 <= limit_ds < UNREACHED:
        raise ValueError(f"limit_ds must lie within 0..{UNREACHED - 1}, not {limit_ds}")
    if (graph.nodes, graph.edges) != (streets.nodes, streets.edges):
        raise ValueError(
            f"a graph of {graph.nodes} nodes and {graph.edges} edges is not that of streets with"
            f" {streets.nodes} and {streets.edges}"
        )
    for name, column in (("forward", weights.forward), ("backward", weights.backward)):
        if column.shape != (streets.edges,) or column.dtype != np.int32:
            raise ValueError(f"{name} must be {streets.edges} int32, not {column.dtype}")
        if not column.flags.c_contiguous:
            raise ValueError(f"{name} must lie in one piece")
        if len(column) and column.min() < 0:
            raise ValueError(f"{name} holds a negative walking time")


def _lengths(weight: Ints, points: Snapped) -> Longs:
    """Give each point the time of its edge, `CLOSED` where unattached."""
    length = np.full(len(points), CLOSED, dtype=np.int64)
    on = points.attached
    length[on] = weight[points.edge[on]]
    return length
