"""Our engine on a made city: every stage timed, from arrays to people covered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.kernel import reach as engine
from core.kernel.chains import Chains, chained
from core.kernel.compiled.lanes import LANES
from core.kernel.doors import Arrivals, Doors, doors
from core.kernel.doors import standing as stand
from core.kernel.prepared import Prepared, prepare
from core.kernel.reach import Reached, search
from core.kernel.snap import Snapped, snap_on
from core.kernel.street_index import index_streets
from core.kernel.walkers import Weights, level
from tests.bench.engine.city import City
from tests.bench.engine.goals import SNAPPING

SPEED_MPS = 1.2
BOUND_DS = 9000
ACCESS_METRES = 150.0
LOOPS = ("sow", "sweep_up", "sweep_down", "arrive", "along_chains")  # of one pass, in order

Found = TypeVar("Found")
Seeds = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ready:
    """A city whose streets are prepared and whose points stand on them, and what that took."""

    city: City
    weights: Weights
    chains: Chains
    prepared: Prepared
    outlet_feet: Snapped
    home_feet: Snapped
    outlets: Doors
    homes: Arrivals
    seconds: dict[str, float]


def make_ready(city: City) -> Ready:
    """Prepare streets and points, each step timed in seconds."""
    seconds: dict[str, float] = {}

    def timed(name: str, step: Callable[[], Found]) -> Found:
        started = time.perf_counter()
        found = step()
        seconds[name] = time.perf_counter() - started
        return found

    streets = city.streets
    weights = timed("weigh", lambda: level(streets.metres, metres_per_second=SPEED_MPS))
    chains = timed("chains", lambda: chained(streets, weights))
    prepared = timed("prepare", lambda: prepare(streets, weights, bound_ds=BOUND_DS))
    seconds["hierarchy"] = max(0.0, seconds["prepare"] - seconds["chains"])
    index = timed("index streets", lambda: index_streets(streets))
    feet = [
        timed(name, lambda x=x, y=y: snap_on(index, x, y, limit_metres=ACCESS_METRES))
        for name, x, y in (
            ("snap outlets", city.outlet_x, city.outlet_y),
            ("snap homes", city.home_x, city.home_y),
        )
    ]
    outlets = timed("outlets' doors", lambda: doors(prepared, feet[0]))
    standing = timed("homes' doors", lambda: stand(prepared, feet[1]))
    return Ready(
        city=city,
        weights=weights,
        chains=chains,
        prepared=prepared,
        outlet_feet=feet[0],
        home_feet=feet[1],
        outlets=outlets,
        homes=standing,
        seconds=seconds,
    )


def cold_seconds(seconds: dict[str, float]) -> float:
    """Add up what comes before a query: the chains are part of preparing."""
    steps = ("weigh", "prepare", *SNAPPING, "outlets' doors", "homes' doors")
    return sum(seconds[step] for step in steps)


def answer(ready: Ready) -> tuple[Reached, NDArray[np.int64]]:
    """Search all lanes and count the people that each covers."""
    lanes = ready.city.lanes
    found = search(ready.prepared, ready.outlets, ready.homes, lanes=lanes, limit_ds=BOUND_DS)
    people = ready.city.people.astype(np.int64)
    return found, found.covered(people, [BOUND_DS] * len(lanes))


def asked(ready: Ready, times: int) -> tuple[list[dict[str, float]], Reached, NDArray[np.int64]]:
    """Answer some times; give seconds by stage of each, and the last answer."""
    rounds = []
    found, covered = answer(ready)  # once before, so that all code and memory is at hand
    for _ in range(times):
        with stopwatch() as seconds:
            started = time.perf_counter()
            found, covered = answer(ready)
            seconds["query"] = time.perf_counter() - started
        seconds["rest"] = seconds["query"] - sum(
            spent for name, spent in seconds.items() if name in (*LOOPS, "count_people")
        )
        rounds.append(seconds)
    return rounds, found, covered


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Time the engine's compiled loops while the block runs."""
    seconds: dict[str, float] = {}
    plain = {name: getattr(engine, name) for name in (*LOOPS, "count_people")}

    def timing(name: str, loop: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arrays: Any) -> Any:
            started = time.perf_counter()
            done = loop(*arrays)
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started
            return done

        return timed

    for name, loop in plain.items():
        setattr(engine, name, timing(name, loop))
    try:
        yield seconds
    finally:
        for name, loop in plain.items():
            setattr(engine, name, loop)


def seeds_of(ready: Ready) -> Seeds:
    """Give the seeds of all lanes on the contracted graph: node, lane, and the rest of the walk."""
    outlets, lanes = ready.outlets, ready.city.lanes
    rows = [engine.attached_rows(lane, outlets) for lane in lanes]
    row = np.concatenate(rows)
    lane = np.repeat(np.arange(len(lanes), dtype=np.int32), [len(each) for each in rows])
    node = np.concatenate([outlets.tail[row], outlets.head[row]])
    rest = np.concatenate([outlets.ends[row, 2], outlets.ends[row, 3]])
    rest = rest + np.tile(outlets.access[row], 2)
    near = rest <= BOUND_DS
    return node[near], np.tile(lane, 2)[near], rest[near].astype(np.int32)


def walked_from(ready: Ready, seeds: Seeds, times: int) -> tuple[list[float], NDArray[np.int32]]:
    """Sweep seeds over the contracted graph; give seconds and walks (lanes, nodes)."""
    prepared, lanes = ready.prepared, len(ready.city.lanes)
    if prepared.hierarchy is None or lanes > LANES:
        raise ValueError("the bench sweeps at most 32 lanes over a hierarchy")
    field = engine._aligned(max(prepared.nodes, 1) * LANES)
    node, lane, rest = seeds
    given = tuple(np.ascontiguousarray(column, dtype=np.int32) for column in (node, lane, rest))
    seconds = []
    for _ in range(times + 1):
        started = time.perf_counter()
        engine._sweep(prepared, prepared.hierarchy, given, field)
        seconds.append(time.perf_counter() - started)
    walks = field.reshape(-1, LANES)[: prepared.nodes, :lanes].T.astype(np.int32)
    return seconds[1:], walks
