"""Small cells: counts of few residents are left out, so that they cannot be found by subtraction.

Rules, in the README's words too: a count of 1 to 9 people (1 to 19 of an age group) is hidden, and
so is a count whose rest is that small, because the rest is a subtraction away. Points that follow
from a hidden count are widened to steps that hold at least as many people, and the total with
them. Every count that is told is told in whole tens (twenties of an age group), rounded down, and
the points that follow from it as a span as wide: so the difference between two runs, or between
the whole and its areas, is never known to the person. A place may set another step than ten, of
at least five.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

FEWEST = 10
FEWEST_OF_A_GROUP = 20
HIDDEN = "人数过少，为保护隐私不列出"
Json = dict[str, Any]


def of_a_group(fewest: int) -> int:
    """Give how few of an age group are too few, from how few people are."""
    return max(FEWEST_OF_A_GROUP, 2 * fewest)


def told(count: float, fewest: int) -> int:
    """Give a number of people as it is told: in whole steps, rounded down."""
    return int(count // fewest * fewest)


def small(count: float, of: float, fewest: int) -> bool:
    """Tell whether a count or its rest is of few people but not of none."""
    return 0 < count < fewest or 0 < of - count < fewest


def open_line(line: Mapping[str, Any], people: int, fewest: int = FEWEST) -> Json:
    """Give a scorecard's line as it may leave the tenant.

    Parameters
    ----------
    line
        The contract's Line as JSON.
    people
        All residents of the line's area; a line that counts fewer counts an age group.
    fewest
        The smallest number of people that is told.

    Returns
    -------
    dict
        The line with ``hidden``; where that is true, the counts and the value are ``None`` and
        the points a span that does not tell them. Otherwise counts are told in steps, the value
        is of these, and points between none and all are a span of one step.
    """
    counted, of = line["numerator"], line["denominator"]
    if counted is None or of is None:
        return {**line, "hidden": False}
    step = fewest if of == people else of_a_group(fewest)
    if small(of, people, step):
        blank: Json = {"numerator": None, "denominator": None, "value": None, "met": None}
        points = {"low": 0.0, "high": line["out_of"]}
    elif any(small(end, of, step) for end in (counted["low"], counted["high"])):
        blank = {"numerator": None, "denominator": told(of, step), "value": None}
        points = _widened(line, of, step)
    else:
        return {**line, **_rounded(line, of, step), "hidden": False}
    return {**line, **blank, "points": points, "why": HIDDEN, "hidden": True}


def _rounded(line: Mapping[str, Any], of: float, step: int) -> Json:
    """Give a line's counts in steps, its value of these, and its points as wide as a step."""
    counted, whole = line["numerator"], told(of, step)
    ends = {end: told(counted[end], step) for end in ("low", "high")}
    told_of = {"numerator": ends, "denominator": whole}
    if line["value"] is not None and whole:
        told_of["value"] = {end: ends[end] / whole for end in ends}
    low, high = line["points"]["low"], line["points"]["high"]
    if low == high and low in (0.0, line["out_of"]):
        return told_of
    grid = _parted(_points_of(line, of, step), line["out_of"])
    return {**told_of, "points": _stepped(low, high, line["out_of"], grid)}


def open_area(
    points: Mapping[str, float],
    lines: Sequence[Mapping[str, Any]],
    people: int,
    out_of: float,
    fewest: int = FEWEST,
) -> Json:
    """Give an area's total as a span in which any of its lines may count a step more or less.

    An area's lines do not leave the tenant; its total must not tell what they count, nor, taken
    from the whole's, what another area's count.
    """
    steps = [
        _points_of(line, line["denominator"], fewest if line["denominator"] == people else group)
        for group in [of_a_group(fewest)]
        for line in lines
        if line["numerator"] is not None and line["denominator"]
    ]
    if not steps:
        return dict(points)
    grid = _parted(max(steps), out_of)
    return _stepped(points["low"], points["high"], out_of, grid)


def open_total(
    points: Mapping[str, float], before: Sequence[Mapping[str, Any]], after: Sequence[Json]
) -> Json:
    """Widen an area's total by as much as its lines were, so that it does not tell them."""
    low, high = points["low"], points["high"]
    for old, new in zip(before, after, strict=True):
        low += new["points"]["low"] - old["points"]["low"]
        high += new["points"]["high"] - old["points"]["high"]
    return {"low": round(low, 6), "high": round(high, 6)}


def open_coverage(
    covered: Mapping[float, int], people: int, fewest: int = FEWEST
) -> dict[float, int | None]:
    """Give the people covered within each number of minutes, hiding thin rings between them.

    The counts are nested, so the difference of two is a ring of people. From the longest walk
    down, a count is listed only when everything that a subtraction gives is none or not few; in
    steps, as all counts are.
    """
    listed: dict[float, int | None] = {}
    above = people
    for minutes in sorted(covered, reverse=True):
        count = covered[minutes]
        if small(count, above, fewest):
            listed[minutes] = None
        else:
            above = count
            listed[minutes] = told(count, fewest)
    return dict(sorted(listed.items()))


def hidden_areas(people: Mapping[str, int], whole: int, fewest: int = FEWEST) -> frozenset[str]:
    """Say which areas' numbers of people are hidden; the areas are of one kind.

    An area of 1 to 9 people is hidden, and so are the next larger ones until those hidden, with
    the people who live in none of the areas where these are few, are at least two and together
    not few.
    """
    hidden = {key for key, count in people.items() if 0 < count < fewest}
    outside = whole - sum(people.values())
    lost = [outside] if 0 < outside < fewest else []
    if not hidden and not lost:
        return frozenset()
    for key in sorted(people, key=lambda key: (people[key], key)):
        cells = [*lost, *(people[each] for each in hidden)]
        if len(cells) > 1 and sum(cells) >= fewest:
            break
        if people[key] > 0:
            hidden.add(key)
    return frozenset(hidden)


def _points_of(line: Mapping[str, Any], of: float, people: int) -> float:
    """Give how many of a line's points so many people are worth at the steepest."""
    out_of: float = line["out_of"]
    target, floor = line["target"], line["floor"] or 0.0
    reach = target - floor if target is not None and target > floor else 1.0
    worth: float = people * out_of / (of * min(reach, 1.0))
    return worth


def _widened(line: Mapping[str, Any], of: float, fewest: int) -> Json:
    """Round a hidden line's points outwards to whole points of at least ``fewest`` people each."""
    out_of: float = line["out_of"]
    step = max(1.0, math.ceil(_points_of(line, of, fewest)))
    return _stepped(line["points"]["low"], line["points"]["high"], out_of, step)


def _parted(step: float, out_of: float) -> float:
    """Widen a step to a tenth, a fifth, a half … of the scale: an exact one would tell people."""
    parts = [each * ten for ten in (1, 10, 100, 1000, 10_000) for each in (1, 2, 5)]
    return out_of / max(each for each in parts if each == 1 or out_of / each >= step)


def _stepped(low: float, high: float, out_of: float, step: float) -> Json:
    """Round points outwards to a grid of steps, at least one step wide and within the scale."""
    return {
        "low": max(min(math.floor(low / step) * step, out_of - step), 0.0),
        "high": min((math.floor(high / step) + 1) * step, out_of),
    }
