"""Walks from every street corner to a lane's nearest outlet, kept right while outlets change."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.kernel.compiled.repair import improve, retract

FAR16 = 65535
LONGEST_BOUND_DS = FAR16 - 1

Ints: TypeAlias = NDArray[np.int32]
Shorts: TypeAlias = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """A contracted street graph for searches; make one with :func:`graph`.

    Parameters
    ----------
    start, node
        Neighbours of ``v`` are ``node[start[v]:start[v + 1]]``; both directions of an arc are
        listed, each at its own end.
    out, into
        Deciseconds from ``v`` to the neighbour, and back; ``FAR16`` where closed.
    bound_ds
        Longest walk of interest.
    """

    start: Ints
    node: Ints
    out: Shorts
    into: Shorts
    bound_ds: int

    @property
    def nodes(self) -> int:
        """Count the nodes."""
        return len(self.start) - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seeds:
    """Ends of walks: from ``node`` an outlet is ``time`` deciseconds away. Order means nothing.

    An outlet within a street has two, one for each end of it.
    """

    node: Ints
    time: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """Nodes whose walk changed, each once, with the walk before and now (``FAR16`` for none)."""

    node: Ints
    before: Shorts
    after: Shorts


class Workspace:
    """What searches on one graph need besides it, allocated once; searches in it take turns."""

    __slots__ = ("asked", "before", "buckets", "firm", "following", "held", "lock", "mark", "node")

    def __init__(self, graph: Graph) -> None:
        entries = graph.nodes + len(graph.node)
        self.buckets = np.full(graph.bound_ds + 1, -1, dtype=np.int32)
        self.following = np.empty(entries, dtype=np.int32)
        self.held = np.empty(entries, dtype=np.int32)
        self.mark = np.zeros(graph.nodes, dtype=np.uint8)
        self.node = np.empty(graph.nodes, dtype=np.int32)
        self.before = np.empty(graph.nodes, dtype=np.uint16)
        self.asked = np.empty(graph.nodes + 1, dtype=np.int32)
        self.firm = np.empty(graph.nodes, dtype=np.int32)
        self.lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Step:
    """What one edit did, so that it can be undone."""

    seed_node: Ints
    seed_before: Shorts
    node: Ints
    before: Shorts
    came: tuple[tuple[int, int], ...]
    went: tuple[tuple[int, int], ...]


class Field:
    """The walk from each node to the nearest of a lane's outlets, exact after every edit.

    Several outlets may seed one node, also with equal times: the least that is left counts.

    Parameters
    ----------
    graph
        The streets.
    seeds
        Of all outlets at the start.
    workspace
        Of the same graph; may be shared by many fields.
    """

    __slots__ = ("_base", "_graph", "_held", "_seeds", "_space", "_steps", "walks")

    def __init__(self, graph: Graph, seeds: Seeds, workspace: Workspace) -> None:
        within = _within(graph, seeds)
        order = np.lexsort((within.time, within.node))
        self._graph, self._space = graph, workspace
        self._base = Seeds(node=within.node[order], time=within.time[order])
        self._held: dict[int, list[int]] = {}
        self._seeds = np.full(graph.nodes, FAR16, dtype=np.uint16)
        np.minimum.at(self._seeds, within.node, within.time.astype(np.uint16))
        self._steps: list[_Step] = []
        self.walks: Shorts = np.full(graph.nodes, FAR16, dtype=np.uint16)
        at = np.flatnonzero(self._seeds != FAR16).astype(np.int32)
        self._improve(Seeds(node=at, time=self._seeds[at].astype(np.int32)))

    def fork(self) -> Field:
        """Give a field of the same walks that is edited on its own and cannot undo what was."""
        twin = object.__new__(Field)
        twin._graph, twin._space, twin._base = self._graph, self._space, self._base
        twin._held = {node: list(times) for node, times in self._held.items()}
        twin._seeds, twin.walks = self._seeds.copy(), self.walks.copy()
        twin._steps = []
        return twin

    def insert(self, seeds: Seeds) -> Change:
        """Add the seeds of outlets.

        Raises
        ------
        ValueError
            If a seed stands on no node of the graph or its time is negative.
        """
        pairs = _pairs(_within(self._graph, seeds))
        for node, time in pairs:
            self._times(node).append(time)
        return self._edit(came=pairs, went=())

    def remove(self, seeds: Seeds) -> Change:
        """Take away seeds that are there.

        Raises
        ------
        ValueError
            If one of them is not there; nothing has changed then.
        """
        pairs = _pairs(_within(self._graph, seeds))
        gone: list[tuple[int, int]] = []
        for node, time in pairs:
            times = self._times(node)
            if time not in times:
                for other, there in gone:
                    self._times(other).append(there)
                raise ValueError(f"no seed of {time} deciseconds stands at node {node}")
            times.remove(time)
            gone.append((node, time))
        return self._edit(came=(), went=pairs)

    def undo(self) -> Change:
        """Take back the last edit that was not taken back; every byte is as before it.

        Raises
        ------
        IndexError
            If there is none.
        """
        step = self._steps.pop()
        for node, time in step.came:
            self._times(node).remove(time)
        for node, time in step.went:
            self._times(node).append(time)
        self._seeds[step.seed_node] = step.seed_before
        now = self.walks[step.node]
        self.walks[step.node] = step.before
        return Change(node=step.node, before=now, after=step.before)

    def _edit(
        self, *, came: tuple[tuple[int, int], ...], went: tuple[tuple[int, int], ...]
    ) -> Change:
        """Bring seeds and walks in line with the times held at the nodes of an edit."""
        at = np.array(sorted({node for node, _ in came + went}), dtype=np.int32)
        before = self._seeds[at]
        self._seeds[at] = [min(self._times(int(node)), default=FAR16) for node in at]
        if went:
            change = self._retract(at)
        else:
            change = self._improve(Seeds(node=at, time=self._seeds[at].astype(np.int32)))
        self._steps.append(
            _Step(
                seed_node=at,
                seed_before=before,
                node=change.node,
                before=change.before,
                came=came,
                went=went,
            )
        )
        return change

    def _times(self, node: int) -> list[int]:
        """Give the times of all seeds at a node, to be changed in place."""
        times = self._held.get(node)
        if times is None:
            first, end = np.searchsorted(self._base.node, (node, node + 1))
            times = self._held[node] = self._base.time[first:end].tolist()
        return times

    def _improve(self, seeds: Seeds) -> Change:
        graph, space = self._graph, self._space
        with space.lock:
            count = improve(
                graph.start,
                graph.node,
                graph.into,
                self.walks,
                seeds.node,
                seeds.time,
                graph.bound_ds,
                space.buckets,
                space.following,
                space.held,
                space.mark,
                space.node,
                space.before,
            )
            return self._change(count)

    def _retract(self, at: Ints) -> Change:
        graph, space = self._graph, self._space
        with space.lock:
            count = retract(
                graph.start,
                graph.node,
                graph.out,
                graph.into,
                self.walks,
                self._seeds,
                at,
                graph.bound_ds,
                space.buckets,
                space.following,
                space.held,
                space.mark,
                space.node,
                space.before,
                space.asked,
                space.firm,
            )
            return self._change(count)

    def _change(self, count: int) -> Change:
        nodes = self._space.node[:count].copy()
        before = self._space.before[:count].copy()
        return Change(node=nodes, before=before, after=self.walks[nodes])


def graph(
    start: ArrayLike, node: ArrayLike, out: ArrayLike, into: ArrayLike, *, bound_ds: int
) -> Graph:
    """Check the arrays of a contracted graph; none is copied that has its type.

    ``into`` may be the same object as ``out`` where all is walked alike in both directions.

    Raises
    ------
    ValueError
        If the bound is not within 0..65534, the arrays do not fit together, or an arc leads to
        no node.
    """
    if not 0 <= bound_ds <= LONGEST_BOUND_DS:
        raise ValueError(f"bound_ds must lie within 0..{LONGEST_BOUND_DS}, not {bound_ds}")
    starts, nodes = _column("start", start, np.int32), _column("node", node, np.int32)
    outs, intos = _column("out", out, np.uint16), _column("into", into, np.uint16)
    if len(starts) == 0 or starts[0] != 0 or (np.diff(starts) < 0).any():
        raise ValueError("start must begin with 0 and never fall")
    if not starts[-1] == len(nodes) == len(outs) == len(intos):
        lengths = (int(starts[-1]), len(nodes), len(outs), len(intos))
        raise ValueError(f"node, out and into must be as long as start tells, not {lengths}")
    if len(nodes) and not (nodes.min() >= 0 and nodes.max() < len(starts) - 1):
        raise ValueError(f"an arc leads outside the nodes 0..{len(starts) - 2}")
    return Graph(start=starts, node=nodes, out=outs, into=intos, bound_ds=bound_ds)


def seeds_of(pairs: Iterable[tuple[int, int]]) -> Seeds:
    """Make seeds from (node, deciseconds) pairs."""
    table = np.array(list(pairs), dtype=np.int32).reshape(-1, 2)
    return Seeds(node=np.ascontiguousarray(table[:, 0]), time=np.ascontiguousarray(table[:, 1]))


def _within(graph: Graph, seeds: Seeds) -> Seeds:
    """Check seeds and leave out those beyond the bound, which no walk of interest ends with."""
    node, time = np.asarray(seeds.node), np.asarray(seeds.time)
    if node.shape != time.shape or node.ndim != 1:
        raise ValueError(f"seeds must be two equal columns, not {node.shape} and {time.shape}")
    if len(node):
        if not (node.min() >= 0 and node.max() < graph.nodes):
            raise ValueError(f"a seed stands outside the nodes 0..{graph.nodes - 1}")
        if time.min() < 0:
            raise ValueError(f"a seed has a negative time of {time.min()} deciseconds")
    near = time <= graph.bound_ds
    return Seeds(node=node[near].astype(np.int32), time=time[near].astype(np.int32))


def _pairs(seeds: Seeds) -> tuple[tuple[int, int], ...]:
    return tuple(zip(seeds.node.tolist(), seeds.time.tolist(), strict=True))


def _column(name: str, values: ArrayLike, dtype: type[np.generic]) -> NDArray[Any]:
    column = np.asarray(values)
    if column.ndim != 1 or column.dtype != dtype:
        raise ValueError(
            f"{name} must be one column of {np.dtype(dtype)}, not {column.dtype} of {column.shape}"
        )
    return np.ascontiguousarray(column)
