"""Tallies that take in batches of walks: counts of offers, nearest walks, shared capacity."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.kernel.balls import Balls, Batch
from core.kernel.compiled import supply as loops
from core.kernel.compiled.lanes import FAR16, LANES
from core.kernel.supply.offers import Rows, laid_out
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


def limits_within(balls: Balls, minutes: Sequence[float]) -> list[int]:
    """Turn limits into deciseconds, none beyond what the stream holds."""
    limits = limits_ds(minutes)
    if limits[-1] > balls.limit_ds:
        raise ValueError(f"walks end at {balls.limit_ds} ds, before the limit of {limits[-1]} ds")
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
        ``unknown_near`` is above 0, and NaN where those of known capacity give nothing either.
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
    """What takes in the batches of a stream, in any order."""

    def take(self, batch: Batch) -> None: ...  # noqa: D102 - told at the class


def feed(balls: Balls, *tallies: Tally) -> None:
    """Let several tallies see each batch of one stream."""
    for batch in balls:
        for one in tallies:
            one.take(batch)


class ChoiceTally:
    """Counts offers within each limit; memory 4 bytes x homes x lanes x limits."""

    def __init__(self, balls: Balls, *, lanes: Sequence[Rows], minutes: Sequence[float]) -> None:
        self._line, self._limits = balls.line, limits_within(balls, minutes)
        self._offers = laid_out(lanes, outlets=balls.outlets, once=True)
        self._zone = _zone_of(self._limits)
        self._counts = np.zeros((balls.homes, len(lanes), len(self._limits)), dtype=np.int32)

    def take(self, batch: Batch) -> None:
        """Count a batch."""
        start, mine = self._offers.of(batch.outlets)
        near = _near(batch, start, self._offers.lane[mine], self._limits[-1])
        loops.count_offers(*near, self._zone, self._counts)

    def answer(self) -> Counts:
        """Give offers within each limit, shape (lanes, limits, homes)."""
        homes, lanes, limits = self._counts.shape
        offers: Counts = np.empty((lanes, limits, homes), dtype=np.int32)
        loops.sum_up_counts(self._counts, self._line, offers)
        return offers


class NearestTally:
    """Keeps the k shortest walks of each lane; memory 2 bytes x homes x lanes x k."""

    def __init__(self, balls: Balls, *, lanes: Sequence[Rows], k: int, minutes: float) -> None:
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        self._line, self._limit = balls.line, limits_within(balls, [minutes])[0]
        self._offers = laid_out(lanes, outlets=balls.outlets, once=True)
        self._nearest = np.full((balls.homes, len(lanes), k), FAR16, dtype=np.uint16)

    def take(self, batch: Batch) -> None:
        """Sort in the walks of a batch."""
        start, mine = self._offers.of(batch.outlets)
        near = _near(batch, start, self._offers.lane[mine], self._limit)
        loops.keep_nearest(*near, self._nearest)

    def answer(self) -> Deciseconds:
        """Give the walks, shape (lanes, k, homes), ascending over k, then ``UNREACHED``."""
        homes, lanes, k = self._nearest.shape
        walks: Deciseconds = np.empty((lanes, k, homes), dtype=np.int32)
        loops.lay_out_nearest(self._nearest, self._line, np.int32(UNREACHED), walks)
        return walks


class AccessTally:
    """Shares capacity out in two steps; memory 20 bytes x homes x lanes.

    Both steps of an outlet fall within its batch, which holds its whole catchment: one pass over
    the stream is enough. Shares are split into two whole numbers before they are added up, so
    that the order of batches, homes and outlets does not touch the answer.
    """

    def __init__(
        self,
        balls: Balls,
        *,
        lanes: Sequence[Rows],
        people: NDArray[np.integer],
        capacity: Sequence[NDArray[np.floating] | NDArray[np.integer]],
        zones: Zones,
    ) -> None:
        living, group = _living(people, lanes=len(lanes))
        if living.shape[1] != balls.homes:
            raise ValueError(f"people of {living.shape[1]} homes where there are {balls.homes}")
        self._line, limits = balls.line, limits_within(balls, zones.minutes)
        self._people, self._group = np.empty_like(living), group
        self._people[:, self._line] = living
        self._offers = laid_out(lanes, outlets=balls.outlets, once=False)
        if len(self._offers.lane) > MOST_OFFERS:
            raise ValueError(f"more than {MOST_OFFERS} offers at once")
        self._capacity = self._offers.take(capacity)
        self._known = np.isfinite(self._capacity)
        self._limits, self._zone = np.array(limits, dtype=np.int32), _zone_of(limits)
        self._weights = np.array(zones.weights)
        self._shift = _shift(self._capacity, self._weights)
        self._rate = np.full(len(self._capacity), np.nan)
        self._access = np.zeros((balls.homes, len(lanes), 2), dtype=np.int64)
        self._unknown = np.zeros((balls.homes, len(lanes)), dtype=np.int32)

    def take(self, batch: Batch) -> None:
        """Sum up who reaches each offer, then hand its rate to each of them."""
        start, mine = self._offers.of(batch.outlets)
        lane, known = self._offers.lane[mine], self._known[mine]
        homes, walks, *_ = near = _near(batch, start, lane, int(self._limits[-1]))
        living = np.zeros((len(self._people), len(self._limits), LANES), dtype=np.int64)
        loops.count_people(homes, walks, self._limits, self._people, living)
        column = np.repeat(np.arange(len(batch.outlets)), np.diff(start))
        rings = np.diff(living[self._group[lane], :, column], axis=1, prepend=0)
        weighted = np.zeros(len(mine))
        for ring, weight in enumerate(self._weights):  # in this order: sums are rounded
            weighted += weight * rings[:, ring]
        asked = known & (weighted > 0)
        rate = np.zeros(len(mine))
        np.divide(self._capacity[mine], weighted, out=rate, where=asked)
        self._rate[mine] = np.where(asked, rate, np.nan)
        shares = np.ldexp(rate[:, np.newaxis] * self._weights, self._shift)
        whole = np.floor(shares)
        rest = np.rint(np.ldexp(shares - whole, FINE_BITS))
        parts = np.stack([whole, rest], axis=2).astype(np.int64)
        loops.share_out(*near, self._zone, known, parts, self._access, self._unknown)

    def answer(self) -> Access:
        """Give access, rates, and what could not be shared out."""
        access = np.empty((len(self._group), len(self._line)))
        unknown_near = np.empty(access.shape, dtype=np.int32)
        units = math.ldexp(1.0, -self._shift), math.ldexp(1.0, -self._shift - FINE_BITS)
        loops.lay_out_access(
            self._access, self._unknown, self._line, FINE_BITS, *units, access, unknown_near
        )
        offers, unused = self._offers, self._known & np.isnan(self._rate) & (self._capacity > 0)
        served = np.where(np.isnan(self._rate), 0.0, self._capacity)
        idle = np.where(unused, self._capacity, 0.0)
        return Access(
            access=access,
            unknown_near=unknown_near,
            rates=tuple(offers.by_lane(self._rate)),
            unknown=tuple(offers.rows_where(~self._known)),
            unused=tuple(offers.rows_where(unused)),
            shared=np.array([math.fsum(lane) for lane in offers.by_lane(served)]),
            left=np.array([math.fsum(lane) for lane in offers.by_lane(idle)]),
        )


def _near(
    batch: Batch, start: Counts, lane: Counts, limit: int
) -> tuple[Counts, NDArray[np.uint16], np.uint64, Counts, Counts, np.uint16]:
    """Give what the loops over a batch begin with."""
    columns = np.uint64((1 << len(batch.outlets)) - 1)
    return batch.homes, batch.walks.reshape(-1), columns, start, lane, np.uint16(limit)


def _zone_of(limits: list[int]) -> NDArray[np.uint8]:
    walks = np.arange(FAR16 + 1)
    zone: NDArray[np.uint8] = np.searchsorted(np.array(limits), walks, side="left").astype(np.uint8)
    return zone


def _living(
    people: NDArray[np.integer], *, lanes: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Give people by group of clients and home, and each lane's group."""
    living = np.asarray(people)
    if not np.issubdtype(living.dtype, np.integer):
        raise TypeError(f"people are counted in whole numbers, not in {living.dtype}")
    if living.ndim not in {1, 2} or (living.ndim == 2 and len(living) != lanes):  # noqa: PLR2004 - one row, or one a lane
        raise ValueError(f"people have shape {living.shape} for {lanes} lanes")
    if living.size and int(living.min()) < 0:
        raise ValueError("people cannot be negative")
    number: dict[bytes, int] = {}  # lanes with the same clients share their sums
    rows = np.atleast_2d(living).astype(np.int64)
    group = [number.setdefault(row.tobytes(), len(number)) for row in rows]
    if living.ndim == 1:
        group = [0] * lanes
    first = [group.index(one) for one in range(len(number))]
    return np.ascontiguousarray(rows[first]), np.array(group, dtype=np.int32)


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
