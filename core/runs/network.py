"""Network: a town's streets prepared for walkers, kept for the next run on the same streets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.contract import Walker
from core.errors import Invalid
from core.kernel import VERSION
from core.kernel.doors import Arrivals, Doors, doors, standing
from core.kernel.prepared import LAYOUT, LONGEST_BOUND_DS, Prepared, prepare, restored
from core.kernel.snap import Snapped, snap
from core.kernel.streets import take_edges
from core.kernel.walkers import CLOSED, Obstacles, Profile, Weights, effort, profile_of, weigh
from core.kernel.walks import UNREACHED, Deciseconds
from core.runs.terms import REPORT_WALKER
from core.runs.town import Floats, Town
from core.store import Derived

PACE = REPORT_WALKER.metres_per_second  # of all preparations; other paces scale their answers
BOUNDS_DS = (9_000, 18_000, 36_000, LONGEST_BOUND_DS)  # few, so that runs share preparations


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footing:
    """The streets as one profile finds them, at ``PACE``, and where doors reach one it can use."""

    weights: Weights
    homes: Snapped
    outlets: Snapped


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Streets prepared for one profile; ``homes`` and ``outlets`` are its footing's on them."""

    footing: Footing
    prepared: Prepared
    outlets: Doors
    homes: Arrivals


def profile(walker: Walker) -> Profile:
    """Take the speed out of a walker."""
    return profile_of(
        metres_per_second=walker.metres_per_second,
        steps=walker.steps,
        crossing_seconds=walker.crossing_seconds,
        uphill=walker.uphill,
        through_gates=walker.through_gates,
    )


def networks(
    town: Town, bounds: Mapping[Profile, int], derived: Derived | None = None
) -> dict[Profile, Network]:
    """Prepare the streets for each profile, for walks of so many deciseconds at ``PACE``.

    Parameters
    ----------
    town
        Its streets, homes and outlets.
    bounds
        The longest walk of interest by profile.
    derived
        Where preparations are kept; without it all is computed and nothing kept.
    """
    return {one: network(town, one, bound, derived) for one, bound in bounds.items()}


def network(town: Town, profile: Profile, bound_ds: int, derived: Derived | None = None) -> Network:
    """Prepare the streets for one profile; see :func:`networks`."""
    bound = next(each for each in BOUNDS_DS if bound_ds <= each)
    feet = footing(town, profile)
    key = {
        "streets": dict(town.origin),
        "profile": {
            "steps": profile.steps,
            "crossing_metres": profile.crossing_metres,
            "uphill": profile.uphill,
            "through_gates": profile.through_gates,
        },
        "pace": PACE,
        "bound_ds": bound,
        "kernel": [VERSION, LAYOUT],
    }
    kept = None if derived is None else derived.get(key)
    if kept is None:
        prepared = prepare(town.streets, feet.weights, bound_ds=bound)
        if derived is not None:
            derived.put(key, prepared.arrays())
    else:
        prepared = restored(kept, feet.weights, bound_ds=bound)
    return Network(
        footing=feet,
        prepared=prepared,
        outlets=doors(prepared, feet.outlets),
        homes=standing(prepared, feet.homes),
    )


def footing(town: Town, profile: Profile, obstacles: Obstacles | None = None) -> Footing:
    """Weigh the streets for one profile and put doors on those it can use.

    ``obstacles`` stand in for the town's, as where a gate is opened.
    """
    lying = town.obstacles if obstacles is None else obstacles
    weights = weigh(effort(town.streets.metres, lying, profile), metres_per_second=PACE)
    return Footing(
        weights=weights,
        homes=on_open_streets(town, weights, town.homes.snapped, town.homes.x, town.homes.y),
        outlets=on_open_streets(town, weights, town.outlets, town.outlet_x, town.outlet_y),
    )


def on_open_streets(
    town: Town, weights: Weights, snapped: Snapped, x: Floats, y: Floats
) -> Snapped:
    """Move points from streets that a walker cannot use at all to the nearest that he can.

    Someone in a wheelchair whose door is nearest to a flight of steps leaves by another street.

    Parameters
    ----------
    snapped
        Points on their nearest street, whoever walks it.
    x, y
        The same points on the plane, metres.
    """
    shut = (weights.forward >= CLOSED) & (weights.backward >= CLOSED)
    if not shut.any():
        return snapped
    stuck = np.flatnonzero(snapped.attached & shut[np.where(snapped.attached, snapped.edge, 0)])
    usable = np.flatnonzero(~shut).astype(np.int32)
    if not len(stuck):
        return snapped
    moved = snap(
        take_edges(town.streets, ~shut),
        x[stuck],
        y[stuck],
        limit_metres=town.access_limit_metres,
    )
    edge, fraction = snapped.edge.copy(), snapped.fraction.copy()
    access = snapped.access_metres.copy()
    edge[stuck] = moved.edge
    edge[stuck[moved.attached]] = usable[moved.edge[moved.attached]]
    fraction[stuck], access[stuck] = moved.fraction, moved.access_metres
    return Snapped(edge=edge, fraction=fraction, access_metres=access)


def at_own_pace(walks: Deciseconds, walker: Walker) -> Deciseconds:
    """Turn walks at ``PACE`` into a walker's own, rounded once; a slower walker never gains."""
    if walker.metres_per_second == PACE:
        return walks
    scaled = np.rint(walks * (PACE / walker.metres_per_second))
    slower: Deciseconds = np.where(walks == UNREACHED, UNREACHED, scaled).astype(np.int32)
    return slower


def at_pace(limit_ds: int, walker: Walker) -> int:
    """Give the longest walk at ``PACE`` that can be within a walker's limit.

    Raises
    ------
    Invalid
        It is longer than walks are measured.
    """
    longest = math.ceil((limit_ds + 1) * walker.metres_per_second / PACE)
    if walker.metres_per_second == PACE:
        longest = limit_ds
    if longest > LONGEST_BOUND_DS:
        raise Invalid(
            f"步行者“{walker.key}”在 {limit_ds / 600:g} 分钟内走得太远，超出测量范围，没有计算。"
            "请缩短分钟数或放慢速度。",
            english=f"The walker {walker.key!r} gets farther in {limit_ds / 600:g} minutes than is "
            "measured; nothing was computed. Ask for fewer minutes or a slower walker.",
        )
    return longest
