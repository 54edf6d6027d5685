"""Ways: which outlet is nearest to one home, and the line that one walks there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.contract import Walker
from core.errors import NotFound
from core.kernel.paths import Way, door_to_door, nearest
from core.kernel.streets import plane, unplane
from core.kernel.walks import DECISECONDS_PER_MINUTE, deciseconds
from core.runs.lanes import Lane, outlets_in
from core.runs.measure import longest_minutes
from core.runs.network import at_own_pace, at_pace
from core.runs.terms import SLOT
from core.studies.opened import Opened
from core.studies.places import walker_named, weights_of

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """The walk from a home to its nearest outlet of one format or slot.

    ``minutes`` are the walker's and those of the run. ``home_metres`` and ``outlet_metres`` lie
    between door and street, ``street_metres`` along the streets; ``lon`` and ``lat`` draw the
    whole walk from door to door, in degrees.
    """

    outlet: int
    minutes: float
    home_metres: float
    street_metres: float
    outlet_metres: float
    lon: Floats
    lat: Floats


def way_from_home(opened: Opened, row: int, key: str, *, walker: str = "") -> Walk | None:
    """Find a home's nearest outlet of a format or ``slot:`` and the way there, at any hours.

    Parameters
    ----------
    row
        The home, as in the run's residents.
    key
        A business format's key, or a slot's with ``slot:`` before it.
    walker
        Key of a walker of the run; the report's walker where it is left out.

    Returns
    -------
    Walk | None
        None where no outlet is within the run's longest walk, or home or outlets stand too far
        from any street.

    Raises
    ------
    NotFound
        There is no such home, walker, or nothing of that key in the run's catalogue.
    """
    homes = opened.town.homes
    if not 0 <= row < len(homes.lon):
        raise NotFound("没有这一行居民点。请检查编号。", english="There is no home in this row.")
    who, rows = walker_named(opened, walker), outlets_of(opened, key)
    limit = deciseconds(longest_minutes(opened.demands, opened.params))
    way = nearest(
        opened.graph,
        opened.town.streets,
        weights_of(opened, who),
        homes.snapped.take(np.array([row])),
        opened.town.outlets,
        rows,
        limit_ds=at_pace(limit, who),
    )
    if way is None or _own(way, who) > limit:
        return None
    return _told(opened, row, way, who)


def outlets_of(opened: Opened, key: str) -> Rows:
    """Give the outlets that offer a format, or any format of a slot, to those who walk there.

    Raises
    ------
    NotFound
        The run's catalogue has nothing of that key.
    """
    if key.startswith(SLOT):
        slot = key.removeprefix(SLOT)
        wanted = [name for name, one in opened.catalogue.formats.items() if one.slot == slot]
    else:
        wanted = [key] if key in opened.catalogue.formats or key in opened.keys else []
    if not wanted:
        raise NotFound(
            "没有这个业态。请从列表里选择。", english="There is no such business format."
        )
    every = [outlets_in(opened.town.offers, Lane(format=name)) for name in wanted]
    rows: Rows = np.unique(np.concatenate(every))
    return rows


def _own(way: Way, who: Walker) -> int:
    return int(at_own_pace(np.array([way.walk_ds], dtype=np.int32), who)[0])


def _told(opened: Opened, row: int, way: Way, who: Walker) -> Walk:
    town, homes, outlets = opened.town, opened.town.homes, opened.outlets
    ends = plane(
        [outlets["lon"][way.outlet]], [outlets["lat"][way.outlet]], lon0=town.lon0, lat0=town.lat0
    )
    x, y = door_to_door(
        way,
        home=(float(homes.x[row]), float(homes.y[row])),
        outlet=(float(ends[0][0]), float(ends[1][0])),
    )
    lon, lat = unplane(x, y, lon0=town.lon0, lat0=town.lat0)
    return Walk(
        outlet=way.outlet,
        minutes=_own(way, who) / DECISECONDS_PER_MINUTE,
        home_metres=float(homes.snapped.access_metres[row]),
        street_metres=float(way.metres.sum()),
        outlet_metres=float(town.outlets.access_metres[way.outlet]),
        lon=lon,
        lat=lat,
    )
