"""Grading: lines into points and a grade; a grade is given only where every end agrees."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from core.contract.definition import Definition, Grade, Rule
from core.contract.ruleset import Facts, Line, Scorecard, Span
from core.contract.scoring import DECIMALS

BELOW = "未达标"
PENDING = "等级待定"


def scorecard(
    definition: Definition, lines: Sequence[Line], facts: Facts, settings: Mapping[str, Any]
) -> Scorecard:
    """Add the lines up, ask the hard rules, and grade the worst and the best outcome.

    The worst outcome has the fewest points and every undecided rule against it, the best the
    most points and none. Where both get the same grade, nothing that is missing can change it.
    """
    points = Span(_sum(line.points.low for line in lines), _sum(line.points.high for line in lines))
    struck = {
        rule.key: _struck(rule, definition, {line.key: line for line in lines}, facts, settings)
        for rule in definition.rules
    }
    sure = {key for key, answer in struck.items() if answer is True}
    undecided = {key for key, answer in struck.items() if answer is None}
    worst = _grade(definition, points.low, sure | undecided)
    best = _grade(definition, points.high, sure)
    agreed = worst == best
    grade = best if agreed else None
    return Scorecard(
        lines=tuple(lines),
        points=points,
        out_of=_sum(line.out_of for line in lines),
        grade=grade.key if grade else None,
        grade_name=(grade.name if grade else BELOW) if agreed else PENDING,
        pending=() if agreed else tuple(_pending(definition, lines, undecided)),
        notes=(*_findings(definition, struck, settings), *definition.assumptions),
    )


def _sum(numbers: Iterable[float]) -> float:
    return round(math.fsum(numbers), DECIMALS)


def _struck(
    rule: Rule,
    definition: Definition,
    lines: Mapping[str, Line],
    facts: Facts,
    settings: Mapping[str, Any],
) -> bool | None:
    """Tell whether a rule strikes; ``None`` where that is not known."""
    if rule.kind == "evidence_missing":
        return facts.figure(rule.of[0]) is None
    if rule.kind == "fact_over":
        figure = facts.figure(rule.of[0])
        if figure is not None:
            return figure.value > rule.than
        return False if settings.get(rule.denied_by) is True else None
    if rule.kind == "slots_incomplete":
        return _either(_empty(lines[key].value) for key in rule.of)
    floors = {each.key: each.hard_floor for each in definition.indicators}
    return _either(_below(lines[key].value, floors[key]) for key in rule.of)


def _empty(value: Span | None) -> bool | None:
    """Tell whether nobody at all is covered."""
    if value is None:
        return None
    if value.high <= 0:
        return True
    return False if value.low > 0 else None


def _below(value: Span | None, floor: float | None) -> bool | None:
    if floor is None:
        return False
    if value is None:
        return None
    if value.high < floor:
        return True
    return False if value.low >= floor else None


def _either(answers: Iterable[bool | None]) -> bool | None:
    """Give the logical or of answers some of which are not known."""
    known = tuple(answers)
    if True in known:
        return True
    return None if None in known else False


def _grade(definition: Definition, points: float, struck: Collection[str]) -> Grade | None:
    """Give the best grade that the points reach and the rules that strike allow."""
    rules = [rule for rule in definition.rules if rule.key in struck]
    if any(rule.effect == "fail" for rule in rules):
        return None
    order = [grade.key for grade in definition.grades]
    first = max((order.index(rule.cap) for rule in rules if rule.effect == "cap"), default=0)
    for grade in definition.grades[first:]:
        if points >= grade.min_score and not set(grade.requires) & set(struck):
            return grade
    return None


def _pending(
    definition: Definition, lines: Sequence[Line], undecided: Collection[str]
) -> Iterator[str]:
    """Say what would decide the grade: undecided rules first, then the widest lines."""
    for rule in definition.rules:
        if rule.key in undecided:
            yield f"硬性规则“{rule.name}”尚不能判定：{_lacking(rule, lines)}"
    for line in sorted(lines, key=lambda line: line.points.low - line.points.high):
        if line.points.low < line.points.high:
            span = f"{line.points.low:.1f}–{line.points.high:.1f} 分（满分 {line.out_of:.1f}）"
            yield f"{line.name}：{span}。{line.why}"


def _lacking(rule: Rule, lines: Sequence[Line]) -> str:
    if rule.kind == "fact_over":
        return "缺少有关记录或声明。"
    open_lines = [
        line.name
        for line in lines
        if line.key in rule.of and (line.value is None or line.value.low < line.value.high)
    ]
    return f"{'、'.join(open_lines)} 未测得确定的值。"


def _findings(
    definition: Definition, struck: Mapping[str, bool | None], settings: Mapping[str, Any]
) -> Iterator[str]:
    """Say which rules strike and what they do, and which rest on the tenant's own word."""
    names = {grade.key: grade.name for grade in definition.grades}
    for rule in definition.rules:
        effects = {
            "fail": "不达标",
            "cap": f"等级至多为“{names.get(rule.cap, '')}”",
            "flag": "提请注意，不影响等级",
        }
        if struck[rule.key]:
            yield f"硬性规则“{rule.name}”触发：{effects[rule.effect]}。"
        elif settings.get(rule.denied_by) is True:
            yield f"硬性规则“{rule.name}”未触发：依据本单位在插件设置中的声明。"
