"""Walks into people covered, in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.walks import UNREACHED, Deciseconds, deciseconds

People: TypeAlias = NDArray[np.int64]
Homes: TypeAlias = NDArray[np.bool_]


def within(walks: Deciseconds, minutes: float) -> NDArray[np.bool_]:
    """Mark the walks that take at most ``minutes``; one of exactly this long still counts."""
    near: NDArray[np.bool_] = np.asarray(walks) <= deciseconds(minutes)
    return near


def covered_people(walks: Deciseconds, people: NDArray[np.integer], minutes: float) -> People:
    """Count the people within ``minutes`` of each business format.

    Parameters
    ----------
    walks
        Walking time to the nearest outlet, one row a format, one column a home; or one row.
    people
        People living in each home.
    minutes
        The allowed walk, inclusive.

    Returns
    -------
    People
        One number a format; an array of no dimension for a single row.
    """
    living = _counted(people, homes=np.asarray(walks).shape[-1])
    covered: People = np.asarray(within(walks, minutes) @ living, dtype=np.int64)
    return covered


def covered_homes(walks: Deciseconds, minutes: float | Sequence[float], *, at_least: int) -> Homes:
    """Mark the homes that have at least so many of the formats within reach.

    Parameters
    ----------
    walks
        One row a format, one column a home, in deciseconds.
    minutes
        The allowed walk, inclusive: one for all formats or one for each.
    at_least
        1 for any of the formats, their number for all of them.

    Raises
    ------
    ValueError
        If ``at_least`` is not within 1 and the number of formats, or ``minutes`` are fewer or
        more than the formats.
    """
    formats = len(walks)
    if not 1 <= at_least <= formats:
        raise ValueError(f"at_least must lie within 1..{formats}, not {at_least}")
    each = [minutes] * formats if isinstance(minutes, (int, float)) else list(minutes)
    if len(each) != formats:
        raise ValueError(f"{len(each)} limits were given for {formats} formats")
    limits = np.array([deciseconds(one) for one in each], dtype=np.int32)
    near = (np.asarray(walks) <= limits[:, np.newaxis]).sum(axis=0)
    homes: Homes = near >= at_least
    return homes


def people_where(homes: Homes, people: NDArray[np.integer]) -> int:
    """Count the people in the marked homes."""
    return int(_counted(people, homes=len(homes))[homes].sum())


def people_near_limit(
    walks: Deciseconds, people: NDArray[np.integer], minutes: float, *, slack_ds: int
) -> int:
    """Count the people whose walk ends within ``slack_ds`` of the limit, on either side.

    For these a rounding, or a door drawn a few metres off, may decide; a report says how many.
    """
    limit = deciseconds(minutes)
    walked = np.asarray(walks, dtype=np.int64)
    close = (np.abs(walked - limit) <= slack_ds) & (walked < UNREACHED)
    return people_where(close, people)


def _counted(people: NDArray[np.integer], *, homes: int) -> People:
    living = np.asarray(people)
    if not np.issubdtype(living.dtype, np.integer):
        raise TypeError(f"people are counted in whole numbers, not in {living.dtype}")
    if living.shape != (homes,):
        raise ValueError(f"people have shape {living.shape} for {homes} homes")
    if living.size and int(living.min()) < 0:
        raise ValueError(f"people[{int(np.argmin(living))}] is negative")
    return living.astype(np.int64, copy=False)
