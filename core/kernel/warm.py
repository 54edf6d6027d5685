"""Warm: load every compiled loop, compiling what this machine has not compiled yet, and try it."""

from __future__ import annotations

import importlib
import os
import pkgutil
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.kernel import compiled
from core.kernel.walks import UNREACHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmed:
    """How loading went.

    Parameters
    ----------
    modules
        Modules of loops that were loaded.
    seconds
        What it took: tenths where all came from the compiler's cache, many where not.
    right
        Whether a small town was measured as counted by hand.
    kept
        Whether this process can keep compiled loops on the disk for the next one.
    """

    modules: tuple[str, ...]
    seconds: float
    right: bool
    kept: bool


def warm() -> Warmed:
    """Load all loops and measure a town of three streets."""
    started = time.perf_counter()
    names = [module.name for module in pkgutil.iter_modules(compiled.__path__)]
    for name in names:
        importlib.import_module(f"{compiled.__name__}.{name}")
    seconds = time.perf_counter() - started
    return Warmed(modules=tuple(names), seconds=seconds, right=_right(), kept=_kept())


def _right() -> bool:
    """Walk a street of 60 + 60 + 60 m with a shop at its beginning, at 1 m/s, by both searches."""
    from core.kernel.doors import arrivals, doors  # noqa: PLC0415 - loads the loops
    from core.kernel.prepared import prepare  # noqa: PLC0415 - loads the loops
    from core.kernel.reach import search  # noqa: PLC0415 - loads the loops
    from core.kernel.snap import snap  # noqa: PLC0415 - loads the loops
    from core.kernel.streets import checked  # noqa: PLC0415 - as the others
    from core.kernel.walkers import level  # noqa: PLC0415 - as the others

    streets = checked(
        x=[0, 60, 120, 180, 120], y=[0, 0, 0, 0, 60], u=[0, 1, 2, 2], v=[1, 2, 3, 4],
        metres=[60, 60, 60, 60],
    )  # fmt: skip
    weights = level(streets.metres, metres_per_second=1.0)
    shop = snap(streets, [0.0], [5.0], limit_metres=50)
    homes = snap(streets, [90.0, 180.0, 120.0, 900.0], [10.0, 0.0, 30.0, 0.0], limit_metres=50)
    expected = [[1050, UNREACHED, 1550, UNREACHED]]
    for hierarchy in (True, False):
        prepared = prepare(streets, weights, bound_ds=1600, hierarchy=hierarchy)
        found = search(
            prepared,
            doors(prepared, shop),
            arrivals(doors(prepared, homes)),
            lanes=[np.array([0])],
            limit_ds=1600,
        )
        if found.matrix().tolist() != expected:
            return False
    return True


def _kept() -> bool:
    """Tell whether the compiler finds a folder to write to: its own setting, ours, or a home's."""
    told = os.environ.get("NUMBA_CACHE_DIR", "")
    ours = Path(compiled.__path__[0]) / "__pycache__"
    folders = [Path(told)] if told else [ours, ours.parent, Path.home() / ".cache"]
    return any(os.access(folder, os.W_OK) for folder in folders if folder.exists())
