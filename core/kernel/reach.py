"""Walking time from every home to the nearest outlet of each lane, exact and bounded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled.chains import in_order
from core.kernel.compiled.homes import along_chains, arrive, count_people, spread
from core.kernel.compiled.lanes import FAR16, LANES
from core.kernel.compiled.sweeps import sow, sweep_down, sweep_up
from core.kernel.coverage import People
from core.kernel.doors import Arrivals, Doors, doors, standing
from core.kernel.fields import Field, Seeds, Workspace, graph
from core.kernel.prepared import Hierarchy, Prepared, prepare
from core.kernel.snap import Snapped
from core.kernel.streets import Streets
from core.kernel.walkers import SLOWEST_MPS, level
from core.kernel.walks import UNREACHED, Deciseconds

Rows: TypeAlias = NDArray[np.integer]
Ints: TypeAlias = NDArray[np.int32]
Shorts: TypeAlias = NDArray[np.uint16]

CACHE_LINE = 64
MANY_LANES = 8  # from here a hierarchy made for one question costs less than it saves


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reached:
    """Walks of all homes to the nearest outlet of each lane, 32 lanes a line.

    ``lines`` holds one array per 32 lanes, shape (homes * 32,), in the order of ``homes``.
    """

    homes: Arrivals
    lines: tuple[Shorts, ...]
    lanes: int
    limit_ds: int

    def matrix(self) -> Deciseconds:
        """Give all walks, shape (lanes, homes); ``UNREACHED`` beyond the limit."""
        walks: Deciseconds = np.empty((self.lanes, len(self.homes)), dtype=np.int32)
        for number, lines in enumerate(self.lines):
            first = number * LANES
            some = min(LANES, self.lanes - first)
            spread(
                lines,
                some,
                len(self.homes),
                self.homes.line,
                self.limit_ds,
                UNREACHED,
                walks,
                first,
            )
        return walks

    def row(self, lane: int) -> Deciseconds:
        """Give one lane's walks, shape (homes,); ``UNREACHED`` beyond the limit."""
        lines = self.lines[lane // LANES].reshape(-1, LANES)[:, lane % LANES]
        walks = lines[self.homes.line].astype(np.int32)
        walks[walks > self.limit_ds] = UNREACHED
        return walks

    def covered(self, people: People, limits_ds: Sequence[int]) -> People:
        """Count the people within each lane's limit, which may not exceed the one searched to."""
        if len(limits_ds) != self.lanes or max(limits_ds, default=0) > self.limit_ds:
            raise ValueError(f"{list(limits_ds)} are no limits of {self.lanes} lanes")
        in_order = np.empty(len(people), dtype=np.int64)
        in_order[self.homes.line] = people
        covered: People = np.zeros(len(self.lines) * LANES, dtype=np.int64)
        limits = np.full(len(covered), -1, dtype=np.int32)
        limits[: self.lanes] = limits_ds
        for number, lines in enumerate(self.lines):
            some = slice(number * LANES, (number + 1) * LANES)
            count_people(lines, in_order, limits[some], covered[some])
        return covered[: self.lanes]


def reach(
    streets: Streets,
    outlets: Snapped,
    homes: Snapped,
    *,
    lanes: Sequence[Rows],
    speed_mps: float,
    limit_ds: int,
) -> Deciseconds:
    """Measure the shortest walk from each home to the nearest outlet of each lane.

    The walk is the home's access walk, the way along the streets, and the outlet's access walk;
    where both stand on one edge the direct way between them is considered too. Each part is
    rounded once to whole deciseconds (edge, access, and offset along the edge), so sums are
    exact and do not depend on their order.

    Parameters
    ----------
    streets
        The network that both were snapped to.
    outlets, homes
        Points on it; the unattached reach nothing and are reached by nobody.
    lanes
        Rows of ``outlets``, one set per lane; a set may be empty or name an outlet twice.
    speed_mps
        Walking speed in metres per second.
    limit_ds
        Longest walk of interest in deciseconds, inclusive.

    Returns
    -------
    Deciseconds
        Shape (lanes, homes); ``UNREACHED`` beyond the limit or unattached.

    Raises
    ------
    ValueError
        If the speed is below 0.01 m/s or not finite, the limit is negative or above 65,000, or a
        point stands on an edge that the streets do not have.
    """
    if not (math.isfinite(speed_mps) and speed_mps >= SLOWEST_MPS):
        raise ValueError(f"speed_mps must be at least {SLOWEST_MPS}, not {speed_mps}")
    weights = level(streets.metres, metres_per_second=speed_mps)
    prepared = prepare(streets, weights, bound_ds=limit_ds, hierarchy=len(lanes) > MANY_LANES)
    there = standing(prepared, homes)
    found = search(prepared, doors(prepared, outlets), there, lanes=lanes, limit_ds=limit_ds)
    return found.matrix()


def search(
    prepared: Prepared,
    outlets: Doors,
    homes: Arrivals,
    *,
    lanes: Sequence[Rows],
    limit_ds: int,
) -> Reached:
    """Search prepared streets for all lanes, 32 in one pass.

    Two sweeps over the hierarchy (PHAST: Delling, Goldberg, Nowatzyk, Werneck 2011) carry a line
    of 32 walks from node to node; homes then read both ends of their chain. Streets prepared
    without a hierarchy are searched lane by lane.

    Parameters
    ----------
    prepared
        Streets for one walker, for walks at least as long as ``limit_ds``.
    outlets, homes
        Points on them.
    lanes
        Rows of ``outlets``, one set per lane.
    limit_ds
        Longest walk of interest, inclusive.

    Raises
    ------
    ValueError
        The limit is negative or beyond the bound, or a lane names an outlet that there is not.
    """
    if not 0 <= limit_ds <= prepared.bound_ds:
        raise ValueError(f"limit_ds must lie within 0..{prepared.bound_ds}, not {limit_ds}")
    named = [attached_rows(lane, outlets) for lane in lanes]
    field = _aligned(max(prepared.nodes, 1) * LANES)
    lines = []
    for first in range(0, len(named), LANES):
        some = named[first : first + LANES]
        out = _aligned(len(homes) * LANES)
        _pass(prepared, outlets, homes, some, field, out)
        lines.append(out)
    return Reached(homes=homes, lines=tuple(lines), lanes=len(named), limit_ds=limit_ds)


def attached_rows(lane: Rows, outlets: Doors) -> Ints:
    """Give the attached outlets of a lane.

    Raises
    ------
    TypeError
        The lane holds something other than whole numbers.
    ValueError
        It names an outlet that there is not.
    """
    rows = np.asarray(lane)
    if rows.size and not np.issubdtype(rows.dtype, np.integer):
        raise TypeError(f"a lane holds rows of outlets, not {rows.dtype}")
    if rows.size and (rows.min() < 0 or rows.max() >= len(outlets)):
        raise ValueError(f"a lane names an outlet outside 0..{len(outlets) - 1}")
    whole = rows.astype(np.int32)
    attached: Ints = whole[outlets.chain[whole] >= 0]
    return attached


def _pass(
    prepared: Prepared,
    outlets: Doors,
    homes: Arrivals,
    lanes: Sequence[Ints],
    field: Shorts,
    out: Shorts,
) -> None:
    """Fill the lines of all homes for at most 32 lanes."""
    row = np.concatenate([*lanes, np.zeros(0, dtype=np.int32)])
    lane = np.repeat(np.arange(len(lanes), dtype=np.int32), [len(rows) for rows in lanes])
    node = np.concatenate([outlets.tail[row], outlets.head[row]])
    time = np.concatenate([outlets.ends[row, 2], outlets.ends[row, 3]])
    time += np.tile(outlets.access[row], 2)
    seeds = (node, np.tile(lane, 2), time)
    if prepared.hierarchy is None:
        _lane_by_lane(prepared, seeds, len(lanes), field)
    else:
        _sweep(prepared, prepared.hierarchy, seeds, field)
    arrive(field, homes.tail, homes.to_tail, homes.head, homes.to_head, homes.access, out)
    order = in_order(outlets.rank[row], len(outlets))
    along_chains(
        row[order], lane[order], outlets.chain, outlets.along, outlets.part, outlets.access,
        homes.first, homes.along, homes.part, np.arange(len(homes), dtype=np.int32),
        homes.access, out,
    )  # fmt: skip


def _sweep(
    prepared: Prepared, hierarchy: Hierarchy, seeds: tuple[Ints, Ints, Ints], field: Shorts
) -> None:
    node, lane, time = seeds
    row_of = np.zeros(prepared.nodes, dtype=np.int32)
    lines = _aligned((min(len(node), prepared.nodes) + 1) * LANES)
    lines[:LANES] = FAR16
    sow(node, lane, time, prepared.bound_ds, row_of, lines)
    sweep_up(hierarchy.below_first, hierarchy.below, hierarchy.below_into, field, lines, row_of)
    sweep_down(hierarchy.first, hierarchy.above, hierarchy.out, field)


def _lane_by_lane(
    prepared: Prepared, seeds: tuple[Ints, Ints, Ints], lanes: int, field: Shorts
) -> None:
    """Search the contracted graph once for each lane (Dial 1969)."""
    node, lane, time = seeds
    arcs = graph(
        start=prepared.graph_start,
        node=prepared.graph_node,
        out=prepared.graph_out,
        into=prepared.graph_in,
        bound_ds=prepared.bound_ds,
    )
    space = Workspace(arcs)
    lines = field.reshape(-1, LANES)
    lines[:] = FAR16
    for each in range(lanes):
        mine = lane == each
        ends = Seeds(node=node[mine], time=time[mine])
        lines[: prepared.nodes, each] = Field(arcs, ends, space).walks


def _aligned(count: int) -> Shorts:
    """Give room for numbers that begins on a cache line, so that no line of lanes lies on two."""
    raw = np.empty(count + CACHE_LINE, dtype=np.uint16)
    skip = -raw.ctypes.data % CACHE_LINE // raw.itemsize
    return raw[skip : skip + count]
