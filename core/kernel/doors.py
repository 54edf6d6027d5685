"""Doors: homes and outlets in terms of chains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled.chains import in_order
from core.kernel.compiled.doors import order_on_chains, place_doors
from core.kernel.compiled.lanes import FAR16
from core.kernel.prepared import Prepared
from core.kernel.snap import Snapped
from core.kernel.walkers import CLOSED
from core.kernel.walks import DECISECONDS_PER_SECOND, UNREACHED

Ints: TypeAlias = NDArray[np.int32]
Shorts: TypeAlias = NDArray[np.uint16]


@dataclass(frozen=True, kw_only=True, eq=False)
class Doors:
    """Points on the chains of prepared streets, times in deciseconds.

    Parameters
    ----------
    chain
        -1 where unattached.
    tail, head
        Nodes at the chain's ends; 0 where unattached.
    access
        From the door to the street; ``CLOSED`` where unattached.
    ends
        Walk along the chain to its tail, to its head, from its tail, from its head; shape
        (points, 4), ``CLOSED`` where shut.
    along
        Rank of the point's street on the chain, time from the tail along and against the chain,
        streets shut before along and against, and 1 where its own street is shut along, against;
        shape (points, 7).
    part
        Order of points on one street.
    chains
        How many chains there are.
    """

    chain: Ints
    tail: Ints
    head: Ints
    access: Ints
    ends: Ints
    along: Ints
    part: NDArray[np.float64]
    chains: int

    def __len__(self) -> int:
        return len(self.chain)

    @cached_property
    def by_chain(self) -> tuple[Ints, Ints]:
        """Where each chain's points begin (chains + 1), and rows in order of the walk along."""
        ordered: tuple[Ints, Ints] = order_on_chains(self.chain, self.along, self.part, self.chains)
        return ordered

    @cached_property
    def rank(self) -> Ints:
        """Each point's place in the order of ``by_chain``."""
        row = self.by_chain[1]
        rank = np.empty(len(row), dtype=np.int32)
        rank[row] = np.arange(len(row), dtype=np.int32)
        return rank

    def take(self, rows: NDArray[np.integer]) -> Doors:
        """Give some of the points."""
        return Doors(
            chain=self.chain[rows],
            tail=self.tail[rows],
            head=self.head[rows],
            access=self.access[rows],
            ends=self.ends[rows],
            along=self.along[rows],
            part=self.part[rows],
            chains=self.chains,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrivals:
    """Homes in the order in which they are walked to: chain by chain, the unattached last.

    Parameters
    ----------
    ordered
        Their doors in that order.
    first
        Where each chain's homes begin (chains + 1).
    line
        Each home's place in that order.
    to_tail, to_head, access
        Cut to 16 bits, ``FAR16`` where shut or longer than any bound; in that order.
    """

    ordered: Doors
    first: Ints
    line: Ints
    to_tail: Shorts
    to_head: Shorts
    access: Shorts

    def __len__(self) -> int:
        return len(self.line)

    @property
    def doors(self) -> Doors:
        """Their doors in the order of the homes."""
        return self.ordered.take(self.line)

    @property
    def tail(self) -> Ints:
        """Node at the tail of each home's chain, in the order of arrival."""
        return self.ordered.tail

    @property
    def head(self) -> Ints:
        """Node at the head of each home's chain, in the order of arrival."""
        return self.ordered.head

    @property
    def along(self) -> Ints:
        """Each home's place on its chain, in the order of arrival."""
        return self.ordered.along

    @property
    def part(self) -> NDArray[np.float64]:
        """Each home's place on its street, in the order of arrival."""
        return self.ordered.part


def doors(prepared: Prepared, snapped: Snapped) -> Doors:
    """Find points' places on chains. Each part of a walk is rounded once, half to even.

    Raises
    ------
    ValueError
        A point stands on an edge that the streets do not have.
    """
    weights = prepared.weights
    edges, points = len(weights.forward), len(snapped)
    if points and int(snapped.edge.max()) >= edges:
        raise ValueError(f"a point stands on edge {int(snapped.edge.max())} of {edges}")
    chain = np.empty(points, dtype=np.int32)
    ends = np.empty((points, 4), dtype=np.int32)
    along = np.empty((points, 7), dtype=np.int32)
    part = np.empty(points, dtype=np.float64)
    place_doors(
        np.ascontiguousarray(snapped.edge, dtype=np.int32),
        np.ascontiguousarray(snapped.fraction, dtype=np.float64),
        weights.forward, weights.backward, prepared.of, prepared.facing, prepared.at,
        prepared.total, chain, ends, along, part,
    )  # fmt: skip
    on = chain >= 0
    anywhere = np.where(on, chain, 0)
    farthest = UNREACHED * weights.metres_per_second / DECISECONDS_PER_SECOND
    metres = np.where(on, np.minimum(snapped.access_metres, farthest), 0.0)
    access = np.rint(metres / weights.metres_per_second * DECISECONDS_PER_SECOND)
    some = prepared.chains > 0
    return Doors(
        chain=chain,
        tail=prepared.tail[anywhere] if some else anywhere,
        head=prepared.head[anywhere] if some else anywhere,
        access=np.where(on, np.minimum(access, CLOSED), CLOSED).astype(np.int32),
        ends=ends,
        along=along,
        part=part,
        chains=prepared.chains,
    )


def arrivals(homes: Doors) -> Arrivals:
    """Sort homes for being walked to."""
    first, row = homes.by_chain
    return _arriving(homes.take(row), first, homes.rank)


def standing(prepared: Prepared, snapped: Snapped) -> Arrivals:
    """Give ``arrivals(doors(prepared, snapped))``, in less time: sorted by chain beforehand.

    What is known of streets is then read in the order in which it lies in memory.
    """
    edge = np.ascontiguousarray(snapped.edge, dtype=np.int32)
    if not prepared.chains or (len(edge) and int(edge.max()) >= len(prepared.of)):
        return arrivals(doors(prepared, snapped))
    chain = np.where(edge >= 0, prepared.of[edge], prepared.chains).astype(np.int32)
    before = in_order(chain, prepared.chains + 1)
    near = arrivals(doors(prepared, snapped.take(before)))
    line = np.empty(len(edge), dtype=np.int32)
    line[before] = near.line
    return replace(near, line=line)


def _arriving(ordered: Doors, first: Ints, line: Ints) -> Arrivals:
    return Arrivals(
        ordered=ordered,
        first=first,
        line=line,
        to_tail=_short(ordered.ends[:, 0]),
        to_head=_short(ordered.ends[:, 1]),
        access=_short(ordered.access),
    )


def _short(times: Ints) -> Shorts:
    cut: Shorts = np.minimum(times, FAR16).astype(np.uint16)
    return cut
