"""StreetIndex: a network's edges arranged so that the nearest to a point is found quickly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled.cells import count_cells, extent, fill_cells
from core.kernel.compiled.curve import AXIS_BITS, ROUNDS, along_curve
from core.kernel.compiled.project import FAN, LEAF, WRONG, pack, project
from core.kernel.streets import LONGEST_EDGE_METRES, Streets

FARTHEST_METRES = 1e150  # the square of a longer distance is no finite number
FINEST_METRES = 0.001  # no cell is smaller
EDGES_PER_CELL = 2.0  # measured: from 1 to 4 make little difference
MOST_CELLS_PER_EDGE = 4  # cells that an edge may pass, on average
STRAY = (0.005, 0.995)  # streets farther out may be stray ones
MARGIN = 0.1  # on each side of the others, as a part of their extent
EMPTY = 4.0  # stray streets are left off the grid where it shrinks so many times
SAMPLE = 10_000  # edges that are looked at for that
FEW = 1000  # points that are not worth sorting

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Box: TypeAlias = tuple[float, float, float, float]  # west, south, east, north


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """Which segments touch each of the square cells, column by column from south to north.

    Parameters
    ----------
    begin, inside
        For each cell, where its segments begin in ``inside``.
    west, south
        Corner of the first cell, metres.
    cell
        Width of a cell, metres.
    columns, rows
        How many there are.
    """

    begin: Ints
    inside: Ints
    west: float
    south: float
    cell: float
    columns: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreetIndex:
    """A network's edges as segments; make one with :func:`index_streets`.

    Where streets lie evenly their nearest is found by a grid, elsewhere by a tree of boxes. Neither
    shows in an answer.

    Parameters
    ----------
    segment
        (edges, 4): start x, start y, run x, run y; metres. In the order of a curve that keeps
        neighbours together; each from west to east, so that a street drawn in both directions is
        a tie.
    edge, turned
        Which edge of the network each segment is, and whether it starts at that edge's ``v``.
    box, level
        (boxes, 4): west, south, east, north, the lowest level first; where each level begins.
    grid
        The grid over all but stray edges.
    corner, steps_per_metre
        Where the curve's square begins, and how finely it tells places apart.
    magnitude
        How large the coordinates of the network get, in metres: their rounding depends on it.
    """

    segment: Floats
    edge: Ints
    turned: NDArray[np.bool_]
    box: Floats
    level: Longs
    grid: Grid
    corner: tuple[float, float]
    steps_per_metre: float
    magnitude: float

    @property
    def edges(self) -> int:
        """Count the edges."""
        return len(self.edge)

    def nearest(self, x: Floats, y: Floats) -> tuple[Ints, Floats, Floats]:
        """Find the nearest edge of each point, among equals the one with the lowest index.

        Asks for an index with at least one edge.

        Returns
        -------
        edge, fraction, metres
            The edge, how far along it from its ``u`` (0 to 1), and how far away it is.

        Raises
        ------
        ValueError
            If a point is so far out that its distances are no finite numbers.
        """
        if not self.edges:
            raise ValueError("there is no street that could be the nearest")
        if x.shape != y.shape:
            raise ValueError(f"x and y must be equally long, not {x.shape} and {y.shape}")
        x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
        lost = ~((np.abs(x) <= FARTHEST_METRES) & (np.abs(y) <= FARTHEST_METRES))
        if lost.any():
            raise ValueError(f"point {int(np.argmax(lost))} is more than {FARTHEST_METRES} m away")
        if len(x) <= FEW:
            return self._project(x, y)
        order = along_curve(x, y, *self.corner, self.steps_per_metre, ROUNDS // 2)
        edge = np.empty(len(x), dtype=np.int32)
        fraction, metres = np.empty(len(x)), np.empty(len(x))
        edge[order], fraction[order], metres[order] = self._project(x[order], y[order])
        return edge, fraction, metres

    def _project(self, x: Floats, y: Floats) -> tuple[Ints, Floats, Floats]:
        edge = np.empty(len(x), dtype=np.int32)
        fraction, metres = np.empty(len(x)), np.empty(len(x))
        grid = self.grid
        project(
            x,
            y,
            self.magnitude,
            self.turned,
            self.segment,
            self.edge,
            self.box,
            self.level,
            grid.west,
            grid.south,
            grid.cell,
            grid.columns,
            grid.rows,
            grid.begin,
            grid.inside,
            edge,
            fraction,
            metres,
        )
        return edge, fraction, metres


def index_streets(streets: Streets, *, edges_per_cell: float = EDGES_PER_CELL) -> StreetIndex:
    """Arrange a network's edges; takes time and memory in proportion to their number.

    Parameters
    ----------
    streets
        The network; nodes without an edge do not matter.
    edges_per_cell
        How many edges a cell of the grid is made for, if they lay evenly. Changes speed only.

    Raises
    ------
    ValueError
        If an edge ends at no node, or reaches so far out that its distances are no finite numbers.
    """
    x, y = (np.ascontiguousarray(column, dtype=np.float64) for column in (streets.x, streets.y))
    u, v = (np.ascontiguousarray(column, dtype=np.int32) for column in (streets.u, streets.v))
    if not (len(x) == len(y) and len(u) == len(v)):
        raise ValueError("the columns of the streets differ in length; make them with checked()")
    if not len(u):
        return _nothing()
    if min(u.min(), v.min()) < 0 or max(u.max(), v.max()) >= len(x):
        raise ValueError("an edge ends at no node; make the streets with checked()")
    west, south, east, north = extent(x, y, u, v)
    far_x, far_y = max(abs(west), abs(east)), max(abs(south), abs(north))
    if not max(far_x, far_y) <= FARTHEST_METRES:
        raise ValueError(f"a street is more than {FARTHEST_METRES} m away")
    whole = (west, south, east, north)
    some = u[:: max(1, len(u) // SAMPLE)]
    window = _window(x[some], y[some], whole)
    corner, steps_per_metre = _square(window, whole)
    middle_x, middle_y = 0.5 * x[u] + 0.5 * x[v], 0.5 * y[u] + 0.5 * y[v]
    edge = along_curve(middle_x, middle_y, *corner, steps_per_metre, ROUNDS)
    segment, box = np.empty((len(u), 4)), np.empty((_boxes(len(u)), 4))
    turned = np.empty(len(u), dtype=np.bool_)
    level = pack(x, y, u, v, edge, segment, turned, box)
    grid = _grid(segment, window, pad=(far_x + far_y) * WRONG, edges_per_cell=edges_per_cell)
    return StreetIndex(
        segment=segment,
        edge=edge,
        turned=turned,
        box=box,
        level=level,
        grid=grid,
        corner=corner,
        steps_per_metre=steps_per_metre,
        magnitude=far_x + far_y,
    )


def _nothing() -> StreetIndex:
    none = np.empty(0, dtype=np.int32)
    return StreetIndex(
        segment=np.empty((0, 4)),
        edge=none,
        turned=np.empty(0, dtype=np.bool_),
        box=np.empty((0, 4)),
        level=np.zeros(1, dtype=np.int64),
        grid=Grid(begin=none, inside=none, west=0.0, south=0.0, cell=1.0, columns=0, rows=0),
        corner=(0.0, 0.0),
        steps_per_metre=1.0,
        magnitude=0.0,
    )


def _window(x: Floats, y: Floats, whole: Box) -> Box:
    """Find where all but stray streets are, from some of them: the whole, unless mostly empty.

    One street in a wrong place would otherwise put a whole city into one cell.
    """
    west, east = np.quantile(x, STRAY)
    south, north = np.quantile(y, STRAY)
    wide, high = MARGIN * (east - west), MARGIN * (north - south)
    west, south = max(whole[0], west - wide), max(whole[1], south - high)
    east, north = min(whole[2], east + wide), min(whole[3], north + high)
    size = (whole[2] - whole[0]) * (whole[3] - whole[1])
    if EMPTY * (east - west) * (north - south) >= size:
        return whole
    return float(west), float(south), float(east), float(north)


def _square(window: Box, whole: Box) -> tuple[tuple[float, float], float]:
    """Give the corner of the curve's square, and its steps per metre."""
    west, south = (max(whole[i], window[i] - LONGEST_EDGE_METRES) for i in (0, 1))
    east, north = (min(whole[i], window[i] + LONGEST_EDGE_METRES) for i in (2, 3))
    side = max(east - west, north - south, FINEST_METRES)
    return (west, south), 2**AXIS_BITS / side


def _boxes(edges: int) -> int:
    here = -(-edges // LEAF)
    total = here
    while here > 1:
        here = -(-here // FAN)
        total += here
    return total


def _grid(segment: Floats, window: Box, *, pad: float, edges_per_cell: float) -> Grid:
    """Lay a grid over the window, of larger cells where edges are long."""
    west, south = window[0] - pad, window[1] - pad
    wide, high = window[2] + pad - west, window[3] + pad - south
    cells = max(1.0, len(segment) / edges_per_cell)
    cell = max(math.sqrt(wide * high / cells), max(wide, high) / cells, FINEST_METRES, 4 * pad)
    most = min(MOST_CELLS_PER_EDGE * len(segment) + 1000, 2**31 - 1)
    while True:
        columns, rows = int(wide / cell) + 1, int(high / cell) + 1
        begin = np.empty(columns * rows + 1, dtype=np.int32)
        total = count_cells(segment, west, south, cell, pad, columns, rows, most, begin)
        if total >= 0:
            break
        cell *= 2
    inside = np.empty(total, dtype=np.int32)
    fill_cells(segment, west, south, cell, pad, columns, rows, begin, inside)
    return Grid(
        begin=begin, inside=inside, west=west, south=south, cell=cell, columns=columns, rows=rows
    )
