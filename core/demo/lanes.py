"""Draw quarters of lanes: the old town and the villages the city grew around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.demo.names import Names
from core.demo.sketch import Front, Home, Rect, Sketch, Street, happens

SHOP_METRES = 7.0  # from a lane's middle to a shop door
MAIN = 2  # cuts whose lanes cars may use
NAMED = 4  # cuts whose lanes have names and shops


@dataclass(frozen=True, slots=True)
class Weave:
    """How a quarter of lanes is woven; metres."""

    least: float  # no cell narrower than this
    most: float  # every cell wider than this is cut
    door_gap: float
    door: float
    wobble: float
    blind: float  # share of cells that a blind lane enters


WEAVES = {
    "oldtown": Weave(34, 84, 13, 5, 4.5, 0.55),
    "village": Weave(28, 72, 19, 4, 3.0, 0.35),
}


def draw_lanes(
    sketch: Sketch, rect: Rect, quarter: int, names: Names, rng: np.random.Generator
) -> None:
    """Fill a block with lanes: cut it again and again, then let blind lanes into the cells."""
    weave = WEAVES[sketch.quarters[quarter].kind]
    cells = [(rect, 0)]
    while cells:
        cell, depth = cells.pop()
        cut = _cut(cell, weave, rng)
        if cut is None:
            _blind(sketch, cell, quarter, weave, rng)
            continue
        lane, halves = cut
        name = names.pair() + ("街" if depth == 0 else "巷") if depth < NAMED else ""
        kind = "living_street" if depth < MAIN else "pedestrian" if depth < NAMED else "footway"
        _lane(sketch, lane, (kind, name), quarter, rng)
        cells.extend((half, depth + 1) for half in halves)


def _cut(
    cell: Rect, weave: Weave, rng: np.random.Generator
) -> tuple[tuple[float, float, float, float], tuple[Rect, Rect]] | None:
    """Cut a cell across its longer side, somewhere near the middle; None if it stays whole."""
    along_x = cell.width * rng.uniform(0.8, 1.25) >= cell.height
    length = cell.width if along_x else cell.height
    if length < 2 * weave.least or (length < weave.most and happens(rng, 0.5)):
        return None
    low = max(0.34, weave.least / length)
    share = rng.uniform(low, 1 - low)
    if along_x:
        x = round(cell.x0 + share * length, 1)
        halves = Rect(cell.x0, cell.y0, x, cell.y1), Rect(x, cell.y0, cell.x1, cell.y1)
        return (x, cell.y0, x, cell.y1), halves
    y = round(cell.y0 + share * length, 1)
    halves = Rect(cell.x0, cell.y0, cell.x1, y), Rect(cell.x0, y, cell.x1, cell.y1)
    return (cell.x0, y, cell.x1, y), halves


def _blind(
    sketch: Sketch, cell: Rect, quarter: int, weave: Weave, rng: np.random.Generator
) -> None:
    """Let a dead end into a cell from one of its four sides."""
    if min(cell.width, cell.height) < weave.least or not happens(rng, weave.blind):
        return
    side = "SNWE"[int(rng.integers(0, 4))]
    along = round(cell.length(side) * rng.uniform(0.4, 0.6), 1)
    across = cell.height if side in "SN" else cell.width
    depth = round(across * rng.uniform(0.45, 0.62), 1)
    x0, y0 = cell.at(side, along, 0.0)
    x1, y1 = cell.at(side, along, depth)
    line = (round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2))
    _lane(sketch, line, ("footway", ""), quarter, rng)


def _lane(
    sketch: Sketch,
    line: tuple[float, float, float, float],
    street: tuple[str, str],
    quarter: int,
    rng: np.random.Generator,
) -> None:
    """Draw one lane with doors on both sides, and shops where it is a main lane."""
    kind, name = street
    home = sketch.quarters[quarter]
    weave = WEAVES[home.kind]
    x0, y0, x1, y1 = line
    length = abs(x1 - x0) + abs(y1 - y0)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    sketch.streets.append(Street(*line, kind, name, step=22, wobble=weave.wobble))
    for hand in (-1.0, 1.0):
        along = rng.uniform(8, 8 + weave.door_gap)
        while along < length - 6:
            x = x0 + ux * along - uy * hand * weave.door
            y = y0 + uy * along + ux * hand * weave.door
            sketch.homes.append(Home(x, y, quarter))
            along += weave.door_gap * rng.uniform(0.8, 1.2)
    if name:
        _lane_fronts(sketch, line, name, home.block, rng)


def _lane_fronts(
    sketch: Sketch,
    line: tuple[float, float, float, float],
    name: str,
    block: int,
    rng: np.random.Generator,
) -> None:
    x0, y0, x1, y1 = line
    length = abs(x1 - x0) + abs(y1 - y0)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    busy = float(rng.lognormal(0.2, 0.6))
    for number, along in enumerate(np.arange(14.0, length - 14.0, 12.0)):
        for hand in (-1.0, 1.0):
            x = float(x0 + ux * along - uy * hand * SHOP_METRES)
            y = float(y0 + uy * along + ux * hand * SHOP_METRES)
            address = f"{name}{2 * number + (1 if hand < 0 else 2)}号"
            sketch.fronts.append(Front(x, y, block, "lane", address, busy))
