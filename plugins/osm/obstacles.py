"""What lies on streets besides their length: signalled crossings, gates, one-ways, climbs.

OpenStreetMap puts crossings and gates on nodes, and streets here are made of the segments between
nodes, so each is laid on one segment, chosen by a rule that ``lay`` tells.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

CROSSINGS = ("crossing", "traffic_signals")  # highway=… of a node that may be a crossing
BARRIERS = (
    *("gate", "lift_gate", "swing_gate", "sliding_gate", "hampshire_gate", "wicket_gate"),
    *("kissing_gate", "turnstile", "full-height_turnstile", "door"),
)
OPEN = ("yes", "designated", "permissive")
PRIVATE = ("private", "residents", "permit")
ON_FOOT = ("footway", "path", "pedestrian", "steps", "cycleway", "corridor", "platform")
CROSSING_WAYS = ("footway", "path", "cycleway")  # whose tag of the same name may say crossing
NODE_KEYS = ("barrier", "ele")  # besides highway
STEEPEST = 1.0  # rise to run: a street steeper than 45 degrees is an error
PERCENT = re.compile(r"([+-]?\d+(?:\.\d+)?) ?(%|°)")
METRES = re.compile(r"([+-]?\d+(?:\.\d+)?)(?: ?m)?")

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Marks:
    """What nodes and ways of the file say, as they are read; ways in the order they are added."""

    signals: set[int] = field(default_factory=set)
    gates: dict[int, str] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    one_ways: array[int] = field(default_factory=lambda: array("b"))
    slopes: array[float] = field(default_factory=lambda: array("d"))
    signalled: array[int] = field(default_factory=lambda: array("b"))

    def note(self, node: int, tags: Mapping[str, str]) -> None:
        """Take what a node says."""
        if tags.get("highway") in CROSSINGS and _signalled(tags):
            self.signals.add(node)
        if tags.get("barrier") in BARRIERS and (gate := gate_of(tags)):
            self.gates[node] = gate
        if (height := METRES.fullmatch(tags.get("ele", ""))) is not None:
            self.heights[node] = float(height[1])

    def add(self, tags: Mapping[str, str]) -> None:
        """Take what a walkable way says."""
        crosses = any(tags.get(key) == "crossing" for key in CROSSING_WAYS)
        self.one_ways.append(one_way_of(tags))
        self.slopes.append(_slope(tags))
        self.signalled.append(crosses and _signalled(tags))


@dataclass(frozen=True, slots=True)
class Pieces:
    """Segments as far as obstacles need them: ends, length, and the way each is a piece of."""

    ids: NDArray[np.int64]  # (2, n)
    metres: Floats
    way: NDArray[np.integer]  # row in the order of ``Marks.add``
    kind: NDArray[Any]


def gate_of(tags: Mapping[str, str]) -> str:
    """Tell what a barrier is to people on foot: '' open to all, private or locked."""
    foot = tags.get("foot", "")
    if foot in OPEN:
        return ""
    access = foot or tags.get("access", "")
    if tags.get("locked") == "yes" or access == "no":
        return "locked"
    return "private" if access in PRIVATE else ""


def one_way_of(tags: Mapping[str, str]) -> int:
    """Tell which way people may walk a way: 0 both, 1 only forward, -1 only backward.

    A way's ``oneway`` is for vehicles; only what speaks of people on foot counts.
    """
    only = tags.get("oneway:foot", "")
    forward = tags.get("foot:forward") == "no" or only == "-1"
    backward = tags.get("foot:backward") == "no" or only in ("yes", "1")
    return int(backward) - int(forward)


def lay(marks: Marks, pieces: Pieces) -> dict[str, NDArray[Any]]:
    """Lay what was found on segments; columns that would say nothing are left out.

    A signalled crossing counts once: on a segment of a way made for walking where one runs
    through the node, otherwise on the road, and there on the segment before the node. A way that
    is itself tagged as a signalled crossing counts on its first segment when none of its nodes
    says so. A gate closes one segment: of those that meet at the node, one of a way that ends there
    before one of a way that runs through, and among them the shortest, so that few doors lie
    on it; where only one segment reaches the gate it leads nowhere and is not laid. Heights are
    taken from ``ele`` where both ends have it, otherwise from a number in the way's ``incline``.
    """
    gates = _gates(marks, pieces)
    columns = {
        "crossings": _crossings(marks, pieces),
        "gate": gates,
        "one_way": np.array(marks.one_ways, dtype=np.int8)[pieces.way],
        "climb": _climb(marks, pieces),
    }
    empty = {
        "crossings": not columns["crossings"].any(),
        "gate": not any(gates),
        "one_way": not columns["one_way"].any(),
        "climb": bool(np.isnan(columns["climb"]).all()),
    }
    return {name: column for name, column in columns.items() if not empty[name]}


def _signalled(tags: Mapping[str, str]) -> bool:
    return tags.get("crossing") == "traffic_signals" or tags.get("crossing:signals") == "yes"


def _slope(tags: Mapping[str, str]) -> float:
    """Give the rise to run that a way states as a number; NaN otherwise (up, down, nothing)."""
    stated = PERCENT.fullmatch(tags.get("incline", ""))
    if stated is None:
        return math.nan
    number = float(stated[1])
    slope = number / 100 if stated[2] == "%" else math.tan(math.radians(number))
    return slope if abs(slope) <= STEEPEST else math.nan


def _touching(nodes: set[int], pieces: Pieces) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Give for each of some nodes the segments that touch it, in the order of their numbers."""
    wanted = np.array(sorted(nodes), dtype=np.int64)
    end, segment = np.nonzero(np.isin(pieces.ids, wanted))
    node = pieces.ids[end, segment]
    order = np.lexsort((segment, node))
    node, segment = node[order], segment[order]
    bounds = np.flatnonzero(node[1:] != node[:-1]) + 1
    for part in np.split(np.arange(len(node)), bounds):
        if len(part):
            yield int(node[part[0]]), np.unique(segment[part])


def _crossings(marks: Marks, pieces: Pieces) -> NDArray[np.int32]:
    found = np.zeros(len(pieces.way), dtype=np.int32)
    told = np.zeros(len(marks.signalled), dtype=np.bool_)
    for node, segments in _touching(marks.signals, pieces):
        told[pieces.way[segments]] = True
        ranked = [
            (pieces.kind[one] not in ON_FOOT, pieces.ids[1, one] != node, int(one))
            for one in segments
        ]
        found[min(ranked)[-1]] += 1
    untold = np.array(marks.signalled, dtype=np.bool_) & ~told
    ways, first = np.unique(pieces.way, return_index=True)
    found[first[untold[ways]]] += 1
    return found


def _gates(marks: Marks, pieces: Pieces) -> NDArray[Any]:
    found = np.full(len(pieces.way), "", dtype=object)
    for node, segments in _touching(set(marks.gates), pieces):
        if len(segments) == 1:
            continue
        ways = pieces.way[segments].tolist()
        ranked = [
            (ways.count(pieces.way[one]) > 1, float(pieces.metres[one]), int(one))
            for one in segments
        ]
        closed = min(ranked)[-1]
        if found[closed] != "locked":
            found[closed] = marks.gates[node]
    return found


def _climb(marks: Marks, pieces: Pieces) -> Floats:
    climb: Floats = np.array(marks.slopes, dtype=np.float64)[pieces.way] * pieces.metres
    if marks.heights:
        high = np.isin(pieces.ids, np.fromiter(marks.heights, dtype=np.int64)).all(axis=0)
        for one in np.flatnonzero(high):
            first, last = pieces.ids[:, one].tolist()
            climb[one] = marks.heights[last] - marks.heights[first]
    return climb
