"""Counts and supply: offers in reach, the k-th nearest, shared capacity, per thousand people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.kernel.balls import Balls
from core.kernel.supply.offers import Rows
from core.kernel.supply.tallies import (
    FIFTEEN_MINUTES,
    Access,
    AccessTally,
    ChoiceTally,
    Counts,
    Floats,
    NearestTally,
    Zones,
    feed,
)
from core.kernel.walks import Deciseconds

THOUSAND = 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PerThousand:
    """Supply per thousand people, one figure an area.

    Parameters
    ----------
    figure
        NaN where nobody lives, and where there is supply but all of it unknown; a lower bound
        where some is unknown.
    people
        Who it is divided by.
    unknown
        Offers of unknown capacity in the area; for supply within reach, people who have one in
        reach.
    """

    figure: Floats
    people: NDArray[np.int64]
    unknown: NDArray[np.int64]


def choices(
    balls: Balls,
    *,
    lanes: Sequence[Rows],
    minutes: Sequence[float],
) -> Counts:
    """Count the offers of each lane within each limit of each home.

    Parameters
    ----------
    balls
        The stream of walks, up to the last limit at least.
    lanes
        Rows of outlets, one set per lane; an outlet named twice in a lane is one offer.
    minutes
        Limits, ascending, inclusive.

    Returns
    -------
    Counts
        Shape (lanes, limits, homes).

    Raises
    ------
    ValueError
        If limits do not ascend, or go beyond what the stream holds.
    """
    tally = ChoiceTally(balls, lanes=lanes, minutes=minutes)
    feed(balls, tally)
    return tally.answer()


def kinds(offers: Counts) -> Counts:
    """Count the different lanes with an offer in reach, shape (limits, homes), from choices."""
    several: Counts = (np.asarray(offers) > 0).sum(axis=0, dtype=np.int32)
    return several


def kth_nearest(
    balls: Balls,
    *,
    lanes: Sequence[Rows],
    k: int,
    minutes: float,
) -> Deciseconds:
    """Give the walks to the k nearest different outlets of each lane.

    Returns
    -------
    Deciseconds
        Shape (lanes, k, homes), ascending over k; ``UNREACHED`` where there are fewer within
        ``minutes``.

    Raises
    ------
    ValueError
        If ``k`` is below 1 or ``minutes`` beyond what the stream holds.
    """
    tally = NearestTally(balls, lanes=lanes, k=k, minutes=minutes)
    feed(balls, tally)
    return tally.answer()


def two_step(
    balls: Balls,
    *,
    lanes: Sequence[Rows],
    people: NDArray[np.integer],
    capacity: Sequence[NDArray[np.floating] | NDArray[np.integer]],
    zones: Zones = FIFTEEN_MINUTES,
) -> Access:
    """Share each offer's capacity out among all who reach it, and add up what each home gets.

    Two-step floating catchment areas: R_j = S_j / sum of w(t_ij) p_i over homes i within reach
    of offer j, then A_i = sum of w(t_ij) R_j over offers j within reach of home i. With one zone
    of weight 1 as in Luo & Wang (2003), with falling weights the enhanced method of Luo & Qi
    (2009). Whatever the weights, sum p_i A_i = sum S_j over the offers that somebody reaches.

    Parameters
    ----------
    balls
        The stream of walks, up to the last zone at least.
    lanes
        Rows of outlets, one set per lane; an outlet named twice is two offers.
    people
        Shape (homes,), or (lanes, homes) where each lane has its own clients, whole numbers.
    capacity
        One array a lane, in the order of its rows: beds, square metres, places; NaN where not
        known. Such an offer is listed and shares nothing out.
    zones
        Walking times and weights.

    Raises
    ------
    ValueError
        If people or a capacity are negative or infinite, sizes do not fit each other, or the
        last zone ends beyond what the stream holds.
    """
    tally = AccessTally(balls, lanes=lanes, people=people, capacity=capacity, zones=zones)
    feed(balls, tally)
    return tally.answer()


def per_thousand(amount: Floats, people: NDArray[np.integer]) -> Floats:
    """Divide amounts by thousands of people; NaN where there are none, or the amount is NaN."""
    living = np.asarray(people)
    figure = np.full(np.broadcast(amount, living).shape, np.nan)
    np.divide(np.multiply(amount, float(THOUSAND)), living, out=figure, where=living > 0)
    return figure


def per_thousand_in_area(
    *,
    capacity: Floats,
    outlet_area: NDArray[np.integer],
    people: NDArray[np.integer],
    home_area: NDArray[np.integer],
    areas: int,
) -> PerThousand:
    """Give what stands in an area per thousand people who live there.

    Parameters
    ----------
    capacity
        One figure an offer, NaN where unknown; ones to count offers.
    outlet_area, home_area
        Number of the area, -1 outside all.
    people
        Whole numbers, one a home.
    areas
        How many there are.
    """
    amount = np.asarray(capacity, dtype=np.float64)
    inside, known = np.asarray(outlet_area) >= 0, np.isfinite(amount)
    mine, certain = np.asarray(outlet_area)[inside], inside & known
    total = np.zeros(areas)
    np.add.at(total, np.asarray(outlet_area)[certain], amount[certain])
    unknown = np.bincount(mine, ~known[inside], minlength=areas).astype(np.int64)
    total[(unknown > 0) & (unknown == np.bincount(mine, minlength=areas))] = np.nan
    living = _by_area(people, home_area, areas)
    return PerThousand(figure=per_thousand(total, living), people=living, unknown=unknown)


def per_thousand_in_reach(
    *,
    access: Floats,
    unknown_near: Counts,
    people: NDArray[np.integer],
    home_area: NDArray[np.integer],
    areas: int,
) -> PerThousand:
    """Give what an area's people have within reach per thousand of them, shared with neighbours.

    1000 x sum(people x access) / sum(people) over the area's homes, with the access of
    :func:`two_step`: an outlet that several areas reach is split between them by people and
    weights, so over all areas the capacities add up to what is shared out, counted once.

    Parameters
    ----------
    access, unknown_near
        One lane of :class:`Access`.
    people, home_area, areas
        As in :func:`per_thousand_in_area`; people as in :func:`two_step`.
    """
    area, living = np.asarray(home_area), np.asarray(people)
    total_living = _by_area(living, area, areas)
    counts = (area >= 0) & (living > 0)
    known = counts & np.isfinite(access)
    total = np.zeros(areas)
    np.add.at(total, area[known], access[known] * living[known])
    total[(np.bincount(area[known], minlength=areas) == 0) & (total_living > 0)] = np.nan
    unsure = _by_area(np.where(unknown_near > 0, living, 0), area, areas)
    return PerThousand(
        figure=per_thousand(total, total_living), people=total_living, unknown=unsure
    )


def _by_area(
    people: NDArray[np.integer], area: NDArray[np.integer], areas: int
) -> NDArray[np.int64]:
    inside = np.asarray(area) >= 0
    total = np.zeros(areas, dtype=np.int64)
    np.add.at(total, np.asarray(area)[inside], np.asarray(people)[inside])
    return total
