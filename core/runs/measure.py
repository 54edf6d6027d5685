"""Plan into facts: demands answered and coverage counted, area by area, in whole people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.contract import BusinessFormat, Demand, Fact, Figure
from core.kernel.coverage import covered_homes, within
from core.kernel.walkers import Profile
from core.kernel.walks import Deciseconds
from core.runs.areas import Area
from core.runs.lanes import Lane, Ticks, Walks, hours_known, lanes_of, walk, wanted
from core.runs.network import Network, networks
from core.runs.params import Params
from core.runs.terms import REPORT_WALKER, SLOT
from core.runs.town import Counts, Town
from core.store import Derived

GROUP_NAMES = {
    "60+": "60 岁及以上",
    "65+": "65 岁及以上",
    "0-3": "0–3 岁",
    "0-6": "0–6 岁",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """One demand in every area: people surely covered, possibly covered, and in all.

    ``why`` is empty, or says in Chinese why the three are missing.
    """

    low: Counts | None = None
    high: Counts | None = None
    people: Counts | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What the kernel found.

    Parameters
    ----------
    people
        Residents per area.
    answers
        One per demand of the ruleset.
    walks
        Walk per home by format key and ``slot:`` key, the report's walker, any hours.
    coverage
        People covered, by key and by minutes: one number per area.
    """

    people: Counts
    answers: Mapping[Demand, Answer]
    walks: Mapping[str, Deciseconds]
    coverage: Mapping[str, Mapping[float, Counts]]


@dataclass(slots=True, kw_only=True)
class AreaFacts:
    """One area's answers, as the contract's ``Facts``."""

    area: str
    people: int
    place: int
    named: Area
    answers: Mapping[Demand, Answer]

    def __getitem__(self, demand: Demand) -> Fact | None:
        """Give the answer, or ``None`` when it could not be measured or nobody is asked about."""
        answer = self.answers.get(demand)
        if answer is None or answer.low is None or answer.high is None or answer.people is None:
            return None
        people = int(answer.people[self.place])
        if people == 0:
            return None
        return Fact(
            covered_low=int(answer.low[self.place]),
            covered_high=int(answer.high[self.place]),
            people=people,
        )

    def figure(self, key: str) -> Figure | None:
        """Give the surveyed satisfaction, the one figure that areas carry."""
        return self.named.satisfaction if key == "satisfaction" else None

    def why(self, demand: Demand) -> str:
        """Say in Chinese why a demand has no answer; '' when it has one."""
        answer = self.answers.get(demand)
        if answer is None:
            return "规则未事先提出该项测量"
        if answer.why:
            return answer.why
        if answer.people is not None and int(answer.people[self.place]) == 0:
            who = GROUP_NAMES.get(demand.group, "")
            return f"本区域没有{who}居民"
        return ""


def ready(
    town: Town, demands: Sequence[Demand], params: Params, derived: Derived | None = None
) -> dict[Profile, Network]:
    """Prepare the streets for all walkers whom the ruleset and the report name."""
    asked = wanted(demands, town.offers.formats(), longest_minutes(demands, params))
    return networks(town, {one: want.limit_ds for one, want in asked.items()}, derived)


def measure(
    town: Town,
    demands: Sequence[Demand],
    formats: Mapping[str, BusinessFormat],
    params: Params,
    tick: Ticks,
    prepared: Mapping[Profile, Network],
) -> tuple[Walks, tuple[str, ...]]:
    """Walk every lane that the ruleset and the report need.

    Parameters
    ----------
    prepared
        What :func:`ready` gave for the same demands.

    Returns
    -------
    Walks
        The walks of all lanes.
    tuple of str
        The keys of the formats that are measured: those offered, and with ``register_complete``
        those that were asked for or are in the catalogue.
    """
    offered = town.offers.formats()
    asked_for = wanted(demands, offered, longest_minutes(demands, params))
    walks = walk(town, prepared, asked_for, tick)
    if not params.register_complete:
        return walks, offered
    asked = {key for demand in demands for key in demand.formats}
    return walks, tuple(sorted({*offered, *asked, *formats}))


def longest_minutes(demands: Sequence[Demand], params: Params) -> float:
    """Give the longest walk that the report tells."""
    return max([params.limit_minutes, *(demand.minutes for demand in demands)])


def count(
    town: Town,
    walks: Walks,
    demands: Sequence[Demand],
    measured: Sequence[str],
    formats: Mapping[str, BusinessFormat],
    params: Params,
) -> Measured:
    """Count the people of every area whom each demand, format and slot covers."""
    answers = {
        demand: _answer(town, walks, demand, obstacle(town, demand, measured, formats))
        for demand in dict.fromkeys(demands)
    }
    longest = longest_minutes(demands, params)
    rows = report_walks(walks, measured, formats, longest)
    people = town.homes.people
    coverage = {
        key: {
            minutes: town.areas.people(np.where(within(row, minutes), people, 0))
            for minutes in params.report_minutes
        }
        for key, row in rows.items()
    }
    return Measured(
        people=town.areas.people(people), answers=answers, walks=rows, coverage=coverage
    )


def report_walks(
    walks: Walks, measured: Sequence[str], formats: Mapping[str, BusinessFormat], minutes: float
) -> dict[str, Deciseconds]:
    """Give the walk to each format and to the nearest of each slot's formats, any hours."""
    rows = {key: walks.of(REPORT_WALKER, Lane(format=key), minutes) for key in measured}
    slots: dict[str, list[str]] = {}
    for key in measured:
        if key in formats and formats[key].slot:
            slots.setdefault(f"{SLOT}{formats[key].slot}", []).append(key)
    for slot, keys in sorted(slots.items()):
        rows[slot] = np.minimum.reduce([rows[key] for key in keys])
    return rows


def _answer(town: Town, walks: Walks, demand: Demand, why: str) -> Answer:
    if why:
        return Answer(why=why)
    group = town.homes.groups[demand.group]
    counted = []
    for sure in (True, False):
        rows = [
            walks.of(demand.walker, lane, demand.minutes) for lane in lanes_of(demand, sure=sure)
        ]
        homes = covered_homes(np.stack(rows), demand.minutes, at_least=demand.at_least)
        counted.append(town.areas.people(np.where(homes, group, 0)))
    return Answer(low=counted[0], high=counted[1], people=town.areas.people(group))


def obstacle(
    town: Town, demand: Demand, measured: Sequence[str], formats: Mapping[str, BusinessFormat]
) -> str:
    """Say why a demand cannot be answered from these data; '' when it can."""
    if demand.group not in town.homes.groups:
        who = GROUP_NAMES.get(demand.group, demand.group)
        return f"居民数据没有{who}人口"
    missing = [key for key in demand.formats if key not in set(measured)]
    if len(demand.formats) - len(missing) < demand.at_least:
        names = "、".join(formats[key].name if key in formats else key for key in missing)
        return f"网点数据中没有登记这些业态，无法区分“没有”与“未登记”：{names}"
    if demand.window is not None:
        offered = [key for key in demand.formats if key in town.offers.formats()]
        if offered and not hours_known(town.offers, offered, demand.window):
            return "这些业态的网点都没有登记营业时间"
    return ""
