"""Together: how many people reach several things at once, from a run's table of minutes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.db import Run
from core.kernel.walks import deciseconds
from core.runs.maps import minutes_of_run
from core.runs.terms import WALK
from core.store import Blobs


def reach_all(blobs: Blobs, run: Run, keys: Sequence[str], minutes: float) -> int | None:
    """Count the people who walk to every one of these formats or slots in time.

    Parameters
    ----------
    blobs, run
        A finished run, and where its table of minutes is.
    keys
        Formats' keys, or slots' with ``slot:`` before them.
    minutes
        The limit; a walk of exactly so long counts.

    Returns
    -------
    int or None
        People; ``None`` where the run measured one of the keys not at all.
    """
    table = minutes_of_run(blobs, run)
    walks = [table.get(f"{WALK}{key}") for key in keys]
    measured = [walk for walk in walks if walk is not None]
    if not measured or len(measured) < len(walks):
        return None
    limit = deciseconds(minutes)
    in_time = np.logical_and.reduce([(walk >= 0) & (walk <= limit) for walk in measured])
    return int(table["people"][in_time].sum())
