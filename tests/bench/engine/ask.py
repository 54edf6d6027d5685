"""Asking peers: questions as files, each library in a process and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.bench.engine.ours import BOUND_DS, Ready, Seeds
from tests.bench.engine.peers import NAMES

PEERS = Path(__file__).with_name("peers.py")
PATIENCE_SECONDS = 540
ONE_THREAD = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """An undirected graph in whole deciseconds, and where its nodes lie."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    u: NDArray[np.int32]
    v: NDArray[np.int32]
    walk: NDArray[np.int32]

    @property
    def nodes(self) -> int:
        """Count the nodes."""
        return len(self.x)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reply:
    """What a peer said: its seconds and walks (lanes, nodes or the rows asked), or why not."""

    name: str
    told: dict[str, Any]
    walks: NDArray[np.int32] | None = None
    rows: NDArray[np.int64] | None = None
    why: str = ""


def python_of_peers() -> str:
    """Find the environment that has the peers: LIFECIRCLE_BENCH_PEERS, or this one."""
    return os.environ.get("LIFECIRCLE_BENCH_PEERS") or sys.executable


def raw_graph(ready: Ready) -> Graph:
    """Give every edge of the streets."""
    streets = ready.city.streets
    return Graph(x=streets.x, y=streets.y, u=streets.u, v=streets.v, walk=ready.weights.forward)


def contracted_graph(ready: Ready) -> Graph:
    """Give our contracted graph, its nodes by our numbers, each edge once."""
    prepared, chains, streets = ready.prepared, ready.chains, ready.city.streets
    at = np.full(prepared.nodes, -1, dtype=np.int64)
    at[prepared.tail[prepared.of]] = chains.tail[chains.of]
    at[prepared.head[prepared.of]] = chains.head[chains.of]
    lost = at < 0  # a node without any street: anywhere, but nowhere twice
    x = np.where(lost, 1e7 + np.arange(prepared.nodes), streets.x[at])
    y = np.where(lost, 1e7, streets.y[at])
    tail = np.repeat(np.arange(prepared.nodes, dtype=np.int32), np.diff(prepared.graph_start))
    once = tail < prepared.graph_node
    return Graph(
        x=x,
        y=y,
        u=tail[once],
        v=prepared.graph_node[once],
        walk=prepared.graph_out[once].astype(np.int32),
    )


def ask(name: str, graph: Graph, seeds: Seeds, *, lanes: int, times: int, folder: Path) -> Reply:
    """Put a question to one peer and wait for its answer, on one thread."""
    question, answer = folder / "question.npz", folder / "answer.npz"
    node, lane, rest = seeds
    with question.open("wb") as target:
        np.savez(
            target,
            **{key: getattr(graph, key) for key in ("x", "y", "u", "v", "walk")},
            node=node,
            lane=lane,
            rest=rest,
            lanes=np.int64(lanes),
            limit=np.int64(BOUND_DS),
            times=np.int64(times),
        )
    words = [python_of_peers(), str(PEERS), name, str(question), str(answer)]
    env = {**os.environ, **dict.fromkeys(ONE_THREAD, "1")}
    try:
        done = subprocess.run(
            words, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Reply(name=name, told={}, why=f"no answer within {PATIENCE_SECONDS} s")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word why"])[-1]
        return Reply(name=name, told={}, why=f"not to be had here: {last}")
    with np.load(answer) as kept:
        walks = kept["walks"]
        rows = kept["rows"] if "rows" in kept.files else None
    told = json.loads(done.stdout.splitlines()[-1])
    answer.unlink()
    return Reply(name=name, told=told, walks=walks, rows=rows)


def all_peers() -> tuple[str, ...]:
    """Name the peers."""
    return tuple(NAMES)
