"""Places: who walks in a study, and where a point on the map meets the streets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.contract import Demand, Walker
from core.contract.walkers import PROFILES, described
from core.errors import NotFound
from core.kernel.snap import Snapped, snap_on
from core.kernel.streets import plane
from core.kernel.walkers import Weights, effort, weigh
from core.runs.network import PACE, profile
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


def weights_of(opened: Opened, walker: Walker) -> Weights:
    """Give the walking times of all streets for a walker, at the pace of all preparations."""
    one = profile(walker)
    network = opened.networks.get(one)
    if network is not None:
        return network.prepared.weights
    town = opened.town
    return weigh(effort(town.streets.metres, town.obstacles, one), metres_per_second=PACE)


def put(opened: Opened, lon: float, lat: float) -> Snapped:
    """Put a point on its nearest street, within the run's limit, as homes and outlets were."""
    town = opened.town
    x, y = plane([lon], [lat], lon0=town.lon0, lat0=town.lat0)
    return snap_on(opened.index, x, y, limit_metres=opened.params.access_limit_metres)
