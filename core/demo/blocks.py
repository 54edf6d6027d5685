"""Fill each superblock with what stands on it: compounds, lanes, a campus, a park, a works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.demo.compounds import Cell, draw_compound, draw_fronts, draw_gate
from core.demo.lanes import draw_lanes
from core.demo.layout import Block, Layout, Side
from core.demo.names import Names
from core.demo.sketch import SIDES, WALLED, Front, Rect, Sketch, Street, happens


@dataclass(frozen=True, slots=True)
class Pen:
    """What every block is drawn with."""

    sketch: Sketch
    names: Names
    rng: np.random.Generator


def draw_blocks(pen: Pen, layout: Layout) -> None:
    """Draw the inside of every superblock."""
    for block in layout.blocks:
        _DRAW[block.kind](pen, block)


def _compounds(pen: Pen, block: Block) -> None:
    """Cut a superblock by secondary streets and put a gated compound into each cell."""
    estate, new = block.kind == "estate", block.kind == "new"
    columns = 2 if estate or happens(pen.rng, 0.25 if new else 0.7) else 1
    rows = 2 if estate or (not new and happens(pen.rng, 0.5)) else 1
    for cell in _cut(pen, block, columns, rows):
        name = pen.names.compound(block.kind)
        quarter = pen.sketch.quarter(name, block.kind, block.index)
        gates = draw_compound(pen.sketch, cell, quarter, pen.rng)
        draw_fronts(pen.sketch, cell, gates, pen.rng)


def _cut(pen: Pen, block: Block, columns: int, rows: int) -> list[Cell]:
    """Cut a block into cells; in the new town half of the cutting streets end half way."""
    rect, rng = block.rect, pen.rng
    cross_x = [round(rect.x0 + rect.width * rng.uniform(0.44, 0.56), 1)] if columns > 1 else []
    cross_y = [round(rect.y0 + rect.height * rng.uniform(0.44, 0.56), 1)] if rows > 1 else []
    inner: dict[tuple[str, float], Side] = {}
    for x in cross_x:
        side = Side(pen.names.pair() + "路", "secondary")
        through = block.kind != "new" or happens(rng, 0.5)
        end = rect.y1 if through else round(rect.y0 + rect.height * 0.55, 1)
        kind = "tertiary" if through and happens(rng, 0.4) else "residential"
        pen.sketch.streets.append(Street(x, rect.y0, x, end, kind, side.name, step=36))
        if through:
            inner["x", x] = side
    for y in cross_y:
        side = Side(pen.names.pair() + "街", "secondary")
        pen.sketch.streets.append(Street(rect.x0, y, rect.x1, y, "residential", side.name, step=36))
        inner["y", y] = side
    cells = []
    xs, ys = [rect.x0, *cross_x, rect.x1], [rect.y0, *cross_y, rect.y1]
    for y0, y1 in pairwise(ys):
        for x0, x1 in pairwise(xs):
            piece = Rect(x0, y0, x1, y1)
            keys = zip(SIDES, (("y", y0), ("y", y1), ("x", x0), ("x", x1)), strict=True)
            sides = {
                name: block.sides[name] if _outer(rect, key) else inner[key]
                for name, key in keys
                if _outer(rect, key) or key in inner
            }
            cells.append(Cell(piece, block.index, sides))
    return cells


def _outer(rect: Rect, key: tuple[str, float]) -> bool:
    axis, value = key
    return value in ((rect.x0, rect.x1) if axis == "x" else (rect.y0, rect.y1))


def _whole(block: Block) -> Cell:
    return Cell(block.rect, block.index, block.sides)


def _quarter_of_lanes(pen: Pen, block: Block) -> None:
    word = "老街" if block.kind == "oldtown" else "村"
    quarter = pen.sketch.quarter(pen.names.pair() + word, block.kind, block.index)
    draw_lanes(pen.sketch, block.rect, quarter, pen.names, pen.rng)
    draw_fronts(pen.sketch, _whole(block), {}, pen.rng)


def _centre(pen: Pen, block: Block) -> None:
    """Draw the shopping blocks: squares and arcades open on all sides."""
    rect, rng = block.rect, pen.rng
    for share in (0.33, 0.67):
        x = round(rect.x0 + rect.width * (share + rng.uniform(-0.05, 0.05)), 1)
        y = round(rect.y0 + rect.height * (share + rng.uniform(-0.05, 0.05)), 1)
        for line in ((x, rect.y0, x, rect.y1), (rect.x0, y, rect.x1, y)):
            name = pen.names.pair() + "步行街"
            pen.sketch.streets.append(Street(*line, "pedestrian", name, step=25, wobble=1.5))
            _arcade(pen, block, line, name)
    draw_fronts(pen.sketch, _whole(block), {}, rng)


def _arcade(pen: Pen, block: Block, line: tuple[float, float, float, float], name: str) -> None:
    x0, y0, x1, y1 = line
    length = (x1 - x0) + (y1 - y0)
    for number, along in enumerate(np.arange(20.0, length - 20.0, 10.0)):
        for hand in (-8.0, 8.0):
            x = x0 + (along if x1 > x0 else hand)
            y = y0 + (along if y1 > y0 else hand)
            address = f"{name}{2 * number + (1 if hand < 0 else 2)}号"
            front = Front(float(x), float(y), block.index, "secondary", address, 1.5)
            pen.sketch.fronts.append(front)


def _campus(pen: Pen, block: Block) -> None:
    """Draw a walled school or hospital: nobody lives there, two gates, a grid inside."""
    cell, ring = _whole(block), block.rect.inset(34)
    xs = [round(ring.x0 + ring.width * share, 1) for share in (0.0, 0.3, 0.62, 1.0)]
    ys = [round(ring.y0 + ring.height * share, 1) for share in (0.0, 0.45, 1.0)]
    tags = (("access", "private"), ("foot", "permissive"))
    for x in xs:
        pen.sketch.streets.append(Street(x, ys[0], x, ys[-1], "service", step=30, tags=tags))
    for y in ys:
        pen.sketch.streets.append(Street(xs[0], y, xs[-1], y, "service", step=30, tags=tags))
    gates: dict[str, list[float]] = {}
    for side, value in (("S", xs[1] - block.rect.x0), ("N", xs[2] - block.rect.x0)):
        draw_gate(pen.sketch, cell, side, round(value, 1))
        gates[side] = [value]
    draw_fronts(pen.sketch, cell, gates, pen.rng)


def _park(pen: Pen, block: Block) -> None:
    """Draw winding paths and, up to the viewpoint, steps."""
    rect, rng = block.rect, pen.rng
    x = round(rect.x0 + rect.width * rng.uniform(0.4, 0.6), 1)
    y = round(rect.y0 + rect.height * rng.uniform(0.4, 0.6), 1)
    loop = rect.inset(90)
    low, high = round(loop.y0, 1), round(loop.y1, 1)
    left, right = round(loop.x0, 1), round(loop.x1, 1)
    for line in (
        (x, rect.y0, x, rect.y1),
        (rect.x0, y, rect.x1, y),
        (left, low, right, low),
        (left, high, right, high),
        (left, low, left, high),
        (right, low, right, high),
    ):
        pen.sketch.streets.append(Street(*line, "footway", "园路", step=25, wobble=9))
    top = round((y + high) / 2, 1)
    aside = round(x + 45, 1)
    pen.sketch.streets.append(Street(x, top, aside, top, "steps", step=25, wobble=2))
    pen.sketch.streets.append(Street(aside, top, round(aside + 30, 1), top, "steps", step=25))
    pen.sketch.fronts.append(Front(x + 6, y + 6, block.index, "green", "公园内"))
    green = Cell(rect, block.index, {side: block.sides[side] for side in "SN"})
    draw_fronts(pen.sketch, green, {}, rng)


def _industry(pen: Pen, block: Block) -> None:
    """Draw a works: dead ends off the street, and yard paths that lead nowhere outside."""
    rect, rng = block.rect, pen.rng
    for share in (0.25, 0.5, 0.75):
        x = round(rect.x0 + rect.width * share, 1)
        end = round(rect.y0 + rect.height * rng.uniform(0.4, 0.75), 1)
        pen.sketch.streets.append(Street(x, rect.y0, x, end, "service", step=40, wobble=1))
    if happens(rng, 0.5):  # fenced off for good: the importer must live with an island
        x, y = round(rect.x0 + 60, 1), round(rect.y1 - 60, 1)
        pen.sketch.streets.append(Street(x, y, round(x + 70, 1), y, "path", step=20, wobble=1))
    draw_fronts(pen.sketch, _whole(block), {}, rng)


def _vacant(pen: Pen, block: Block) -> None:
    """Draw a building site: one new road that ends in the middle of it."""
    rect = block.rect
    x = round(rect.x0 + rect.width * pen.rng.uniform(0.4, 0.6), 1)
    end = round(rect.y0 + rect.height * 0.6, 1)
    name = pen.names.pair() + "路"
    pen.sketch.streets.append(Street(x, rect.y0, x, end, "residential", name, step=40))


_DRAW: dict[str, Callable[[Pen, Block], None]] = {
    **dict.fromkeys(sorted(WALLED), _compounds),
    "oldtown": _quarter_of_lanes,
    "village": _quarter_of_lanes,
    "centre": _centre,
    "campus": _campus,
    "park": _park,
    "industry": _industry,
    "vacant": _vacant,
}
