"""Lay out superblocks, arterial roads, the river and its few bridges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.demo.names import Names
from core.demo.sketch import SIDES, Rect, Sketch, Street

RESIDENTS_OF_FULL_GRID = 280_000  # at which the grid has 9 columns and 5 + 3 rows of superblocks
RIVER_METRES = 150.0
BRIDGE = (("bridge", "yes"), ("layer", "1"))

# Shares of the superblocks by what stands on them; on the old bank nearest the old town first.
OLD_BANK = (
    ("oldtown", 0.09),
    ("centre", 0.03),
    ("estate", 0.42),
    ("campus", 0.05),
    ("park", 0.06),
    ("tower", 0.25),
    ("village", 0.06),
    ("industry", 0.05),
)
NEW_BANK = (
    ("new", 0.55),
    ("park", 0.09),
    ("village", 0.10),
    ("industry", 0.13),
    ("vacant", 0.13),
)


@dataclass(frozen=True, slots=True)
class Side:
    """The street along one side of a block or cell."""

    name: str
    kind: str  # arterial or secondary


@dataclass(frozen=True, slots=True)
class Block:
    """A superblock: the rectangle between the centre lines of four streets."""

    index: int
    column: int
    row: int
    rect: Rect
    kind: str
    sides: dict[str, Side]


@dataclass(frozen=True, slots=True)
class Layout:
    """The grid: ``ys`` has the old bank's lines first, the river between ``bank - 1`` and ``bank``.

    ``bank`` is the index in ``ys`` of the new bank's first line.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    bank: int
    bridges: tuple[int, ...]
    column_names: tuple[str, ...]
    row_names: tuple[str, ...]
    blocks: tuple[Block, ...]

    @property
    def river(self) -> tuple[float, float]:
        """The y of the two embankment roads."""
        return self.ys[self.bank - 1], self.ys[self.bank]


def lay_out(rng: np.random.Generator, names: Names, residents: int) -> Layout:
    """Draw the grid of superblocks for so many residents."""
    scale = math.sqrt(residents / RESIDENTS_OF_FULL_GRID)
    columns = max(3, round(9 * scale))
    old, new = max(2, round(5 * scale)), max(1, round(3 * scale))
    xs = _lines(rng, 0.0, columns, 480, 690)
    ys_old = _lines(rng, 0.0, old, 440, 660)
    ys_new = _lines(rng, ys_old[-1] + RIVER_METRES, new, 480, 690)
    inner = np.arange(1, columns)
    count = max(2, round(columns / 3))
    bridges = tuple(
        int(c) for c in inner[np.linspace(0, len(inner) - 1, count).round().astype(int)]
    )
    column_names = tuple(names.pair() + "路" for _ in xs)
    row_names = tuple(names.pair() + "街" for _ in (*ys_old, *ys_new))
    ys = (*ys_old, *ys_new)
    kinds = _kinds(rng, xs, ys, len(ys_old))
    blocks: list[Block] = []
    for (column, row), kind in kinds.items():
        rect = Rect(xs[column], ys[row], xs[column + 1], ys[row + 1])
        sides = dict(
            zip(
                SIDES,
                (
                    Side(row_names[row], "arterial"),
                    Side(row_names[row + 1], "arterial"),
                    Side(column_names[column], "arterial"),
                    Side(column_names[column + 1], "arterial"),
                ),
                strict=True,
            )
        )
        blocks.append(Block(len(blocks), column, row, rect, kind, sides))
    return Layout(xs, ys, len(ys_old), bridges, column_names, row_names, tuple(blocks))


def _lines(
    rng: np.random.Generator, start: float, count: int, least: float, most: float
) -> tuple[float, ...]:
    gaps = rng.uniform(least, most, count)
    return tuple(float(v) for v in np.round(start + np.concatenate(([0.0], np.cumsum(gaps))), 1))


def _kinds(
    rng: np.random.Generator, xs: tuple[float, ...], ys: tuple[float, ...], bank: int
) -> dict[tuple[int, int], str]:
    """Say what stands on each superblock: the old town by the river, the rest around it."""
    heart = ((xs[0] + xs[-1]) / 2, ys[bank - 1] - 500)
    kinds: dict[tuple[int, int], str] = {}
    for rows, shares in ((range(bank - 1), OLD_BANK), (range(bank, len(ys) - 1), NEW_BANK)):
        places = [(column, row) for row in rows for column in range(len(xs) - 1)]
        middles = np.array([((xs[c] + xs[c + 1]) / 2, (ys[r] + ys[r + 1]) / 2) for c, r in places])
        away = np.hypot(middles[:, 0] - heart[0], middles[:, 1] - heart[1])
        wanted = _quota(len(places), shares)
        core = sum(1 for kind in wanted if kind in ("oldtown", "centre"))
        noise = rng.uniform(0, 1_500, len(places))
        nearest = np.argsort(away, kind="stable")[:core]
        noise[nearest] = -10_000.0  # the old town stays in one piece
        for place, kind in zip(np.argsort(away + noise, kind="stable"), wanted, strict=True):
            kinds[places[place]] = kind
    return {place: kinds[place] for place in sorted(kinds, key=lambda p: (p[1], p[0]))}


def _quota(count: int, shares: tuple[tuple[str, float], ...]) -> list[str]:
    """Spread ``count`` blocks over the kinds by share; the most common kind fills up."""
    wanted = {kind: round(share * count) for kind, share in shares}
    first = shares[0][0]
    wanted[first] = max(1, wanted[first])
    common = max(shares, key=lambda pair: pair[1])[0]
    wanted[common] = max(1, wanted[common] + count - sum(wanted.values()))
    listed = [kind for kind, _ in shares for _ in range(wanted[kind])]
    return listed[:count]


def draw_arterials(sketch: Sketch, layout: Layout) -> None:
    """Draw the grid's roads, the bridges, the promenades and the stairs down to them."""
    xs, ys = layout.xs, layout.ys
    for i, x in enumerate(xs):
        kind = "primary" if i in layout.bridges else "secondary"
        for j in range(len(ys) - 1):
            over = j == layout.bank - 1
            if over and i not in layout.bridges:
                continue
            sketch.streets.append(
                Street(
                    x,
                    ys[j],
                    x,
                    ys[j + 1],
                    kind,
                    layout.column_names[i],
                    layer=1 if over else 0,
                    step=45,
                    tags=BRIDGE if over else (("sidewalk", "both"),),
                )
            )
    for j, y in enumerate(ys):
        kind = "primary" if j % 3 == 1 else "secondary"
        for i in range(len(xs) - 1):
            sketch.streets.append(
                Street(
                    xs[i],
                    y,
                    xs[i + 1],
                    y,
                    kind,
                    layout.row_names[j],
                    step=45,
                    tags=(("sidewalk", "both"),),
                )
            )
    _riverside(sketch, layout)


def _riverside(sketch: Sketch, layout: Layout) -> None:
    """Draw a promenade below each embankment, stairs down to it, and one footbridge."""
    xs, (low, high) = layout.xs, layout.river
    for road, path in ((low, low + 20), (high, high - 20)):
        sketch.streets.append(
            Street(xs[0] + 40, path, xs[-1] - 40, path, "footway", "滨河步道", wobble=4)
        )
        for i in range(len(xs) - 1):
            x = round(xs[i] * 0.6 + xs[i + 1] * 0.4, 1)
            sketch.streets.append(Street(x, road, x, path, "steps", step=20))
    gaps = [b - a for a, b in zip(layout.bridges, layout.bridges[1:], strict=False)]
    widest = gaps.index(max(gaps)) if gaps else 0
    column = layout.bridges[widest]
    x = round(xs[column] * 0.35 + xs[column + 1] * 0.65, 1)
    sketch.streets.append(Street(x, low, x, low + 10, "steps", step=20))
    sketch.streets.append(
        Street(x, low + 10, x, high - 10, "footway", "步行桥", layer=1, tags=BRIDGE)
    )
    sketch.streets.append(Street(x, high, x, high - 10, "steps", step=20))
