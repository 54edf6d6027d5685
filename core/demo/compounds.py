"""Draw gated compounds: a wall, a ring, rows of doors, and gates as the only ways out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.demo.layout import Side
from core.demo.sketch import SIDES, Front, Gate, Home, Rect, Sketch, Street, happens

WALL_METRES = 18.0  # from the street's centre line to the wall
RING_METRES = 34.0  # from the street's centre line to the inner ring
SHOP_METRES = 12.0  # from the street's centre line to a shop door: outside the wall
SHOP_STEP = 9.0
SPINE_FROM_METRES = 110.0  # a narrower ring needs no path through its middle
CLEAR_METRES = 9.0  # no door this near to the spine
CORNER_METRES = 50.0  # no place for an outlet this near to a corner of the cell
GATEWAY_METRES = 6.0  # no shop this near to a gate
PRIVATE = 0.3  # share of the open side gates that only residents may pass
INNER = (("access", "private"), ("foot", "permissive"))


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of compound is built; distances in metres."""

    row_gap: float
    door_gap: float
    door: float  # from the row's path to the doors
    gates: tuple[int, int]  # fewest and most
    closed: float  # share of the gates beyond the first that are shut for good


FORMS = {
    "estate": Form(32, 13.5, 8, (2, 4), 0.15),
    "tower": Form(58, 32, 11, (2, 3), 0.12),
    "new": Form(62, 36, 11, (1, 3), 0.10),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle between street centre lines; ``sides`` names those streets that exist."""

    rect: Rect
    block: int
    sides: dict[str, Side]


def draw_compound(
    sketch: Sketch, cell: Cell, quarter: int, rng: np.random.Generator
) -> dict[str, list[float]]:
    """Draw one compound in a cell; give for each side where its gates are.

    The ring keeps 34 m from the streets and the doors lie inside of it, so that a door is nearer
    to a path within the wall than to the street without.
    """
    form = FORMS[sketch.quarters[quarter].kind]
    ring = cell.rect.inset(RING_METRES)
    _ring(sketch, ring)
    spine = None
    if ring.width > SPINE_FROM_METRES:
        spine = round(ring.x0 + ring.width * rng.uniform(0.38, 0.62), 1)
        sketch.streets.append(
            Street(spine, ring.y0, spine, ring.y1, "service", step=26, wobble=0.8, tags=INNER)
        )
    rows = max(1, int(ring.height // form.row_gap))
    gap = ring.height / rows
    levels = [round(ring.y0 + k * gap, 1) for k in range(rows)]
    for number, y in enumerate(levels):
        if number > 0:
            _row(sketch, ring, y, spine, rng)
        _doors(sketch, ring, y, spine, quarter, rng)
    return _gates(sketch, cell, quarter, spine, levels, rng)


def _ring(sketch: Sketch, ring: Rect) -> None:
    corners = ((ring.x0, ring.y0), (ring.x1, ring.y0), (ring.x1, ring.y1), (ring.x0, ring.y1))
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        sketch.streets.append(Street(x0, y0, x1, y1, "service", step=26, wobble=0.8, tags=INNER))


def _row(
    sketch: Sketch, ring: Rect, y: float, spine: float | None, rng: np.random.Generator
) -> None:
    """Draw the path in front of a row of buildings; some stop short of the ring: dead ends."""
    x0, x1 = ring.x0, ring.x1
    if spine is not None and happens(rng, 0.3):
        if happens(rng, 0.5):
            x0 = round(x0 + 14, 1)
        else:
            x1 = round(x1 - 14, 1)
    sketch.streets.append(Street(x0, y, x1, y, "footway", step=24, wobble=0.8, tags=INNER))


def _doors(
    sketch: Sketch,
    ring: Rect,
    y: float,
    spine: float | None,
    quarter: int,
    rng: np.random.Generator,
) -> None:
    form = FORMS[sketch.quarters[quarter].kind]
    x = ring.x0 + 16
    run = int(rng.integers(3, 6))  # doors of one building before the next building
    while x < ring.x1 - 14:
        if spine is None or abs(x - spine) > CLEAR_METRES:
            sketch.homes.append(Home(x, y + form.door, quarter))
        run -= 1
        x += form.door_gap * rng.uniform(0.95, 1.05)
        if run == 0:
            x += form.door_gap * 0.6
            run = int(rng.integers(3, 6))


def _gates(
    sketch: Sketch,
    cell: Cell,
    quarter: int,
    spine: float | None,
    levels: list[float],
    rng: np.random.Generator,
) -> dict[str, list[float]]:
    form = FORMS[sketch.quarters[quarter].kind]
    sides = [side for side in SIDES if side in cell.sides]
    wanted = min(int(rng.integers(form.gates[0], form.gates[1] + 1)), len(sides))
    chosen = [sides[i] for i in rng.permutation(len(sides))[:wanted]]
    placed: dict[str, list[float]] = {}
    for number, side in enumerate(chosen):
        if side in "SN":
            middle = cell.rect.width * rng.uniform(0.3, 0.7)
            along = round(middle if spine is None else spine - cell.rect.x0, 1)
        else:
            along = round(levels[int(rng.integers(0, len(levels)))] - cell.rect.y0, 1)
        closed = number > 0 and happens(rng, form.closed)
        draw_gate(sketch, cell, side, along, closed=closed, main=number == 0)
        if not closed:
            placed.setdefault(side, []).append(along)
            _inside_fronts(sketch, cell, quarter, side, along)
    return placed


def draw_gate(
    sketch: Sketch,
    cell: Cell,
    side: str,
    along: float,
    *,
    closed: bool = False,
    main: bool = True,
) -> None:
    """Draw a spur from the street through a gate in the wall to the ring."""
    street, wall, ring = (
        _exact(cell.rect.at(side, along, metres)) for metres in (0.0, WALL_METRES, RING_METRES)
    )
    sketch.streets.append(Street(*street, *wall, "footway", step=20))
    sketch.streets.append(Street(*wall, *ring, "footway", step=20, tags=INNER))
    words = {"S": "南门", "N": "北门", "W": "西门", "E": "东门"}
    sketch.gates.append(Gate(*wall, words[side], closed, main))


def keep_private(gates: list[Gate], rng: np.random.Generator) -> list[Gate]:
    """Let some of the side gates open for those who live there only; the main gates stay open."""
    asked = rng.random(len(gates)) < PRIVATE
    return [
        replace(gate, private=bool(ask) and not (gate.main or gate.closed))
        for gate, ask in zip(gates, asked, strict=True)
    ]


def _exact(point: tuple[float, float]) -> tuple[float, float]:
    return round(point[0], 2), round(point[1], 2)


def _inside_fronts(sketch: Sketch, cell: Cell, quarter: int, side: str, along: float) -> None:
    """Offer places for outlets just inside a gate: parcel points, elder care, the committee."""
    name = sketch.quarters[quarter].name
    for shift in (-24.0, -12.0, 12.0, 24.0):
        if CORNER_METRES < along + shift < cell.rect.length(side) - CORNER_METRES:
            x, y = cell.rect.at(side, along + shift, RING_METRES + 3)
            sketch.fronts.append(Front(x, y, cell.block, "inside", f"{name}院内", 1.0))


def draw_fronts(
    sketch: Sketch, cell: Cell, gates: dict[str, list[float]], rng: np.random.Generator
) -> None:
    """Offer shop fronts along the streets around a cell, best beside the gates."""
    for side, street in cell.sides.items():
        length = cell.rect.length(side)
        here = np.array(gates.get(side, []))
        busy = rng.lognormal(0, 0.5)
        for number, along in enumerate(np.arange(24.0, length - 24.0, SHOP_STEP)):
            away = np.abs(here - along).min() if len(here) else 1_000.0
            if away < GATEWAY_METRES:
                continue
            pull = float(busy * (1 + 2.5 * np.exp(-away / 45)))
            x, y = cell.rect.at(side, float(along), SHOP_METRES)
            house = 2 * number + (1 if side in "SW" else 2)
            address = f"{street.name}{house}号"
            sketch.fronts.append(Front(x, y, cell.block, street.kind, address, pull))
