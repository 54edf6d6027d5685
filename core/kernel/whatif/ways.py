"""Ways added to a city's streets: walks over them, put together from walks without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.kernel.doors import Doors
from core.kernel.walks import UNREACHED, Deciseconds
from core.kernel.whatif.city import (
    NOTHING,
    City,
    Desk,
    Ints,
    Offers,
    Shorts,
    Stops,
    remeasure,
    stops,
)

Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _End:
    """One end of a way: the walk to it from each node, and the homes that reach it in time."""

    field: Shorts
    offers: Offers
    home: Ints
    walk: Deciseconds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ways:
    """Ways between places of the streets; :meth:`grown` adds one.

    Parameters
    ----------
    ends
        All places at which ways begin or end.
    doors, stops, desk
        The same places, to be measured like homes.
    steps
        Ways in one direction each: from which end, to which, deciseconds; shape (steps, 3).
    between
        Walk from end to end without ways; shape (ends, ends).
    homes
        Homes that reach an end within the limit, ascending.
    to
        Their walks to the ends; shape (ends, homes).
    """

    ends: tuple[_End, ...]
    doors: Doors | None
    stops: Stops | None
    desk: Desk | None
    steps: Longs
    between: Longs
    homes: Ints
    to: Deciseconds

    def __len__(self) -> int:
        return len(self.steps)

    def grown(self, city: City, doors: Doors, *, ds: int, both: bool) -> Ways:
        """Add a way from the first of two doors to the second, or also back."""
        ends = [*self.ends, *(_end(city, doors.take(np.array([k]))) for k in range(2))]
        start, end = len(self.ends), len(self.ends) + 1
        steps = [(start, end, ds), (end, start, ds)] if both else [(start, end, ds)]
        every = joined([doors] if self.doors is None else [self.doors, doors])
        places = stops(every, nodes=city.graph.nodes)
        desk = Desk(places, limit_ds=city.limit_ds)
        columns = [
            _walks(places, desk, one.field, (one.offers, NOTHING)).astype(np.int64) for one in ends
        ]
        homes = np.unique(np.concatenate([one.home for one in ends]))
        to = np.full((len(ends), len(homes)), UNREACHED, dtype=np.int32)
        for number, one in enumerate(ends):
            to[number, np.searchsorted(homes, one.home)] = one.walk
        return Ways(
            ends=tuple(ends),
            doors=every,
            stops=places,
            desk=desk,
            steps=np.concatenate([self.steps, np.array(steps, dtype=np.int64)]),
            between=np.stack(columns, axis=1),
            homes=homes,
            to=to,
        )

    def beyond(self, field: Shorts, offers: tuple[Offers, Offers]) -> Deciseconds:
        """Give the walk from each end to a lane's nearest outlet, over any number of ways.

        Bellman 1958 on the ends alone: what lies between them is known.
        """
        if self.stops is None or self.desk is None:
            return np.zeros(0, dtype=np.int32)
        limit = self.desk.limit_ds
        walk = _walks(self.stops, self.desk, field, offers).astype(np.int64)
        start, end, ds = self.steps.T
        while True:
            onward = (self.between[:, start] + (ds + walk[end])).min(axis=1)
            shorter = np.minimum(walk, onward)
            if np.array_equal(shorter, walk):
                break
            walk = shorter
        walk[walk > limit] = UNREACHED
        return walk.astype(np.int32)

    def shorten(self, homes: Ints, walks: Deciseconds, beyond: Deciseconds) -> Deciseconds:
        """Give homes the better of their walk without ways and the best one over them."""
        if self.desk is None or len(self.homes) == 0:
            return walks
        near, rows = slice(None), slice(None)
        if homes is not self.homes:
            place = np.minimum(np.searchsorted(self.homes, homes), len(self.homes) - 1)
            near = self.homes[place] == homes
            rows = place[near]
        best = walks[near]
        for start, end, ds in self.steps.tolist():
            rest = ds + int(beyond[end])
            if rest <= self.desk.limit_ds:
                best = np.minimum(best, self.to[start, rows] + np.int32(rest))
        answer = walks.copy()
        answer[near] = np.where(best > self.desk.limit_ds, UNREACHED, best)
        return answer

    def also(self, homes: Ints) -> Ints:
        """Give the homes that reach an end, and some others, each once."""
        if len(self.homes) == 0:
            return homes
        place = np.minimum(np.searchsorted(self.homes, homes), len(self.homes) - 1)
        others = homes[self.homes[place] != homes]
        return np.concatenate([self.homes, others]) if len(others) else self.homes


def joined(doors: Sequence[Doors]) -> Doors:
    """Put doors on the same streets into one table."""
    return Doors(
        chain=np.concatenate([some.chain for some in doors]),
        tail=np.concatenate([some.tail for some in doors]),
        head=np.concatenate([some.head for some in doors]),
        access=np.concatenate([some.access for some in doors]),
        ends=np.concatenate([some.ends for some in doors]),
        along=np.concatenate([some.along for some in doors]),
        part=np.concatenate([some.part for some in doors]),
        chains=doors[0].chains,
    )


def _end(city: City, door: Doors) -> _End:
    """Walk to a place from all around."""
    field, offers = city.field_to(door)
    walks: Deciseconds = np.full(len(city.homes), UNREACHED, dtype=np.int32)
    home, _ = remeasure(
        city.desk, city.homes, city.homes.all, field.walks, (offers, NOTHING), walks
    )
    home = np.sort(home)
    return _End(field=field.walks, offers=offers, home=home, walk=walks[home])


def _walks(places: Stops, desk: Desk, field: Shorts, offers: tuple[Offers, Offers]) -> Deciseconds:
    walks: Deciseconds = np.full(len(places), UNREACHED, dtype=np.int32)
    remeasure(desk, places, places.all, field, offers, walks)
    answer = np.empty_like(walks)
    answer[places.row] = walks
    return answer


NO_WAYS = Ways(
    ends=(),
    doors=None,
    stops=None,
    desk=None,
    steps=np.zeros((0, 3), dtype=np.int64),
    between=np.zeros((0, 0), dtype=np.int64),
    homes=np.zeros(0, dtype=np.int32),
    to=np.zeros((0, 0), dtype=np.int32),
)
