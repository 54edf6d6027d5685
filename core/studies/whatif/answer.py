"""Answer: what a scenario changes, as JSON: people, coverage, demands, scores, homes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.contract import Line, Scorecard, Span
from core.db import WHOLE
from core.errors import NotFound
from core.kernel.walks import DECISECONDS_PER_MINUTE, UNREACHED, Deciseconds
from core.runs.measure import Answer
from core.runs.summary import name_of, order_of
from core.runs.terms import plain
from core.runs.town import Counts
from core.studies.whatif.edits import OpenGate
from core.studies.whatif.findings import (
    CardChange,
    Coverage,
    DemandChange,
    card_changes,
    coverage_changes,
    demand_changes,
    gaining_and_losing,
    measured_keys,
)
from core.studies.whatif.standing import Standing
from core.studies.whatif.study import Study

DEGREE_DECIMALS = 6
MINUTE_DECIMALS = 1
NO_ONE_MINDS_GATES = (
    "本次运行的步行者都能通过门禁，打开门禁不改变结果。",
    "Every walker of this run may pass gates, so opening one changes nothing.",
)


def answer(study: Study, *, key: str = "", area: str = WHOLE) -> dict[str, Any]:
    """Give all that a scenario changes against its run.

    Parameters
    ----------
    study
        Held by the caller.
    key
        Limits coverage to one format or slot.
    area
        Of which changed lines of the scorecard are given.

    Raises
    ------
    NotFound
        The run has no such area, or neither run nor scenario measured the format or slot.
    PluginFault
        The ruleset failed.
    """
    standing = study.standing
    place = _place(standing, area)
    if key:
        _known(study, key)
    demands = demand_changes(study)
    cards = card_changes(study, demands)
    gained, lost = gaining_and_losing(study)
    covered = [one for one in coverage_changes(study) if key in ("", one.key)]
    return {
        "edits": len(study.edits),
        "people": {"gaining": _groups(standing, gained), "losing": _groups(standing, lost)},
        "coverage": [_coverage(standing, one) for one in sorted(covered, key=_order)],
        "demands": [_demand(standing, one) for one in demands],
        "scores": [_score(standing, one) for one in cards],
        "lines": [line for one in cards if one.area == place for line in _lines(one)],
        "notes": _notes(study),
    }


def totals(study: Study) -> dict[str, Any]:
    """Give a scenario's coverage of all homes and the whole's score, to stand beside others."""
    standing = study.standing
    changed = {(one.key, one.minutes): one for one in coverage_changes(study)}
    known = measured_keys(study)
    rows = []
    for key in sorted(known, key=order_of):
        for number in standing.reported.get(key, ()):
            one = standing.indicators[number]
            found = changed.get((key, one.minutes))
            before = after = None if found else standing.before(one)
            if found is not None:
                before, after = found.before, found.after
            rows.append(
                {
                    "key": key,
                    "name": _name(standing, key),
                    "english": _name(standing, key, english=True),
                    "minutes": one.minutes,
                    "before": _first(before),
                    "after": _first(after),
                }
            )
    cards = {one.area: one for one in card_changes(study, demand_changes(study))}
    base = standing.opened.judged[0].scorecard
    now = cards[0].after if 0 in cards else base
    return {"coverage": rows, "score": {"before": _card(base), "after": _card(now)}}


def homes(study: Study, key: str) -> dict[str, Any]:
    """Give the homes whose walk to a format or slot is another now, as columns.

    Minutes are ``None`` beyond what the run measured.

    Raises
    ------
    NotFound
        Neither run nor scenario measured it.
    """
    standing = study.standing
    before, after = walks(study, key)
    other = np.flatnonzero(before != after)
    town = standing.opened.town
    return {
        "format": key,
        "name": _name(standing, key),
        "english": _name(standing, key, english=True),
        "row": other.tolist(),
        "lon": town.homes.lon[other].round(DEGREE_DECIMALS).tolist(),
        "lat": town.homes.lat[other].round(DEGREE_DECIMALS).tolist(),
        "people": town.homes.people[other].tolist(),
        "before": _minutes(before[other]),
        "after": _minutes(after[other]),
    }


def walks(study: Study, key: str) -> tuple[Deciseconds, Deciseconds]:
    """Give every home's walk to a format or slot, in the run and in the scenario.

    Raises
    ------
    NotFound
        Neither run nor scenario measured it.
    """
    _known(study, key)
    standing = study.standing
    lanes = standing.indicators[standing.reported[key][0]].lanes
    after = study.walks(lanes)
    before = standing.opened.measured.walks.get(key)
    if before is None:
        before = np.full_like(after, UNREACHED)
    return before, after


def _place(standing: Standing, area: str) -> int:
    keys = [each.key for each in standing.opened.town.areas.each]
    if area not in keys:
        raise NotFound(
            "这次运行没有该区域。请检查编号。",
            english="The run has no such area. Check its key.",
        )
    return keys.index(area)


def _known(study: Study, key: str) -> None:
    if key not in study.standing.reported or key not in measured_keys(study):
        raise NotFound(
            f"这次运行和情景都没有测量“{key}”。请从结果中的业态选择。",
            english=f"Neither the run nor the scenario measured {key!r}. Choose one of those "
            "they did.",
        )


def _order(one: Coverage) -> tuple[Any, ...]:
    return (*order_of(one.key), one.minutes)


def _name(standing: Standing, key: str, *, english: bool = False) -> str:
    return name_of(key, standing.opened.catalogue.formats, english=english)


def _groups(standing: Standing, counts: Counts) -> dict[str, int]:
    return dict(zip(standing.groups, counts.tolist(), strict=True))


def _first(counts: Counts | None) -> int | None:
    return None if counts is None else int(counts[0, 0])


def _coverage(standing: Standing, one: Coverage) -> dict[str, Any]:
    areas = standing.opened.town.areas.each
    if one.before is None or one.after is None:
        other = np.arange(1, len(areas))
    else:
        other = np.flatnonzero((one.before != one.after).any(axis=1)[1:]) + 1
    return {
        "key": one.key,
        "name": _name(standing, one.key),
        "english": _name(standing, one.key, english=True),
        "minutes": one.minutes,
        "gained": _groups(standing, one.gained),
        "lost": _groups(standing, one.lost),
        "before": None if one.before is None else _groups(standing, one.before[0]),
        "after": None if one.after is None else _groups(standing, one.after[0]),
        "areas": {
            "key": [areas[area].key for area in other],
            "before": _columns(standing, one.before, other),
            "after": _columns(standing, one.after, other),
        },
    }


def _columns(
    standing: Standing, counts: Counts | None, areas: np.ndarray[Any, Any]
) -> dict[str, list[int]] | None:
    if counts is None:
        return None
    return {group: counts[areas, column].tolist() for column, group in enumerate(standing.groups)}


def _demand(standing: Standing, change: DemandChange) -> dict[str, Any]:
    demand, other = standing.demands[change.place], np.flatnonzero(change.areas)
    people = standing.living[demand.group]
    return {
        "place": change.place,
        "demand": plain(demand),
        "areas": [standing.opened.town.areas.each[area].key for area in other],
        "people": people[other].tolist(),
        "before": _told(change.before, other),
        "after": _told(change.after, other),
    }


def _told(one: Answer, areas: np.ndarray[Any, Any]) -> dict[str, Any]:
    return {
        "low": None if one.low is None else one.low[areas].tolist(),
        "high": None if one.high is None else one.high[areas].tolist(),
        "why": one.why,
    }


def _score(standing: Standing, change: CardChange) -> dict[str, Any]:
    opened = standing.opened
    named = opened.town.areas.each[change.area]
    return {
        "area": named.key,
        "name": named.name,
        "kind": named.kind,
        "population": int(opened.measured.people[change.area]),
        "before": _card(change.before),
        "after": _card(change.after),
    }


def _card(card: Scorecard) -> dict[str, Any]:
    return {
        "points_low": card.points.low,
        "points_high": card.points.high,
        "out_of": card.out_of,
        "grade": card.grade,
        "grade_name": card.grade_name,
        "pending": list(card.pending),
    }


def _lines(change: CardChange) -> list[dict[str, Any]]:
    before = {line.key: line for line in change.before.lines}
    return [
        {
            "key": line.key,
            "name": line.name,
            "before": _line(before.get(line.key)),
            "after": _line(line),
        }
        for line in change.after.lines
        if line != before.get(line.key)
    ]


def _line(line: Line | None) -> dict[str, Any] | None:
    if line is None:
        return None
    return {
        "value": _span(line.value),
        "numerator": _span(line.numerator),
        "denominator": line.denominator,
        "points": _span(line.points),
        "out_of": line.out_of,
        "met": line.met,
        "why": line.why,
    }


def _span(span: Span | None) -> dict[str, float] | None:
    return None if span is None else {"low": span.low, "high": span.high}


def _minutes(row: Deciseconds) -> Sequence[float | None]:
    minutes = (row / DECISECONDS_PER_MINUTE).round(MINUTE_DECIMALS).tolist()
    return [
        None if walk >= UNREACHED else each
        for walk, each in zip(row.tolist(), minutes, strict=True)
    ]


def _notes(study: Study) -> list[dict[str, str]]:
    opened = any(isinstance(edit, OpenGate) for edit in study.edits)
    if opened and all(one.through_gates for one in study.standing.numbers):
        return [dict(zip(("zh", "en"), NO_ONE_MINDS_GATES, strict=True))]
    return []


def side_by_side(counted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Set the totals of scenarios of one run beside each other, in their order."""
    rows: dict[tuple[str, float], dict[str, Any]] = {}
    for column, one in enumerate(counted):
        for row in one["coverage"]:
            named = {name: row[name] for name in ("key", "name", "english", "minutes", "before")}
            place = rows.setdefault(
                (row["key"], row["minutes"]), {**named, "after": [None] * len(counted)}
            )
            place["after"][column] = row["after"]
    ordered = sorted(rows.values(), key=lambda row: (*order_of(row["key"]), row["minutes"]))
    return {
        "coverage": ordered,
        "score": {
            "before": counted[0]["score"]["before"],
            "after": [one["score"]["after"] for one in counted],
        },
    }
