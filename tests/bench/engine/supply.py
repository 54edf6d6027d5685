"""Part supply: every outlet's whole ball; choice, k-th nearest and shared capacity from it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.kernel.balls import Balls, balls
from core.kernel.reach import search
from core.kernel.supply.answers import choices, kth_nearest, two_step
from core.kernel.supply.tallies import FIFTEEN_MINUTES
from core.kernel.walks import UNREACHED
from tests.bench.engine.ask import ask, contracted_graph
from tests.bench.engine.city import City
from tests.bench.engine.ours import BOUND_DS, Ready, make_ready

MINUTES = 15.0
COMPARED = 96  # outlets whose balls are compared with a search of their own
ASKED = 96  # outlets that scipy is asked about, its seconds multiplied to all


def measure(city: City, *, peer: bool = True) -> dict[str, Any]:
    """Stream all balls once for each figure."""
    ready = make_ready(city)
    stream = balls(ready.prepared, ready.outlets, ready.homes, limit_ds=BOUND_DS)
    random = np.random.default_rng(7)
    capacity = [random.integers(1, 200, len(rows)).astype(np.float64) for rows in city.lanes]
    pairs = 0
    started = time.perf_counter()
    for batch in stream:
        pairs += int(np.count_nonzero(batch.walks <= BOUND_DS))
    seconds = {"balls": time.perf_counter() - started}

    def timed(name: str, step: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        found = step()
        seconds[name] = time.perf_counter() - begun
        return found

    timed("choice", lambda: choices(stream, lanes=city.lanes, minutes=[MINUTES]))
    timed("third nearest", lambda: kth_nearest(stream, lanes=city.lanes, k=3, minutes=MINUTES))
    shared = timed(
        "two-step access",
        lambda: two_step(
            stream,
            lanes=city.lanes,
            people=city.people.astype(np.int64),
            capacity=capacity,
            zones=FIFTEEN_MINUTES,
        ),
    )
    differing, compared = _compared(ready, stream)
    given = float(np.nansum(np.asarray(shared.access) * city.people))
    return {
        "city": city.name,
        "outlets": len(city.outlet_x),
        "homes": len(city.home_x),
        "pairs": pairs,
        "seconds": seconds,
        "given_out": given,
        "shared": float(np.sum(shared.shared)),
        "compared": compared,
        "differing": differing,
        "scipy": _scipy(ready) if peer else None,
    }


def _compared(ready: Ready, stream: Balls) -> tuple[int, int]:
    """Compare some outlets with a lane each of a search, where either reaches a home."""
    on = np.flatnonzero(ready.outlets.chain >= 0)
    chosen = np.unique(on[np.linspace(0, len(on) - 1, min(COMPARED, len(on))).astype(int)])
    lanes = [np.array([row], dtype=np.int32) for row in chosen]
    found = search(ready.prepared, ready.outlets, ready.homes, lanes=lanes, limit_ds=BOUND_DS)
    ours = found.matrix()
    theirs = np.full_like(ours, UNREACHED)
    place = np.full(len(ready.outlets), -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    home_of_line = np.empty(len(stream.line), dtype=np.int64)
    home_of_line[stream.line] = np.arange(len(stream.line))
    for batch in stream:
        for column in np.flatnonzero(place[batch.outlets] >= 0):
            walks: NDArray[np.uint16] = batch.walks[:, column]
            near = walks <= BOUND_DS
            row = place[batch.outlets[column]]
            theirs[row, home_of_line[batch.homes[near]]] = walks[near]
    reached = int(np.count_nonzero((ours != UNREACHED) | (theirs != UNREACHED)))
    return int(np.count_nonzero(ours != theirs)), reached


def _scipy(ready: Ready) -> dict[str, Any]:
    """Ask scipy for some outlets' balls on our contracted graph: one search an outlet."""
    outlets = ready.outlets
    on = np.flatnonzero(outlets.chain >= 0)
    chosen = on[np.linspace(0, len(on) - 1, min(ASKED, len(on))).astype(int)]
    node = np.concatenate([outlets.tail[chosen], outlets.head[chosen]])
    rest = np.concatenate([outlets.ends[chosen, 2], outlets.ends[chosen, 3]])
    lane = np.tile(np.arange(len(chosen), dtype=np.int32), 2)
    near = rest <= BOUND_DS
    seeds = (node[near], lane[near], rest[near])
    with tempfile.TemporaryDirectory(prefix="lc-bench-") as name:
        reply = ask(
            "scipy",
            contracted_graph(ready),
            seeds,
            lanes=len(chosen),
            times=1,
            folder=Path(name),
        )
    if reply.walks is None:
        return {"why": reply.why}
    share = len(outlets) / len(chosen)
    return {"asked": len(chosen), "all_s": float(reply.told["query"][0]) * share}
