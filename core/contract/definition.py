"""Definition: a declared ruleset as checked values, ready to ask and to judge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from marshmallow import ValidationError

from core.contract.curves import Curve, curve
from core.contract.declared_schema import KINDS, RulesetFile
from core.contract.declared_walkers import assumed_walkers, walker_of
from core.contract.ruleset import CHARACTERS, Demand, Status, Walker, Window
from core.contract.tables import GROUPS

PERCENT = "%"
WEIGHTS = 100.0
WEIGHT_SLACK = 0.01
NUMBERS = {  # every number of an indicator, by the name that status_parts must tell about
    "threshold_minutes": "步行时间",
    "window": "营业时段",
    "target": "目标值",
    "floor": "起分值",
    "weight": "权重",
    "hard_floor": "硬性下限",
    "min_sample": "最少样本",
}
PARTS = {**NUMBERS, "formats": "业态组成", "group": "人群"}


class Misdeclared(ValueError):
    """A declared ruleset contradicts itself or lacks something; the message names the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One indicator. ``target``, ``floor`` and ``hard_floor`` are shares where ``unit`` is %."""

    key: str
    name: str
    dimension: str
    dimension_name: str
    kind: str
    demands: tuple[Demand, ...]
    figure: str
    min_sample: int
    unit: str
    target: float | None
    floor: float | None
    hard_floor: float | None
    curve: Curve
    out_of: float
    status: Status
    status_note: str
    source: str
    assumed: str
    unbuilt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A hard rule. ``of`` are indicator keys, or the key of one stated figure."""

    key: str
    name: str
    kind: str
    of: tuple[str, ...]
    than: float
    denied_by: str
    effect: str
    cap: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A grade, best first in a definition."""

    key: str
    name: str
    min_score: float
    requires: tuple[str, ...]
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A whole ruleset as values."""

    key: str
    version: str
    name: str
    english: str
    authority: str
    document: str
    effective: date
    status: Status
    notes: str
    indicators: tuple[Indicator, ...]
    rules: tuple[Rule, ...]
    grades: tuple[Grade, ...]
    assumptions: tuple[str, ...]


def define(raw: Mapping[str, Any]) -> Definition:
    """Check a merged file and make its values.

    Raises
    ------
    Misdeclared
        With the key, table or sum that is wrong.
    """
    try:
        file: dict[str, Any] = RulesetFile().load(raw)
    except ValidationError as wrong:
        raise Misdeclared(f"unknown or unusable keys: {wrong.messages}") from wrong
    for table in ("dimension", "indicator", "hard_rule", "grade", "speed_profile"):
        _distinct(table, [row["id"] for row in file[table]])
    _check_weights(file)
    indicators = tuple(_indicator(row, file) for row in file["indicator"])
    grades = tuple(sorted(map(_grade, file["grade"]), key=lambda grade: -grade.min_score))
    rules = tuple(_rule(row, indicators, grades) for row in file["hard_rule"])
    _known("grade requires", [key for grade in grades for key in grade.requires], rules)
    head = file["ruleset"]
    return Definition(
        key=head["id"],
        version=head["version"],
        name=head["title_zh"],
        english=head["title_en"],
        authority=head["issuer"],
        document=head["doc_no"],
        effective=head["issued"],
        status=head["status"],
        notes=head["notes"],
        indicators=indicators,
        rules=rules,
        grades=grades,
        assumptions=tuple(_assumptions(file, indicators, rules, grades)),
    )


def _distinct(what: str, keys: Sequence[str]) -> None:
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise Misdeclared(f"{what}: named twice: {', '.join(twice)}")


def _known(what: str, keys: Iterable[str], among: Iterable[Any]) -> None:
    unknown = sorted(set(keys) - {each.key for each in among})
    if unknown:
        raise Misdeclared(f"{what}: unknown: {', '.join(unknown)}")


def _check_weights(file: Mapping[str, Any]) -> None:
    """Hold that the dimensions, and the indicators within each, weigh a hundred."""
    sums = {"dimensions": [row["weight"] for row in file["dimension"]]}
    sums |= {row["id"]: [] for row in file["dimension"]}
    for row in file["indicator"]:
        if row["dimension"] not in sums or row["dimension"] == "dimensions":
            raise Misdeclared(f"indicator {row['id']}: unknown dimension {row['dimension']}")
        sums[row["dimension"]].append(row["weight"])
    for name, weights in sums.items():
        if abs(math.fsum(weights) - WEIGHTS) > WEIGHT_SLACK:
            raise Misdeclared(f"weights of {name} sum to {math.fsum(weights):g}, not 100")


def _indicator(row: Mapping[str, Any], file: Mapping[str, Any]) -> Indicator:
    numbers = _numbers(row, file["defaults"])
    parts: Mapping[str, Status] = row["status_parts"]
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise Misdeclared(f"indicator {row['id']}: status_parts names {', '.join(unknown)}")
    missing = sorted(set(numbers) - set(parts))
    if missing:
        raise Misdeclared(f"indicator {row['id']}: status_parts lacks {', '.join(missing)}")
    unbuilt = _unbuilt(row)
    scale = 100.0 if row["unit"] == PERCENT else 1.0
    target, floor, hard = (_scaled(row[name], scale) for name in ("target", "floor", "hard_floor"))
    try:
        points = [(value / scale, share) for value, share in row["points"]]
        earned = curve(row["curve"], floor=floor, target=target, points=points)
    except ValueError as wrong:
        raise Misdeclared(f"indicator {row['id']}: {wrong}") from wrong
    dimension = next(each for each in file["dimension"] if each["id"] == row["dimension"])
    return Indicator(
        key=row["id"],
        name=row["zh"],
        dimension=row["dimension"],
        dimension_name=dimension["zh"],
        kind=row["kind"],
        demands=_demands(row, file) if row["kind"] == "coverage" and not unbuilt else (),
        figure=row["of"],
        min_sample=row["min_sample"],
        unit=row["unit"],
        target=target,
        floor=floor,
        hard_floor=hard,
        curve=earned,
        out_of=round(dimension["weight"] * row["weight"] / WEIGHTS, 9),
        status=row["status"],
        status_note=_status_note(parts, row["status_note"]),
        source=row["source"],
        assumed="、".join(
            f"{NUMBERS[name]} {value}"
            for name, value in numbers.items()
            if parts[name] is Status.ASSUMED
        ),
        unbuilt=unbuilt,
    )


def _scaled(number: float | None, scale: float) -> float | None:
    return None if number is None else number / scale


def _numbers(row: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, str]:
    """List the numbers that an indicator states, as written, each with its unit."""
    minutes = row["threshold_minutes"] or defaults["threshold_minutes"]
    unit = "%" if row["unit"] == PERCENT else f" {row['unit']}"
    numbers = {} if row["kind"] == "survey" else {"threshold_minutes": f"{minutes:g} 分钟"}
    if row["window"]:
        numbers["window"] = row["window"]
    for name in ("target", "floor", "hard_floor"):
        if row[name] is not None:
            numbers[name] = f"{row[name]:g}{unit}"
    numbers["weight"] = f"{row['weight']:g}"
    if row["min_sample"]:
        numbers["min_sample"] = f"{row['min_sample']} 份"
    return numbers


def _status_note(parts: Mapping[str, Status], note: str) -> str:
    """Say which numbers are official, derived and assumed: 官、推、设."""
    said = []
    for status, character in CHARACTERS.items():
        names = [PARTS[name] for name, each in parts.items() if each is status]
        if names:
            said.append(f"{'、'.join(names)}：{character}")
    return "；".join([*said, note] if note else said)


def _unbuilt(row: Mapping[str, Any]) -> str:
    """Say what of an indicator cannot be computed yet; '' where all can."""
    reasons = [KINDS[row["kind"]]]
    if row["require_attr"]:
        reasons.append(f"网点属性“{row['require_attr']}”")
    if row["threshold_m"] is not None:
        reasons.append("按步行距离计算的覆盖")
    if row["aggregate"] not in ("", "mean_over_formats"):
        reasons.append(f"汇总方式“{row['aggregate']}”")
    if row["group"] not in ("all", *GROUPS):
        reasons.append(f"人群“{row['group']}”")
    reasons = [reason for reason in reasons if reason]
    return f"此指标的计算尚未建成（{'、'.join(reasons)}）。" if reasons else ""


def _demands(row: Mapping[str, Any], file: Mapping[str, Any]) -> tuple[Demand, ...]:
    """Ask once for the whole set, or once for each format where a mean is taken."""
    formats = tuple(row["formats"] or file["classes"].get(row["format_class"], ()))
    if not formats:
        raise Misdeclared(f"indicator {row['id']}: no formats")
    _distinct(f"indicator {row['id']}", formats)
    asked = [(each,) for each in formats] if row["aggregate"] else [formats]
    return tuple(
        Demand(
            formats=each,
            minutes=row["threshold_minutes"] or file["defaults"]["threshold_minutes"],
            group=row["group"],
            walker=_walker(row, file),
            window=_window(row["window"]),
            at_least=_at_least(row["match"], len(each)),
        )
        for each in asked
    )


def _choice(row: Mapping[str, Any], file: Mapping[str, Any]) -> str | Mapping[str, Any]:
    """Give the walker that an indicator names, or the file's."""
    rows = (row, file["defaults"])
    choices = (each[name] for each in rows for name in ("walker", "speed_profile") if each[name])
    choice: str | Mapping[str, Any] = next(choices, "")
    if not choice:
        raise Misdeclared("defaults: name a walker")
    return choice


def _walker(row: Mapping[str, Any], file: Mapping[str, Any]) -> Walker:
    try:
        return walker_of(_choice(row, file), file)
    except LookupError as wrong:
        raise Misdeclared(f"indicator {row['id']}: walker: {wrong}") from wrong


def _window(text: str) -> Window | None:
    if not text:
        return None
    start, end = (int(each[:2]) * 60 + int(each[3:]) for each in text.split("-"))
    if not 0 <= start < end <= 24 * 60:
        raise Misdeclared(f"window {text}: must rise within one day")
    return Window(start, end)


def _at_least(match: str, formats: int) -> int:
    wanted = {"any": 1, "all": formats}.get(match) or int(match.removeprefix("count>="))
    if wanted > formats:
        raise Misdeclared(f"match {match}: only {formats} formats")
    return wanted


def _rule(row: Mapping[str, Any], indicators: Sequence[Indicator], grades: Sequence[Grade]) -> Rule:
    when = row["when"]
    of = (when["of"],) if isinstance(when["of"], str) else tuple(when["of"])
    if when["kind"] in ("any_below_floor", "slots_incomplete"):
        of = tuple(each.key for each in indicators if {each.key, each.dimension} & set(of))
        if not of:
            raise Misdeclared(f"hard rule {row['id']}: nothing to watch")
    if row["effect"] == "cap":
        _known(f"hard rule {row['id']}", [row["cap"]], grades)
    return Rule(
        key=row["id"],
        name=row["zh"],
        kind=when["kind"],
        of=of,
        than=when["than"],
        denied_by=when["denied_by"],
        effect=row["effect"],
        cap=row["cap"],
        status=row["status"],
    )


def _grade(row: Mapping[str, Any]) -> Grade:
    return Grade(
        key=row["id"],
        name=row["zh"],
        min_score=row["min_score"],
        requires=tuple(row["requires"]),
        status=row["status"],
    )


def _assumptions(
    file: Mapping[str, Any],
    indicators: Sequence[Indicator],
    rules: Sequence[Rule],
    grades: Sequence[Grade],
) -> Iterable[str]:
    """Say every number that no text states: a report must print them."""
    weights = [f"{row['zh']} {row['weight']:g}" for row in _assumed(file["dimension"])]
    asking = [row for row, each in zip(file["indicator"], indicators, strict=True) if each.demands]
    speeds = assumed_walkers(file, [_choice(row, file) for row in asking])
    cuts = [f"{grade.name} {grade.min_score:g}" for grade in grades if _is_assumed(grade.status)]
    yield from (f"设定：{each.name}：{each.assumed}" for each in indicators if each.assumed)
    for what, numbers in (("维度权重", weights), ("步速", speeds), ("等级分数线", cuts)):
        if numbers:
            yield f"设定：{what}：{'、'.join(numbers)}"
    yield from (f"设定：硬性规则“{rule.name}”" for rule in rules if _is_assumed(rule.status))


def _assumed(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if _is_assumed(row["status"])]


def _is_assumed(status: Status) -> bool:
    return status is Status.ASSUMED
