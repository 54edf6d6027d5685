"""Places: who walks in a study, and where a point on the map meets the streets."""

from __future__ import annotations

from core.contract import Walker
from core.errors import NotFound
from core.kernel.snap import Snapped, snap_on
from core.kernel.streets import plane
from core.kernel.walkers import Weights, effort, weigh
from core.runs.network import PACE, profile
from core.runs.terms import REPORT_WALKER
from core.studies.opened import Opened


def walker_named(opened: Opened, key: str) -> Walker:
    """Find a walker of the run: the report's, where no key is given, or one of the ruleset's.

    Raises
    ------
    NotFound
        Nobody of that key walks in the run; the message lists those who do.
    """
    known = {REPORT_WALKER.key: REPORT_WALKER}
    for demand in opened.demands:
        known.setdefault(demand.walker.key, demand.walker)
    found = known.get(key or REPORT_WALKER.key)
    if found is None:
        names = "、".join(known)
        raise NotFound(
            f"这次评价里没有步行者“{key}”，没有计算。可以用：{names}。",
            english=f"Nobody walks as {key!r} in this run; nothing was computed. "
            f"Name one of {', '.join(known)}.",
        )
    return found


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
