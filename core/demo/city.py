"""Generate a sample city: from a seed to the files that a bureau would bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.demo.areas import Area, draw_areas
from core.demo.blocks import Pen, draw_blocks
from core.demo.compounds import keep_private
from core.demo.ground import Ground, ground
from core.demo.knit import Network, knit
from core.demo.layout import Layout, draw_arterials, lay_out
from core.demo.names import Names
from core.demo.people import Residents, settle
from core.demo.shops import Outlet, open_outlets
from core.demo.sketch import WALLED, Rect, Sketch
from core.demo.trades import Trades, read_trades
from core.demo.write import (
    write_areas,
    write_outlets,
    write_readme,
    write_residents,
    write_streets,
)

RESIDENTS = 280_000  # at 11.6 outlets for 1,000 residents this gives more than 3,000 outlets
FEWEST_RESIDENTS = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCity:
    """A generated city's files and what they hold."""

    folder: Path
    streets: Path
    outlets: Path
    residents: Path
    areas: Path
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Town:
    """Everything drawn, before it is written."""

    layout: Layout
    ground: Ground
    sketch: Sketch
    network: Network
    residents: Residents
    areas: tuple[Area, ...]
    outlets: tuple[Outlet, ...]


def generate(
    seed: int,
    name: str,
    centre: tuple[float, float],
    folder: Path,
    *,
    residents: int = RESIDENTS,
) -> SampleCity:
    """Generate a city and write its files into ``folder``, over those of an earlier call.

    Parameters
    ----------
    seed
        Decides everything: the same seed, name, centre and residents give the same bytes.
    name
        The tenant's name, as it shall stand in the files beside 示例.
    centre
        Longitude and latitude of the middle, WGS 84 degrees.
    folder
        Made when missing.
    residents
        How many people live there; the grid of superblocks grows with them.

    Raises
    ------
    ValueError
        With fewer than 40,000 residents, which is too few for two banks of a river.
    """
    if residents < FEWEST_RESIDENTS:
        raise ValueError(f"a sample city needs at least {FEWEST_RESIDENTS} residents")
    trades = read_trades()
    town = _draw(seed, name, centre, residents, trades)
    folder.mkdir(parents=True, exist_ok=True)
    city = SampleCity(
        folder=folder,
        streets=folder / "streets.osm.pbf",
        outlets=folder / "outlets.csv",
        residents=folder / "residents.csv.gz",
        areas=folder / "areas.geojson",
        counts=_counts(town, trades),
    )
    xs, (low, high) = town.layout.xs, town.layout.river
    water = Rect(xs[0] - 400, low + 28, xs[-1] + 400, high - 28)
    write_streets(city.streets, town.network, town.ground, water)
    write_outlets(city.outlets, town.outlets, town.ground)
    write_residents(city.residents, town.sketch, town.residents, town.ground)
    write_areas(city.areas, town.areas, town.ground)
    write_readme(folder / "README.txt", name, seed, dict(city.counts))
    return city


def _draw(
    seed: int, name: str, centre: tuple[float, float], residents: int, trades: Trades
) -> _Town:
    """Draw a city; each step has its own stream, so that a change of one leaves the others."""
    plan, naming, bend, stray, living, surveys, trading, guards = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(8)
    )
    names, sketch = Names(naming), Sketch()
    layout = lay_out(plan, names, residents)
    draw_arterials(sketch, layout)
    draw_blocks(Pen(sketch, names, plan), layout)
    settled = settle(sketch, residents, living)
    people = _people_by_block(sketch, layout, settled)
    areas = draw_areas(layout, name, names, people, surveys)
    lacking = _lacking(layout, areas, people)
    return _Town(
        layout=layout,
        ground=ground(bend, centre, layout.xs[-1], layout.ys[-1]),
        sketch=sketch,
        network=knit(sketch.streets, keep_private(sketch.gates, guards), stray),
        residents=settled,
        areas=tuple(areas),
        outlets=tuple(open_outlets(sketch, layout, trades, settled.people, lacking, trading)),
    )


def _people_by_block(sketch: Sketch, layout: Layout, settled: Residents) -> NDArray[np.float64]:
    block = np.array([sketch.quarters[home.quarter].block for home in sketch.homes])
    return np.bincount(block, settled.people, len(layout.blocks)).astype(np.float64)


def _lacking(layout: Layout, areas: list[Area], people: NDArray[np.float64]) -> frozenset[int]:
    """Choose the circle that shall lack repair and child care: the old bank's most peopled edge."""
    edge = [
        area
        for area in areas
        if area.kind == "circle"
        and all(block.row < layout.bank - 1 for block in area.blocks)
        and area.rect.y0 == layout.ys[0]
    ]
    chosen = max(edge, key=lambda area: sum(people[block.index] for block in area.blocks))
    return frozenset(block.index for block in chosen.blocks)


def _counts(town: _Town, trades: Trades) -> dict[str, int]:
    commerce = {trade.key for trade in trades.commerce}
    kinds = [area.kind for area in town.areas]
    return {
        "residents": int(town.residents.people.sum()),
        "homes": len(town.sketch.homes),
        "compounds": sum(1 for quarter in town.sketch.quarters if quarter.kind in WALLED),
        "gates": len(town.sketch.gates),
        "outlets": len(town.outlets),
        "commerce": sum(1 for outlet in town.outlets if outlet.format in commerce),
        "nodes": len(town.network.x),
        "ways": len(town.network.ways),
        "circles": kinds.count("circle"),
        "sub_districts": kinds.count("street"),
        "communities": kinds.count("community"),
    }
