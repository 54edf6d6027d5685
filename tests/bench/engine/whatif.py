"""Part whatif: one outlet more or less, timed one by one, then compared with a search anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.kernel.doors import Doors, doors
from core.kernel.reach import search
from core.kernel.snap import Snapped
from core.kernel.whatif.city import City as Standing
from core.kernel.whatif.city import seeds_at
from core.kernel.whatif.scenario import Scenario
from tests.bench.engine import oracle
from tests.bench.engine.city import City
from tests.bench.engine.ours import BOUND_DS, Ready, make_ready

EDITS = 400
COMPARED_EDITS = 60


def measure(city: City, *, edits: int = EDITS, seed: int = 3) -> dict[str, Any]:
    """Add and close outlets on streets drawn by length; every lane has its turn."""
    ready = make_ready(city)
    standing = Standing(
        ready.prepared,
        doors(ready.prepared, ready.home_feet),
        ready.outlets,
        lanes=ready.city.lanes,
        limit_ds=BOUND_DS,
    )
    random = np.random.default_rng(seed)
    feet = new_feet(ready, edits, random)
    places = doors(ready.prepared, feet)
    lanes = random.integers(0, len(city.lanes), edits).tolist()
    started = time.perf_counter()
    for lane in range(len(city.lanes)):
        standing.ground(lane)
    ground = time.perf_counter() - started
    seconds = {
        **_fields(standing, places, lanes),
        **_scenario(standing, places, lanes, random),
    }
    differing, compared = _compared(ready, standing, feet, lanes, random)
    return {
        "city": city.name,
        "contracted": ready.prepared.nodes,
        "homes": len(city.home_x),
        "edits": edits,
        "first_search_s": ground,
        "seconds": {name: spread(each) for name, each in seconds.items()},
        "compared": compared,
        "differing": differing,
    }


def new_feet(ready: Ready, count: int, random: np.random.Generator) -> Snapped:
    """Choose places on streets, more on longer ones."""
    metres = ready.city.streets.metres
    edge = random.choice(len(metres), count, p=metres / metres.sum()).astype(np.int32)
    return Snapped(edge=edge, fraction=random.random(count), access_metres=np.zeros(count))


def _timed(seconds: list[float], step: Callable[[], object]) -> None:
    started = time.perf_counter()
    step()
    seconds.append(time.perf_counter() - started)


def _fields(standing: Standing, places: Doors, lanes: Sequence[int]) -> dict[str, list[float]]:
    """Repair walks at nodes alone."""
    added: list[float] = []
    removed: list[float] = []
    fields = [standing.ground(lane).field.fork() for lane in range(len(standing.lanes))]
    for row, lane in enumerate(lanes):
        seeds, field = seeds_at(places.take(np.array([row]))), fields[lane]
        _timed(added, lambda field=field, seeds=seeds: field.insert(seeds))
        _timed(removed, lambda field=field, seeds=seeds: field.remove(seeds))
    return {"nodes: insert": added, "nodes: remove": removed}


def _scenario(
    standing: Standing, places: Doors, lanes: Sequence[int], random: np.random.Generator
) -> dict[str, list[float]]:
    """Edit a scenario: the homes whose walk changed are told too."""
    seconds: dict[str, list[float]] = {"add": [], "undo": [], "close": []}
    scenario = Scenario(standing)
    for lane in range(len(standing.lanes)):  # the first edit of a lane copies its walks
        scenario.add(places.take(np.array([0])), [lane])
        scenario.undo()
    for row, lane in enumerate(lanes):
        place, outlet = places.take(np.array([row])), int(random.choice(standing.lanes[lane]))
        _timed(seconds["add"], lambda place=place, lane=lane: scenario.add(place, [lane]))
        _timed(seconds["undo"], scenario.undo)
        _timed(seconds["close"], lambda outlet=outlet: scenario.close(outlet))
        scenario.undo()
    return seconds


def _compared(
    ready: Ready,
    standing: Standing,
    feet: Snapped,
    lanes: Sequence[int],
    random: np.random.Generator,
) -> tuple[int, int]:
    """Edit without undoing, then search anew what stands now; count the walks that differ."""
    scenario = Scenario(standing)
    now = [list(map(int, rows)) for rows in standing.lanes]
    outlets = len(ready.outlet_feet)
    chosen = feet.take(np.arange(min(COMPARED_EDITS, len(feet))))
    for row in range(len(chosen)):
        lane = lanes[row]
        scenario.add(doors(ready.prepared, chosen.take(np.array([row]))), [lane])
        now[lane].append(outlets + row)
        if len(standing.lanes[lane]):
            closed = int(random.choice(standing.lanes[lane]))
            scenario.close(closed)
            now[lane] = [one for one in now[lane] if one != closed]
    everything = doors(ready.prepared, _joined(ready.outlet_feet, chosen))
    rows: list[NDArray[np.int32]] = [np.array(one, dtype=np.int32) for one in now]
    found = search(ready.prepared, everything, ready.homes, lanes=rows, limit_ds=BOUND_DS)
    walks = np.stack([scenario.walks(lane) for lane in range(len(rows))])
    return oracle.differing(found.matrix(), walks), walks.size


def _joined(one: Snapped, other: Snapped) -> Snapped:
    return Snapped(
        edge=np.concatenate([one.edge, other.edge]),
        fraction=np.concatenate([one.fraction, other.fraction]),
        access_metres=np.concatenate([one.access_metres, other.access_metres]),
    )


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Give median, 95th percentile and largest."""
    half, most = np.quantile(seconds, (0.5, 0.95))
    return {"p50": float(half), "p95": float(most), "max": float(np.max(seconds))}
