"""Open the outlets: each format takes the fronts that its customers, streets and rivals leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.demo.layout import Layout
from core.demo.sketch import Front, Sketch
from core.demo.trades import EVENING_SHARE, NIGHT_HOURS, UNKNOWN_HOURS, Trade, Trades

Floats = NDArray[np.float64]

SAMPLE = "示例"
LACKING = frozenset({"repair", "child"})  # tastes that one circle is left without
HOST_TASTE = 0.1  # where a taste is rarer than this nobody hosts it either
CHAIN_SHARE = 0.35
CHAINS = ("惠邻", "好邻居", "万家", "优品", "百信", "康悦", "味满", "舒雅")
KEEPERS = (
    "老王",
    "小李",
    "老张",
    "阿芳",
    "刘姐",
    "陈记",
    "赵记",
    "孙师傅",
    "吴记",
    "周姐",
    "郑家",
    "鑫鑫",
)
ALWAYS_KNOWN = frozenset({"workshop_multi", "wet_market"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """An outlet on paper; ``hosted`` are the words for what else it offers."""

    name: str
    format: str
    kind: str  # the format's Chinese name
    x: float
    y: float
    address: str
    hours: str
    hosted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Market:
    """The fronts as arrays, and which are taken."""

    x: Floats
    y: Floats
    demand: Floats  # customers a front may expect
    inside: NDArray[np.bool_]
    block_kind: Sequence[str]
    front_kind: Sequence[str]
    lacking: NDArray[np.bool_]
    taken: NDArray[np.bool_]


def open_outlets(
    sketch: Sketch,
    layout: Layout,
    trades: Trades,
    people: NDArray[np.int32],
    lacking_blocks: frozenset[int],
    rng: np.random.Generator,
) -> list[Outlet]:
    """Open as many outlets of each format as the residents call for.

    ``people`` has a row a home of the sketch. In ``lacking_blocks`` neither repair nor care for
    children opens, so that at least one gap is there to be found.
    """
    market = _market(sketch, layout, trades, people, lacking_blocks)
    wanted = trades.wanted(int(people.sum()))
    outlets = []
    for trade in sorted(trades.every, key=lambda t: (-t.apart, t.key)):
        inside = round(wanted[trade.key] * trade.inside)
        chosen = [
            *_choose(market, trades, trade, inside, within=True, rng=rng),
            *_choose(market, trades, trade, wanted[trade.key] - inside, within=False, rng=rng),
        ]
        nights = max(1, len(chosen) // 20) if trade.key == "clinic" else 0
        for number, place in enumerate(chosen):
            front = sketch.fronts[place]
            tastes = _tastes(market, trades, place) | {trade.taste}
            hosted = _hosted(trades, trade.key, tastes, rng)
            outlets.append(_outlet(trade, front, hosted, rng, night=number < nights))
    return outlets


def _market(
    sketch: Sketch,
    layout: Layout,
    trades: Trades,
    people: NDArray[np.int32],
    lacking_blocks: frozenset[int],
) -> _Market:
    block_of_home = np.array([sketch.quarters[h.quarter].block for h in sketch.homes])
    customers = np.bincount(block_of_home, people, len(layout.blocks)) + np.array(
        [trades.visitors.get(block.kind, 0.0) for block in layout.blocks]
    )
    fronts = sketch.fronts
    block = np.array([front.block for front in fronts])
    inside = np.array([front.kind == "inside" for front in fronts])
    pull = np.array([front.pull for front in fronts])
    shares = np.bincount(block[~inside], pull[~inside], len(layout.blocks))
    return _Market(
        x=np.array([front.x for front in fronts]),
        y=np.array([front.y for front in fronts]),
        demand=customers[block] * pull / np.maximum(shares[block], 1.0),
        inside=inside,
        block_kind=[layout.blocks[b].kind for b in block],
        front_kind=[front.kind for front in fronts],
        lacking=np.isin(block, sorted(lacking_blocks)),
        taken=np.zeros(len(fronts), dtype=np.bool_),
    )


def _choose(
    market: _Market,
    trades: Trades,
    trade: Trade,
    count: int,
    *,
    within: bool,
    rng: np.random.Generator,
) -> list[int]:
    """Draw fronts without replacement, weighted, no two of a kind closer than ``apart``.

    The draw is Gumbel's: the largest of log weight plus noise come in the order of weighted
    sampling without replacement. When too few keep the distance, it is halved.
    """
    block, street = trades.taste[trade.taste], trades.street[trade.taste]
    liking = np.array([block.get(kind, 0.0) for kind in market.block_kind])
    liking *= [street[kind] for kind in market.front_kind]
    weight = market.demand * liking * (market.inside == within) * ~market.taken
    if trade.taste in LACKING:
        weight[market.lacking] = 0.0
    noise = rng.gumbel(size=len(weight))
    possible = np.flatnonzero(weight > 0)
    order = possible[np.argsort(-(np.log(weight[possible]) + noise[possible]), kind="stable")]
    chosen: list[int] = []
    for apart in (trade.apart, trade.apart / 2, 0.0):
        for place in order:
            if len(chosen) >= count:
                break
            away = np.hypot(market.x[chosen] - market.x[place], market.y[chosen] - market.y[place])
            if not market.taken[place] and (away >= apart).all():
                chosen.append(int(place))
                market.taken[place] = True
    return chosen


def _tastes(market: _Market, trades: Trades, place: int) -> frozenset[str]:
    """Say which tastes are met around a front often enough for someone to host them."""
    kind = market.block_kind[place]
    met = {taste for taste, row in trades.taste.items() if row.get(kind, 0.0) >= HOST_TASTE}
    return frozenset(met - LACKING if market.lacking[place] else met)


def _hosted(
    trades: Trades, host: str, tastes: frozenset[str], rng: np.random.Generator
) -> tuple[str, ...]:
    taste_of = {trade.key: trade.taste for trade in trades.every}
    return tuple(
        word
        for word, key, chance in trades.hosted.get(host, ())
        if rng.random() < chance and taste_of[key] in tastes
    )


def _outlet(
    trade: Trade, front: Front, hosted: tuple[str, ...], rng: np.random.Generator, *, night: bool
) -> Outlet:
    noun = trade.nouns[int(rng.integers(0, len(trade.nouns)))]
    hours = trade.hours[int(rng.integers(0, len(trade.hours)))]
    unknown = rng.random() < UNKNOWN_HOURS
    evening = rng.random() < EVENING_SHARE
    name = _name(trade, front, noun, rng)
    if night:
        name, hours = name.replace(noun, "夜间门诊"), NIGHT_HOURS
    elif trade.key == "clinic" and evening:
        hours = "08:00-21:00"
    elif unknown and trade.key not in ALWAYS_KNOWN:
        hours = ""
    return Outlet(
        name=name,
        format=trade.key,
        kind=trade.name,
        x=front.x,
        y=front.y,
        address=front.address,
        hours=hours,
        hosted=hosted,
    )


def _name(trade: Trade, front: Front, noun: str, rng: np.random.Generator) -> str:
    """Name an outlet after its chain, its keeper, or where it stands; each name says 示例."""
    place = front.address.rstrip("0123456789号").removesuffix("院内")
    if trade.taste in ("public", "elder", "market", "transit", "green"):
        return f"{place}{noun}（{SAMPLE}）"
    if rng.random() < CHAIN_SHARE:
        chain = CHAINS[int(rng.integers(0, len(CHAINS)))]
        return f"{chain}{noun}{place}店（{SAMPLE}）"
    keeper = KEEPERS[int(rng.integers(0, len(KEEPERS)))]
    return f"{keeper}{noun}（{SAMPLE}）"
