"""No sequence of what is told above gives the number of people in a group of fewer than ten.

Exhaustive on small worlds: every world is told as the product tells it, worlds that are told alike
are put together, and what is small in one of them must not be the same in all of them. Whoever
reads knows the rules, the order of the counts and every output; only not the world.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict

import pytest

from tenants.review.compare import compare
from tenants.review.suppress import (
    hidden_areas,
    of_a_group,
    open_area,
    open_coverage,
    open_line,
    told,
)

STEP = 5  # the least that a place may set; ten makes no world of these sizes interesting
OUT_OF = 10.0


def line(covered, of):
    points = {"low": OUT_OF * covered / of, "high": OUT_OF * covered / of} if of else None
    return {
        "key": "k",
        "name": "k",
        "unit": "%",
        "value": {"low": covered / of, "high": covered / of} if of else None,
        "numerator": {"low": covered, "high": covered},
        "denominator": of,
        "points": points or {"low": 0.0, "high": OUT_OF},
        "out_of": OUT_OF,
        "target": 1.0,
        "floor": None,
        "met": covered == of,
        "why": "",
    }


def known_exactly(worlds, tell, groups, fewest=STEP):
    """Give the groups of few people whose number all worlds that are told alike agree upon."""
    alike = defaultdict(list)
    for world in worlds:
        alike[json.dumps(tell(world), sort_keys=True)].append(world)
    found = []
    for same in alike.values():
        for name, group in groups.items():
            numbers = {group(world) for world in same}
            if len(numbers) == 1 and 0 < min(numbers) < fewest:
                found.append((name, same[0]))
    return found


def test_two_runs_of_one_place_do_not_tell_who_is_between_them():
    """Worlds: how many are covered before and after a change, of how many."""
    worlds = [
        (before, after, of)
        for of in (40, 43, 47)
        for before in range(of + 1)
        for after in range(before, of + 1)
    ]

    def tell(world):
        before, after, of = world
        return [open_line(line(count, of), of, STEP) for count in (before, after)]

    groups = {
        "gained": lambda world: world[1] - world[0],
        "covered before": lambda world: world[0],
        "covered after": lambda world: world[1],
        "left after": lambda world: world[2] - world[1],
    }
    assert known_exactly(worlds, tell, groups) == []


def test_a_comparison_tells_no_more_than_its_two_sides():
    def summary(count, of):
        opened = open_line(line(count, of), of, STEP)
        return {
            "ruleset": {"key": "r", "version": "1", "digest": "d"},
            "walker": None,
            "params": {},
            "datasets": [],
            "sample": False,
            "people": told(of, STEP),
            "whole": {"points": opened["points"], "lines": [opened]},
            "slots": [],
        }

    worlds = [(a, b, 33) for a in range(34) for b in range(a, 34)]

    def tell(world):
        compared = compare(summary(world[0], world[2]), summary(world[1], world[2]))
        return [repr(compared.rows), repr(compared.left_points), repr(compared.right_points)]

    groups = {
        "between": lambda world: world[1] - world[0],
        "left": lambda world: world[2] - world[1],
    }
    assert known_exactly(worlds, tell, groups) == []


def test_every_sequence_of_minutes_hides_the_rings_between_them():
    worlds = [
        (five, ten, fifteen, 28)
        for fifteen in range(29)
        for ten in range(fifteen + 1)
        for five in range(ten + 1)
    ]

    def tell(world):
        return open_coverage(dict(zip((5.0, 10.0, 15.0), world[:3], strict=True)), world[3], STEP)

    groups = {
        f"ring {a}-{b}": lambda world, a=a, b=b: world[b] - world[a]
        for a, b in itertools.combinations(range(4), 2)
    } | {"within five": lambda world: world[0]}
    assert known_exactly(worlds, tell, groups) == []


def test_the_whole_and_its_areas_do_not_tell_a_small_area():
    """Worlds: people of three areas, covered of each; the areas are all of the place."""
    sizes = [
        people for people in itertools.product(range(1, 14), repeat=3) if 13 <= sum(people) <= 17
    ]
    worlds = [
        (people, covered)
        for people in sizes
        for covered in itertools.product(*(range(each + 1) for each in people))
    ]

    def tell(world):
        people, covered = world
        whole = sum(people)
        areas = dict(zip("abc", people, strict=True))
        hidden = hidden_areas(areas, whole, STEP)
        said = [told(whole, STEP), open_line(line(sum(covered), whole), whole, STEP)]
        for (key, living), count in zip(areas.items(), covered, strict=True):
            one = line(count, living)
            points = open_area(one["points"], [one], living, OUT_OF, STEP)
            said.append(None if key in hidden else told(living, STEP))
            said.append(None if living < STEP else points)
        return said

    groups = {}
    for at, key in enumerate("abc"):
        groups[f"covered in {key}"] = lambda world, at=at: world[1][at]
        groups[f"not covered in {key}"] = lambda world, at=at: world[0][at] - world[1][at]
    assert known_exactly(worlds, tell, groups) == []


def test_boundaries_that_move_by_a_house_do_not_tell_its_people():
    """Worlds: people of an area under two boundaries, the rest of the place outside."""
    worlds = [(a, b, 60) for a in range(61) for b in range(a, 61)]

    def tell(world):
        said = []
        for living in world[:2]:
            hidden = hidden_areas({"a": living}, world[2], STEP)
            said.append([None if hidden else told(living, STEP), told(world[2], STEP)])
        return said

    groups = {"moved": lambda world: world[1] - world[0], "area": lambda world: world[0]}
    assert known_exactly(worlds, tell, groups) == []


def test_telling_in_two_steps_tells_no_more_than_in_the_finer():
    """A place that changes its step hands the same run up twice."""
    worlds = [(count, 61) for count in range(62)]

    def tell(world):
        return [open_line(line(*world), world[1], step) for step in (5, 10, 15)]

    groups = {"covered": lambda world: world[0], "left": lambda world: world[1] - world[0]}
    assert known_exactly(worlds, tell, groups) == []


def test_an_age_group_is_told_in_twenties_at_least():
    assert [of_a_group(fewest) for fewest in (5, 10, 15)] == [20, 20, 30]
    opened = open_line(line(57, 130), 5000)
    assert (opened["numerator"], opened["denominator"]) == ({"low": 40, "high": 40}, 120)


@pytest.mark.parametrize("untold", ["as it is", "without small cells only"])
def test_the_search_finds_what_such_rules_would_leave_open(untold):
    """Controls: counts as they are, and small cells hidden but the others told to the person."""
    worlds = [(a, b, 40) for a in range(41) for b in range(a, 41)]

    def tell(world):
        if untold == "as it is":
            return world
        hide = [0 < count < STEP or 0 < world[2] - count < STEP for count in world[:2]]
        return [None if each else count for each, count in zip(hide, world[:2], strict=True)]

    assert known_exactly(worlds, tell, {"gained": lambda world: world[1] - world[0]})
