"""Small cells: counts of few residents are left out, so that they cannot be found by subtraction.

Rules, in the README's words too: a count of 1 to 9 people (1 to 19 of an age group) is hidden, and
so is a count whose rest is that small, because the rest is a subtraction away. Points that follow
from a hidden count are widened to steps that hold at least as many people, and the total with
them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

FEWEST = 10
FEWEST_OF_A_GROUP = 20
HIDDEN = "人数过少，为保护隐私不列出"
Json = dict[str, Any]


def small(count: float, of: float, fewest: int) -> bool:
    """Tell whether a count or its rest is of few people but not of none."""
    return 0 < count < fewest or 0 < of - count < fewest


def open_line(line: Mapping[str, Any], people: int) -> Json:
    """Give a scorecard's line as it may leave the tenant.

    Parameters
    ----------
    line
        The contract's Line as JSON.
    people
        All residents of the line's area; a line that counts fewer counts an age group.

    Returns
    -------
    dict
        The line with ``hidden``; where that is true, the counts and the value are ``None`` and
        the points a span that does not tell them.
    """
    counted, of = line["numerator"], line["denominator"]
    if counted is None or of is None:
        return {**line, "hidden": False}
    fewest = FEWEST if of == people else FEWEST_OF_A_GROUP
    if small(of, people, fewest):
        blank = {"numerator": None, "denominator": None, "value": None, "met": None}
        points = {"low": 0.0, "high": line["out_of"]}
    elif any(small(end, of, fewest) for end in (counted["low"], counted["high"])):
        blank = {"numerator": None, "value": None}
        points = _widened(line, of, fewest)
    else:
        return {**line, "hidden": False}
    return {**line, **blank, "points": points, "why": HIDDEN, "hidden": True}


def open_total(
    points: Mapping[str, float], before: Sequence[Mapping[str, Any]], after: Sequence[Json]
) -> Json:
    """Widen an area's total by as much as its lines were, so that it does not tell them."""
    low, high = points["low"], points["high"]
    for old, new in zip(before, after, strict=True):
        low += new["points"]["low"] - old["points"]["low"]
        high += new["points"]["high"] - old["points"]["high"]
    return {"low": round(low, 6), "high": round(high, 6)}


def open_coverage(covered: Mapping[float, int], people: int) -> dict[float, int | None]:
    """Give the people covered within each number of minutes, hiding thin rings between them.

    The counts are nested, so the difference of two is a ring of people. From the longest walk
    down, a count is listed only when everything that a subtraction gives is none or not few.
    """
    listed: dict[float, int | None] = {}
    above = people
    for minutes in sorted(covered, reverse=True):
        count = covered[minutes]
        if small(count, above, FEWEST):
            listed[minutes] = None
        else:
            listed[minutes] = above = count
    return dict(sorted(listed.items()))


def hidden_areas(people: Mapping[str, int], whole: int) -> frozenset[str]:
    """Say which areas' numbers of people are hidden; the areas are of one kind.

    An area of 1 to 9 people is hidden, and so are the next larger ones until those hidden, with
    the people who live in none of the areas where these are few, are at least two and together
    not few.
    """
    hidden = {key for key, count in people.items() if 0 < count < FEWEST}
    outside = whole - sum(people.values())
    lost = [outside] if 0 < outside < FEWEST else []
    if not hidden and not lost:
        return frozenset()
    for key in sorted(people, key=lambda key: (people[key], key)):
        cells = [*lost, *(people[each] for each in hidden)]
        if len(cells) > 1 and sum(cells) >= FEWEST:
            break
        if people[key] > 0:
            hidden.add(key)
    return frozenset(hidden)


def _widened(line: Mapping[str, Any], of: float, fewest: int) -> Json:
    """Round a line's points outwards to steps of at least ``fewest`` people each."""
    out_of: float = line["out_of"]
    target, floor = line["target"], line["floor"] or 0.0
    reach = target - floor if target is not None and target > floor else 1.0
    step = max(1.0, math.ceil(fewest * out_of / (of * min(reach, 1.0))))
    low, high = line["points"]["low"], line["points"]["high"]
    return {
        "low": max(min(math.floor(low / step) * step, out_of - step), 0.0),
        "high": min((math.floor(high / step) + 1) * step, out_of),
    }
