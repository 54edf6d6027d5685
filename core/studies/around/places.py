"""Places: who walks in a study, and where a point on the map meets the streets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan

from core.contract import Demand, Walker
from core.contract.walkers import PROFILES, described
from core.errors import Invalid, NotFound
from core.kernel.snap import Snapped, snap_on
from core.kernel.streets import plane
from core.runs.network import on_open_streets
from core.runs.terms import REPORT_WALKER
from core.studies.opened import Opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A walker whom a study can be asked about; ``note`` says where each number comes from."""

    walker: Walker
    name: str
    english: str
    note: str


def walkers_of(demands: Iterable[Demand]) -> dict[str, Named]:
    """Name those who walk in studies of a run by key: the report's, the ruleset's, then ours.

    Where a ruleset calls somebody of its own by a key of ours, the ruleset's is meant.
    """
    known = {REPORT_WALKER.key: _named(REPORT_WALKER)}
    for demand in demands:
        known.setdefault(demand.walker.key, _named(demand.walker))
    for key, one in PROFILES.items():
        known.setdefault(key, _named(one.walker))
    return known


def walker_named(opened: Opened, key: str) -> Walker:
    """Find a walker: the report's, where no key is given.

    Raises
    ------
    NotFound
        Nobody of that key walks in studies of the run; the message lists those who do.
    """
    known = walkers_of(opened.demands)
    found = known.get(key or REPORT_WALKER.key)
    if found is None:
        names = "、".join(known)
        raise NotFound(
            f"这次评价里没有步行者“{key}”，没有计算。可以用：{names}。",
            english=f"Nobody walks as {key!r} in this run; nothing was computed. "
            f"Name one of {', '.join(known)}.",
        )
    return found.walker


def _named(walker: Walker) -> Named:
    ours = PROFILES.get(walker.key)
    if ours is not None and ours.walker == walker:
        return Named(walker=walker, name=ours.name, english=ours.english, note=ours.note)
    note = f"{described(walker)}（规则所定）。"
    return Named(walker=walker, name=walker.key, english=walker.key, note=note)


def put(opened: Opened, lon: float, lat: float, walker: Walker | None = None) -> Snapped:
    """Put a point on its nearest street, within the run's limit, as homes and outlets were.

    With a walker it is the nearest that this walker can use.
    """
    town = opened.town
    x, y = plane([lon], [lat], lon0=town.lon0, lat0=town.lat0)
    point = snap_on(opened.index, x, y, limit_metres=opened.params.access_limit_metres)
    if walker is None:
        return point
    return on_open_streets(town, opened.footing(walker).weights, point, x, y)


def off_street(opened: Opened, point: Snapped) -> tuple[str, str] | None:
    """Say in Chinese and English why a single point is on no street; None where it is on one."""
    if point.attached[0]:
        return None
    away, limit = float(point.access_metres[0]), opened.params.access_limit_metres
    if isnan(away) or limit is None:
        return "没有这位步行者能走的街道。", "There is no street that this walker can use."
    return (
        f"这里离最近的街道 {away:.1f} 米，超过 {limit:g} 米的上限。",
        f"The nearest street is {away:.1f} m away, beyond the limit of {limit:g} m.",
    )


def require_street(opened: Opened, point: Snapped) -> None:
    """Refuse a single point that no street is near enough to.

    Raises
    ------
    Invalid
        The distance and the run's limit are named.
    """
    if why := off_street(opened, point):
        chinese, english = why
        raise Invalid(
            f"{chinese}没有计算。请换一个离街道更近的地点。",
            english=f"{english} Nothing was computed. Choose a place nearer to a street.",
        )
