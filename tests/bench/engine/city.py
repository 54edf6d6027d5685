"""Cities that the bench makes: superblocks between arterials, shops and homes beside streets.

Nothing here is a real place. Arterials at uneven distances enclose superblocks; each has a grid of
lanes of its own with gaps, and joins the arterials at all its lane ends or, when walled, at a few
gates; nodes of degree two give streets their shape, as in OpenStreetMap. A block that got no gate
is an island of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.kernel.streets import Streets, checked

FORMATS = 30
OUTLETS_A_NODE = 20_000 / 250_000
HOMES_A_NODE = 300_000 / 250_000
NODES_A_BLOCK = 115.0  # what `plan` gives on average with SHAPE of its nodes of degree two
SHAPE = 0.72
WALLED = 0.6
LANES = (4, 5, 6, 7, 8)  # lanes across a superblock

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class City:
    """Streets, and outlets and homes by their places in metres.

    Parameters
    ----------
    name
        What the report calls it.
    streets
        The network.
    outlet_x, outlet_y, home_x, home_y
        Doors, some metres off their street.
    lanes
        Rows of outlets of each format.
    people
        Residents of each home.
    """

    name: str
    streets: Streets
    outlet_x: Floats
    outlet_y: Floats
    lanes: Sequence[NDArray[np.int32]]
    home_x: Floats
    home_y: Floats
    people: NDArray[np.int32]


@dataclass(slots=True)
class _Plan:
    """Nodes and edges being gathered."""

    x: list[Floats]
    y: list[Floats]
    u: list[Whole]
    v: list[Whole]
    nodes: int = 0

    def place(self, x: Floats, y: Floats) -> Whole:
        """Add nodes and give their numbers."""
        numbers = self.nodes + np.arange(len(x))
        self.x.append(x)
        self.y.append(y)
        self.nodes += len(x)
        return numbers

    def join(self, u: Whole, v: Whole) -> None:
        """Add edges."""
        self.u.append(u)
        self.v.append(v)


def make_city(
    nodes: int, *, seed: int = 1, formats: int = FORMATS, homes_a_node: float = HOMES_A_NODE
) -> City:
    """Make a city of about so many nodes; the same seed gives the same bytes."""
    drawing, living = (np.random.default_rng(one) for one in np.random.SeedSequence(seed).spawn(2))
    streets = make_streets(nodes, drawing)
    outlets = max(formats, round(streets.nodes * OUTLETS_A_NODE))
    outlet_x, outlet_y = doors(streets, outlets, living)
    home_x, home_y = doors(streets, round(streets.nodes * homes_a_node), living)
    return City(
        name=f"generated, {streets.nodes:,} nodes",
        streets=streets,
        outlet_x=outlet_x,
        outlet_y=outlet_y,
        lanes=dealt(outlets, formats, living),
        home_x=home_x,
        home_y=home_y,
        people=np.maximum(1, living.lognormal(3.4, 0.9, len(home_x))).astype(np.int32),
    )


def dealt(outlets: int, formats: int, random: np.random.Generator) -> list[NDArray[np.int32]]:
    """Deal outlets to formats, some common and some rare; each format gets at least one."""
    share = random.dirichlet(np.full(formats, 1.2))
    of = random.choice(formats, outlets, p=share)
    of[random.permutation(outlets)[:formats]] = np.arange(formats)
    return [np.flatnonzero(of == lane).astype(np.int32) for lane in range(formats)]


def doors(streets: Streets, count: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Put doors along streets, more on longer ones, some metres to one side."""
    ends = np.cumsum(streets.metres)
    edge = np.searchsorted(ends, random.random(count) * ends[-1], side="right")
    edge = np.sort(np.minimum(edge, streets.edges - 1))
    part = random.random(count)
    aside = random.normal(0, 12, (2, count))
    u, v = streets.u[edge], streets.v[edge]
    x = streets.x[u] * (1 - part) + streets.x[v] * part + aside[0]
    y = streets.y[u] * (1 - part) + streets.y[v] * part + aside[1]
    return x, y


def make_streets(nodes: int, random: np.random.Generator) -> Streets:
    """Draw the network."""
    side = max(2, round(float(np.sqrt(nodes / NODES_A_BLOCK))))
    plan = _Plan([], [], [], [])
    gates = _interiors(plan, side, random)
    _arterials(plan, side, gates, random)
    x, y = np.concatenate(plan.x), np.concatenate(plan.y)
    u, v = np.concatenate(plan.u), np.concatenate(plan.v)
    # space is bent as a whole: old towns know no right angles
    x, y = x + 90 * np.sin(y / 1500), y + 90 * np.sin(x / 1700 + 1)
    x, y, u, v = _shaped(x, y, u, v, random)
    return _numbered(x, y, u, v)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gates:
    """Ways out of superblocks: which arterial piece, how far along it, and the node inside."""

    piece: Whole
    along: Floats
    inside: Whole
    lines: tuple[Floats, Floats]


def _interiors(plan: _Plan, side: int, random: np.random.Generator) -> _Gates:
    """Draw the lanes inside every superblock, blocks with equally many lanes at once."""
    lines = tuple(np.r_[0.0, np.cumsum(random.uniform(330, 640, side))] for _ in range(2))
    row, column = (index.ravel() for index in np.indices((side, side)))
    across = random.choice(LANES, side * side)
    walled = random.random(side * side) < WALLED
    pieces, alongs, insides = [], [], []
    for lanes in LANES:
        mine = np.flatnonzero(across == lanes)
        grid = _grid(plan, lines, row[mine], column[mine], lanes, random)
        for piece, rim in _rims(side, row[mine], column[mine], grid):
            chance = np.where(walled[mine], 0.22, 0.85)[:, np.newaxis]
            block, place = np.nonzero(random.random(rim.shape) < chance)
            pieces.append(piece[block])
            alongs.append((place + 1 + random.uniform(-0.2, 0.2, len(place))) / lanes)
            insides.append(rim[block, place])
    return _Gates(
        piece=np.concatenate(pieces),
        along=np.concatenate(alongs),
        inside=np.concatenate(insides),
        lines=(lines[0], lines[1]),
    )


def _grid(
    plan: _Plan,
    lines: Sequence[Floats],
    row: Whole,
    column: Whole,
    lanes: int,
    random: np.random.Generator,
) -> Whole:
    """Place a grid of crossings in each block and join neighbours; (blocks, across, up)."""
    part = np.arange(1, lanes) / lanes
    shape = (len(row), lanes - 1, lanes - 1)
    jitter = random.normal(0, 0.16 / lanes, (2, *shape))
    low_x, wide = lines[0][column], np.diff(lines[0])[column]
    low_y, high = lines[1][row], np.diff(lines[1])[row]
    x = low_x[:, None, None] + (part[:, None] + jitter[0]) * wide[:, None, None]
    y = low_y[:, None, None] + (part[None, :] + jitter[1]) * high[:, None, None]
    grid = plan.place(x.ravel(), y.ravel()).reshape(shape)
    for u, v in ((grid[:, 1:], grid[:, :-1]), (grid[:, :, 1:], grid[:, :, :-1])):
        kept = random.random(u.shape) < 0.82
        plan.join(u[kept], v[kept])
    kept = random.random(grid[:, 1:, 1:].shape) < 0.05  # a path across a park
    plan.join(grid[:, 1:, 1:][kept], grid[:, :-1, :-1][kept])
    return grid


def _rims(side: int, row: Whole, column: Whole, grid: Whole) -> list[tuple[Whole, Whole]]:
    """Give the four sides of blocks: the arterial piece there, and the crossings along it.

    Pieces along x are numbered first, line by line, then those along y.
    """
    along_x = side * (side + 1)
    return [
        (row * side + column, grid[:, :, 0]),
        ((row + 1) * side + column, grid[:, :, -1]),
        (along_x + column * side + row, grid[:, 0, :]),
        (along_x + (column + 1) * side + row, grid[:, -1, :]),
    ]


def _arterials(plan: _Plan, side: int, gates: _Gates, random: np.random.Generator) -> None:
    """Draw the arterials through their crossings and the gates' mouths, in order."""
    xs, ys = gates.lines
    across, up = np.meshgrid(np.arange(side + 1), np.arange(side + 1), indexing="ij")
    jitter = random.normal(0, 6, (2, across.size))
    crossing = plan.place(xs[across.ravel()] + jitter[0], ys[up.ravel()] + jitter[1])
    crossing = crossing.reshape(side + 1, side + 1)  # [column of xs, row of ys]
    first = np.concatenate([crossing[:-1, :].T.ravel(), crossing[:, :-1].ravel()])
    last = np.concatenate([crossing[1:, :].T.ravel(), crossing[:, 1:].ravel()])
    order = np.lexsort((gates.along, gates.piece))
    piece, along, inside = gates.piece[order], gates.along[order], gates.inside[order]
    x, y = np.concatenate(plan.x), np.concatenate(plan.y)
    stray = random.normal(0, 2, (2, len(piece)))
    ends = (first[piece], last[piece])
    mouth = plan.place(
        x[ends[0]] * (1 - along) + x[ends[1]] * along + stray[0],
        y[ends[0]] * (1 - along) + y[ends[1]] * along + stray[1],
    )
    plan.join(mouth, inside)
    same = piece[1:] == piece[:-1]
    plan.join(mouth[:-1][same], mouth[1:][same])
    opens, closes = np.r_[True, ~same], np.r_[~same, True]
    plan.join(first[piece[opens]], mouth[opens])
    plan.join(mouth[closes], last[piece[closes]])
    bare = np.setdiff1d(np.arange(len(first)), piece)
    plan.join(first[bare], last[bare])


def _shaped(
    x: Floats, y: Floats, u: Whole, v: Whole, random: np.random.Generator
) -> tuple[Floats, Floats, Whole, Whole]:
    """Cut edges by nodes of degree two until these are SHAPE of all."""
    two = int((np.bincount(np.r_[u, v], minlength=len(x)) == 2).sum())
    cuts = max(0.0, (SHAPE * len(x) - two) / (1 - SHAPE)) / len(u)
    pieces = random.poisson(cuts, len(u)) + 1
    edge = np.repeat(np.arange(len(u)), pieces)
    place = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    inner = place > 0
    part = (place / pieces[edge])[inner]
    tail, head = u[edge], v[edge]
    bent = random.normal(0, 3, (2, len(part)))
    of = edge[inner]
    new_x = x[u[of]] * (1 - part) + x[v[of]] * part + bent[0]
    new_y = y[u[of]] * (1 - part) + y[v[of]] * part + bent[1]
    fresh = len(x) + np.arange(len(part))
    tail[inner] = fresh
    head[np.flatnonzero(inner) - 1] = fresh
    return np.r_[x, new_x], np.r_[y, new_y], tail, head


def _numbered(x: Floats, y: Floats, u: Whole, v: Whole) -> Streets:
    """Give nodes numbers along a Z-order curve, so that what is near lies near in memory.

    That is kind to every engine alike, more so than an extract's own order.
    """
    order = np.argsort(z_order(x, y), kind="stable")
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    x, y = x[order], y[order]
    low, high = np.minimum(number[u], number[v]), np.maximum(number[u], number[v])
    edges = np.lexsort((high, low))
    u, v = low[edges], high[edges]
    return checked(x=x, y=y, u=u, v=v, metres=np.hypot(x[u] - x[v], y[u] - y[v]))


def z_order(x: Floats, y: Floats) -> NDArray[np.uint64]:
    """Interleave the bits of places on a grid of 65,536 by 65,536."""
    span = max(float(np.ptp(x)), float(np.ptp(y)), 1.0)
    code: NDArray[Any] = np.zeros(len(x), dtype=np.uint64)
    for axis, column in enumerate((x, y)):
        cell = ((column - column.min()) / span * 65_535).astype(np.uint64)
        for bit in range(16):
            moved = (cell >> np.uint64(bit)) & np.uint64(1)
            code |= moved << np.uint64(2 * bit + axis)
    return code
