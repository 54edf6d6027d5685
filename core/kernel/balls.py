"""Walks between outlets and all homes near them, 32 outlets at a time, never all pairs at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.kernel.reach import reach
from core.kernel.snap import Snapped
from core.kernel.streets import Streets
from core.kernel.walks import Deciseconds

LANES = 32  # outlets in a batch: a line of as many uint16 is one cache line
FAR16 = 65535  # no walk within the limit
LONGEST_DS = FAR16 - 1  # 1 h 49 min, the longest walk that a line can hold


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Balls:
    """What up to 32 outlets have within the limit: their full balls, cut nowhere.

    Parameters
    ----------
    outlets
        Rows of outlets, int32, at most 32; each row of a whole stream stands in one batch only.
    homes
        Rows of homes, int32, each once: at least all that reach one of these outlets.
    lines
        Shape (homes, 32), uint16: deciseconds from home to outlet, ``FAR16`` where the walk is
        longer than the limit, and in columns that have no outlet.
    limit_ds
        The limit: who asks for longer walks than the batch holds is refused.
    """

    outlets: NDArray[np.int32]
    homes: NDArray[np.int32]
    lines: NDArray[np.uint16]
    limit_ds: int


def balls_by_reach(
    streets: Streets,
    outlets: Snapped,
    homes: Snapped,
    *,
    speed_mps: float,
    limit_ds: int,
) -> Iterator[Balls]:
    """Ask for one lane per outlet, in the order of their rows.

    Slow, one whole search per 32 outlets over the whole city, but right by construction: what
    faster sources are measured against. Unattached outlets are left out.

    Parameters
    ----------
    streets, outlets, homes, speed_mps
        As in :func:`core.kernel.reach.reach`.
    limit_ds
        Longest walk of interest in deciseconds, inclusive, up to ``LONGEST_DS``.
    """
    if not 0 <= limit_ds <= LONGEST_DS:
        raise ValueError(f"limit_ds must lie within 0..{LONGEST_DS}, not {limit_ds}")
    attached = np.flatnonzero(outlets.attached).astype(np.int32)
    for first in range(0, len(attached), LANES):
        rows = attached[first : first + LANES]
        walks = reach(
            streets,
            outlets,
            homes,
            lanes=list(rows.reshape(-1, 1)),
            speed_mps=speed_mps,
            limit_ds=limit_ds,
        )
        yield ball_of(rows, walks, limit_ds=limit_ds)


def ball_of(outlets: NDArray[np.int32], walks: Deciseconds, *, limit_ds: int) -> Balls:
    """Make a batch of up to 32 outlets from their walks to all homes, shape (outlets, homes)."""
    near = np.flatnonzero((walks <= limit_ds).any(axis=0)).astype(np.int32)
    lines = np.full((len(near), LANES), FAR16, dtype=np.uint16)
    held = walks[:, near].T
    lines[:, : len(outlets)] = np.where(held <= limit_ds, held, FAR16)
    return Balls(outlets=outlets, homes=near, lines=lines, limit_ds=limit_ds)


def checked_balls(source: Iterable[Balls], *, outlets: int, homes: int) -> Iterator[Balls]:
    """Pass batches on after a look at what compiled loops rely on.

    Raises
    ------
    ValueError
        If a row lies outside, an outlet comes twice, or the lines have another shape or type.
    """
    seen = np.zeros(outlets, dtype=np.bool_)
    for ball in source:
        rows, near = ball.outlets, ball.homes
        if len(rows) > LANES or ball.lines.shape != (len(near), LANES):
            raise ValueError(f"{len(rows)} outlets and lines of shape {ball.lines.shape}")
        if [one.dtype.str[1:] for one in (rows, near, ball.lines)] != ["i4", "i4", "u2"]:
            raise ValueError("rows must be int32 and lines uint16")
        if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < outlets:
            raise ValueError(f"a batch names an outlet outside 0..{outlets - 1}")
        if len(near) and not 0 <= int(near.min()) <= int(near.max()) < homes:
            raise ValueError(f"a batch names a home outside 0..{homes - 1}")
        if seen[rows].any() or len(np.unique(rows)) != len(rows):
            raise ValueError("an outlet comes twice: its offers would count twice")
        seen[rows] = True
        yield ball
