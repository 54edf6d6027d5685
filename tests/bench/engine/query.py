"""Part query: one city, ours and each peer, on all its streets and on our contracted graph."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled.lanes import LANES
from core.kernel.doors import arrivals, doors
from core.kernel.reach import Reached, search
from core.kernel.walks import UNREACHED
from tests.bench.engine import oracle
from tests.bench.engine.ask import (
    Graph,
    Reply,
    all_peers,
    ask,
    contracted_graph,
    raw_graph,
)
from tests.bench.engine.city import City
from tests.bench.engine.ours import (
    BOUND_DS,
    Ready,
    Seeds,
    answer,
    asked,
    cold_seconds,
    make_ready,
    seeds_of,
    walked_from,
)
from tests.bench.engine.peers import ON_NODES_ONLY

TIMES = 7  # of ours; peers are asked once, twice on small cities
SMALL = 100_000
Walks = NDArray[np.int32]


def measure(city: City, *, peers: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Measure a city; every peer's walks are compared with ours at every node and home."""
    ready = make_ready(city)
    rounds, found, covered = asked(ready, TIMES)
    with tempfile.TemporaryDirectory(prefix="lc-bench-") as name:
        sides = [
            _on_all_streets(ready, found.matrix(), Path(name), peers or all_peers()),
            _contracted(ready, Path(name), peers or all_peers()),
        ]
    names = sorted({key for one in rounds for key in one})
    stages = {key: statistics.median([one.get(key, 0.0) for one in rounds]) for key in names}
    prepared = ready.prepared
    return {
        "city": city.name,
        "nodes": city.streets.nodes,
        "edges": city.streets.edges,
        "contracted": prepared.nodes,
        "chains": prepared.chains,
        "arcs": 0 if prepared.hierarchy is None else len(prepared.hierarchy.above),
        "outlets": len(city.outlet_x),
        "homes": len(city.home_x),
        "lanes": len(city.lanes),
        "covered": [int(one) for one in covered],
        "ready": ready.seconds,
        "query": stages,
        "same_bytes": same_bytes(ready, found.matrix()),
        "memory": memory(ready, found),
        "cold": cold_seconds(ready.seconds) + stages["query"],
        "sides": sides,
    }


def same_bytes(ready: Ready, walks: Walks) -> bool:
    """Tell whether two threads at once, each asking again, get the same bytes."""
    with ThreadPoolExecutor(2) as pool:
        again = [pool.submit(lambda: answer(ready)[0].matrix().tobytes()) for _ in range(4)]
        return all(one.result() == walks.tobytes() for one in again)


def memory(ready: Ready, found: Reached) -> dict[str, int]:
    """Count the bytes of what is kept prepared and of what one query of 32 lanes holds."""
    prepared, homes = ready.prepared, ready.homes
    arrays = prepared.arrays()
    layers = [array for name, array in arrays.items() if name.startswith("hierarchy_")]
    return {
        "hierarchy": sum(array.nbytes for array in layers),
        "prepared": sum(array.nbytes for array in arrays.values()),
        "field": prepared.nodes * LANES * 2,
        "homes": sum(
            getattr(homes, name).nbytes
            for name in ("line", "tail", "head", "to_tail", "to_head", "access", "along", "part")
        ),
        "lines": sum(lines.nbytes for lines in found.lines),
    }


def _on_all_streets(
    ready: Ready, at_homes: Walks, folder: Path, peers: tuple[str, ...]
) -> dict[str, Any]:
    """Ask the peers about all streets; compare at every node and, where exact, at every home."""
    streets = ready.city.streets
    points, node = oracle.nodes_as_points(streets)
    moved = replace_outlets(ready)
    asked_about = {
        False: (oracle.seeds_on_streets(ready), walks_at(ready, points)),
        True: (standing_ones(oracle.seeds_on_streets(moved)), walks_at(moved, points)),
    }
    replies = []
    for name in peers:
        on_nodes = name in ON_NODES_ONLY
        seeds, ours = asked_about[on_nodes]
        reply = _asked(name, raw_graph(ready), seeds, ready, folder)
        told = _told(reply, ours, node)
        if reply.walks is not None and reply.rows is None and not on_nodes:
            started = time.perf_counter()
            homes = oracle.walks_of_homes(ready, reply.walks)
            told["homes_s"] = time.perf_counter() - started
            told["compared"] += homes.size
            told["differing"] += oracle.differing(at_homes, homes)
        replies.append(told)
    return {"graph": "all streets", "nodes": streets.nodes, "peers": replies}


def _contracted(ready: Ready, folder: Path, peers: tuple[str, ...]) -> dict[str, Any]:
    """Ask the peers about our contracted graph, with the seeds that we sweep from."""
    graph, seeds = contracted_graph(ready), seeds_of(ready)
    node, lane, rest = seeds
    standing = (node, lane, np.zeros_like(rest))
    seconds, with_rest = walked_from(ready, seeds, TIMES)
    _, without = walked_from(ready, standing, 1)
    everywhere = np.arange(graph.nodes)
    replies = []
    for name in peers:
        on_nodes = name in ON_NODES_ONLY
        reply = _asked(name, graph, standing if on_nodes else seeds, ready, folder)
        ours = _cut(without if on_nodes else with_rest)
        replies.append(_told(reply, ours, everywhere))
    return {
        "graph": "our contracted graph",
        "nodes": graph.nodes,
        "edges": len(graph.u),
        "seeds": len(node),
        "ours_s": statistics.median(seconds),
        "peers": replies,
    }


def _asked(name: str, graph: Graph, seeds: Seeds, ready: Ready, folder: Path) -> Reply:
    sys.stderr.write(f"  asking {name} about {graph.nodes:,} nodes\n")
    times = 2 if graph.nodes < SMALL else 1
    return ask(name, graph, seeds, lanes=len(ready.city.lanes), times=times, folder=folder)


def _told(reply: Reply, ours: Walks, node: NDArray[np.integer]) -> dict[str, Any]:
    """Tell what a peer took and in how many of its values it differs from ours."""
    if reply.walks is None:
        return {"name": reply.name, "why": reply.why}
    theirs = reply.walks
    if reply.rows is not None:
        place = np.full(int(node.max()) + 1, -1, dtype=np.int64)
        place[node] = np.arange(len(node))
        known = place[reply.rows] >= 0
        theirs, ours = theirs[:, known], ours[:, place[reply.rows[known]]]
    else:
        theirs = theirs[:, node]
    return {
        "name": reply.name,
        **reply.told,
        "query_s": statistics.median(reply.told["query"]),
        "compared": int(ours.size),
        "differing": oracle.differing(ours, theirs),
    }


def walks_at(ready: Ready, points: Any) -> Walks:
    """Walk from points on the streets, by our engine."""
    standing = arrivals(doors(ready.prepared, points))
    found = search(
        ready.prepared, ready.outlets, standing, lanes=ready.city.lanes, limit_ds=BOUND_DS
    )
    return found.matrix()


def replace_outlets(ready: Ready) -> Ready:
    """Move every outlet to the nearer end of its edge."""
    moved = oracle.at_nearest_ends(ready.outlet_feet)
    return replace(ready, outlet_feet=moved, outlets=doors(ready.prepared, moved))


def standing_ones(seeds: Seeds) -> Seeds:
    """Keep the seeds from which nothing is left to walk."""
    node, lane, rest = seeds
    here = rest == 0
    return node[here], lane[here], rest[here]


def _cut(walks: Walks) -> Walks:
    cut: Walks = np.where(walks > BOUND_DS, UNREACHED, walks).astype(np.int32)
    return cut
