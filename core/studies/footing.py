"""Footing: the streets as one walker finds them, and where doors reach those that he can use."""

from __future__ import annotations

from dataclasses import dataclass

from core.kernel.snap import Snapped
from core.kernel.walkers import Profile, Weights, effort, weigh
from core.runs.network import PACE, Network, on_open_streets
from core.runs.town import Town


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footing:
    """What a search from one place needs of a walker: no prepared streets.

    ``weights`` are at the pace of all preparations; ``homes`` and ``outlets`` are where they reach
    a street, as in the run.
    """

    weights: Weights
    homes: Snapped
    outlets: Snapped


def footing(town: Town, one: Profile, network: Network | None) -> Footing:
    """Find a profile's footing, from the run's own network where the run had such a walker."""
    if network is not None:
        return Footing(
            weights=network.prepared.weights,
            homes=network.home_places,
            outlets=network.outlet_places,
        )
    weights = weigh(effort(town.streets.metres, town.obstacles, one), metres_per_second=PACE)
    return Footing(
        weights=weights,
        homes=on_open_streets(town, weights, town.homes.snapped, town.homes.x, town.homes.y),
        outlets=on_open_streets(town, weights, town.outlets, town.outlet_x, town.outlet_y),
    )
