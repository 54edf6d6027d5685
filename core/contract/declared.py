"""Declared rulesets: a TOML file beside the code into a ``Ruleset``; no Python to write."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from core.contract.definition import Definition, Misdeclared, define
from core.contract.grading import scorecard
from core.contract.ruleset import Demand, Facts, Ruleset, Scorecard
from core.contract.scoring import line

BY_ID = ("speed_profile", "hard_rule", "grade")
COMPUTED = 1  # raised whenever the same rules and facts would give another scorecard
DEPTH = 4  # a ruleset of a district extends a city's, that a province's, that the nation's


@lru_cache(maxsize=64)
def declared_ruleset(package: str, filename: str) -> Ruleset:
    """Read a ruleset from a TOML file that lies in a package.

    ``extends = "package:file"`` in the file merges a parent: the child's dimensions replace the
    parent's, indicators of dimensions that remain are inherited, one with the same id is
    replaced; speed profiles, hard rules and grades likewise by id, and ``without`` drops some.

    Raises
    ------
    Misdeclared
        Where the file, or the whole after merging, contradicts itself.
    FileNotFoundError, ModuleNotFoundError
        Where the file or the package is not there.
    """
    raw = read(package, filename)
    try:
        return ruleset_of(raw)
    except Misdeclared as wrong:
        raise Misdeclared(f"{package}:{filename}: {wrong}") from wrong


def read(package: str, filename: str, depth: int = 0) -> dict[str, Any]:
    """Read a file with everything that it extends merged in; dates become ISO text."""
    if depth > DEPTH:
        raise Misdeclared(f"{package}:{filename}: extends more than {DEPTH} levels deep")
    text = (files(package) / filename).read_text(encoding="utf-8")
    try:
        raw = _plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as wrong:
        raise Misdeclared(f"{package}:{filename}: {wrong}") from wrong
    head = raw.get("ruleset", {})
    if not head.get("extends"):
        return dict(raw)
    parent_package, _, parent_file = head["extends"].partition(":")
    parent = read(parent_package, parent_file, depth + 1)
    wanted, found = head.get("extends_version"), parent["ruleset"]["version"]
    if wanted != found:
        raise Misdeclared(
            f"{package}:{filename}: extends version {wanted}, but {parent_file} is {found}"
        )
    return merge(parent, raw)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def merge(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a child's tables over its parent's.

    Raises
    ------
    Misdeclared
        Where ``without`` names what the parent does not have.
    """
    merged: dict[str, Any] = {"ruleset": child["ruleset"], "fact": child.get("fact", [])}
    for table in ("defaults", "classes"):
        merged[table] = {**parent.get(table, {}), **child.get(table, {})}
    if "speed_profile" in child.get("defaults", {}) and "walker" not in child["defaults"]:
        merged["defaults"].pop("walker", None)  # the child names its walker the other way
    merged["dimension"] = child.get("dimension") or parent["dimension"]
    remain = {row["id"] for row in merged["dimension"]}
    inherited = [row for row in parent["indicator"] if row["dimension"] in remain]
    merged["indicator"] = _over(inherited, child.get("indicator", []))
    for table in BY_ID:
        merged[table] = _over(parent.get(table, []), child.get(table, []))
    without = set(child["ruleset"].get("without", []))
    for table in ("indicator", *BY_ID):
        kept = [row for row in merged[table] if row["id"] not in without]
        without -= {row["id"] for row in merged[table]}
        merged[table] = kept
    if without:
        raise Misdeclared(f"without: the parent has no {', '.join(sorted(without))}")
    return merged


def _over(
    rows: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Replace rows by those of the same id, and append the rest."""
    replaced = {row["id"]: row for row in others}
    known = {row["id"] for row in rows}
    return [replaced.get(row["id"], row) for row in rows] + [
        row for row in others if row["id"] not in known
    ]


def ruleset_of(raw: Mapping[str, Any]) -> Ruleset:
    """Make a ruleset of a merged file; its digest covers every word, and how it is computed."""
    definition = define(raw)
    return Ruleset(
        key=definition.key,
        version=definition.version,
        name=definition.name,
        english=definition.english,
        authority=definition.authority,
        document=definition.document,
        effective=definition.effective,
        status=definition.status,
        notes=definition.notes,
        demands=lambda _settings: demands_of(definition),
        judge=lambda facts, settings: judge(definition, facts, settings),
        digest=hashlib.sha256(
            json.dumps(
                {"computed": COMPUTED, "rules": raw},
                ensure_ascii=False,
                sort_keys=True,
                separators=(",", ":"),
            ).encode()
        ).hexdigest(),
    )


def demands_of(definition: Definition) -> tuple[Demand, ...]:
    """List what the indicators ask, each demand once, in the order of the file."""
    return tuple(dict.fromkeys(demand for each in definition.indicators for demand in each.demands))


def judge(definition: Definition, facts: Facts, settings: Mapping[str, Any]) -> Scorecard:
    """Judge one area: plain arithmetic on its facts."""
    lines = [line(indicator, facts) for indicator in definition.indicators]
    return scorecard(definition, lines, facts, settings)
