"""One peer library in a process of its own: the same graph and outlets, timed, its answer kept.

``python peers.py NAME QUESTION.npz ANSWER.npz`` in an environment with numpy and that library
(peers.txt); imports nothing of the product. The last line it prints is JSON with its seconds.

The question: for every node and lane, the walk to the nearest seed of the lane, up to a limit. A
seed is a node and what is still to walk from there. Libraries that know no such rest get seeds
without one (all of them are then asked about seeds that stand on nodes).
"""

# ruff: noqa: PLC0415 - only the library that is asked about is there

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

NAMES = {
    "scipy": "scipy",
    "igraph": "igraph",
    "routingkit": "routingkit-cch",
    "pandana": "pandana",
    "cityseer": "cityseer",
}
ON_NODES_ONLY = ("pandana", "cityseer")
SAMPLED = 400  # origins that cityseer is asked about: it searches once an origin
FAR = 2**29 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An undirected network in whole deciseconds, and seeds by lane."""

    x: Any
    y: Any
    u: Any
    v: Any
    walk: Any
    lane: Any
    node: Any
    rest: Any
    lanes: int
    limit: int
    times: int

    @property
    def nodes(self) -> int:
        return len(self.x)


@dataclass(slots=True, kw_only=True)
class Answer:
    """Seconds to get ready, seconds of each repeated query, and walks (lanes, nodes)."""

    build: float
    query: list[float]
    walks: Any
    rows: Any = None  # the nodes that were asked about; all when None
    note: str = ""
    stages: dict[str, float] = field(default_factory=dict)


def repeated(times: int, ask: Callable[[], Any]) -> tuple[list[float], Any]:
    """Ask some times; give the seconds and the last answer."""
    seconds, found = [], None
    for _ in range(times):
        started = time.perf_counter()
        found = ask()
        seconds.append(time.perf_counter() - started)
    return seconds, found


def ask_scipy(question: Question) -> Answer:
    """Search once a lane from a virtual node behind its seeds, by csgraph with a limit."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    size = question.nodes + question.lanes

    def behind() -> Any:
        source = question.nodes + question.lane
        tail = np.concatenate([question.u, question.v, source])
        head = np.concatenate([question.v, question.u, question.node])
        walk = np.concatenate([question.walk, question.walk, question.rest])
        order = np.lexsort((walk, head, tail))
        tail, head, walk = tail[order], head[order], walk[order]
        first = np.r_[True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])]
        start = np.zeros(size + 1, dtype=np.int32)
        np.cumsum(np.bincount(tail[first], minlength=size), out=start[1:])
        return csr_array((walk[first].astype(np.float64), head[first], start), shape=(size, size))

    def search() -> Any:
        rows = [
            dijkstra(graph, indices=question.nodes + lane, limit=float(question.limit))
            for lane in range(question.lanes)
        ]
        return np.stack(rows)

    started = time.perf_counter()
    graph = behind()
    build = time.perf_counter() - started
    seconds, found = repeated(question.times, search)
    return Answer(build=build, query=seconds, walks=found[:, : question.nodes])


def ask_igraph(question: Question) -> Answer:
    """Search once a lane from a virtual node; igraph knows no limit."""
    import igraph

    started = time.perf_counter()
    source = question.nodes + question.lane
    tail = np.concatenate([question.u, question.v, source])
    head = np.concatenate([question.v, question.u, question.node])
    walk = np.concatenate([question.walk, question.walk, question.rest]).astype(float)
    graph = igraph.Graph(
        n=question.nodes + question.lanes, edges=np.stack([tail, head], axis=1), directed=True
    )
    weights = walk.tolist()
    build = time.perf_counter() - started
    sources = list(range(question.nodes, question.nodes + question.lanes))
    seconds, found = repeated(
        question.times, lambda: graph.distances(source=sources, weights=weights)
    )
    walks = np.array(found)[:, : question.nodes]
    return Answer(build=build, query=seconds, walks=walks, note="searches without a limit")


def ask_routingkit(question: Question) -> Answer:
    """Sweep once a lane from all its seeds at once to every node (CCH one-to-many)."""
    import routingkit_cch as kit

    started = time.perf_counter()
    tail = np.concatenate([question.u, question.v]).tolist()
    head = np.concatenate([question.v, question.u]).tolist()
    walk = np.concatenate([question.walk, question.walk]).tolist()
    listed = time.perf_counter()
    order = kit.compute_order_inertial(
        question.nodes, tail, head, question.y.tolist(), question.x.tolist()
    )
    ordered = time.perf_counter()
    hierarchy = kit.CCH(order, tail, head, False)
    built = time.perf_counter()
    metric = kit.CCHMetric(hierarchy, walk)
    customised = time.perf_counter()
    targets = kit.CCHOneToMany(metric, list(range(question.nodes)))
    ready = time.perf_counter()
    seeds = [
        list(zip(question.node[mine].tolist(), question.rest[mine].tolist(), strict=True))
        for mine in (question.lane == lane for lane in range(question.lanes))
    ]
    seconds, found = repeated(
        question.times, lambda: [targets.distances_from_multi(lane) for lane in seeds]
    )
    walks = np.array([[FAR if one is None else one for one in lane] for lane in found])
    stages = {
        "lists": listed - started,
        "order": ordered - listed,
        "hierarchy": built - ordered,
        "customise": customised - built,
        "pin targets": ready - customised,
    }
    note = "sweeps without a limit"
    return Answer(build=ready - started, query=seconds, walks=walks, note=note, stages=stages)


def ask_pandana(question: Question) -> Answer:
    """Set the points of interest and ask each node for the nearest one, lane by lane."""
    import pandana
    import pandas as pd

    started = time.perf_counter()
    network = pandana.Network(
        pd.Series(question.x),
        pd.Series(question.y),
        pd.Series(question.u),
        pd.Series(question.v),
        pd.DataFrame({"walk": question.walk.astype(float)}),
        twoway=True,
    )
    build = time.perf_counter() - started
    stages = {"set_pois": 0.0, "nearest_pois": 0.0}

    def search() -> Any:
        rows = []
        for lane in range(question.lanes):
            began = time.perf_counter()
            node = question.node[question.lane == lane]
            x, y = pd.Series(question.x[node]), pd.Series(question.y[node])
            network.set_pois(str(lane), question.limit, 1, x, y)
            set_at = time.perf_counter()
            nearest = network.nearest_pois(
                question.limit, str(lane), num_pois=1, max_distance=float(FAR)
            )
            rows.append(nearest[1].to_numpy())
            stages["set_pois"] += (set_at - began) / question.times
            stages["nearest_pois"] += (time.perf_counter() - set_at) / question.times
        return np.stack(rows)

    seconds, found = repeated(question.times, search)
    return Answer(build=build, query=seconds, walks=found, stages=stages)


def ask_cityseer(question: Question) -> Answer:
    """Search once an origin for all lanes: asked about some origins, and told so."""
    from cityseer.rustalgos import data, graph

    started = time.perf_counter()
    streets = graph.NetworkStructure()
    x, y = question.x.tolist(), question.y.tolist()
    asked = np.unique(np.linspace(0, question.nodes - 1, SAMPLED).astype(int))
    live = np.isin(np.arange(question.nodes), asked).tolist()
    for node in range(question.nodes):
        streets.add_street_node(str(node), x[node], y[node], live[node], 1.0)
    straight = np.maximum(
        np.hypot(
            question.x[question.u] - question.x[question.v],
            question.y[question.u] - question.y[question.v],
        ),
        1e-3,
    )
    # a street's cost is its drawn length times a factor: a metre then stands for a second
    factor = (np.maximum(question.walk, 1e-3) / 10 / straight).tolist()
    ends = zip(question.u.tolist(), question.v.tolist(), strict=True)
    for edge, (u, v) in enumerate(ends):
        if u == v:
            continue
        for a, b in ((u, v), (v, u)):
            line = f"LINESTRING ({x[a]!r} {y[a]!r}, {x[b]!r} {y[b]!r})"
            streets.add_street_edge(a, b, edge, str(a), str(b), line, factor[edge])
    streets.build_edge_rtree()
    build = time.perf_counter() - started
    shops, formats = data.DataMap(), {}
    for seed, (node, lane) in enumerate(
        zip(question.node.tolist(), question.lane.tolist(), strict=True)
    ):
        shops.insert(seed, f"POINT ({x[node]!r} {y[node]!r})")
        formats[seed] = str(lane)
    shops.assign_data_to_network(streets, 5.0, 8)
    assigned = time.perf_counter() - started - build
    keys = [str(lane) for lane in range(question.lanes)]
    limit = question.limit // 10 + 1  # its own rounding must not decide; cut exactly in main
    seconds, found = repeated(
        question.times,
        lambda: shops.accessibility(
            streets, formats, keys, distances=[limit], speed_m_s=1.0, pbar_disabled=True
        ),
    )
    index = {int(node): row for row, node in enumerate(found.node_indices)}
    rows = [index[int(node)] for node in asked]
    walks = np.stack([found.result[key].distance[limit][rows] * 10 for key in keys])
    share = question.nodes / len(asked)
    return Answer(
        build=build,
        query=[one * share for one in seconds],
        walks=np.rint(np.nan_to_num(walks, nan=FAR, posinf=FAR)),
        rows=asked,
        note=f"{len(asked)} of {question.nodes:,} origins asked, seconds multiplied by "
        f"{share:.0f}; 32-bit floats, assigns points to streets by itself",
        stages={"assign": assigned},
    )


ASK = {
    "scipy": ask_scipy,
    "igraph": ask_igraph,
    "routingkit": ask_routingkit,
    "pandana": ask_pandana,
    "cityseer": ask_cityseer,
}


def high_water() -> int:
    """Give this process's own peak memory; ``ru_maxrss`` would count its starter's."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main(name: str, question_path: str, answer_path: str) -> None:
    """Ask one library."""
    with np.load(question_path) as arrays:
        columns = {key: arrays[key] for key in arrays.files}
    numbers = {key: int(columns.pop(key)) for key in ("lanes", "limit", "times")}
    answer = ASK[name](Question(**columns, **numbers))
    walks = np.nan_to_num(answer.walks, nan=FAR, posinf=FAR)
    walks[walks > numbers["limit"]] = FAR
    kept = {"walks": walks.astype(np.int32)}
    if answer.rows is not None:
        kept["rows"] = answer.rows
    with Path(answer_path).open("wb") as target:
        np.savez(target, **kept)
    told = {
        "version": version(NAMES[name]),
        "build": answer.build,
        "query": answer.query,
        "note": answer.note,
        "stages": answer.stages,
        "peak": high_water(),
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
