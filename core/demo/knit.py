"""Join the drawn streets where they touch, into nodes and ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.demo.sketch import Gate, Street

Floats = NDArray[np.float64]
MAIN_ROADS = ("primary", "secondary")
ROWS_AT_ONCE = 512  # keeps the crossing test's memory in the tens of megabytes
STRAY_OF_EDGE = 0.22  # of its shortest piece: a node that strays farther would cross its neighbours


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Nodes on paper, and ways as runs of node indices.

    ``gates`` are nodes with their gate, ``signals`` nodes where one waits for a green light.
    """

    x: Floats
    y: Floats
    ways: tuple[tuple[int, ...], ...]
    streets: tuple[Street, ...]
    gates: dict[int, Gate]
    signals: frozenset[int]


def knit(streets: Sequence[Street], gates: Sequence[Gate], rng: np.random.Generator) -> Network:
    """Cut streets of one layer where they touch and share the nodes; let the nodes stray."""
    ends = np.rint(np.array([(s.x0, s.y0, s.x1, s.y1) for s in streets]) * 100).astype(np.int64)
    marks = _marks(ends, np.array([s.layer for s in streets]))
    index: dict[tuple[int, int], int] = {}
    wobble: list[float] = []
    ways = []
    for street, (x0, y0, _, y1), stops in zip(streets, ends.tolist(), marks, strict=True):
        way = []
        for along in _dense(stops, round(street.step * 100)):
            node = index.setdefault((along, y0) if y0 == y1 else (x0, along), len(index))
            if node == len(wobble):
                wobble.append(street.wobble)
            wobble[node] = min(wobble[node], street.wobble)
            way.append(node)
        ways.append(tuple(way))
    gate_nodes = {index[round(g.x * 100), round(g.y * 100)]: g for g in gates}
    at = np.array(list(index), dtype=np.float64) / 100
    stray = np.minimum(np.array(wobble), STRAY_OF_EDGE * _shortest(at, ways))
    stray[list(gate_nodes)] = 0.0
    shift = rng.uniform(-1, 1, at.shape) * stray[:, None]
    return Network(
        x=at[:, 0] + shift[:, 0],
        y=at[:, 1] + shift[:, 1],
        ways=tuple(ways),
        streets=tuple(streets),
        gates=gate_nodes,
        signals=_signals(ways, streets, len(at)),
    )


def _signals(
    ways: Sequence[tuple[int, ...]], streets: Sequence[Street], nodes: int
) -> frozenset[int]:
    """Put a light on a main road before each junction it ends at, where nothing else meets it.

    A street's nodes run east and north, so every junction has its lights to the west and to the
    south: who walks straight on waits once.
    """
    ends = Counter(
        way[-1] for way, street in zip(ways, streets, strict=True) if street.kind in MAIN_ROADS
    )
    used = np.bincount([node for way in ways for node in way], minlength=nodes)
    return frozenset(
        way[-2]
        for way, street in zip(ways, streets, strict=True)
        if street.kind in MAIN_ROADS
        and street.layer == 0
        and ends[way[-1]] > 1
        and len(way) > 2  # noqa: PLR2004 - a node of its own between two junctions
        and used[way[-2]] == 1
    )


def _shortest(at: Floats, ways: Sequence[tuple[int, ...]]) -> Floats:
    """Give each node the length of the shortest piece that starts there, metres."""
    pairs = np.array([pair for way in ways for pair in pairwise(way)])
    length = np.hypot(*(at[pairs[:, 0]] - at[pairs[:, 1]]).T)
    shortest = np.full(len(at), np.inf)
    np.minimum.at(shortest, pairs[:, 0], length)
    np.minimum.at(shortest, pairs[:, 1], length)
    return shortest


def _marks(ends: NDArray[np.int64], layer: NDArray[np.int64]) -> list[list[int]]:
    """Find for each street where along its axis it must have a node; centimetres throughout."""
    low_x, high_x = ends[:, [0, 2]].min(axis=1), ends[:, [0, 2]].max(axis=1)
    low_y, high_y = ends[:, [1, 3]].min(axis=1), ends[:, [1, 3]].max(axis=1)
    flat = ends[:, 1] == ends[:, 3]
    across, upright = np.flatnonzero(flat), np.flatnonzero(~flat)
    first, last = np.where(flat, low_x, low_y), np.where(flat, high_x, high_y)
    marks = [[int(a), int(b)] for a, b in zip(first, last, strict=True)]
    for start in range(0, len(across), ROWS_AT_ONCE):
        h = across[start : start + ROWS_AT_ONCE]
        touch = (
            (low_x[h, None] <= low_x[upright])
            & (low_x[upright] <= high_x[h, None])
            & (low_y[upright] <= low_y[h, None])
            & (low_y[h, None] <= high_y[upright])
            & (layer[h, None] == layer[upright])
        )
        for i, j in zip(*np.nonzero(touch), strict=True):
            one, other = int(h[i]), int(upright[j])
            marks[one].append(int(low_x[other]))
            marks[other].append(int(low_y[one]))
    return marks


def _dense(stops: Sequence[int], step: int) -> list[int]:
    """Sort the stops and put more between them, no two much farther apart than ``step``."""
    ordered = sorted(set(stops))
    dense = [ordered[0]]
    for a, b in pairwise(ordered):
        pieces = -(-(b - a) // step)
        dense.extend(a + (b - a) * k // pieces for k in range(1, pieces))
        dense.append(b)
    return dense
