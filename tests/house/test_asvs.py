"""Each requirement of the ASVS stands in the list once, and what is said to hold it is there."""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROW = re.compile(r"\| ([\d.]+) \| ([12]) \| ([a-z ]+) \| (.+) \|")
NAMED = re.compile(r"`([\w/.-]+\.py)::(test_\w+)`")
HOW = {"held", "not here", "operator", "open"}
PUBLISHED = {1: 70, 2: 183}  # how many requirements each level adds


def published():
    """Give the published numbers with their levels."""
    lines = (TESTS / "asvs-5.0.0.csv").read_text(encoding="utf-8").splitlines()
    table = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [(row["number"], int(row["level"])) for row in table]


def listed():
    """Give the rows of the list."""
    text = (TESTS / "ASVS.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| \d", line)]
    found = [ROW.fullmatch(line) for line in rows]
    assert all(found), [line for line, match in zip(rows, found, strict=True) if not match]
    return [(match[1], int(match[2]), match[3], match[4]) for match in found]


@cache
def names_in(path):
    """Name the tests of a file."""
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_published_list_is_whole():
    numbers = published()
    assert Counter(level for _, level in numbers) == PUBLISHED
    assert len({number for number, _ in numbers}) == len(numbers)


def test_every_requirement_stands_in_the_list_once_and_no_other():
    assert [(number, level) for number, level, _, _ in listed()] == published()


def test_every_requirement_says_how_it_is_held_or_why_not():
    for number, _, how, what in listed():
        assert how in HOW, number
        assert bool(NAMED.search(what)) == (how == "held"), number
        assert how == "held" or len(what) >= 6, number


def test_every_test_that_is_named_is_there():
    missing = [
        f"{number}: {path}::{name}"
        for number, _, _, what in listed()
        for path, name in NAMED.findall(what)
        if not (TESTS / path).is_file() or name not in names_in(path)
    ]
    assert not missing


def test_fields_of_passwords_are_masked_and_may_be_filled_by_a_keeper():
    fields = [
        field
        for path in (TESTS.parent / "tenants" / "templates").rglob("*.html")
        for field in re.findall(
            r'c\.field\("(?:password|old|new|again)".*?\}\}', path.read_text(encoding="utf-8")
        )
    ]
    assert len(fields) >= 3
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(current|new)-password"', field), field
