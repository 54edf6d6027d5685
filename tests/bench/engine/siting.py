"""Part siting: candidates by homes, whom each covers, the answer at once, and its certificate."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.kernel.doors import doors
from core.kernel.reach import search
from core.kernel.siting.candidates import Cover, within_reach
from core.kernel.siting.certificate import SECONDS, certify
from core.kernel.siting.choice import choose
from core.kernel.siting.question import Conditions, ask
from tests.bench.engine.city import City
from tests.bench.engine.ours import BOUND_DS, Ready, make_ready
from tests.bench.engine.whatif import new_feet

CANDIDATES, SITES, TIMES = 500, 10, 5
NODES_FOR_20K_HOMES = 16_700
LANES_AT_ONCE = 32
SHARE = 0.05  # of a format's outlets that stay: most people must still want one


def measure(city: City, *, candidates: int = CANDIDATES, seed: int = 5) -> dict[str, Any]:
    """Ask where ten more outlets of one format should stand."""
    ready = make_ready(city)
    random = np.random.default_rng(seed)
    feet = new_feet(ready, candidates, random)
    few = ready.city.lanes[0]
    few = few[: max(1, round(len(few) * SHARE))]
    already = search(
        ready.prepared, ready.outlets, ready.homes, lanes=[few], limit_ds=BOUND_DS
    ).row(0)
    covered = already <= BOUND_DS
    started = time.perf_counter()
    places = doors(ready.prepared, feet)
    cover = within_reach(
        _blocks(ready, places, candidates),
        limit_ds=BOUND_DS,
        candidates=candidates,
        homes=len(city.people),
        skip=covered,
    )
    sets = time.perf_counter() - started
    seconds: dict[str, list[float]] = {"question": [], "answer": [], "certificate": []}
    question = sites = proof = None
    for _ in range(TIMES):
        started = time.perf_counter()
        question = ask(cover, city.people, Conditions(at_most=SITES), covered=covered)
        asked = time.perf_counter()
        sites = choose(question)
        answered = time.perf_counter()
        proof = certify(question, sites, seconds=SECONDS)
        seconds["question"].append(asked - started)
        seconds["answer"].append(answered - asked)
        seconds["certificate"].append(time.perf_counter() - answered)
    if question is None or sites is None or proof is None:
        raise AssertionError("nothing was asked")
    return {
        "city": city.name,
        "homes": len(city.people),
        "candidates": candidates,
        "sites": SITES,
        "rows": len(question.weight),
        "sets_s": sets,
        **{f"{name}_s": statistics.median(each) for name, each in seconds.items()},
        "greedy": sites.greedy_people,
        "people": sites.people,
        "best": proof.people,
        "bound": proof.upper_bound,
        "optimal": proof.optimal,
        "counted_anew": _counted(cover, city.people, covered, sites.chosen),
    }


def _blocks(ready: Ready, places: Any, candidates: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """Walk to each candidate, 32 in one search."""
    for first in range(0, candidates, LANES_AT_ONCE):
        rows = np.arange(first, min(candidates, first + LANES_AT_ONCE), dtype=np.int32)
        lanes = list(rows.reshape(-1, 1))
        found = search(ready.prepared, places, ready.homes, lanes=lanes, limit_ds=BOUND_DS)
        yield first, found.matrix()


def _counted(
    cover: Cover, people: NDArray[np.int32], covered: NDArray[np.bool_], chosen: tuple[int, ...]
) -> int:
    """Count the people of the chosen by hand."""
    reached = np.zeros(len(people), dtype=np.bool_)
    for one in chosen:
        reached[cover.of(one)] = True
    return int(people[reached & ~covered].sum(dtype=np.int64))


def agrees(found: dict[str, Any]) -> int:
    """Count the figures that do not fit each other: 0 or 1 for each of three."""
    wrong = (found["counted_anew"] != found["people"], found["people"] > found["bound"])
    return sum((*wrong, found["best"] > found["bound"]))
