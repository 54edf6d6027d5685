"""Findings: a scenario's counts as the run would have answered: demands, areas, scorecards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.contract import Scorecard
from core.runs.measure import Answer, AreaFacts, obstacle
from core.runs.terms import SLOT
from core.runs.town import Counts
from core.studies.whatif.standing import Standing
from core.studies.whatif.study import Study
from core.studies.whatif.tally import Count


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemandChange:
    """One demand of the ruleset whose answer is another now, and in which areas."""

    place: int
    before: Answer
    after: Answer
    areas: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """People within so many minutes of a format or slot, shape (areas, groups).

    ``before`` is None where the run did not measure it, ``after`` where it would not be measured.
    """

    key: str
    minutes: float
    before: Counts | None
    after: Counts | None
    gained: Counts
    lost: Counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CardChange:
    """One area judged anew."""

    area: int
    before: Scorecard
    after: Scorecard


def demand_changes(study: Study) -> tuple[DemandChange, ...]:
    """Answer the ruleset's demands, and give those whose answer is another in any area."""
    standing, touched = study.standing, study.register.other_formats()
    found = []
    for place, demand in enumerate(standing.demands):
        before = standing.opened.measured.answers[demand]
        why = before.why
        if touched & set(demand.formats):
            why = _why(study, place)
        counts = {sure: study.tally.counts.get(n) for sure, n in _numbers(standing, place).items()}
        if why == before.why and (why or not any(map(_shifted, counts.values()))):
            continue
        after = Answer(why=why) if why else _answer(standing, place, counts)
        found.append(
            DemandChange(
                place=place, before=before, after=after, areas=_differing(standing, before, after)
            )
        )
    return tuple(change for change in found if change.areas.any())


def coverage_changes(study: Study) -> tuple[Coverage, ...]:
    """Count what the report counts, and give what is another in any area or home."""
    standing, found = study.standing, []
    known, now = set(standing.opened.measured.walks), measured_keys(study)
    nobody = np.zeros(len(standing.groups), dtype=np.int64)
    for key, numbers in standing.reported.items():
        for number in numbers:
            count = study.tally.counts.get(number)
            if not _shifted(count) and (key in known) == (key in now):
                continue
            one = standing.indicators[number]
            base = standing.before(one)
            after = base if count is None else base + count.areas
            found.append(
                Coverage(
                    key=key,
                    minutes=one.minutes,
                    before=base if key in known else None,
                    after=after if key in now else None,
                    gained=nobody if count is None else count.gained,
                    lost=nobody if count is None else count.lost,
                )
            )
    return tuple(found)


def measured_keys(study: Study) -> set[str]:
    """Name the formats and slots that are measured: the run's, and what is offered now.

    A format of the run stays measured when its last offer closes: that nobody offers it is known
    then.
    """
    standing = study.standing
    known = set(standing.opened.measured.walks)
    more = study.register.formats(tuple(study.register.other_formats() - known))
    formats = standing.opened.catalogue.formats
    slots = {f"{SLOT}{formats[key].slot}" for key in more if key in formats and formats[key].slot}
    return known | more | slots


def card_changes(study: Study, changes: tuple[DemandChange, ...]) -> tuple[CardChange, ...]:
    """Let the ruleset judge the areas in which any answer is another.

    What was judged on the same answers is not judged again.

    Raises
    ------
    PluginFault
        The ruleset raised, or gave what the contract does not allow.
    """
    standing, opened = study.standing, study.standing.opened
    if not changes:
        return ()
    answers = {standing.demands[change.place]: change.after for change in changes}
    merged = {**opened.measured.answers, **answers}
    touched = np.logical_or.reduce([change.areas for change in changes])
    found = []
    for area in map(int, np.flatnonzero(touched)):
        said = tuple((change.place, *_said(change.after, area)) for change in changes)
        known = study.cards.get(area)
        if known is None or known[0] != said:
            named = opened.town.areas.each[area]
            facts = AreaFacts(
                area=named.key,
                people=int(opened.measured.people[area]),
                place=area,
                named=named,
                answers=merged,
            )
            known = study.cards[area] = (said, opened.catalogue.judge(opened.ruleset, facts))
        before = opened.judged[area].scorecard
        found.append(CardChange(area=area, before=before, after=known[1]))
    return tuple(found)


def gaining_and_losing(study: Study) -> tuple[Counts, Counts]:
    """Count the people by group who gain anything that the report counts, and who lose any."""
    return study.tally.gaining.people, study.tally.losing.people


def _numbers(standing: Standing, place: int) -> Mapping[bool, int]:
    return standing.asked.get(place, {})


def _shifted(count: Count | None) -> bool:
    return count is not None and bool(count.areas.any() or count.gained.any() or count.lost.any())


def _why(study: Study, place: int) -> str:
    """Say why a demand has no answer in the scenario; '' when it has one."""
    standing, opened = study.standing, study.standing.opened
    demand = standing.demands[place]
    town = replace(opened.town, offers=study.register.offers(set(demand.formats)))
    known = {*opened.keys, *study.register.formats(demand.formats)}
    return obstacle(town, demand, tuple(known), opened.catalogue.formats)


def _answer(standing: Standing, place: int, counts: Mapping[bool, Count | None]) -> Answer:
    demand, found = standing.demands[place], {}
    for sure, number in _numbers(standing, place).items():
        base, count = standing.before(standing.indicators[number])[:, 0], counts[sure]
        found[sure] = base if count is None else base + count.areas[:, 0]
    return Answer(low=found[True], high=found[False], people=standing.living[demand.group])


def _differing(standing: Standing, before: Answer, after: Answer) -> NDArray[np.bool_]:
    """Mark the areas in which two answers are not the same."""
    areas = len(standing.opened.town.areas.each)
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return np.full(areas, before.why != after.why, dtype=np.bool_)
    other: NDArray[np.bool_] = (before.low != after.low) | (before.high != after.high)
    return other


def _said(answer: Answer, area: int) -> tuple[str, int, int]:
    if answer.low is None or answer.high is None:
        return answer.why, 0, 0
    return "", int(answer.low[area]), int(answer.high[area])
