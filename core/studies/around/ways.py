"""Ways: which outlet is nearest to one home, and the line that one walks there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.contract import Walker, Window
from core.errors import NotFound
from core.kernel.around.paths import Way, door_to_door, nearest
from core.kernel.streets import plane, unplane
from core.kernel.walks import DECISECONDS_PER_MINUTE, deciseconds
from core.runs.lanes import Lane, outlets_in
from core.runs.measure import longest_minutes
from core.runs.network import at_own_pace, at_pace
from core.runs.terms import SLOT
from core.studies.around.places import off_street, walker_named
from core.studies.opened import Opened

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody walks to: a format's key, or a slot's with ``slot:`` before it.

    With a window only outlets that are known to be open in it; with ``unsure`` also those whose
    hours nobody registered.
    """

    key: str
    window: Window | None = None
    unsure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """The walk from a home to its nearest outlet.

    ``minutes`` are the walker's and those of the run. ``home_metres`` and ``outlet_metres`` lie
    between door and street, ``street_metres`` along the streets; ``lon`` and ``lat`` draw the
    whole walk from door to door, in degrees, ``along`` is how many metres are walked at each of
    their corners: the first lies on the home's door, the last on the outlet's, and all others on
    streets. ``offers`` are the format and hours of what the outlet offers of the wish.
    """

    outlet: int
    offers: tuple[tuple[str, str], ...]
    minutes: float
    home_metres: float
    street_metres: float
    outlet_metres: float
    lon: Floats
    lat: Floats
    along: Floats


def way_from_home(opened: Opened, row: int, wish: Wish, *, walker: str = "") -> Walk | None:
    """Find a home's nearest outlet of a format or slot, and the way there.

    Parameters
    ----------
    row
        The home, as in the run's residents.
    walker
        Key of a walker; the report's walker where it is left out.

    Returns
    -------
    Walk | None
        None where no outlet is within the run's longest walk, or home or outlets stand too far
        from any street; :func:`why_none` says which.

    Raises
    ------
    NotFound
        There is no such home, walker, or nothing of that key in the run's catalogue.
    """
    homes = opened.town.homes
    if not 0 <= row < len(homes.lon):
        raise NotFound("没有这一行居民点。请检查编号。", english="There is no home in this row.")
    who = walker_named(opened, walker)
    rows, footing = outlets_of(opened, wish), opened.footing(who)
    limit = deciseconds(longest_minutes(opened.demands, opened.params))
    way = nearest(
        opened.graph,
        opened.town.streets,
        footing.weights,
        footing.homes.take(np.array([row])),
        footing.outlets,
        rows,
        limit_ds=at_pace(limit, who),
    )
    if way is None or _own(way, who) > limit:
        return None
    return _told(opened, row, way, wish, who)


def why_none(opened: Opened, row: int, wish: Wish, *, walker: str = "") -> tuple[str, str]:
    """Say in Chinese and English why a home has no way to what it wishes."""
    who = walker_named(opened, walker)
    if why := off_street(opened, opened.footing(who).homes.take(np.array([row]))):
        return why
    if not len(outlets_of(opened, wish)):
        if wish.window is not None:
            return (
                "网点数据中没有确知在这段时间营业的网点。",
                "No outlet in the data is known to be open at that time.",
            )
        return (
            "网点数据中没有登记这一业态，无法区分“没有”与“未登记”。",
            "No outlet of this format is in the data: there may be none, or none was registered.",
        )
    longest = longest_minutes(opened.demands, opened.params)
    return (
        f"步行 {longest:g} 分钟（这次评价的上限）之内没有。",
        f"There is none within {longest:g} minutes, as far as this run measured.",
    )


def outlets_of(opened: Opened, wish: Wish) -> Rows:
    """Give the outlets that offer a format, or any format of a slot, to those who walk there.

    Raises
    ------
    NotFound
        The run's catalogue has nothing of that key.
    """
    every = [
        outlets_in(opened.town.offers, Lane(format=name, window=wish.window, sure=not wish.unsure))
        for name in _formats(opened, wish.key)
    ]
    rows: Rows = np.unique(np.concatenate(every))
    return rows


def _formats(opened: Opened, key: str) -> list[str]:
    if key.startswith(SLOT):
        slot = key.removeprefix(SLOT)
        wanted = [name for name, one in opened.catalogue.formats.items() if one.slot == slot]
    else:
        wanted = [key] if key in opened.catalogue.formats or key in opened.keys else []
    if not wanted:
        raise NotFound(
            "没有这个业态。请从列表里选择。", english="There is no such business format."
        )
    return wanted


def _own(way: Way, who: Walker) -> int:
    return int(at_own_pace(np.array([way.walk_ds], dtype=np.int32), who)[0])


def _told(opened: Opened, row: int, way: Way, wish: Wish, who: Walker) -> Walk:
    town, homes, outlets = opened.town, opened.town.homes, opened.outlets
    footing = opened.footing(who)
    home_metres = float(footing.homes.access_metres[row])
    outlet_metres = float(footing.outlets.access_metres[way.outlet])
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
        offers=_offers(opened, way.outlet, wish),
        minutes=_own(way, who) / DECISECONDS_PER_MINUTE,
        home_metres=home_metres,
        street_metres=float(way.metres.sum()),
        outlet_metres=outlet_metres,
        lon=lon,
        lat=lat,
        along=np.cumsum([0.0, home_metres, *way.metres, outlet_metres]),
    )


def _offers(opened: Opened, outlet: int, wish: Wish) -> tuple[tuple[str, str], ...]:
    offers, wanted = opened.town.offers, set(_formats(opened, wish.key))
    return tuple(
        (str(offers.format[row]), str(offers.hours[row]))
        for row in np.flatnonzero(offers.outlet == outlet)
        if offers.format[row] in wanted
    )
