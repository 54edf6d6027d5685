"""Walks between outlets and all homes near them, 32 outlets at a time, never all pairs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled.balls import arrive_near, clean, homes_near, keep_within, sweep_balls
from core.kernel.compiled.homes import along_chains
from core.kernel.compiled.lanes import FAR16, LANES
from core.kernel.compiled.sweeps import sow
from core.kernel.doors import Arrivals, Doors
from core.kernel.prepared import Hierarchy, Prepared
from core.kernel.reach import reach, search
from core.kernel.snap import Snapped
from core.kernel.streets import Streets
from core.kernel.walks import Deciseconds

Ints: TypeAlias = NDArray[np.int32]
Shorts: TypeAlias = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """What up to 32 outlets have within the limit: their full balls, cut nowhere.

    Parameters
    ----------
    outlets
        Rows of outlets, at most 32.
    homes
        Lines of homes (see ``Balls.line``), each once: all that reach one of these outlets.
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
        seen = np.zeros(self.outlets, dtype=np.bool_)
        for batch in self.begin():
            rows, near = batch.outlets, batch.homes
            if len(rows) > LANES or batch.walks.shape != (len(near), LANES):
                raise ValueError(f"{len(rows)} outlets and walks of shape {batch.walks.shape}")
            if [one.dtype.str[1:] for one in (rows, near, batch.walks)] != ["i4", "i4", "u2"]:
                raise ValueError("rows must be int32 and walks uint16")
            if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < self.outlets:
                raise ValueError(f"a batch names an outlet outside 0..{self.outlets - 1}")
            if len(near) and not 0 <= int(near.min()) <= int(near.max()) < self.homes:
                raise ValueError(f"a batch names a home outside 0..{self.homes - 1}")
            if seen[rows].any() or len(set(rows.tolist())) != len(rows):
                raise ValueError("an outlet comes twice: its offers would count twice")
            seen[rows] = True
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
        hierarchy = prepared.hierarchy
        sweeps = None if hierarchy is None else _Sweeps(prepared, hierarchy, homes)
        order = _near_together(outlets)
        for first in range(0, len(order), LANES):
            rows = order[first : first + LANES]
            if sweeps is None:
                found = search(
                    prepared, outlets, homes, lanes=list(rows.reshape(-1, 1)), limit_ds=limit_ds
                )
                near = np.arange(len(homes), dtype=np.int32)
                yield _held(rows, near, found.lines[0], limit_ds)
            else:
                yield _held(rows, *sweeps.lines(rows, outlets, limit_ds), limit_ds)

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


def _held(rows: Ints, near: Ints, lines: Shorts, limit_ds: int) -> Batch:
    kept = keep_within(near, lines, np.uint16(limit_ds))
    walks = lines[: kept * LANES].reshape(kept, LANES)
    return Batch(outlets=rows, homes=near[:kept], walks=walks)


def _near_together(outlets: Doors) -> Ints:
    """Order attached outlets so that neighbours follow each other: by their chain's lower end."""
    attached = np.flatnonzero(outlets.chain >= 0).astype(np.int32)
    deep = np.maximum(outlets.tail[attached], outlets.head[attached])
    order: Ints = attached[np.argsort(deep, kind="stable")]
    return order


class _Sweeps:
    """Room for the sweeps of one batch after the other; left clean by each."""

    def __init__(self, prepared: Prepared, hierarchy: Hierarchy, homes: Arrivals) -> None:
        nodes = prepared.nodes
        self._prepared, self._hierarchy, self._homes = prepared, hierarchy, homes
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
        self._seeds = np.full((2 * LANES + 1) * LANES, FAR16, dtype=np.uint16)

    def lines(self, rows: Ints, outlets: Doors, limit_ds: int) -> tuple[Ints, Shorts]:
        """Give the homes near some outlets, and their lines."""
        layers, homes, chains = self._hierarchy, self._homes, self._prepared
        lane = np.arange(len(rows), dtype=np.int32)
        access, own = outlets.access[rows], outlets.chain[rows]
        node = np.concatenate([outlets.tail[rows], outlets.head[rows]])
        time = np.concatenate([outlets.ends[rows, 2], outlets.ends[rows, 3]])
        time += np.tile(access, 2)
        sow(node, np.tile(lane, 2), time, limit_ds, self._row_of, self._seeds)
        visited = sweep_balls(
            layers.first, layers.above, layers.out,
            layers.below_first, layers.below, layers.below_into,
            self._seeds, self._row_of, node, np.uint16(limit_ds),
            self._field, self._words, self._reached, self._visited,
        )  # fmt: skip
        found = homes_near(
            self._visited, visited, self._reached, chains.tail, chains.head,
            self._tail_first, self._head_first, self._head_chain, homes.first,
            np.unique(own), self._near, self._line_of,
        )  # fmt: skip
        near = self._near[:found].copy()
        lines = np.empty(found * LANES, dtype=np.uint16)
        access_near = np.empty(found, dtype=np.uint16)
        arrive_near(
            self._field, near, homes.tail, homes.to_tail, homes.head, homes.to_head,
            homes.access, lines, access_near,
        )  # fmt: skip
        clean(self._visited, visited, node, self._field, self._reached, self._row_of)
        order = np.lexsort((outlets.part[rows], outlets.along[rows, 0], own))
        at = np.column_stack([outlets.along[rows], access])
        along_chains(
            own[order], at[order], outlets.part[rows][order], lane[order].astype(np.int32),
            homes.first, homes.along, homes.part, self._line_of, access_near, lines,
        )  # fmt: skip
        return near, lines


def _cuts(sorted_or_not: Ints, nodes: int) -> Ints:
    first = np.zeros(nodes + 1, dtype=np.int32)
    np.cumsum(np.bincount(sorted_or_not, minlength=nodes), out=first[1:])
    return first
