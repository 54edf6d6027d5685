"""How figures are written: people in 万, shares, spans, standing, places on a bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from flask import Flask
from flask_babel import format_date

from core.web.language import in_english

NOTHING = "—"
WAN = 10_000
DASH = "–"  # joins the ends of a span


class Ends(Protocol):
    """A number known to lie between two ends."""

    @property
    def low(self) -> float:
        """The least that it may be."""

    @property
    def high(self) -> float:
        """The most that it may be."""


def count(number: float | None) -> str:
    """Write a whole number with separators: 1,349."""
    return NOTHING if number is None else f"{round(number):,}"


def people(number: float | None) -> str:
    """Write people: 13.8 万 from ten thousand on, in English all digits."""
    if number is None:
        return NOTHING
    if number < WAN or in_english():
        return count(number)
    return f"{number / WAN:,.1f} 万"


def number(value: float | None, decimals: int = 1) -> str:
    """Write a number with at most so many decimals, without idle zeros."""
    if value is None:
        return NOTHING
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(value: float | None) -> str:
    """Write a share 0-1 as 36.6%."""
    return NOTHING if value is None else f"{value * 100:.1f}%"


def measure(value: float | None, unit: str) -> str:
    """Write a value in its unit; ``%`` means a share 0-1."""
    if unit == "%":
        return share(value)
    return NOTHING if value is None else f"{number(value)} {unit}".rstrip()


def span(ends: Ends | None, unit: str = "%") -> str:
    """Write both ends of a span, or one number where they agree: 35.2%-38.1%."""
    if ends is None:
        return NOTHING
    low, high = measure(ends.low, unit), measure(ends.high, unit)
    return low if low == high else f"{low}{DASH}{high}"


def span_of_people(ends: Ends | None) -> str:
    """Write a span of people: 13.8 万."""
    if ends is None:
        return NOTHING
    low, high = people(ends.low), people(ends.high)
    return low if low == high else f"{low}{DASH}{high}"


def points(ends: Ends | None) -> str:
    """Write points: 9.9, or 0-15 where they are not decided."""
    if ends is None:
        return NOTHING
    low, high = number(ends.low), number(ends.high)
    return low if low == high else f"{low}{DASH}{high}"


def day(moment: date | None) -> str:
    """Write a day: 2026年11月20日."""
    if moment is None:
        return NOTHING
    return str(format_date(moment, "d MMM yyyy" if in_english() else "yyyy年M月d日"))


def standing(met: bool | None, high: float | None, floor: float | None) -> str:  # noqa: FBT001 - a line's own three-valued word
    """Tell how a line stands: met, short, lack (below the floor even at best) or nodata."""
    if met is None:
        return "nodata"
    if met:
        return "met"
    below = high is not None and floor is not None and high < floor
    return "lack" if below else "short"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a value, its far end and the target lie on a bar from 0 to 100."""

    low: float
    high: float
    target: float | None


def places(
    low: float | None, high: float | None = None, target: float | None = None, full: float = 1.0
) -> Places | None:
    """Place a value on a bar whose right end means ``full``; ``None`` when nothing is known.

    A bar that would not hold the value or its target grows to hold both.
    """
    if low is None:
        return None
    far = low if high is None else high
    end = max(full, far, target or 0.0) or 1.0
    return Places(
        low=round(100 * max(low, 0.0) / end, 2),
        high=round(100 * max(far, 0.0) / end, 2),
        target=None if target is None else round(100 * target / end, 2),
    )


FILTERS: Mapping[str, Any] = {
    "count": count,
    "people": people,
    "number": number,
    "share": share,
    "measure": measure,
    "span": span,
    "span_of_people": span_of_people,
    "points": points,
    "day": day,
}


def offer(app: Flask) -> None:
    """Give the templates the filters, ``standing`` and ``places``."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(standing=standing, places=places)
