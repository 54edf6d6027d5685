"""Prepared streets: one network for one walker, ready to be searched for any outlets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.chains import Chains, chained
from core.kernel.compiled.chains import in_order, neighbours
from core.kernel.compiled.hierarchy import eliminate, from_the_top, relabel
from core.kernel.compiled.sweeps import transposed
from core.kernel.streets import Streets
from core.kernel.walkers import CLOSED, Weights

Ints: TypeAlias = NDArray[np.int32]
Shorts: TypeAlias = NDArray[np.uint16]
Words: TypeAlias = NDArray[np.uint32]

LONGEST_BOUND_DS = 65_000  # one hour and 48 minutes: longer walks do not fit a lane
LAYOUT = 1  # of the arrays; raised when kept ones can no longer be read
FILL = 60  # places for arcs granted per node before the hierarchy is given up as too dense


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hierarchy:
    """Arcs up a bounded contraction hierarchy, by position; all that a node has arcs to precede it.

    ``first`` (nodes + 1) cuts ``above`` into each node's arcs, ascending; ``out`` is the time up
    an arc. ``below_first``, ``below`` list the same arcs from their upper ends, ``below_into`` is
    the time down to reach them.
    """

    first: Ints
    above: Ints
    out: Shorts
    below_first: Ints
    below: Ints
    below_into: Shorts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A network as chains, contracted graph and hierarchy, for walks up to ``bound_ds``.

    Nodes are numbered by position in the hierarchy. Near nodes have near numbers.

    Parameters
    ----------
    weights
        What the walker needs for each street.
    bound_ds
        The longest walk that answers are right for, inclusive.
    of, facing, at
        Each edge's chain and place on it; see ``Chains``.
    tail, head, total
        The chains; ends are nodes of this graph.
    graph_start, graph_node, graph_out, graph_in
        The contracted graph as CSR: neighbour, time to it and from it; loops and what is longer
        than the bound left out, ``FAR16`` where closed. ``graph_in`` is ``graph_out`` where
        everything is walked alike both ways.
    hierarchy
        None where the network is too dense for one: it is then searched lane by lane.
    """

    weights: Weights
    bound_ds: int
    of: Ints
    facing: NDArray[np.int8]
    at: Ints
    tail: Ints
    head: Ints
    total: Ints
    graph_start: Ints
    graph_node: Ints
    graph_out: Shorts
    graph_in: Shorts
    hierarchy: Hierarchy | None

    @property
    def nodes(self) -> int:
        """Count the nodes of the contracted graph."""
        return len(self.graph_start) - 1

    @property
    def chains(self) -> int:
        """Count the chains."""
        return len(self.tail)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give all that :func:`restored` needs beside weights and bound."""
        arrays = {
            name: getattr(self, name)
            for name in (
                *("of", "facing", "at", "tail", "head", "total"),
                *("graph_start", "graph_node", "graph_out"),
            )
        }
        if self.graph_in is not self.graph_out:
            arrays["graph_in"] = self.graph_in
        if self.hierarchy is not None:
            arrays |= {f"hierarchy_{name}": getattr(self.hierarchy, name) for name in LAYERS}
        return arrays


LAYERS = ("first", "above", "out", "below_first", "below", "below_into")


def prepare(
    streets: Streets, weights: Weights, *, bound_ds: int, hierarchy: bool = True
) -> Prepared:
    """Contract a network and build its hierarchy for walks up to a bound.

    Chains of streets become arcs; nodes are then taken out in an order of few neighbours, and
    their neighbours joined by shortcuts (Geisberger et al. 2008) where these are no longer than
    the bound and no third node joins them as quickly. For a single question of few lanes it is
    not worth its making: ``hierarchy=False``.

    Raises
    ------
    ValueError
        Weights are not one an edge, or the bound is negative or longer than 65,000 ds.
    """
    if not 0 <= bound_ds <= LONGEST_BOUND_DS:
        raise ValueError(
            f"limit_ds or bound_ds must lie within 0..{LONGEST_BOUND_DS}, not {bound_ds}"
        )
    if not len(weights.forward) == len(weights.backward) == streets.edges:
        raise ValueError(f"{len(weights.forward)} weights were given for {streets.edges} edges")
    chains = chained(streets, weights)
    number = np.full(streets.nodes, -1, dtype=np.int32)
    number[chains.kept] = np.arange(len(chains.kept), dtype=np.int32)
    tail, head = number[chains.tail], number[chains.head]
    graph = _graph(len(chains.kept), tail, head, chains.total, bound_ds)
    position = np.arange(len(chains.kept), dtype=np.int32)
    layers = None
    if hierarchy:
        position, layers = _hierarchy(graph, bound_ds)
    return _assembled(weights, bound_ds, chains, (position[tail], position[head]), layers)


def restored(arrays: Mapping[str, NDArray[Any]], weights: Weights, *, bound_ds: int) -> Prepared:
    """Put together again what :meth:`Prepared.arrays` took apart; nothing is copied."""
    layers = {name: arrays[key] for name in LAYERS if (key := f"hierarchy_{name}") in arrays}
    plain = {name: array for name, array in arrays.items() if not name.startswith("hierarchy_")}
    return Prepared(
        weights=weights,
        bound_ds=bound_ds,
        hierarchy=Hierarchy(**layers) if layers else None,
        **{"graph_in": plain["graph_out"], **plain},
    )


def _graph(
    nodes: int, tail: Ints, head: Ints, total: Ints, bound_ds: int
) -> tuple[Ints, Ints, Shorts, Shorts]:
    along = np.where(total[:, 2] == 0, total[:, 0], CLOSED).astype(np.int32)
    against = np.where(total[:, 3] == 0, total[:, 1], CLOSED).astype(np.int32)
    graph: tuple[Ints, Ints, Shorts, Shorts] = neighbours(
        nodes, tail, head, along, against, bound_ds
    )
    return graph


def _hierarchy(
    graph: tuple[Ints, Ints, Shorts, Shorts], bound_ds: int
) -> tuple[Ints, Hierarchy | None]:
    """Build the hierarchy and number the nodes by it."""
    start, node, out, into = graph
    nodes = len(start) - 1
    word: Words = out.astype(np.uint32) | (into.astype(np.uint32) << np.uint32(16))
    most = max(FILL * nodes, 4 * len(node)) + 4096
    added, begin, degree, near, times = eliminate(nodes, start, node, word, bound_ds, most)
    if added < 0:
        return np.arange(nodes, dtype=np.int32), None
    position = from_the_top(begin, degree, near)
    first, above, arc = relabel(begin, degree, near, times, position)
    up = (arc & 0xFFFF).astype(np.uint16)
    down = (arc >> 16).astype(np.uint16)
    below_first, below, below_into = transposed(first, above, down)
    return position, Hierarchy(
        first=first,
        above=above,
        out=up,
        below_first=below_first,
        below=below,
        below_into=below_into,
    )


def _assembled(
    weights: Weights,
    bound_ds: int,
    chains: Chains,
    ends: tuple[Ints, Ints],
    hierarchy: Hierarchy | None,
) -> Prepared:
    """Put chains in order of where they begin, and lay the graph out by position."""
    tail, head = ends
    order = in_order(tail, len(chains.kept))
    number = np.empty(len(order), dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    tail, head, total = tail[order], head[order], chains.total[order]
    start, node, out, into = _graph(len(chains.kept), tail, head, total, bound_ds)
    return Prepared(
        weights=weights,
        bound_ds=bound_ds,
        of=number[chains.of],
        facing=chains.facing,
        at=chains.at,
        tail=tail,
        head=head,
        total=total,
        graph_start=start,
        graph_node=node,
        graph_out=out,
        graph_in=into if weights.directed else out,
        hierarchy=hierarchy,
    )
