"""Tallies that take in batches of walks: counts of offers, nearest walks, shared capacity."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.kernel.balls import FAR16, Balls, checked_balls
from core.kernel.compiled import supply as loops
from core.kernel.offers import Offers, Rows, laid_out
from core.kernel.walks import UNREACHED, Deciseconds, deciseconds

Floats = NDArray[np.float64]
Counts = NDArray[np.int32]
FINE_BITS = 40  # bits of a share behind the 61 of its whole part
SHARE_BITS = 61
MOST_OFFERS = 2**22  # so many fine parts still add up within an int64
MOST_LIMITS = 250


def limits_ds(minutes: Sequence[float]) -> list[int]:
    """Turn limits into deciseconds; they ascend, and no batch holds longer walks than the last.

    Raises
    ------
    ValueError
        If there are none or too many, they do not ascend, or one is too long.
    """
    limits = [deciseconds(one) for one in minutes]
    if not 1 <= len(limits) <= MOST_LIMITS:
        raise ValueError(f"between 1 and {MOST_LIMITS} limits can be asked for, not {len(limits)}")
    if any(later <= earlier for earlier, later in itertools.pairwise(limits)):
        raise ValueError(f"limits must ascend: {list(minutes)}")
    if limits[-1] >= FAR16:
        raise ValueError(f"{minutes[-1]} minutes is longer than batches of walks can hold")
    return limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """Rings of walking time and what a person in each weighs.

    Parameters
    ----------
    minutes
        Outer limit of each zone, ascending, inclusive.
    weights
        One a zone, not negative, at least one above 0.
    note
        Where the weights come from; printed beside any figure made with them.
    """

    minutes: tuple[float, ...]
    weights: tuple[float, ...]
    note: str

    def __post_init__(self) -> None:
        limits_ds(self.minutes)
        if len(self.weights) != len(self.minutes):
            raise ValueError(f"{len(self.weights)} weights for {len(self.minutes)} zones")
        if not all(math.isfinite(one) and one >= 0 for one in self.weights):
            raise ValueError(f"weights must be finite and not negative, not {self.weights}")
        if max(self.weights) <= 0:
            raise ValueError("at least one zone must weigh something")


FIFTEEN_MINUTES = Zones(minutes=(15.0,), weights=(1.0,), note="Luo & Wang 2003, all within alike")
THREE_RINGS = Zones(
    minutes=(5.0, 10.0, 15.0),
    weights=(1.0, 0.68, 0.22),
    note="assumed: the slow decay of Luo & Qi 2009, there for 10, 20 and 30 minutes by car",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Access:
    """Capacity within reach of each home, shared with all who reach it too.

    Parameters
    ----------
    access
        Shape (lanes, homes): capacity per person. 0 where nothing is in reach; a lower bound where
        ``unknown_near`` is above 0, and NaN where every offer in reach is of unknown capacity.
    unknown_near
        Shape (lanes, homes): offers of unknown capacity in reach.
    rates
        One array a lane, in the order of its rows: capacity per weighted person in the offer's
        catchment; NaN where the capacity is unknown or nobody reaches the offer.
    unknown, unused
        One array a lane: the outlets whose capacity is unknown; those with capacity that nobody
        reaches.
    shared, left
        One figure a lane: capacity shared out, and capacity of the unused. Over homes,
        sum(people x access) = ``shared``.
    """

    access: Floats
    unknown_near: Counts
    rates: tuple[Floats, ...]
    unknown: tuple[NDArray[np.int64], ...]
    unused: tuple[NDArray[np.int64], ...]
    shared: Floats
    left: Floats


class Tally(Protocol):
    """What takes in batches, each outlet once, in any order."""

    outlets: int
    homes: int

    def take(self, ball: Balls) -> None: ...  # noqa: D102 - told at the class


def feed(source: Iterable[Balls], *tallies: Tally) -> None:
    """Let several tallies see each batch of one stream.

    Raises
    ------
    ValueError
        If the tallies are not about equally many outlets and homes, or a batch is not sound.
    """
    sizes = {(one.outlets, one.homes) for one in tallies}
    if len(sizes) != 1:
        raise ValueError(f"tallies about different outlets and homes: {sorted(sizes)}")
    outlets, homes = sizes.pop()
    for ball in checked_balls(source, outlets=outlets, homes=homes):
        for one in tallies:
            one.take(ball)


class ChoiceTally:
    """Counts offers within each limit; memory 4 bytes x homes x lanes x limits."""

    def __init__(
        self, *, lanes: Sequence[Rows], outlets: int, homes: int, minutes: Sequence[float]
    ) -> None:
        self.outlets, self.homes = outlets, homes
        self._offers = laid_out(lanes, outlets=outlets, once=True)
        self._limits = limits_ds(minutes)
        self._zone = _zone_of(self._limits)
        self._counts = np.zeros((homes, len(lanes), len(self._limits)), dtype=np.int32)

    def take(self, ball: Balls) -> None:
        """Count a batch."""
        _within(ball, self._limits[-1])
        loops.count_offers(*_batch(ball, self._offers), self._zone, self._counts)

    def answer(self) -> Counts:
        """Give offers within each limit, shape (lanes, limits, homes)."""
        counts: Counts = np.cumsum(self._counts.transpose(1, 2, 0), axis=1, dtype=np.int32)
        return counts


class NearestTally:
    """Keeps the k shortest walks of each lane; memory 2 bytes x homes x lanes x k."""

    def __init__(
        self, *, lanes: Sequence[Rows], outlets: int, homes: int, k: int, minutes: float
    ) -> None:
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        self.outlets, self.homes = outlets, homes
        self._offers = laid_out(lanes, outlets=outlets, once=True)
        self._limit = limits_ds([minutes])[0]
        self._nearest = np.full((homes, len(lanes), k), FAR16, dtype=np.uint16)

    def take(self, ball: Balls) -> None:
        """Sort in the walks of a batch."""
        _within(ball, self._limit)
        loops.keep_nearest(*_batch(ball, self._offers), self._limit, self._nearest)

    def answer(self) -> Deciseconds:
        """Give the walks, shape (lanes, k, homes), ascending over k, then ``UNREACHED``."""
        walks: Deciseconds = self._nearest.transpose(1, 2, 0).astype(np.int32, order="C")
        walks[walks == FAR16] = UNREACHED
        return walks


class AccessTally:
    """Shares capacity out in two steps; memory 24 bytes x homes x lanes.

    Both steps of an outlet fall within its batch, which holds its whole catchment: one pass over
    the stream is enough. Shares are split into two whole numbers before they are added up, so
    that the order of batches, homes and outlets does not touch the answer.
    """

    def __init__(
        self,
        *,
        lanes: Sequence[Rows],
        outlets: int,
        people: NDArray[np.integer],
        capacity: Sequence[NDArray[np.floating] | NDArray[np.integer]],
        zones: Zones,
    ) -> None:
        living, group = _living(people, lanes=len(lanes))
        self.outlets, self.homes = outlets, len(living)
        self._offers = laid_out(lanes, outlets=outlets, once=False)
        if len(self._offers.lane) > MOST_OFFERS:
            raise ValueError(f"more than {MOST_OFFERS} offers at once")
        self._capacity = self._offers.take(capacity)
        self._limits, self._weights = limits_ds(zones.minutes), np.array(zones.weights)
        self._zone, self._people, self._group = _zone_of(self._limits), living, group
        size = (len(self._offers.lane), len(self._limits))
        self._demand = np.zeros(size, dtype=np.int64)
        self._parts = np.zeros((*size, 2), dtype=np.int64)
        self._rate = np.full(size[0], np.nan)
        self._known = np.isfinite(self._capacity)
        self._shift = _shift(self._capacity, self._weights)
        self._access = np.zeros((self.homes, len(lanes), 2), dtype=np.int64)
        self._met = np.zeros((self.homes, len(lanes), 2), dtype=np.int32)

    def take(self, ball: Balls) -> None:
        """Sum up who reaches each offer, then hand its rate to each of them."""
        _within(ball, self._limits[-1])
        batch = _batch(ball, self._offers)
        loops.count_people(*batch, self._zone, self._group, self._people, self._demand)
        mine = self._offers.of(ball.outlets)
        weighted = np.zeros(len(mine))
        for zone, weight in enumerate(self._weights):  # in this order: sums are rounded
            weighted += weight * self._demand[mine, zone]
        asked = self._known[mine] & (weighted > 0)
        mine, weighted = mine[asked], weighted[asked]
        self._rate[mine] = self._capacity[mine] / weighted
        shares = np.ldexp(self._rate[mine, np.newaxis] * self._weights, self._shift)
        whole = np.floor(shares)
        self._parts[mine, :, 0] = whole
        self._parts[mine, :, 1] = np.rint(np.ldexp(shares - whole, FINE_BITS))
        loops.share_out(*batch, self._zone, self._known, self._parts, self._access, self._met)

    def answer(self) -> Access:
        """Give access, rates, and what could not be shared out."""
        fine = self._access[:, :, 1]
        whole = self._access[:, :, 0] + (fine >> FINE_BITS)
        rest = fine & (2**FINE_BITS - 1)
        access = np.ldexp(whole.astype(np.float64), -self._shift)
        access += np.ldexp(rest.astype(np.float64), -self._shift - FINE_BITS)
        access[(self._met[:, :, 1] > 0) & (self._met[:, :, 0] == 0)] = np.nan
        offers, unused = self._offers, self._known & np.isnan(self._rate) & (self._capacity > 0)
        served = np.where(np.isnan(self._rate), 0.0, self._capacity)
        idle = np.where(unused, self._capacity, 0.0)
        return Access(
            access=np.ascontiguousarray(access.T),
            unknown_near=np.ascontiguousarray(self._met[:, :, 1].T),
            rates=tuple(offers.by_lane(self._rate)),
            unknown=tuple(offers.rows_where(~self._known)),
            unused=tuple(offers.rows_where(unused)),
            shared=np.array([math.fsum(lane) for lane in offers.by_lane(served)]),
            left=np.array([math.fsum(lane) for lane in offers.by_lane(idle)]),
        )


def _batch(
    ball: Balls, offers: Offers
) -> tuple[Counts, Counts, NDArray[np.uint16], Counts, Counts]:
    return ball.outlets, ball.homes, ball.lines, offers.start, offers.lane


def _within(ball: Balls, limit: int) -> None:
    if limit > ball.limit_ds:
        raise ValueError(f"the walks end at {ball.limit_ds} ds, before the limit of {limit} ds")


def _zone_of(limits: list[int]) -> NDArray[np.uint8]:
    walks = np.arange(FAR16 + 1)
    zone: NDArray[np.uint8] = np.searchsorted(np.array(limits), walks, side="left").astype(np.uint8)
    return zone


def _living(
    people: NDArray[np.integer], *, lanes: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Give people by home and group of clients, and each lane's group."""
    living = np.asarray(people)
    if not np.issubdtype(living.dtype, np.integer):
        raise TypeError(f"people are counted in whole numbers, not in {living.dtype}")
    if living.ndim not in {1, 2} or (living.ndim == 2 and len(living) != lanes):  # noqa: PLR2004 - one row, or one a lane
        raise ValueError(f"people have shape {living.shape} for {lanes} lanes")
    if living.size and int(living.min()) < 0:
        raise ValueError("people cannot be negative")
    group = np.arange(lanes) if living.ndim > 1 else np.zeros(lanes)
    by_home = np.ascontiguousarray(np.atleast_2d(living).T, dtype=np.int64)
    return by_home, group.astype(np.int32)


def _shift(capacity: Floats, weights: Floats) -> int:
    """Give the power of two by which shares are lifted so that all of them fit an int64.

    No share exceeds the capacity times the heaviest over the lightest weight, because a
    catchment of whole people has at least one.
    """
    if bool((np.isinf(capacity) | (capacity < 0)).any()):
        raise ValueError("a capacity must be finite and not negative; unknown is NaN")
    widest = float(weights.max() / weights[weights > 0].min())
    most = math.fsum(capacity[np.isfinite(capacity)]) * widest
    return SHARE_BITS - 1 - math.frexp(most)[1]
