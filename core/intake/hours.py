"""Opening hours as people write them, into OpenStreetMap's syntax."""

from __future__ import annotations

import re
import unicodedata

from opening_hours import validate

LONGEST = 400  # characters; real hours stay below a hundred
DAYS = dict(zip("一二三四五六日天", ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "Su"), strict=True))
NAMED_DAYS = {"工作日": "周一-周五", "周末": "周六-周日", "双休日": "周六-周日"}
LATE = ("下午", "傍晚", "晚上", "夜间", "晚", "夜")
NOON = 12

ALWAYS = re.compile(r"(?:24|二十四)(?:小时|h)|全天候?|昼夜", re.IGNORECASE)
FILLING = re.compile(r"营业时间|营业|开放时间|开放|服务时间|每天|每日|天天")
TO = re.compile(r"[,\s]*[-—–~至到]+[,\s]*")
NEXT_DAY = re.compile(r"次日|翌日|第二天")
BETWEEN = re.compile(r"[\s、,;。]+")
WEEK = r"(?:周|星期|礼拜)"
CLOCK = re.compile(
    r"(?P<part>凌晨|早上|早晨|清晨|上午|早|中午|午|下午|傍晚|晚上|夜间|晚|夜)?"
    r"(?P<hour>\d{1,2})(?:[:点时](?P<minute>半|[0-5]?\d)?分?)?"
)
PLAIN = re.sub(r"\?P<\w+>", "", CLOCK.pattern)
SPAN = rf"{PLAIN}-{PLAIN}"
RULE = re.compile(
    rf"(?P<days>{WEEK}[一二三四五六日天](?:[-,]{WEEK}?[一二三四五六日天])*)?[:,]?"
    rf"(?P<spans>{SPAN}(?:,{SPAN})*)(?:,|$)"
)


def osm_hours(words: str) -> str | None:
    """Write opening hours in OpenStreetMap's syntax.

    Parameters
    ----------
    words
        Hours in that syntax already, or as ``07:00-22:00``, ``周一至周五 8:00-18:00``,
        ``早6点半-晚8点``, ``24小时``.

    Returns
    -------
    str or None
        The hours; '' where nothing was written; ``None`` where they cannot be read.
    """
    flat = unicodedata.normalize("NFKC", words).strip()
    if not flat or len(flat) > LONGEST:
        return None if flat else ""
    if validate(flat):
        return flat
    turned = _from_chinese(flat)
    return turned if turned and validate(turned) else None


def _from_chinese(flat: str) -> str:
    """Read rules of days and spans one after another; '' where anything is left over."""
    flat = BETWEEN.sub(",", TO.sub("-", NEXT_DAY.sub("凌晨", FILLING.sub(" ", flat)))).strip(",:")
    if ALWAYS.fullmatch(flat):
        return "24/7"
    for name, days in NAMED_DAYS.items():
        flat = flat.replace(name, days)
    rules, at = [], 0
    while at < len(flat):
        rule = RULE.match(flat, at)
        if rule is None:
            return ""
        spans = ",".join(_span(span) for span in rule["spans"].split(","))
        rules.append(f"{_days(rule['days'] or '')} {spans}".strip())
        at = rule.end()
    return "; ".join(rules)


def _days(days: str) -> str:
    return re.sub("[一二三四五六日天]", lambda day: DAYS[day[0]], re.sub(WEEK, "", days))


def _span(span: str) -> str:
    """Write one span; an end without its part of the day takes the afternoon of its start."""
    start, end = (CLOCK.fullmatch(clock) for clock in span.split("-"))
    if start is None or end is None:
        return ""
    opens, closes = _minutes(start), _minutes(end)
    later = closes + NOON * 60
    if start["part"] in LATE and not end["part"] and closes < opens < later:
        closes = later
    return f"{opens // 60:02d}:{opens % 60:02d}-{closes // 60:02d}:{closes % 60:02d}"


def _minutes(clock: re.Match[str]) -> int:
    hour, minute = int(clock["hour"]), clock["minute"] or "0"
    if clock["part"] in LATE and hour < NOON:
        hour += NOON
    return hour * 60 + (30 if minute == "半" else int(minute))
