"""Supply: how many offers people reach, how far the third is, and what each gets when all share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.contract import TableKind, Walker
from core.errors import NotFound
from core.kernel.balls import balls
from core.kernel.supply.answers import per_thousand
from core.kernel.supply.tallies import (
    FIFTEEN_MINUTES,
    THREE_RINGS,
    AccessTally,
    ChoiceTally,
    NearestTally,
    Zones,
    feed,
)
from core.kernel.walks import DECISECONDS_PER_MINUTE, UNREACHED, Deciseconds, deciseconds
from core.runs.areas import Area, place
from core.runs.network import at_own_pace, at_pace
from core.runs.town import Counts
from core.store import Blobs
from core.studies.around.places import walker_named
from core.studies.around.ways import Wish, outlets_of
from core.studies.opened import Opened, network_for

MINUTES = (5.0, 10.0, 15.0)
NEAREST = 3  # whose walks are told: a choice of three is one
SHARINGS = {"two_step": FIFTEEN_MINUTES, "enhanced": THREE_RINGS}
ONE_EACH = ("以每处供给为 1 计（设）", "each offer counted as 1 (assumed)")

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sharing:
    """What each person gets when every offer is shared among all who reach it.

    Parameters
    ----------
    key
        ``two_step`` or ``enhanced``.
    zones
        Minutes of the walker and weights, and where the weights come from.
    access
        Offers per person, one figure a home.
    shared, summed
        Offers that somebody reaches, and people times access over all homes: equal, whatever
        the weights, but for the last digits of a sum.
    left
        Offers that nobody asked about reaches.
    """

    key: str
    zones: Zones
    access: Floats
    shared: float
    summed: float
    left: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Supply:
    """The supply with one format or slot, home by home.

    Parameters
    ----------
    outlets
        Rows of the outlets that offer it, each once and each counted as 1.
    people
        Those asked about, one figure a home.
    offers
        Within each of ``MINUTES``, shape (minutes, homes).
    walks
        To the nearest, the second and the third, the walker's own deciseconds, ``UNREACHED``
        beyond the last of ``MINUTES``; shape (3, homes).
    """

    key: str
    walker: Walker
    group: str
    outlets: Rows
    people: Counts
    offers: NDArray[np.int32]
    walks: Deciseconds
    sharings: tuple[Sharing, ...]

    @property
    def basis(self) -> tuple[str, str]:
        """Say what each offer counts, in Chinese and English; to be printed beside figures."""
        return ONE_EACH


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSupply:
    """The same for one area.

    Parameters
    ----------
    people
        Those asked about who live here.
    offers
        For each of ``MINUTES``, people with none, one, two, and three or more.
    median_minutes
        Half of the people walk at most so long to the nearest, the second, the third; ``None``
        where that is beyond the last of ``MINUTES``, or nobody lives.
    outlets
        Those that stand here.
    in_area
        Outlets that stand here per thousand people who live here.
    in_reach
        For each sharing, what the people get per thousand of them.
    """

    area: Area
    people: int
    offers: tuple[tuple[int, int, int, int], ...]
    median_minutes: tuple[float | None, ...]
    outlets: int
    in_area: float | None
    in_reach: tuple[float | None, ...]


def supply_with(
    opened: Opened, blobs: Blobs, key: str, *, walker: str = "", group: str = "all"
) -> Supply:
    """Count and share out the offers of a format or ``slot:``, at any hours.

    Counts, k-th nearest and both kinds of two-step floating catchment areas (Luo & Wang 2003,
    Luo & Qi 2009; see :mod:`core.kernel.supply.answers`) come from one pass over the outlets'
    balls. The data carry no capacities: each offer counts as 1, which is assumed and said
    (``ONE_EACH``).

    Parameters
    ----------
    key
        A business format's key, or a slot's with ``slot:`` before it: then each outlet of any of
        its formats is one offer.
    walker
        Key of a walker; the report's where it is left out.
    group
        An age group of the residents' data, or ``all``.

    Raises
    ------
    NotFound
        The run measured nothing of that key, or there is no such walker or group.
    """
    who, people = walker_named(opened, walker), _people(opened, group)
    if key not in opened.measured.walks:
        raise NotFound(
            f"这次运行没有测量“{key}”。请从结果页所列的业态中选择。",
            english=f"The run did not measure {key!r}. Choose one that its result lists.",
        )
    rows = outlets_of(opened, Wish(key=key))
    limits = [longest_at_pace(minutes, who) for minutes in MINUTES]
    network = network_for(opened, blobs, who, limits[-1])
    stream = balls(network.prepared, network.outlets.take(rows), network.homes, limit_ds=limits[-1])
    lanes = [np.arange(len(rows))]
    at = tuple(_minutes(limit) for limit in limits)
    choice = ChoiceTally(stream, lanes=lanes, minutes=at)
    near = NearestTally(stream, lanes=lanes, k=NEAREST, minutes=at[-1])
    sharings = {
        name: AccessTally(
            stream,
            lanes=lanes,
            people=people,
            capacity=[np.ones(len(rows))],
            zones=_own(zones, who),
        )
        for name, zones in SHARINGS.items()
    }
    feed(stream, choice, near, *sharings.values())
    return Supply(
        key=key,
        walker=who,
        group=group,
        outlets=rows,
        people=people,
        offers=choice.answer()[0],
        walks=at_own_pace(near.answer()[0], who),
        sharings=tuple(_sharing(name, tally, people) for name, tally in sharings.items()),
    )


def by_area(opened: Opened, supply: Supply) -> tuple[AreaSupply, ...]:
    """Sum a supply up over the run's areas: the whole first, then as the run lists them."""
    areas, people = opened.town.areas, supply.people
    living = areas.people(people)
    some = np.minimum(supply.offers, NEAREST)
    having = [
        areas.people(np.where(offers[:, np.newaxis] == np.arange(NEAREST + 1), people[:, None], 0))
        for offers in some
    ]
    standing = _standing(opened, supply.outlets)
    in_area = per_thousand(standing.astype(np.float64), living)
    in_reach = [
        per_thousand(np.asarray(areas.homes @ (one.access * people)), living)
        for one in supply.sharings
    ]
    return tuple(
        AreaSupply(
            area=area,
            people=int(living[row]),
            offers=tuple(
                (int(a), int(b), int(c), int(d)) for a, b, c, d in (h[row] for h in having)
            ),
            median_minutes=tuple(
                _median(walks[mine], people[mine])
                for mine in [areas.rows_of(row)]
                for walks in supply.walks
            ),
            outlets=int(standing[row]),
            in_area=_figure(in_area[row]),
            in_reach=tuple(_figure(one[row]) for one in in_reach),
        )
        for row, area in enumerate(areas.each)
    )


def _people(opened: Opened, group: str) -> Counts:
    groups = opened.town.homes.groups
    if group not in groups:
        raise NotFound(
            f"居民数据没有“{group}”人口。可以用：{'、'.join(sorted(groups))}。",
            english=f"The residents' data do not tell {group!r}. Use {', '.join(sorted(groups))}.",
        )
    return groups[group]


def longest_at_pace(minutes: float, who: Walker) -> int:
    """Give the longest walk at the pace of all preparations that takes a walker so long."""
    limit = deciseconds(minutes)
    longest = at_pace(limit, who)
    while at_own_pace(np.array([longest], dtype=np.int32), who)[0] > limit:
        longest -= 1
    return longest


def _minutes(limit_ds: int) -> float:
    return limit_ds / DECISECONDS_PER_MINUTE


def _own(zones: Zones, who: Walker) -> Zones:
    """Give a walker's zones at the pace of all preparations."""
    minutes = tuple(_minutes(longest_at_pace(each, who)) for each in zones.minutes)
    return Zones(minutes=minutes, weights=zones.weights, note=zones.note)


def _sharing(name: str, tally: AccessTally, people: Counts) -> Sharing:
    found = tally.answer()
    access = found.access[0]
    return Sharing(
        key=name,
        zones=SHARINGS[name],
        access=access,
        shared=float(found.shared[0]),
        summed=math.fsum(access * people),
        left=float(found.left[0]),
    )


def _standing(opened: Opened, rows: Rows) -> Counts:
    """Count the outlets that stand in each area, by the rule for homes."""
    table = opened.tables.get(TableKind.AREAS)
    ones = np.ones(len(rows), dtype=np.int64)
    lon, lat = (opened.outlets[name][rows] for name in ("lon", "lat"))
    return place(lon, lat, ones, None if table is None else table["areas"]).people(ones)


def _median(walks: Deciseconds, people: Counts) -> float | None:
    """Give the shortest time within which at least half of the people arrive."""
    order = np.argsort(walks, kind="stable")
    arrived = np.cumsum(people[order])
    if not len(arrived) or arrived[-1] == 0:
        return None
    walk = int(walks[order[np.searchsorted(2 * arrived, arrived[-1])]])
    return None if walk >= UNREACHED else _minutes(walk)


def _figure(number: float) -> float | None:
    return None if math.isnan(number) else float(number)
