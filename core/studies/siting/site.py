"""Where else a format should be offered: added to existing shops, opened anew, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.contract import Walker
from core.errors import NotFound
from core.kernel.balls import balls
from core.kernel.doors import arrivals, doors
from core.kernel.reach import search
from core.kernel.siting.candidates import Cover, TooMany, within_balls
from core.kernel.walks import DECISECONDS_PER_SECOND, deciseconds
from core.runs.explain import limit_minutes
from core.runs.lanes import Lane, outlets_in
from core.runs.network import PACE, Network, at_own_pace, at_pace, profile
from core.store import Blobs
from core.studies.around.places import walker_named
from core.studies.opened import Opened, network_for
from core.studies.siting.comparison import Asked, Comparison, Site, Solution
from core.studies.siting.gathering import Gathered, gather
from core.studies.siting.spots import HOST, PREMISES, STREET, Spots, joined, refused

MOST_REACHED = 30_000_000  # homes in reach of all candidates together: a quarter of a gigabyte

Bools: TypeAlias = NDArray[np.bool_]
Counts: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sited:
    """The answer: solutions by the kinds that were wished, on the same candidates.

    ``people``, ``covered``: those asked for, and how many existing offers cover; ``off_street``
    of them live too far from any street for any site to help. ``everybody`` and
    ``covered_groups`` tell the first two for every group. ``existing`` offers the format now.
    ``fixed`` are the decided sites in the order given, rows of ``gathered.fixed``.
    """

    minutes: float
    walker: Walker
    people: int
    covered: int
    off_street: int
    everybody: Mapping[str, int]
    covered_groups: Mapping[str, int]
    existing: int
    gathered: Gathered
    fixed: tuple[Site, ...]
    solutions: tuple[Solution, ...]


def site(opened: Opened, blobs: Blobs, asked: Asked) -> Sited:
    """Find where the format should be offered next; see :class:`Asked`.

    Existing offers count at any hours, as in the run's coverage. Whoever lacks the format is
    walked from to every candidate, exactly as the run would walk if it stood. The same question
    gives the same answer, but for proofs whose time ran out.

    Raises
    ------
    NotFound
        The run has no such format or walker.
    Invalid
        A field cannot be used; the error's details name it, its value and a remedy.
    """
    minutes = _minutes(opened, asked)
    walker = walker_named(opened, asked.walker)
    living = _living(opened, asked.group)
    own = deciseconds(minutes)
    longest = at_pace(own, walker)
    network = network_for(opened, blobs, walker, longest)
    limit = _longest_within(own, walker, longest)
    covered = _covered(opened, network, walker, asked.format, limit)
    on_street = network.footing.homes.attached
    homes = np.flatnonzero(~covered & on_street & ((opened.town.homes.people > 0) | (living > 0)))
    gathered = gather(
        opened,
        asked.wished,
        network.prepared.weights,
        key=asked.format,
        lacking=homes[living[homes] > 0],
        metres=limit / DECISECONDS_PER_SECOND * PACE,
    )
    _check_costs(asked, gathered.spots)
    cover = _cover(network, gathered, homes, limit)
    comparison = Comparison(opened, asked, gathered, cover, homes)
    groups = {name: counts[covered] for name, counts in opened.town.homes.groups.items()}
    return Sited(
        minutes=minutes,
        walker=walker,
        people=int(living.sum()),
        covered=int(living[covered].sum()),
        off_street=int(living[~on_street].sum()),
        everybody={name: int(each.sum()) for name, each in opened.town.homes.groups.items()},
        covered_groups={name: int(each.sum()) for name, each in groups.items()},
        existing=len(outlets_in(opened.town.offers, Lane(format=asked.format))),
        gathered=gathered,
        fixed=comparison.fixed(),
        solutions=comparison.solutions(),
    )


def _minutes(opened: Opened, asked: Asked) -> float:
    """Give the walk that counts, as the run's gaps have it where nothing else is asked."""
    key, formats = asked.format, opened.catalogue.formats
    if key not in formats and key not in opened.keys:
        raise NotFound(
            f"没有业态“{key}”，没有计算。请从这次评价的业态中选择。",
            english=f"There is no business format {key!r}; nothing was computed. Name one of the "
            "run's.",
        )
    if asked.minutes is not None:
        return asked.minutes
    nobody = np.zeros(0, dtype=np.int32)
    return limit_minutes({key: nobody}, opened.demands, formats)[key]


def _living(opened: Opened, group: str) -> Counts:
    groups = opened.town.homes.groups
    if group not in groups:
        raise refused(
            "group",
            group,
            f"居民数据没有“{group}”这一人群，",
            f"可以用：{'、'.join(groups)}。",
            f"The residents' data have no group {group!r}. Name one of {', '.join(groups)}.",
        )
    return groups[group]


def _longest_within(own_ds: int, walker: Walker, longest: int) -> int:
    """Give the longest walk at ``PACE`` that a walker's own limit still holds."""
    while longest and int(at_own_pace(np.array([longest], dtype=np.int32), walker)[0]) > own_ds:
        longest -= 1
    return longest


def _covered(opened: Opened, network: Network, walker: Walker, key: str, limit: int) -> Bools:
    """Mark the homes that existing offers cover, from the run's own walks where it has them."""
    lane = Lane(format=key)
    found = opened.walks.found.get((profile(walker), lane))
    if found is not None and found[0].limit_ds >= limit:
        reached, number = found
    else:
        rows = outlets_in(opened.town.offers, lane)
        number, reached = 0, search(
            network.prepared, network.outlets, network.homes, lanes=[rows], limit_ds=limit
        )  # fmt: skip
    near: Bools = reached.row(number) <= limit
    return near


def _check_costs(asked: Asked, spots: Spots) -> None:
    """Refuse a budget beside sites of which nobody said what they cost."""
    if asked.budget is None:
        return
    priced = {HOST: asked.costs.host, STREET: asked.costs.open}
    missing = [kind for kind, cost in priced.items() if cost is None and spots.of(kind).any()]
    places = asked.wished.premises
    if asked.costs.open is None and any(one.cost is None for one in places):
        missing.append(PREMISES)
    if missing:
        field = "costs.host" if missing[0] == HOST else "costs.open"
        raise refused(
            field,
            None,
            "给了预算，却没有给出每处费用，",
            f"请填写 {field}，或去掉预算。",
            f"A budget needs what each site costs. Give {field}, or leave the budget out.",
        )


def _cover(network: Network, gathered: Gathered, homes: NDArray[np.int64], limit: int) -> Cover:
    """Find who of the uncovered homes reaches each spot and each decided site, in this order."""
    places = joined([gathered.spots, gathered.fixed]).snapped
    reached = balls(
        network.prepared,
        doors(network.prepared, places),
        arrivals(network.homes.doors.take(homes)),
        limit_ds=limit,
    )
    try:
        return within_balls(reached, most=MOST_REACHED)
    except TooMany:
        raise refused(
            "candidates",
            len(gathered.spots),
            "候选点能到达的居民点太多，一次比较不完，",
            "请缩短分钟数，或减少候选点。",
            "The candidates reach too many homes to be compared at once. Ask for fewer minutes or "
            "fewer candidates.",
        ) from None
