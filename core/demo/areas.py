"""Draw the city's boundary, its sub-districts, communities and circles on paper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.demo.layout import Block, Layout
from core.demo.names import Names
from core.demo.sketch import Rect

MARGIN_METRES = 90.0  # from the outermost street to the boundary
COLUMNS_OF_CIRCLE = 2.3  # superblocks; a circle of 2 to 3 by 2 to 3 has 15,000 to 30,000 people
ROWS_OF_CIRCLE = 2.6
OUTLINE_STEP = 60.0  # metres between vertices, so that an outline bends with the streets
SATISFIED = {"oldtown": 0.86, "estate": 0.84, "tower": 0.88, "new": 0.74, "village": 0.70}


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """An area on paper; ``blocks`` are those it holds, none for the boundary."""

    key: str
    name: str
    kind: str
    rect: Rect
    blocks: tuple[Block, ...] = ()
    satisfaction: float | None = None
    satisfaction_n: int = 0


def draw_areas(
    layout: Layout, name: str, names: Names, people: NDArray[np.float64], rng: np.random.Generator
) -> list[Area]:
    """Draw all areas; ``people`` has a row a block.

    Circles tile both banks. Each one's survey is drawn from the mood of its quarters: the number
    asked and the share satisfied, both invented.
    """
    whole = Rect(layout.xs[0], layout.ys[0], layout.xs[-1], layout.ys[-1]).inset(-MARGIN_METRES)
    areas = [Area(key="BJ01", name=f"{name}（示例范围）", kind="boundary", rect=whole)]
    circles: list[Area] = []
    for tile in _tiles(layout, COLUMNS_OF_CIRCLE, ROWS_OF_CIRCLE):
        number = len(circles) + 1
        satisfaction, answers = _survey(tile, people, rng)
        circles.append(
            Area(
                key=f"SHQ{number:02d}",
                name=f"{names.pair()}生活圈（示例）",
                kind="circle",
                rect=_around(tile),
                blocks=tile,
                satisfaction=satisfaction,
                satisfaction_n=answers,
            )
        )
    streets = [
        Area(
            key=f"JD{number:02d}",
            name=f"{names.pair()}街道（示例）",
            kind="street",
            rect=_around(tile),
            blocks=tile,
        )
        for number, tile in enumerate(
            _tiles(layout, 2 * COLUMNS_OF_CIRCLE, ROWS_OF_CIRCLE), start=1
        )
    ]
    communities = [
        Area(
            key=f"SQ{block.index + 1:03d}",
            name=f"{names.pair()}社区（示例）",
            kind="community",
            rect=block.rect,
            blocks=(block,),
        )
        for block in layout.blocks
        if people[block.index] > 0
    ]
    return [*areas, *streets, *communities, *circles]


def _tiles(layout: Layout, columns: float, rows: float) -> list[tuple[Block, ...]]:
    """Part each bank into tiles of about so many columns and rows of superblocks."""
    width = len(layout.xs) - 1
    column_groups = np.array_split(np.arange(width), max(1, round(width / columns)))
    tiles = []
    for bank in (np.arange(layout.bank - 1), np.arange(layout.bank, len(layout.ys) - 1)):
        for row_group in np.array_split(bank, max(1, round(len(bank) / rows))):
            for column_group in column_groups:
                tile = tuple(
                    block
                    for block in layout.blocks
                    if block.row in row_group and block.column in column_group
                )
                tiles.append(tile)
    return tiles


def _around(tile: tuple[Block, ...]) -> Rect:
    return Rect(
        min(block.rect.x0 for block in tile),
        min(block.rect.y0 for block in tile),
        max(block.rect.x1 for block in tile),
        max(block.rect.y1 for block in tile),
    )


def _survey(
    tile: tuple[Block, ...], people: NDArray[np.float64], rng: np.random.Generator
) -> tuple[float, int]:
    weights = np.array([people[block.index] for block in tile])
    moods = np.array([SATISFIED.get(block.kind, 0.8) for block in tile])
    mood = float(np.average(moods, weights=weights)) if weights.sum() > 0 else 0.8
    answers = int(rng.integers(140, 420))
    satisfied = rng.binomial(answers, min(0.97, max(0.5, mood + rng.normal(0, 0.03))))
    return round(satisfied / answers, 4), answers


def outline(rect: Rect) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the vertices of a rectangle's outline, closed, anticlockwise and close together.

    Vertices lie on a fixed raster along each side, so that neighbours share theirs.
    """
    xs = _raster(rect.x0, rect.x1)
    ys = _raster(rect.y0, rect.y1)
    x = np.concatenate(
        [xs[:-1], np.full(len(ys) - 1, rect.x1), xs[:0:-1], np.full(len(ys) - 1, rect.x0), xs[:1]]
    )
    y = np.concatenate(
        [np.full(len(xs) - 1, rect.y0), ys[:-1], np.full(len(xs) - 1, rect.y1), ys[:0:-1], ys[:1]]
    )
    return x, y


def _raster(low: float, high: float) -> NDArray[np.float64]:
    steps = np.arange(np.floor(low / OUTLINE_STEP) + 1, np.ceil(high / OUTLINE_STEP)) * OUTLINE_STEP
    return np.concatenate([[low], steps[(steps > low) & (steps < high)], [high]])
