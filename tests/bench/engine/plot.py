"""A small drawing of lines on two logarithmic axes, as SVG, made by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDE, HIGH = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 50
COLOURS = ("#1b6ca8", "#c8553d", "#3c8d5a", "#7b5ea7", "#8a6d1f", "#555555")

Points = Sequence[tuple[float, float]]


def drawing(title: str, across: str, lines: Mapping[str, Points]) -> str:
    """Draw named lines; every coordinate is above 0.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    points = [point for line in lines.values() for point in line]
    if not points:
        raise ValueError("nothing to draw")
    xs, ys = ([point[axis] for point in points] for axis in (0, 1))
    (x0, x1), (y0, y1) = _decades(xs), _decades(ys)

    def place(x: float, y: float) -> tuple[float, float]:
        right = (math.log10(x) - x0) / (x1 - x0) * (WIDE - LEFT - RIGHT)
        up = (math.log10(y) - y0) / (y1 - y0) * (HIGH - TOP - BOTTOM)
        return round(LEFT + right, 1), round(HIGH - BOTTOM - up, 1)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" '
            'font-family="sans-serif" font-size="12">'
        ),
        f'<rect width="{WIDE}" height="{HIGH}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
        (
            f'<text x="{(LEFT + WIDE - RIGHT) / 2}" y="{HIGH - 12}" text-anchor="middle">'
            f"{escape(across)}</text>"
        ),
    ]
    for decade in range(x0, x1 + 1):
        x, low = place(10.0**decade, 10.0**y0)
        parts.append(_line((x, TOP), (x, low), "#dddddd"))
        parts.append(f'<text x="{x}" y="{low + 16}" text-anchor="middle">{_named(decade)}</text>')
    for decade in range(y0, y1 + 1):
        left, y = place(10.0**x0, 10.0**decade)
        parts.append(_line((left, y), (WIDE - RIGHT, y), "#dddddd"))
        parts.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{_named(decade)}</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [place(x, y) for x, y in sorted(line)]
        path = " ".join(f"{x},{y}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in places]
        y = TOP + 18 * number + 8
        parts.append(_line((WIDE - RIGHT + 12, y - 4), (WIDE - RIGHT + 32, y - 4), colour))
        parts.append(f'<text x="{WIDE - RIGHT + 38}" y="{y}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _named(decade: int) -> str:
    """Name a power of ten as people read it."""
    if decade < 0:
        return f"{10.0**decade:.{-decade}f}"
    return f"{10**decade:,}"


def _line(start: tuple[float, float], end: tuple[float, float], colour: str) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"/>'
