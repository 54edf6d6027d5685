"""Frozen summaries and their comparison as templates show them: names, spans, 百分点."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from core.contract import Line, Span
from core.runs.summary import name_of, order_of
from core.runs.terms import SLOT
from core.web.figures import day, number, points
from core.web.language import in_english
from core.web.pages.card import line_of
from core.web.pages.named import Named
from tenants.review.compare import CHECKS, Comparison

Summary = Mapping[str, Any]
KINDS = {
    "streets": later("街道"),
    "outlets": later("网点"),
    "residents": later("居民"),
    "areas": later("区域"),
}
CHECK_NAMES = {  # when it is the same, and when it is not
    "ruleset": (later("同一规则"), later("规则不同")),
    "walker": (later("同一步速"), later("步速不同")),
    "params": (later("同样参数"), later("参数不同")),
    "residents": (later("居民同年"), later("居民不同年")),
    "sample": (later("同为实测或示例"), later("一方是示例")),
}
NEWER = {
    "yi_shou": ("一收", "Recycling"),
    "yi_xi": ("一洗", "Car wash"),
}  # beside 六个一 since 2025
TICKS = 5  # parts of the scale on which two totals lie


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """How many figures of a summary were left out because they are of few people."""

    lines: int
    areas: int
    slots: int

    @property
    def any(self) -> bool:
        """Tell whether anything was left out."""
        return bool(self.lines or self.areas or self.slots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that has to be the same before two are put in order, and what it is."""

    name: str
    same: bool
    what: str


def place_of(summary: Summary) -> str:
    """Name the place that a summary is of."""
    tenant = summary["tenant"]
    english: str = tenant["english"]
    name: str = tenant["name"]
    return english if in_english() and english else name


def span_of(ends: Mapping[str, float] | None) -> Span | None:
    """Give kept ends as a span."""
    return None if ends is None else Span(ends["low"], ends["high"])


def card_of(summary: Summary) -> list[Line]:
    """Give the frozen scorecard's lines as the contract's."""
    kept = [dict(line) for line in summary["whole"]["lines"]]
    for line in kept:
        line.pop("hidden", None)
    return [line_of(line) for line in kept]


def hidden_of(summary: Summary) -> Hidden:
    """Count what was left out."""
    return Hidden(
        lines=sum(bool(line.get("hidden")) for line in summary["whole"]["lines"]),
        areas=sum(area["people"] is None for area in summary["areas"]),
        slots=sum(slot["covered"] is None for slot in summary["slots"]),
    )


def slot_rows(summary: Summary) -> list[dict[str, Any]]:
    """Give 六个一, a row a slot, with the people covered within each number of minutes."""
    found: dict[str, dict[str, Any]] = {}
    for slot in summary["slots"]:
        row = found.setdefault(slot["slot"], {"name": slot_name(slot["slot"]), "covered": {}})
        row["covered"][slot["minutes"]] = slot["covered"]
    return [found[slot] for slot in sorted(found, key=_order)]


def minutes_of(summary: Summary) -> list[float]:
    """List the numbers of minutes that a summary reports."""
    return sorted({slot["minutes"] for slot in summary["slots"]})


def slot_name(slot: str) -> str:
    """Name one of 六个一, or of the two that came later."""
    if slot in NEWER:
        return NEWER[slot][in_english()]
    return name_of(f"{SLOT}{slot}", {}, english=in_english())


def sources_of(summary: Summary) -> list[dict[str, Any]]:
    """Give what a summary was computed from, with names and dates."""
    return [
        {
            **each,
            "kind_name": KINDS.get(each["kind"], each["kind"]),
            "as_of": date.fromisoformat(each["as_of"]) if each["as_of"] else None,
        }
        for each in summary["datasets"]
    ]


def verdict_of(summary: Summary) -> str:
    """Say in one sentence what the frozen scorecard says."""
    whole = summary["whole"]
    values = {
        "place": place_of(summary),
        "points": points(span_of(whole["points"])),
        "full": number(whole["out_of"]),
    }
    if whole["pending"]:
        return str(_("%(place)s得 %(points)s 分（满分 %(full)s），等级待定。", **values))
    grade = whole["grade_name"]
    return str(_("%(place)s得 %(points)s 分（满分 %(full)s），%(grade)s。", grade=grade, **values))


def difference(gap: Span | None, unit: str) -> str:
    """Write left less right, shares in 百分点 and others in their unit: +5 至 +10 百分点."""
    if gap is None:
        return "—"
    word = str(_("百分点")) if unit == "%" else unit
    low, high = _signed(gap.low), _signed(gap.high)
    if low == high:
        return f"{low} {word}".rstrip()
    return str(_("%(low)s 至 %(high)s %(unit)s", low=low, high=high, unit=word)).rstrip()


def outcome(compared: Comparison, left: str, right: str) -> str:
    """Say whether two are alike and, only then, whether one is ahead."""
    if not compared.alike:
        whys = [each.english if in_english() else each.chinese for each in compared.differences]
        joined = (" " if in_english() else "").join(whys)
        return str(_("这两份不能排先后。%(whys)s", whys=joined))
    scores = {
        "left": left,
        "right": right,
        "a": points(compared.left_points),
        "b": points(compared.right_points),
    }
    if compared.ahead == "left":
        return str(_("%(left)s（%(a)s 分）高于%(right)s（%(b)s 分），两个区间不相叠。", **scores))
    if compared.ahead == "right":
        return str(_("%(right)s（%(b)s 分）高于%(left)s（%(a)s 分），两个区间不相叠。", **scores))
    return str(_("%(left)s（%(a)s 分）与%(right)s（%(b)s 分）区间相叠，分不出先后。", **scores))


def checks_of(compared: Comparison, left: Summary, right: Summary, names: Named) -> list[Check]:
    """Give what has to be the same, each with what both sides say."""
    unlike = {each.about for each in compared.differences}
    said = {
        "ruleset": (_ruleset(left, names), _ruleset(right, names)),
        "walker": (_speed(left), _speed(right)),
        "params": (str(_("距离与分钟的上限等")), ""),
        "residents": (_vintage(left), _vintage(right)),
        "sample": (_kind(left), _kind(right)),
    }
    return [
        Check(
            name=str(CHECK_NAMES[about][about in unlike]),
            same=about not in unlike,
            what=" / ".join(dict.fromkeys(filter(None, said[about]))),
        )
        for about in CHECKS
    ]


def scale_of(out_of: float) -> list[tuple[float, float]]:
    """Give the ticks of a scale of points: where on 0–100, and how many points."""
    return [(100.0 * tick / TICKS, out_of * tick / TICKS) for tick in range(TICKS + 1)]


def band_of(compared: Comparison, out_of: float) -> tuple[float, float] | None:
    """Give where both totals could lie, on 0–100; ``None`` where they do not overlap."""
    if not compared.overlap or not out_of:
        return None
    low = max(compared.left_points.low, compared.right_points.low)
    high = min(compared.left_points.high, compared.right_points.high)
    return round(100 * low / out_of, 3), round(100 * max(high - low, 0.0) / out_of, 3)


def overlap_word(row_overlap: bool | None, same: bool) -> str:  # noqa: FBT001 - a row's own three-valued word
    """Say whether a row tells the two apart."""
    if row_overlap is None:
        return "—"
    if not row_overlap:
        return str(_("不相叠"))
    return str(_("相同")) if same else str(_("相叠"))


def compared_rows(compared: Comparison) -> list[dict[str, Any]]:
    """Give the comparison's lines with their differences in words."""
    return [
        {
            "name": row.name,
            "unit": row.unit,
            "left": row.left,
            "right": row.right,
            "left_points": row.left_points,
            "right_points": row.right_points,
            "left_out_of": row.left_out_of,
            "right_out_of": row.right_out_of,
            "difference": difference(row.gap, row.unit),
            "overlap": overlap_word(
                row.overlap,
                row.left_points == row.right_points
                and row.left_points is not None
                and row.left_points.low == row.left_points.high,
            ),
        }
        for row in compared.rows
    ]


def compared_slots(compared: Comparison) -> Sequence[dict[str, Any]]:
    """Give the comparison's 六个一 with their differences in words."""
    return [
        {
            "name": slot_name(row.slot),
            "minutes": row.minutes,
            "left": row.left,
            "right": row.right,
            "difference": difference(None if row.gap is None else Span(row.gap, row.gap), "%"),
        }
        for row in sorted(compared.slots, key=lambda row: (_order(row.slot), row.minutes))
    ]


def _order(slot: str) -> tuple[int, int, str]:
    return order_of(f"{SLOT}{slot}")


def _signed(value: float) -> str:
    """Write a difference with its sign; nought has none."""
    rounded = round(value, 1)
    if rounded == 0:
        return "0"
    return f"{'+' if rounded > 0 else '−'}{abs(rounded):,.1f}"


def _ruleset(summary: Summary, names: Named) -> str:
    return f"{names(summary['ruleset']['key'])} {summary['ruleset']['version']}"


def _speed(summary: Summary) -> str:
    walker = summary["walker"]
    if not walker:
        return str(_("未说明"))
    return str(_("%(speed)s 米/秒", speed=f"{walker['metres_per_second']:g}"))


def _vintage(summary: Summary) -> str:
    dates = [each["as_of"] for each in summary["datasets"] if each["kind"] == "residents"]
    return day(date.fromisoformat(dates[0])) if dates and dates[0] else str(_("未说明"))


def _kind(summary: Summary) -> str:
    return str(_("示例数据")) if summary["sample"] else str(_("本单位数据"))
