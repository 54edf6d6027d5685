"""Lanes laid out by outlet: which offers each outlet has, and back to the order of the lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.integer]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offers:
    """Every (lane, outlet), sorted by outlet.

    Parameters
    ----------
    start
        int32, outlets + 1: the offers of outlet ``o`` are ``start[o]..start[o + 1]``.
    lane
        int32, one an offer: its lane.
    place
        int64, one an offer: where it stood in the lanes set one after the other.
    ends
        int64: where each lane ends in that order.
    """

    start: NDArray[np.int32]
    lane: NDArray[np.int32]
    place: NDArray[np.int64]
    ends: NDArray[np.int64]

    def of(self, outlets: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Give the offers of some outlets, and where each outlet's begin (outlets + 1)."""
        begin = self.start[outlets]
        count = self.start[outlets + 1] - begin
        start = np.zeros(len(outlets) + 1, dtype=np.int32)
        np.cumsum(count, out=start[1:])
        offers: NDArray[np.int64] = np.arange(start[-1]) + np.repeat(begin - start[:-1], count)
        return start, offers

    def take(self, lanes: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Sort figures that stand in the order of the lanes by offer."""
        sizes = np.diff(self.ends, prepend=0).tolist()
        given = [np.asarray(lane, dtype=np.float64) for lane in lanes]
        if [one.shape for one in given] != [(size,) for size in sizes]:
            raise ValueError(f"lanes of {sizes} offers, figures of {[len(one) for one in given]}")
        whole = np.concatenate([np.zeros(0), *given])
        taken: NDArray[np.float64] = whole[self.place]
        return taken

    def by_lane(self, figures: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Set figures by offer back in the order of the lanes; NaN for what a lane named again."""
        whole = np.full(self.ends[-1] if len(self.ends) else 0, np.nan)
        whole[self.place] = figures
        return np.split(whole, self.ends[:-1]) if len(self.ends) else []

    def rows_where(self, mask: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
        """List the outlets of the marked offers, lane by lane, ascending."""
        outlet = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))
        return [outlet[mask & (self.lane == lane)] for lane in range(len(self.ends))]


def laid_out(lanes: Sequence[Rows], *, outlets: int, once: bool) -> Offers:
    """Sort the offers of all lanes by outlet.

    Parameters
    ----------
    lanes
        Rows of outlets, one set per lane.
    outlets
        How many rows there are.
    once
        Take an outlet that a lane names twice for one offer; else for two.

    Raises
    ------
    TypeError
        If a lane does not hold whole numbers.
    ValueError
        If a lane names an outlet that does not exist.
    """
    each = [_rows(lane, outlets) for lane in lanes]
    sizes = np.array([len(rows) for rows in each], dtype=np.int64)
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *each])
    lane = np.repeat(np.arange(len(each)), sizes)
    order = np.lexsort((lane, rows))
    if once and len(order):
        kept = np.ones(len(order), dtype=np.bool_)
        same = (np.diff(rows[order]) == 0) & (np.diff(lane[order]) == 0)
        kept[1:] = ~same
        order = order[kept]
    start = np.zeros(outlets + 1, dtype=np.int32)
    np.cumsum(np.bincount(rows[order], minlength=outlets), out=start[1:])
    return Offers(
        start=start, lane=lane[order].astype(np.int32), place=order, ends=np.cumsum(sizes)
    )


def _rows(lane: Rows, outlets: int) -> NDArray[np.int64]:
    rows = np.asarray(lane)
    if rows.size and not np.issubdtype(rows.dtype, np.integer):
        raise TypeError(f"a lane holds rows of outlets, not {rows.dtype}")
    if rows.size and (rows.min() < 0 or rows.max() >= outlets):
        raise ValueError(f"a lane names an outlet outside 0..{outlets - 1}")
    whole: NDArray[np.int64] = rows.astype(np.int64)
    return whole
