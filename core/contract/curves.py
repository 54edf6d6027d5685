"""Curves: from a measured value to a share of the points, and the same for spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from core.contract.ruleset import Span


class Curve(Protocol):
    """Gives the share of the points, 0–1, that a value earns."""

    def share(self, value: float) -> float:
        """Give the share for one value."""

    def over(self, span: Span) -> Span:
        """Give the least and the greatest share that any value in a span earns."""


@dataclass(frozen=True, slots=True)
class Step:
    """Everything from ``target`` on, nothing below."""

    target: float

    def share(self, value: float) -> float:
        """Give 1 from the target on; reaching it exactly counts."""
        return 1.0 if value >= self.target else 0.0

    def over(self, span: Span) -> Span:
        """Give the shares at both ends: a step only rises."""
        return Span(self.share(span.low), self.share(span.high))


@dataclass(frozen=True, slots=True)
class Piecewise:
    """Straight lines between points ``(value, share)``; level outside the outermost.

    Raises
    ------
    ValueError
        With fewer than two points, values that do not rise, or a share outside 0–1.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(self.points) < 2:  # noqa: PLR2004 - a line needs two points
            raise ValueError("a piecewise curve needs at least two points")
        if any(a[0] >= b[0] for a, b in pairwise(self.points)):
            raise ValueError("the values of a piecewise curve must rise")
        if any(not 0.0 <= share <= 1.0 for _, share in self.points):
            raise ValueError("the shares of a piecewise curve must lie between 0 and 1")

    def share(self, value: float) -> float:
        """Give the share on the line between the two neighbouring points."""
        if value <= self.points[0][0]:
            return self.points[0][1]
        for (x0, y0), (x1, y1) in pairwise(self.points):
            if value <= x1:
                part = (value - x0) / (x1 - x0)
                return min(max(y0 + (y1 - y0) * part, min(y0, y1)), max(y0, y1))
        return self.points[-1][1]

    def over(self, span: Span) -> Span:
        """Give the extremes: at the ends of the span or at a point inside it."""
        shares = [self.share(span.low), self.share(span.high)]
        shares += [y for x, y in self.points if span.low < x < span.high]
        return Span(min(shares), max(shares))


def linear(floor: float, target: float) -> Piecewise:
    """Make the curve that earns nothing at ``floor`` and everything at ``target``.

    Where the target lies below the floor, less is better.

    Raises
    ------
    ValueError
        When both are equal.
    """
    if floor == target:
        raise ValueError("floor and target of a linear curve must differ")
    return Piecewise(tuple(sorted(((floor, 0.0), (target, 1.0)))))


def curve(
    kind: str,
    *,
    floor: float | None = None,
    target: float | None = None,
    points: Sequence[Sequence[float]] = (),
) -> Curve:
    """Make a curve by its name; ``points`` are pairs of value and share.

    Raises
    ------
    ValueError
        For an unknown kind, or where the numbers that it needs are missing.
    """
    if kind == "linear" and floor is not None and target is not None:
        return linear(floor, target)
    if kind == "step" and target is not None:
        return Step(target)
    if kind == "piecewise" and points:
        return Piecewise(tuple((float(x), float(y)) for x, y in points))
    raise ValueError(f"curve {kind!r} is unknown or lacks its numbers")
