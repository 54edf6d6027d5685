"""Facts into scorecards by the pinned ruleset, one area at a time."""

from __future__ import annotations

from dataclasses import dataclass

from core.catalog.view import Catalogue
from core.contract import Scorecard
from core.runs.areas import Area
from core.runs.lanes import Ticks
from core.runs.measure import AreaFacts, Measured
from core.runs.town import Town


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One area, its residents and its scorecard."""

    area: Area
    people: int
    scorecard: Scorecard


def judge(
    town: Town, measured: Measured, catalogue: Catalogue, ruleset_key: str, tick: Ticks
) -> tuple[Judged, ...]:
    """Let the ruleset judge every area, the whole first.

    Raises
    ------
    PluginFault
        The ruleset raised, or gave what the contract does not allow.
    """
    total = len(town.areas.each)
    judged = []
    for place, area in enumerate(town.areas.each):
        tick(place, total)
        people = int(measured.people[place])
        facts = AreaFacts(
            area=area.key, people=people, place=place, named=area, answers=measured.answers
        )
        scorecard = catalogue.judge(ruleset_key, facts)
        judged.append(Judged(area=area, people=people, scorecard=scorecard))
    return tuple(judged)
