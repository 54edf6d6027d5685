"""The unit of walking time: whole deciseconds, and what stands for out of reach."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Deciseconds: TypeAlias = NDArray[np.int32]

DECISECONDS_PER_SECOND = 10
DECISECONDS_PER_MINUTE = 60 * DECISECONDS_PER_SECOND
UNREACHED = 2**29 - 1  # 621 days; three of them still add up within an int32


def deciseconds(minutes: float) -> int:
    """Turn minutes into whole deciseconds.

    Raises
    ------
    ValueError
        If ``minutes`` is negative, not finite, or as long as ``UNREACHED``.
    """
    if not (math.isfinite(minutes) and minutes >= 0):
        raise ValueError(f"minutes must be finite and not negative, not {minutes}")
    whole = round(minutes * DECISECONDS_PER_MINUTE)
    if whole >= UNREACHED:
        raise ValueError(f"{minutes} minutes is longer than any walk measured here")
    return whole


def minutes_of(walks: Deciseconds) -> NDArray[np.float64]:
    """Turn walks into minutes, NaN where nothing was reached."""
    minutes = np.asarray(walks, dtype=np.float64) / DECISECONDS_PER_MINUTE
    minutes[np.asarray(walks) >= UNREACHED] = np.nan
    return minutes
