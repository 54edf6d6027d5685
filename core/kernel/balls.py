"""Walks between outlets and all homes near them, 32 outlets at a time, never all pairs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled.balls import arrive_near, clean, hold_lines, homes_near, sweep_balls
from core.kernel.compiled.homes import along_chains
from core.kernel.compiled.lanes import FAR16, LANES
from core.kernel.compiled.supply import unsound
from core.kernel.compiled.sweeps import sow
from core.kernel.doors import Arrivals, Doors
from core.kernel.prepared import Hierarchy, Prepared
from core.kernel.reach import reach, search
from core.kernel.snap import Snapped
from core.kernel.streets import Streets
from core.kernel.walks import Deciseconds

Ints: TypeAlias = NDArray[np.int32]
Shorts: TypeAlias = NDArray[np.uint16]

UNSOUND = {
    1: "a batch names an outlet outside the stream's",
    2: "a batch names a home outside the stream's",
    3: "an outlet comes twice: its offers would count twice",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """What up to 32 outlets have within the limit: their full balls, cut nowhere.

    Parameters
    ----------
    outlets
        Rows of outlets, at most 32.
    homes
        Lines of homes (see ``Balls.line``), each once: at least all that reach one of these
        outlets.
    walks
        Shape (homes, 32): deciseconds from home to outlet, ``FAR16`` where the walk is longer
        than the limit, and in columns that have no outlet.
    """

    outlets: Ints
    homes: Ints
    walks: Shorts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Balls:
    """A stream of batches that holds every attached outlet once; each ``iter`` begins anew.

    Parameters
    ----------
    outlets, homes
        How many rows there are.
    limit_ds
        Longest walk held, inclusive.
    line
        Each home's number in batches; near homes have near numbers.
    begin
        Makes the batches.
    """

    outlets: int
    homes: int
    limit_ds: int
    line: Ints
    begin: Callable[[], Iterator[Batch]]

    def __iter__(self) -> Iterator[Batch]:
        """Pass batches on after a look at what compiled loops rely on.

        Raises
        ------
        ValueError
            If a row lies outside, an outlet comes twice, or walks have another shape or type.
        """
        seen = np.zeros(self.outlets, dtype=np.uint8)
        for batch in self.begin():
            rows, near, walks = batch.outlets, batch.homes, batch.walks
            if len(rows) > LANES or walks.shape != (len(near), LANES):
                raise ValueError(f"{len(rows)} outlets and walks of shape {walks.shape}")
            if [one.dtype.str[1:] for one in (rows, near, walks)] != ["i4", "i4", "u2"]:
                raise ValueError("rows must be int32 and walks uint16")
            if wrong := unsound(rows, near, self.outlets, self.homes, seen):
                raise ValueError(UNSOUND[wrong])
            yield batch


def balls(prepared: Prepared, outlets: Doors, homes: Arrivals, *, limit_ds: int) -> Balls:
    """Measure the walks of every outlet to all homes within the limit.

    Outlets near each other share a batch, and the sweeps of a batch visit only nodes that its
    walks meet, found on the hierarchy itself (:mod:`core.kernel.compiled.balls`): exact whatever
    the coordinates say. The work grows with the homes in reach, not with the city.

    Parameters
    ----------
    prepared
        Streets for one walker, for walks at least as long as ``limit_ds``.
    outlets, homes
        Points on them.
    limit_ds
        Longest walk of interest, inclusive.

    Raises
    ------
    ValueError
        If the limit is negative or beyond the bound.
    """
    if not 0 <= limit_ds <= prepared.bound_ds:
        raise ValueError(f"limit_ds must lie within 0..{prepared.bound_ds}, not {limit_ds}")

    def begin() -> Iterator[Batch]:
        if prepared.hierarchy is None:
            return _whole(prepared, outlets, homes, limit_ds)
        return _Sweeps(prepared, prepared.hierarchy, homes, limit_ds).batches(outlets)

    return Balls(
        outlets=len(outlets), homes=len(homes), limit_ds=limit_ds, line=homes.line, begin=begin
    )


def balls_by_reach(
    streets: Streets, outlets: Snapped, homes: Snapped, *, speed_mps: float, limit_ds: int
) -> Balls:
    """Ask the engine for one lane per outlet: slow, and simple enough to measure others against.

    Parameters
    ----------
    streets, outlets, homes, speed_mps
        As in :func:`core.kernel.reach.reach`.
    limit_ds
        Longest walk of interest, inclusive.
    """

    def begin() -> Iterator[Batch]:
        attached = np.flatnonzero(outlets.attached).astype(np.int32)
        for first in range(0, len(attached), LANES):
            rows = attached[first : first + LANES]
            lanes = list(rows.reshape(-1, 1))
            walks = reach(
                streets, outlets, homes, lanes=lanes, speed_mps=speed_mps, limit_ds=limit_ds
            )
            yield batch_of(rows, walks, limit_ds=limit_ds)

    line = np.arange(len(homes), dtype=np.int32)
    return Balls(outlets=len(outlets), homes=len(homes), limit_ds=limit_ds, line=line, begin=begin)


def batch_of(outlets: Ints, walks: Deciseconds, *, limit_ds: int) -> Batch:
    """Make a batch of up to 32 outlets from their walks to all homes, shape (outlets, homes)."""
    near = np.flatnonzero((walks <= limit_ds).any(axis=0)).astype(np.int32)
    lines = np.full((len(near), LANES), FAR16, dtype=np.uint16)
    held = walks[:, near].T
    lines[:, : len(outlets)] = np.where(held <= limit_ds, held, FAR16)
    return Batch(outlets=outlets, homes=near, walks=lines)


def _whole(prepared: Prepared, outlets: Doors, homes: Arrivals, limit_ds: int) -> Iterator[Batch]:
    """Search the whole city for each 32 outlets: for streets that have no hierarchy."""
    attached = np.flatnonzero(outlets.chain >= 0).astype(np.int32)
    for first in range(0, len(attached), LANES):
        rows = attached[first : first + LANES]
        lanes = list(rows.reshape(-1, 1))
        lines = search(prepared, outlets, homes, lanes=lanes, limit_ds=limit_ds).lines[0]
        hold_lines(lines, np.uint16(limit_ds))
        every = np.arange(len(homes), dtype=np.int32)
        yield Batch(outlets=rows, homes=every, walks=lines.reshape(-1, LANES))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seeds:
    """Outlets in the order of their batches, and within each along the chains."""

    rows: Ints
    lane: Ints
    chain: Ints
    access: Ints
    at: Ints
    part: NDArray[np.float64]
    node: Ints
    time: Ints


def _seeds(outlets: Doors) -> _Seeds:
    """Put neighbours into one batch: order outlets by the lower end of their chain."""
    rows = np.flatnonzero(outlets.chain >= 0).astype(np.int32)
    rows = rows[np.argsort(np.maximum(outlets.tail[rows], outlets.head[rows]), kind="stable")]
    batch = np.arange(len(rows)) // LANES
    keys = outlets.part[rows], outlets.along[rows, 0], outlets.chain[rows], batch
    rows = rows[np.lexsort(keys)]
    access, ends = outlets.access[rows], outlets.ends[rows]
    return _Seeds(
        rows=rows,
        lane=(np.arange(len(rows)) % LANES).astype(np.int32),
        chain=outlets.chain[rows],
        access=access,
        at=outlets.along[rows],
        part=outlets.part[rows],
        node=np.column_stack([outlets.tail[rows], outlets.head[rows]]).reshape(-1),
        time=(ends[:, 2:] + access[:, np.newaxis]).reshape(-1),
    )


class _Sweeps:
    """Room for the sweeps of one batch after the other; left clean by each."""

    def __init__(
        self, prepared: Prepared, hierarchy: Hierarchy, homes: Arrivals, limit_ds: int
    ) -> None:
        nodes = prepared.nodes
        self._prepared, self._hierarchy, self._homes = prepared, hierarchy, homes
        self._limit = limit_ds
        self._tail_first = _cuts(prepared.tail, nodes)
        self._head_chain = np.argsort(prepared.head, kind="stable").astype(np.int32)
        self._head_first = _cuts(prepared.head, nodes)
        self._field = np.full(nodes * LANES, FAR16, dtype=np.uint16)
        self._words = np.zeros(nodes // 64 + 1, dtype=np.uint64)
        self._reached = np.zeros(nodes, dtype=np.uint8)
        self._row_of = np.zeros(nodes, dtype=np.int32)
        self._visited = np.empty(nodes, dtype=np.int32)
        self._line_of = np.empty(len(homes), dtype=np.int32)
        self._near = np.empty(len(homes), dtype=np.int32)
        self._lines = np.full((2 * LANES + 1) * LANES, FAR16, dtype=np.uint16)

    def batches(self, outlets: Doors) -> Iterator[Batch]:
        """Measure the balls of all outlets."""
        seeds = _seeds(outlets)
        for first in range(0, len(seeds.rows), LANES):
            yield self._batch(seeds, slice(first, first + LANES))

    def _batch(self, seeds: _Seeds, some: slice) -> Batch:
        homes, limit = self._homes, np.uint16(self._limit)
        lane, own = seeds.lane[some], seeds.chain[some]
        visited = self._sweep(seeds, slice(2 * some.start, 2 * some.stop))
        found = homes_near(
            self._visited, visited, self._reached, self._prepared.tail, self._prepared.head,
            self._tail_first, self._head_first, self._head_chain, homes.first,
            own, self._near, self._line_of,
        )  # fmt: skip
        near = self._near[:found].copy()
        lines = np.empty(found * LANES, dtype=np.uint16)
        access = np.empty(found, dtype=np.uint16)
        arrive_near(
            self._field, near, homes.tail, homes.to_tail, homes.head, homes.to_head,
            homes.access, lines, access,
        )  # fmt: skip
        clean(self._visited, visited, self._field, self._reached)
        along_chains(
            np.arange(len(own), dtype=np.int32), lane,
            own, seeds.at[some], seeds.part[some], seeds.access[some],
            homes.first, homes.along, homes.part, self._line_of, access, lines,
        )  # fmt: skip
        hold_lines(lines, limit)
        return Batch(outlets=seeds.rows[some], homes=near, walks=lines.reshape(-1, LANES))

    def _sweep(self, seeds: _Seeds, ends: slice) -> int:
        """Fill the field around both ends of some outlets' chains; count the visited nodes."""
        node, layers = seeds.node[ends], self._hierarchy
        lane = np.repeat(np.arange(len(node) // 2, dtype=np.int32), 2)
        sow(node, lane, seeds.time[ends], self._limit, self._row_of, self._lines)
        visited: int = sweep_balls(
            layers.first, layers.above, layers.out,
            layers.below_first, layers.below, layers.below_into,
            self._lines, self._row_of, node, np.uint16(self._limit),
            self._field, self._words, self._reached, self._visited,
        )  # fmt: skip
        self._row_of[node] = 0
        return visited


def _cuts(sorted_or_not: Ints, nodes: int) -> Ints:
    first = np.zeros(nodes + 1, dtype=np.int32)
    np.cumsum(np.bincount(sorted_or_not, minlength=nodes), out=first[1:])
    return first
