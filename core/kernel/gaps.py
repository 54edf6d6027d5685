"""Uncovered people into gaps: groups of homes that lie together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from core.kernel.coverage import People
from core.kernel.walks import Deciseconds

Floats: TypeAlias = NDArray[np.float64]
Cells: TypeAlias = NDArray[np.int64]

FORWARD = ((1, 0), (0, 1), (1, 1), (1, -1))  # the other four neighbours are found from their side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gaps:
    """Groups of homes that are not covered, the most people first.

    Parameters
    ----------
    cluster
        Group of each home; -1 where it is covered or nobody lives there.
    people, homes
        How many live in each group, in how many homes.
    x, y
        Middle of each group, weighted by people, metres.
    worst, median
        Longest walk in the group, and the shortest walk that at least half of its people do not
        exceed, in deciseconds; ``UNREACHED`` where that is beyond what was measured.
    """

    cluster: NDArray[np.int32]
    people: People
    homes: People
    x: Floats
    y: Floats
    worst: Deciseconds
    median: Deciseconds

    def __len__(self) -> int:
        return len(self.people)


def gaps(
    x: Floats,
    y: Floats,
    people: NDArray[np.integer],
    *,
    uncovered: NDArray[np.bool_],
    walks: Deciseconds,
    cell_metres: float,
) -> Gaps:
    """Group uncovered homes whose grid cells touch, at a side or a corner.

    Two homes at most ``cell_metres`` apart are therefore always in one group, and members of
    one group are linked by steps of at most 2.83 ``cell_metres``. The people of all groups sum
    to the uncovered people. Groups come in order of people, then of their first cell, so the
    order of the homes changes no group.

    Parameters
    ----------
    x, y
        Metres, one per home; the grid starts at the plane's origin.
    people
        People living in each home; homes of nobody belong to no gap.
    uncovered
        The homes to group.
    walks
        Walk of each home to what it lacks, in deciseconds.
    cell_metres
        Side of a grid cell.

    Raises
    ------
    ValueError
        If ``cell_metres`` is not positive or the columns differ in length.
    TypeError
        If people are not whole numbers.
    """
    if not 0 < cell_metres < np.inf:
        raise ValueError(f"cell_metres must be positive, not {cell_metres}")
    lengths = {len(column) for column in (x, y, people, uncovered, walks)}
    if len(lengths) != 1:
        raise ValueError(f"the columns differ in length: {sorted(lengths)}")
    if not np.issubdtype(np.asarray(people).dtype, np.integer):
        raise TypeError("people are counted in whole numbers")
    rows = np.flatnonzero(np.asarray(uncovered) & (np.asarray(people) > 0))
    living = np.asarray(people)[rows].astype(np.int64)
    label = _grouped(np.asarray(x)[rows], np.asarray(y)[rows], living, cell_metres)
    count = int(label.max(initial=-1)) + 1

    cluster = np.full(len(people), -1, dtype=np.int32)
    cluster[rows] = label
    total: People = _summed(label, living, count)
    walked = np.asarray(walks)[rows]
    worst = np.zeros(count, dtype=np.int32)
    np.maximum.at(worst, label, walked)
    return Gaps(
        cluster=cluster,
        people=total,
        homes=np.bincount(label, minlength=count).astype(np.int64),
        x=np.bincount(label, np.asarray(x)[rows] * living, minlength=count) / total,
        y=np.bincount(label, np.asarray(y)[rows] * living, minlength=count) / total,
        worst=worst,
        median=_medians(label, walked, living, total),
    )


def _grouped(x: Floats, y: Floats, living: People, cell_metres: float) -> NDArray[np.int64]:
    """Label each home with the rank of its group."""
    if len(x) == 0:
        return np.zeros(0, dtype=np.int64)
    column = np.floor(x / cell_metres).astype(np.int64)
    line = np.floor(y / cell_metres).astype(np.int64)
    column -= column.min() - 1
    line -= line.min() - 1
    width = int(line.max()) + 2  # a free line on either side: no neighbour wraps around
    cells, cell_of = np.unique(column * width + line, return_inverse=True)
    part = _joined(cells, width)
    people = _summed(part[cell_of], living, int(part.max()) + 1)
    # np.unique sorts cells, and scipy labels parts by their first cell: a stable order.
    rank = np.empty(len(people), dtype=np.int64)
    rank[np.argsort(-people, kind="stable")] = np.arange(len(people))
    ranked: NDArray[np.int64] = rank[part[cell_of]]
    return ranked


def _joined(cells: Cells, width: int) -> NDArray[np.int64]:
    """Label each cell with its group of touching cells, counted by their first cell."""
    tails, heads = [], []
    for across, along in FORWARD:
        wanted = cells + across * width + along
        found = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
        here = np.flatnonzero(cells[found] == wanted)
        tails.append(here)
        heads.append(found[here])
    pairs = (np.concatenate(tails), np.concatenate(heads))
    size = len(cells)
    touching = coo_array((np.ones(len(pairs[0]), dtype=np.int32), pairs), shape=(size, size))
    _, part = connected_components(touching.tocsr(), directed=False)
    _, first = np.unique(part, return_index=True)
    by_first = np.empty(len(first), dtype=np.int64)
    by_first[np.argsort(first)] = np.arange(len(first))
    numbered: NDArray[np.int64] = by_first[part]
    return numbered


def _summed(label: NDArray[np.int64], living: People, count: int) -> People:
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, label, living)
    return total


def _medians(
    label: NDArray[np.int64], walked: Deciseconds, living: People, total: People
) -> Deciseconds:
    order = np.lexsort((walked, label))
    label, walked, living = label[order], walked[order], living[order]
    upto = np.cumsum(living)
    before = np.cumsum(total) - total
    # Where the running count of people first reaches half of the group, rounded up.
    half = np.searchsorted(upto, before + (total + 1) // 2, side="left")
    medians: Deciseconds = walked[half].astype(np.int32)
    return medians
