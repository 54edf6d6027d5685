"""Rings: how far one gets on foot in so many minutes of a place, and the people who live there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from core.contract import Walker
from core.errors import Invalid, NotFound
from core.kernel.around.rings import Land, rings, walked_streets, walks
from core.kernel.snap import Snapped
from core.kernel.streets import unplane
from core.kernel.walks import deciseconds
from core.runs.measure import longest_minutes
from core.runs.network import at_own_pace, at_pace
from core.studies.around.places import put, require_street, walker_named
from core.studies.opened import Opened

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ring:
    """What lies within so many minutes of a place.

    ``land`` is drawn for the map, in degrees: the streets within reach and 40 m (assumed) to
    their sides. ``homes``, ``people`` and ``groups`` are counted by each home's own walk, door
    to door, exactly as the run counts; never by where the land happens to lie.
    """

    minutes: float
    land: Land
    homes: int
    people: int
    groups: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rings:
    """The rings of one place, in the order asked for, and how far it is from its street."""

    access_metres: float
    each: tuple[Ring, ...]


def rings_of_place(
    opened: Opened,
    lon: float,
    lat: float,
    minutes: Sequence[float],
    *,
    walker: str = "",
    leaving: bool = False,
) -> Rings:
    """Find who can walk to a point on the map, or with ``leaving`` where one gets from there.

    Parameters
    ----------
    minutes
        How long one walks, inclusive; none longer than the run's longest walk.
    walker
        Key of a walker; the report's walker where it is left out.

    Raises
    ------
    NotFound
        There is no such walker.
    Invalid
        No street that the walker can use is near enough, or the minutes go beyond the run's.
    """
    who = walker_named(opened, walker)
    return _rings(opened, put(opened, lon, lat, who), minutes, who, leaving=leaving)


def rings_of_outlet(
    opened: Opened,
    row: int,
    minutes: Sequence[float],
    *,
    walker: str = "",
    leaving: bool = False,
) -> Rings:
    """Find who can walk to an outlet; otherwise as :func:`rings_of_place`.

    Raises
    ------
    NotFound
        There is no such outlet.
    """
    if not 0 <= row < len(opened.town.outlets):
        raise NotFound("没有这一行网点。请检查编号。", english="There is no outlet in this row.")
    who = walker_named(opened, walker)
    point = opened.footing(who).outlets.take(np.array([row]))
    return _rings(opened, point, minutes, who, leaving=leaving)


def _rings(
    opened: Opened, point: Snapped, minutes: Sequence[float], who: Walker, *, leaving: bool
) -> Rings:
    town, footing = opened.town, opened.footing(who)
    require_street(opened, point)
    _require_short(opened, minutes)
    limits = [at_pace(deciseconds(each), who) for each in minutes]
    walked = walked_streets(
        opened.graph,
        town.streets,
        footing.weights,
        point,
        limit_ds=max(limits),
        leaving=leaving,
    )
    homes = at_own_pace(walks(walked, footing.homes), who)
    found = []
    for each, land in zip(minutes, rings(town.streets, walked, limits), strict=True):
        near = homes <= deciseconds(each)
        found.append(
            Ring(
                minutes=each,
                land=shapely.transform(land, lambda xy: _degrees(opened, xy)),
                homes=int(near.sum()),
                people=int(town.homes.people[near].sum()),
                groups={
                    group: int(counts[near].sum())
                    for group, counts in sorted(town.homes.groups.items())
                    if group != "all"
                },
            )
        )
    return Rings(access_metres=float(point.access_metres[0]), each=tuple(found))


def _require_short(opened: Opened, minutes: Sequence[float]) -> None:
    longest = longest_minutes(opened.demands, opened.params)
    if max(minutes) > longest:
        raise Invalid(
            f"这次评价最远算到步行 {longest:g} 分钟，没有计算。请把分钟数改小。",
            english=f"This run measured walks of up to {longest:g} minutes; nothing was computed. "
            "Ask for fewer minutes.",
        )


def _degrees(opened: Opened, corners: Floats) -> Floats:
    town = opened.town
    lon, lat = unplane(corners[:, 0], corners[:, 1], lon0=town.lon0, lat0=town.lat0)
    return np.column_stack([lon, lat])
