"""Budget: how much memory a run will take, told from its sizes before it starts."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.contract import Demand, TableKind
from core.errors import Invalid
from core.kernel.compiled.lanes import LANES
from core.runs.lanes import wanted
from core.runs.measure import longest_minutes
from core.runs.params import Params
from core.runs.town import Loaded

MIB = 1 << 20
FREE = 0.75  # of the machine's memory, for the workers together; the rest is the system's
CGROUP = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
# Bytes by what they grow with; measured peaks stay below the sum (tests/core/runs/test_budget.py).
PROCESS = 64 * MIB  # what a worker's child writes to of what it shares with its parent
PER_EDGE = 32 + 90  # columns of the network, and the grid that points are put on
PER_NODE = 16
PER_EDGE_PREPARED = 25 + 60 + 260  # chains, hierarchy, and what making it takes meanwhile
PER_HOME = 150  # columns, places on streets, membership in areas
PER_HOME_PREPARED = 130  # doors, and the same sorted for being walked to
PER_WALK = 16  # one home's walk to one format in the report: the row, the table and its bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Bytes that a run will take at most, by what takes them."""

    process: int
    streets: int
    homes: int
    lines: int
    report: int

    @property
    def total(self) -> int:
        """All together."""
        return self.process + self.streets + self.homes + self.lines + self.report


def need(loaded: Loaded, demands: Sequence[Demand], params: Params) -> Need:
    """Tell from the sizes of opened inputs what a run on them will take.

    Inputs themselves are memory-mapped files and not counted.
    """
    tables = loaded.tables
    nodes = _rows(tables[TableKind.STREETS]["nodes"])
    edges = _rows(tables[TableKind.STREETS]["edges"])
    homes = _rows(tables[TableKind.RESIDENTS]["homes"])
    offered = tuple(sorted({str(key) for key in tables[TableKind.OUTLETS]["offers"]["format"]}))
    asked = wanted(demands, offered, longest_minutes(demands, params))
    passes = sum(math.ceil(len(want.lanes) / LANES) for want in asked.values())
    profiles = len(asked)
    return Need(
        process=PROCESS,
        streets=nodes * PER_NODE + edges * (PER_EDGE + PER_EDGE_PREPARED * profiles),
        homes=homes * (PER_HOME + PER_HOME_PREPARED * profiles),
        lines=(homes * passes + nodes) * LANES * 2,
        report=homes * PER_WALK * (len(offered) + 6),
    )


def check(needed: Need, allowed_bytes: int) -> None:
    """Refuse a run that would not fit.

    Raises
    ------
    Invalid
        With the figures, and what to do.
    """
    if needed.total <= allowed_bytes:
        return
    parts = {
        "街道": needed.streets,
        "居民": needed.homes,
        "步行时间": needed.lines,
        "报告": needed.report,
    }
    chinese = "、".join(f"{name} {_mib(size)}" for name, size in parts.items())
    raise Invalid(
        f"这次评价约需内存 {_mib(needed.total)} MiB（{chinese}），超过每个工作进程可用的 "
        f"{_mib(allowed_bytes)} MiB，没有开始计算。请减少同时工作的进程、换用内存更大的机器"
        "（或提高 LIFECIRCLE_WORKER_MEMORY_MIB），或按区县分开评价。",
        english=f"The run would take about {_mib(needed.total)} MiB (streets "
        f"{_mib(needed.streets)}, homes {_mib(needed.homes)}, walks {_mib(needed.lines)}, report "
        f"{_mib(needed.report)}), more than the {_mib(allowed_bytes)} MiB of a worker; it was not "
        "started. Run fewer workers, take a machine with more memory (or raise "
        "LIFECIRCLE_WORKER_MEMORY_MIB), or evaluate districts apart.",
        details=[{"needed_bytes": needed.total, "allowed_bytes": allowed_bytes}],
    )


def allowed_bytes(worker_mib: int, workers: int = 1) -> int:
    """Give a worker's share of memory: what was set, or what the machine or container has."""
    if worker_mib:
        return worker_mib * MIB
    return int(_machine_bytes() * FREE) // max(workers, 1)


def _machine_bytes() -> int:
    """Read the container's limit, where there is one, and the machine's memory."""
    found = [_physical()]
    for path in CGROUP:
        try:
            found.append(int(path.read_text()))
        except (OSError, ValueError):  # no such file, or the word "max"
            continue
    return min(found)


def _physical() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _rows(table: Mapping[str, Any]) -> int:
    return len(np.asarray(next(iter(table.values()))))


def _mib(size: int) -> str:
    return f"{size / MIB:,.0f}"
