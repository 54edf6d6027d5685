"""Sites compared: the best few of the same candidates, in shops, opened anew, and of both."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.siting.candidates import Cover, TooClose, TooMany, too_close
from core.kernel.siting.certificate import Proof, certify
from core.kernel.siting.choice import Sites, Step, choose, curve, told
from core.kernel.siting.question import Conditions, ask
from core.studies.opened import Opened
from core.studies.siting.gathering import Gathered
from core.studies.siting.spots import HOST, PREMISES, STREET, Spots, Wished, joined, refused

EVERYBODY = "all"
CYCLES = 8  # beginnings: twice those of an answer in ten milliseconds
MOST_NEAR = 1_000_000  # pairs of candidates that stand too close to each other
HUNDREDTHS = 100  # money is counted in hundredths of the asker's unit
WAYS: Mapping[str, tuple[str, ...]] = {
    "hosts": (HOST,),
    "new": (PREMISES, STREET),
    "both": (HOST, PREMISES, STREET),
}

Bools: TypeAlias = NDArray[np.bool_]
Counts: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a site costs by kind, in the asker's own unit; None where it was not said."""

    host: float | None = None
    open: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question for sites.

    Parameters
    ----------
    format
        Key of the business format to be offered.
    at_most
        How many sites, the decided ones not counted.
    wished
        Where they may be, and what is decided.
    minutes
        The walk that counts; None for the longest that the ruleset grants the format.
    group
        Whose people count: ``all`` or an age group of the residents' data.
    walker
        Key of who walks; empty for the report's walker.
    costs, budget
        What sites cost and may cost together, the decided ones not counted.
    apart_metres
        Sites stand at least so far from each other and from the decided ones, straight.
    seconds
        How long to look for a proof, all answers together; 0 for none.
    """

    format: str
    at_most: int
    wished: Wished
    minutes: float | None = None
    group: str = EVERYBODY
    walker: str = ""
    costs: Costs = Costs()
    budget: float | None = None
    apart_metres: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One chosen or decided site, a row of spots, and whom it covers beside those before it.

    ``people`` are those asked for; ``groups`` of every age group that the data carry, everybody
    under ``all``.
    """

    spot: int
    people: int
    cumulative: int
    groups: Mapping[str, int]
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The best sites found of some kinds, the largest gain first.

    Parameters
    ----------
    way
        ``hosts``, ``new`` or ``both``.
    sites
        What each adds to the decided ones and those before it.
    people, cost
        Sums of the sites'; ``cost`` None where no costs were given.
    upper_bound
        No permitted choice among the same candidates covers more people.
    proof
        Where the bound comes from; None where no proof was asked for.
    curve
        What 0, 1, 2 … sites cover, and their bounds.
    """

    way: str
    sites: tuple[Site, ...]
    people: int
    cost: float | None
    upper_bound: int
    proof: Proof | None
    curve: tuple[Step, ...]

    @property
    def proven(self) -> bool:
        """Say whether nothing among the candidates covers one person more."""
        return self.people == self.upper_bound


class Comparison:
    """The same candidates and people, asked about for one kind of sites after the other."""

    def __init__(
        self,
        opened: Opened,
        asked: Asked,
        gathered: Gathered,
        cover: Cover,
        homes: NDArray[np.int64],
    ) -> None:
        groups = opened.town.homes.groups
        self._asked, self._gathered, self._cover = asked, gathered, cover
        self._groups = {name: counts[homes] for name, counts in groups.items()}
        self._living = self._groups[asked.group]
        self._costs = _costs(asked, gathered.spots)
        spots = len(gathered.spots)
        self._decided = range(spots, spots + len(gathered.fixed))
        self._apart = self._too_close()

    def _too_close(self) -> TooClose:
        every, metres = (
            joined([self._gathered.spots, self._gathered.fixed]),
            self._asked.apart_metres,
        )
        try:
            return too_close(every.x, every.y, metres=metres, most=MOST_NEAR)
        except TooMany:
            raise refused(
                "apart_metres",
                metres,
                "在这个间距内的候选点太多，一次比较不完，",
                "请减小间距，或减少候选点。",
                "Too many candidates stand within this distance of each other. Shorten it, or ask "
                "for fewer candidates.",
            ) from None

    def fixed(self) -> tuple[Site, ...]:
        """Tell whom the decided sites cover, in the order given."""
        first = len(self._gathered.spots)
        told = self._told(list(self._decided), np.zeros(len(self._living), dtype=np.bool_))
        return tuple(replace(one, spot=one.spot - first, cost=None) for one in told)

    def solutions(self) -> tuple[Solution, ...]:
        """Answer for hosts, for opening anew, and for both, as far as they were wished."""
        wished, until = self._asked.wished, time.monotonic() + self._asked.seconds
        ways = ["hosts"] if wished.hosts is not None else []
        if wished.premises or wished.streets is not None:
            ways += ["new", "both"] if ways else ["new"]
        found: list[Solution] = []
        for number, way in enumerate(ways):
            left = max(until - time.monotonic(), 0.0) / (len(ways) - number)
            found.append(self._solved(way, left, found))
        return tuple(found)

    def _solved(self, way: str, seconds: float, others: Sequence[Solution]) -> Solution:
        """Answer for one way; the sites of others, all permitted in this one, are begun from."""
        asked, spots = self._asked, self._gathered.spots
        allowed = np.zeros(self._cover.candidates, dtype=np.bool_)
        for kind in WAYS[way]:
            allowed[: len(spots)] |= spots.of(kind)
        question = ask(
            self._cover,
            self._living,
            Conditions(
                at_most=asked.at_most,
                cost=self._prices(),
                budget=None if asked.budget is None else _hundredths(asked.budget),
                apart=self._apart,
                fixed=tuple(self._decided),
                allowed=allowed,
            ),
        )
        begin = [[site.spot for site in one.sites] for one in others if way == "both"]
        best, steps = curve(question, choose(question, cycles=CYCLES, begin=begin))
        proof = None
        if asked.seconds:
            proven = certify(question, best, seconds=seconds)
            best, proof = proven.sites, proven.proof
        known = [one.curve for one in others if way == "both"]
        return self._solution(way, best, told(_raised(steps, known), best), proof)

    def _solution(
        self, way: str, best: Sites, steps: tuple[Step, ...], proof: Proof | None
    ) -> Solution:
        covered = np.zeros(len(self._living), dtype=np.bool_)
        for spot in self._decided:
            covered[self._cover.of(spot)] = True
        sites = self._told(best.chosen, covered)
        costs = [None if one.cost is None else _hundredths(one.cost) for one in sites]
        known = [cost for cost in costs if cost is not None]
        return Solution(
            way=way,
            sites=sites,
            people=best.people,
            cost=sum(known) / HUNDREDTHS if len(known) == len(costs) else None,
            upper_bound=best.upper_bound,
            proof=proof,
            curve=steps,
        )

    def _prices(self) -> Counts | None:
        """Give the costs in hundredths, the decided at nothing; None where one is not known."""
        if None in self._costs:
            return None
        known = [_hundredths(cost) for cost in self._costs if cost is not None]
        return np.array([*known, *[0] * len(self._decided)], dtype=np.int64)

    def _told(self, chosen: Sequence[int], covered: Bools) -> tuple[Site, ...]:
        """Say of each site whom it covers beside those before it; ``covered`` is added to."""
        found, total = [], 0
        for spot in chosen:
            rows = self._cover.of(spot)
            fresh = rows[~covered[rows]]
            covered[fresh] = True
            groups = {name: int(counts[fresh].sum()) for name, counts in self._groups.items()}
            people = groups[self._asked.group]
            total += people
            cost = self._costs[spot] if spot < len(self._costs) else None
            found.append(Site(spot=spot, people=people, cumulative=total, groups=groups, cost=cost))
        return tuple(found)


def _raised(steps: Sequence[Step], others: Sequence[Sequence[Step]]) -> list[Step]:
    """Let a curve cover at each number of sites what others, permitted here too, cover there."""
    found = list(steps)
    for other in others:
        for size, (step, known) in enumerate(zip(found, other, strict=False)):
            found[size] = replace(step, people=max(step.people, known.people))
    return found


def _costs(asked: Asked, spots: Spots) -> list[float | None]:
    """Give each spot's cost: its own where it has one, otherwise that of its kind."""
    found: list[float | None] = [asked.costs.open] * len(spots)
    for spot in np.flatnonzero(spots.of(HOST)).tolist():
        found[spot] = asked.costs.host
    for spot in np.flatnonzero(spots.of(PREMISES)).tolist():
        own = asked.wished.premises[int(spots.row[spot])].cost
        if own is not None:
            found[spot] = own
    return found


def _hundredths(cost: float) -> int:
    return round(cost * HUNDREDTHS)
