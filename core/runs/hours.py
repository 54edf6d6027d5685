"""Opening hours against a window: surely open, surely not, or unknown."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import opening_hours
from opening_hours import OpeningHours, State

from core.contract import Window

REFERENCE_MONDAY = "2025-03-10"  # a week without public holidays in China; named in each plan
WEEKDAYS = 5


@lru_cache(maxsize=65536)
def open_throughout(hours: str, window: Window, monday: str = REFERENCE_MONDAY) -> bool | None:
    """Tell whether something is open during the whole window on all five ordinary weekdays.

    Parameters
    ----------
    hours
        OpenStreetMap's opening hours syntax; '' when unknown.
    window
        Minutes after midnight; an end beyond 1440 reaches into the next day.
    monday
        First day of the week that stands for an ordinary one, ISO format.

    Returns
    -------
    bool or None
        ``None`` where the hours are missing, cannot be read, or say "unknown" themselves.
    """
    if not hours.strip():
        return None
    try:
        rules = OpeningHours(hours)
    except opening_hours.ParserError:  # type: ignore[attr-defined]  # its stub forgets it
        return None
    first = datetime.fromisoformat(monday)
    answers = [_on(rules, first + timedelta(days=day), window) for day in range(WEEKDAYS)]
    if False in answers:
        return False
    return None if None in answers else True


def _on(rules: OpeningHours, midnight: datetime, window: Window) -> bool | None:
    start = midnight + timedelta(minutes=window.start)
    end = midnight + timedelta(minutes=window.end)
    states = [state for _, _, state, _ in rules.intervals(start, end)]
    if State.CLOSED in states:
        return False
    return None if State.UNKNOWN in states else True
