"""Uncovered people into gaps: groups of homes that lie together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from core.kernel.coverage import People
from core.kernel.walks import Deciseconds

Floats: TypeAlias = NDArray[np.float64]
Ranks: TypeAlias = NDArray[np.int64]

FORWARD = ((0, 1), (1, -1), (1, 0), (1, 1))  # the other four neighbours are found from their side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Homes on a grid: all that the gaps of every format have in common.

    Parameters
    ----------
    x, y
        Metres, one per home.
    people
        Residents of each home.
    cell
        Cell of each home, as its rank among the cells that hold a home: by column, then line.
    start, touching
        Cells that touch cell ``c`` and come after it are ``touching[start[c]:start[c + 1]]``.
    """

    x: Floats
    y: Floats
    people: People
    cell: Ranks
    start: Ranks
    touching: Ranks

    @property
    def cells(self) -> int:
        """How many cells hold a home."""
        return len(self.start) - 1


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

    def sums(self, counts: NDArray[np.integer]) -> People:
        """Sum whole numbers of the homes, such as people of one age, into the groups.

        Raises
        ------
        ValueError
            If there is not one number a home.
        TypeError
            If they are not whole.
        """
        _refuse_odd(len(self.cluster), counts)
        inside = np.flatnonzero(self.cluster >= 0)
        return _summed(self.cluster[inside], np.asarray(counts)[inside], len(self))


def gaps(
    x: Floats,
    y: Floats,
    people: NDArray[np.integer],
    *,
    uncovered: NDArray[np.bool_],
    walks: Deciseconds,
    cell_metres: float,
) -> Gaps:
    """Group uncovered homes as :func:`gaps_on` does, on a grid of their own.

    Raises
    ------
    ValueError
        If ``cell_metres`` is not positive or the columns differ in length.
    TypeError
        If people are not whole numbers.
    """
    ground = lay(x, y, people, cell_metres=cell_metres)
    return gaps_on(ground, uncovered=uncovered, walks=walks)


def lay(x: Floats, y: Floats, people: NDArray[np.integer], *, cell_metres: float) -> Ground:
    """Put homes on a grid, once for all formats.

    Parameters
    ----------
    x, y
        Metres, one per home; the grid starts at the plane's origin.
    people
        People living in each home; homes of nobody belong to no gap.
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
    _refuse_odd(len(x), people, y)
    column = np.floor(np.asarray(x) / cell_metres).astype(np.int64)
    line = np.floor(np.asarray(y) / cell_metres).astype(np.int64)
    if len(column):
        column -= column.min() - 1
        line -= line.min() - 1
    width = int(line.max(initial=0)) + 2  # a free line on either side: no neighbour wraps around
    cells, cell_of = np.unique(column * width + line, return_inverse=True)
    start, touching = _neighbours(cells, width)
    return Ground(
        x=np.asarray(x),
        y=np.asarray(y),
        people=np.asarray(people).astype(np.int64),
        cell=cell_of,
        start=start,
        touching=touching,
    )


def gaps_on(ground: Ground, *, uncovered: NDArray[np.bool_], walks: Deciseconds) -> Gaps:
    """Group uncovered homes whose grid cells touch, at a side or a corner.

    Two homes at most a cell's side apart are therefore always in one group, and members of one
    group are linked by steps of at most 2.83 sides. A group has no greatest width: cells chain,
    so where homes lie close together a group may span a quarter of a town. The people of all
    groups sum to the uncovered people. Groups come in order of people, then of their first cell,
    so the order of the homes changes no group.

    Parameters
    ----------
    ground
        The homes.
    uncovered
        The homes to group.
    walks
        Walk of each home to what it lacks, in deciseconds.

    Raises
    ------
    ValueError
        If the columns are not as long as the ground has homes.
    """
    homes = len(ground.people)
    if {len(uncovered), len(walks)} != {homes}:
        lengths = sorted({homes, len(uncovered), len(walks)})
        raise ValueError(f"the columns differ in length: {lengths}")
    rows = np.flatnonzero(np.asarray(uncovered) & (ground.people > 0))
    living, walked = ground.people[rows], np.asarray(walks)[rows]
    label, count = _grouped(ground, ground.cell[rows], living)

    cluster = np.full(homes, -1, dtype=np.int32)
    cluster[rows] = label
    total = _summed(label, living, count)
    in_each = np.bincount(label, minlength=count)
    worst, median = _walks(label, walked, living, total, in_each)
    return Gaps(
        cluster=cluster,
        people=total,
        homes=in_each.astype(np.int64, copy=False),
        x=np.bincount(label, ground.x[rows] * living, minlength=count) / total,
        y=np.bincount(label, ground.y[rows] * living, minlength=count) / total,
        worst=worst,
        median=median,
    )


def _neighbours(cells: Ranks, width: int) -> tuple[Ranks, Ranks]:
    """Give, for each cell, the later cells that touch it, as rows of a sparse matrix."""
    tails, heads = [], []
    for across, along in FORWARD:
        wanted = cells + across * width + along
        found = np.minimum(np.searchsorted(cells, wanted), max(len(cells) - 1, 0))
        here = np.flatnonzero(cells[found] == wanted)
        tails.append(here)
        heads.append(found[here])
    tail, head = np.concatenate(tails), np.concatenate(heads)
    order = np.argsort(tail, kind="stable")
    start = np.searchsorted(tail[order], np.arange(len(cells) + 1))
    return start, head[order]


def _grouped(ground: Ground, cell: Ranks, living: People) -> tuple[Ranks, int]:
    """Label each home with the rank of its group, and count the groups."""
    people = np.bincount(cell, living, minlength=ground.cells)
    taken = np.flatnonzero(people)  # cells are in order of place, whatever the order of homes
    number = np.full(ground.cells, -1)
    number[taken] = np.arange(len(taken))
    part = _joined(ground, taken, number)
    count = int(part.max(initial=-1)) + 1
    in_part = _summed(part, people[taken], count)
    rank = np.empty(count, dtype=np.int64)
    rank[np.argsort(-in_part, kind="stable")] = np.arange(count)
    label: Ranks = rank[part[number[cell]]]
    return label, count


def _joined(ground: Ground, taken: Ranks, number: Ranks) -> Ranks:
    """Label each taken cell with its group of touching cells, counted by their first cell."""
    size = len(taken)
    if size == 0:
        return np.zeros(0, dtype=np.int64)
    both = (number[ground.touching] >= 0) & np.repeat(number >= 0, np.diff(ground.start))
    start = np.concatenate([[0], np.cumsum(both)])[ground.start]
    pairs = csr_array(
        (
            np.ones(int(both.sum()), dtype=np.float64),
            number[ground.touching[both]],
            np.append(start[taken], start[-1]),
        ),
        shape=(size, size),
    )
    _, part = connected_components(pairs, directed=False)
    _, first = np.unique(part, return_index=True)
    by_first = np.empty(len(first), dtype=np.int64)
    by_first[np.argsort(first)] = np.arange(len(first))
    numbered: Ranks = by_first[part]
    return numbered


def _walks(
    label: Ranks, walked: Deciseconds, living: People, total: People, in_each: Ranks
) -> tuple[Deciseconds, Deciseconds]:
    """Give the longest walk of each group and its median person's."""
    order = np.argsort((label << 32) | walked)  # by group, then walk: walks are below 2 ** 31
    walked, upto = walked[order], np.cumsum(living[order])
    before = np.cumsum(total) - total
    # Where the running count of people first reaches half of the group, rounded up.
    half = np.searchsorted(upto, before + (total + 1) // 2, side="left")
    last = np.cumsum(in_each) - 1
    return walked[last].astype(np.int32), walked[half].astype(np.int32)


def _summed(label: NDArray[np.integer], counts: NDArray[np.generic], count: int) -> People:
    """Sum whole numbers by label: doubles hold them without loss up to 2 ** 53."""
    return np.bincount(label, counts, minlength=count).astype(np.int64)


def _refuse_odd(homes: int, counts: NDArray[np.integer], *others: Floats) -> None:
    lengths = {homes, *(len(column) for column in (counts, *others))}
    if len(lengths) != 1:
        raise ValueError(f"the columns differ in length: {sorted(lengths)}")
    if not np.issubdtype(np.asarray(counts).dtype, np.integer):
        raise TypeError("people are counted in whole numbers")
