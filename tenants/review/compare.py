"""Two summaries side by side: only like with like, otherwise which of them differs in what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.contract import Span

Summary = Mapping[str, Any]

# Parameters that a score depends on, as they are called; the reported minutes are not among them.
PARAMS: Mapping[str, tuple[str, str]] = {
    "access_limit_metres": ("到最近街道的最大距离", "the greatest distance to a street"),
    "largest_component_only": ("是否只用最大连通街道", "whether only the largest network counts"),
    "register_complete": ("网点登记是否完整", "whether the outlets' register is complete"),
    "limit_minutes": ("测量的最长步行分钟", "the longest walk measured"),
}
CHECKS = ("ruleset", "walker", "params", "residents", "sample")
HARMLESS = frozenset({"report_minutes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What makes two summaries unlike, as a whole sentence in each language.

    ``about`` is one of ``CHECKS``.
    """

    about: str
    chinese: str
    english: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of both scorecards; ``None`` where a side has no value or it is hidden.

    ``gap`` is left less right, in 百分点 for shares and in ``unit`` otherwise, from least to
    most; ``None`` for unlike summaries. ``overlap`` says that the points of both could be equal.
    """

    key: str
    name: str
    unit: str
    left: Span | None
    right: Span | None
    left_points: Span | None
    right_points: Span | None
    left_out_of: float | None
    right_out_of: float | None
    gap: Span | None
    overlap: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRow:
    """Shares of people covered by a 六个一 slot within ``minutes``; ``gap`` in 百分点."""

    slot: str
    minutes: float
    left: float | None
    right: float | None
    gap: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two summaries side by side.

    ``ahead`` is ``left`` or ``right`` where the totals do not overlap, and empty where they do or
    where the two are not ``alike``: then there is no order, and ``differences`` say why.
    """

    alike: bool
    differences: tuple[Difference, ...]
    left_points: Span
    right_points: Span
    overlap: bool | None
    ahead: str
    rows: tuple[Row, ...]
    slots: tuple[SlotRow, ...]


def compare(left: Summary, right: Summary) -> Comparison:
    """Lay two summaries side by side; both as ``summary_of`` gives them."""
    differences = (
        *_of_rulesets(left, right),
        *_of_walkers(left, right),
        *_of_params(left, right),
        *_of_residents(left, right),
        *_of_samples(left, right),
    )
    alike = not differences
    totals = _span(left["whole"]["points"]), _span(right["whole"]["points"])
    overlap = _overlap(*totals) if alike else None
    ahead = "" if overlap is not False else "left" if totals[0].low > totals[1].high else "right"
    return Comparison(
        alike=alike,
        differences=differences,
        left_points=totals[0],
        right_points=totals[1],
        overlap=overlap,
        ahead=ahead,
        rows=_rows(left["whole"]["lines"], right["whole"]["lines"], alike=alike),
        slots=_slot_rows(left["slots"], right["slots"], alike=alike),
    )


def _of_rulesets(left: Summary, right: Summary) -> list[Difference]:
    a, b = left["ruleset"], right["ruleset"]
    if a["key"] != b["key"]:
        return [
            Difference(
                about="ruleset",
                chinese=f"评价规则不同：一方是 {a['key']}，另一方是 {b['key']}，因此不排先后。",
                english=f"The rulesets differ: {a['key']} and {b['key']}; there is no order.",
            )
        ]
    if a["version"] != b["version"]:
        return [
            Difference(
                about="ruleset",
                chinese=f"评价规则 {a['key']} 的版本不同：{a['version']} 与 {b['version']}，"
                "因此不排先后。",
                english=f"The versions of the ruleset {a['key']} differ: {a['version']} and "
                f"{b['version']}; there is no order.",
            )
        ]
    if a["digest"] != b["digest"]:
        return [
            Difference(
                about="ruleset",
                chinese=f"评价规则 {a['key']} {a['version']} 的内容不同（摘要不一致），"
                "因此不排先后。",
                english=f"The ruleset {a['key']} {a['version']} has different contents (its "
                "digests differ); there is no order.",
            )
        ]
    return []


def _of_walkers(left: Summary, right: Summary) -> list[Difference]:
    a, b = left["walker"], right["walker"]
    if a == b and a is not None:
        return []
    speeds = [f"{side['metres_per_second']:g}" if side else "未说明" for side in (a, b)]
    english = [f"{side['metres_per_second']:g}" if side else "unknown" for side in (a, b)]
    return [
        Difference(
            about="walker",
            chinese=f"步行速度不同或未说明：{speeds[0]} 与 {speeds[1]} 米/秒，因此不排先后。",
            english=f"The walking speeds differ or are unknown: {english[0]} and {english[1]} m/s; "
            "there is no order.",
        )
    ]


def _of_params(left: Summary, right: Summary) -> list[Difference]:
    a, b = left["params"], right["params"]
    found = []
    for key in sorted((set(a) | set(b)) - HARMLESS):
        if a.get(key) != b.get(key):
            chinese, english = PARAMS.get(key, (key, key))
            found.append(
                Difference(
                    about="params",
                    chinese=f"运行参数不同：{chinese}为 {_word(a.get(key))} 与 "
                    f"{_word(b.get(key))}，因此不排先后。",
                    english=f"The runs' parameters differ: {english} is {a.get(key)} and "
                    f"{b.get(key)}; there is no order.",
                )
            )
    return found


def _of_residents(left: Summary, right: Summary) -> list[Difference]:
    a, b = _vintage(left), _vintage(right)
    if a and b and a[:4] == b[:4]:
        return []
    return [
        Difference(
            about="residents",
            chinese=f"居民数据的年份不同或未说明：{a or '未说明'} 与 {b or '未说明'}，"
            "因此不排先后。",
            english="The residents' vintages differ or are unknown: "
            f"{a or 'unknown'} and {b or 'unknown'}; there is no order.",
        )
    ]


def _of_samples(left: Summary, right: Summary) -> list[Difference]:
    if left["sample"] == right["sample"]:
        return []
    return [
        Difference(
            about="sample",
            chinese="一方是生成的示例数据，另一方不是，因此不排先后。",
            english="One of the two is generated sample data and the other is not; "
            "there is no order.",
        )
    ]


def _vintage(summary: Summary) -> str | None:
    """Give the date that the residents are of."""
    dates = [one["as_of"] for one in summary["datasets"] if one["kind"] == "residents"]
    return dates[0] if dates else None


def _rows(left: Sequence[Summary], right: Sequence[Summary], *, alike: bool) -> tuple[Row, ...]:
    """Pair the lines by key, in the order of the left scorecard, then what only the right has."""
    a = {line["key"]: line for line in left}
    b = {line["key"]: line for line in right}
    return tuple(_row(a.get(key), b.get(key), alike=alike) for key in dict.fromkeys((*a, *b)))


def _row(left: Summary | None, right: Summary | None, *, alike: bool) -> Row:
    either: Summary = left or right or {}
    values = _side(left, "value"), _side(right, "value")
    points = _side(left, "points"), _side(right, "points")
    scale = 100.0 if either["unit"] == "%" else 1.0
    gap = None
    if alike and values[0] is not None and values[1] is not None:
        gap = Span(
            round((values[0].low - values[1].high) * scale, 6),
            round((values[0].high - values[1].low) * scale, 6),
        )
    overlap = None
    if alike and points[0] is not None and points[1] is not None:
        overlap = _overlap(points[0], points[1])
    return Row(
        key=either["key"],
        name=either["name"],
        unit=either["unit"],
        left=values[0],
        right=values[1],
        left_points=points[0],
        right_points=points[1],
        left_out_of=None if left is None else left["out_of"],
        right_out_of=None if right is None else right["out_of"],
        gap=gap,
        overlap=overlap,
    )


def _slot_rows(
    left: Sequence[Summary], right: Sequence[Summary], *, alike: bool
) -> tuple[SlotRow, ...]:
    a = {(one["slot"], one["minutes"]): _share(one) for one in left}
    b = {(one["slot"], one["minutes"]): _share(one) for one in right}
    rows = []
    for slot, minutes in dict.fromkeys((*a, *b)):
        one, other = a.get((slot, minutes)), b.get((slot, minutes))
        gap = None
        if alike and one is not None and other is not None:
            gap = round((one - other) * 100, 6)
        rows.append(SlotRow(slot=slot, minutes=minutes, left=one, right=other, gap=gap))
    return tuple(rows)


def _share(slot: Summary) -> float | None:
    if slot["covered"] is None or not slot["people"]:
        return None
    share: float = slot["covered"] / slot["people"]
    return share


def _side(line: Summary | None, name: str) -> Span | None:
    return None if line is None or line[name] is None else _span(line[name])


def _span(ends: Mapping[str, float]) -> Span:
    return Span(ends["low"], ends["high"])


def _overlap(left: Span, right: Span) -> bool:
    return left.low <= right.high and right.low <= left.high


def _word(value: object) -> str:
    """Write a parameter's value in Chinese."""
    if value is None:
        return "不限"
    if isinstance(value, bool):
        return "是" if value else "否"
    return f"{value:g}" if isinstance(value, int | float) else str(value)
