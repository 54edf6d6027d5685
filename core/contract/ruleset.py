"""Demand, Fact, Line, Scorecard, Ruleset: ask first, judge after.

A ruleset is asked twice: ``demands`` before the kernel runs, ``judge`` on one area's facts
afterwards. It never sees residents or geometry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol


class Status(StrEnum):
    """How sure a number of a ruleset is: 官, 推, 设."""

    OFFICIAL = "official"
    DERIVED = "derived"
    ASSUMED = "assumed"


CHARACTERS = {Status.OFFICIAL: "官", Status.DERIVED: "推", Status.ASSUMED: "设"}


class OfferMode(StrEnum):
    """How an offer reaches residents."""

    ON_SITE = "on_site"
    SCHEDULED = "scheduled"
    AT_HOME = "at_home"
    MOBILE = "mobile"
    LOCKER = "locker"
    DELIVERY = "delivery"


WALKED_TO = (OfferMode.ON_SITE, OfferMode.SCHEDULED, OfferMode.LOCKER)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From when to when an offer must be open, minutes after midnight, on ordinary weekdays."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """How somebody walks; the defaults count length alone, at 1.2 m/s.

    Parameters
    ----------
    key
        The profile's key.
    metres_per_second
        Speed on level ground.
    steps
        How many times as long a metre of steps takes, at least 1; None: cannot use steps.
    crossing_seconds
        Mean wait at a signalled crossing.
    uphill
        Level metres on top for every metre climbed; 0: slopes are ignored.
    through_gates
        Whether gates that are not open to everybody may be passed.
    """

    key: str = "adult_1_2"
    metres_per_second: float = 1.2
    steps: float | None = 1.0
    crossing_seconds: float = 0.0
    uphill: float = 0.0
    through_gates: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a ruleset needs to be told: who reaches any of these formats in time.

    A resident is covered when at least ``at_least`` of the listed formats (1: any; their number:
    all) can be walked to within ``minutes``. ``group`` is an age group of the residents table or
    ``all``.
    """

    formats: tuple[str, ...]
    minutes: float
    group: str = "all"
    walker: Walker = Walker()
    window: Window | None = None
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Span:
    """A number known to lie between two ends; equal when everything was measured."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The answer to one demand in one area.

    ``covered`` counts people, from those surely covered to those possibly covered (opening hours
    unknown); ``people`` is the group's number. ``None`` in place of a fact means not measured.
    """

    covered_low: int
    covered_high: int
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure stated by somebody, not measured here: a survey's share and its sample."""

    value: float
    sample: int
    source: str


class Facts(Protocol):
    """One area's answers. A missing answer is ``None`` and ``why`` says what is missing."""

    @property
    def area(self) -> str:
        """The area's key or name."""

    @property
    def people(self) -> int:
        """How many residents the area has."""

    def __getitem__(self, demand: Demand) -> Fact | None:
        """Give the answer, or ``None`` when it could not be measured."""

    def figure(self, key: str) -> Figure | None:
        """Give a stated figure such as ``satisfaction``, or ``None``."""

    def why(self, demand: Demand) -> str:
        """Say in Chinese why a demand has no answer; '' when it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a scorecard.

    ``value``, ``target`` and ``floor`` are shares 0–1 or in ``unit``; ``value`` ``None`` is
    未测 and ``why`` says so. ``dimension`` is the name under which lines stand together.
    ``numerator``/``denominator`` are people where the line counts
    people. ``points`` is a span from 0 to ``out_of`` when nothing is known.
    """

    key: str
    name: str
    dimension: str
    value: Span | None
    target: float | None
    floor: float | None
    unit: str
    numerator: Span | None
    denominator: float | None
    points: Span
    out_of: float
    met: bool | None
    status: Status
    status_note: str
    source: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """A judged area. ``grade`` ``None`` with ``pending`` set is 等级待定: the ends disagree.

    ``grade`` ``None`` with ``pending`` empty means: below the lowest grade (未达标).
    ``pending`` lists what would decide; ``notes`` must be printed (assumptions, failed rules).
    """

    lines: tuple[Line, ...]
    points: Span
    out_of: float
    grade: str | None
    grade_name: str
    pending: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """A set of rules: who issued it, what it asks, how it judges. Both functions are pure."""

    key: str
    version: str
    name: str
    english: str
    authority: str
    document: str
    effective: date
    status: Status
    notes: str
    demands: Callable[[Mapping[str, Any]], Sequence[Demand]]
    judge: Callable[[Facts, Mapping[str, Any]], Scorecard]
    digest: str = ""
