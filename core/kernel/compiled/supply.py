"""Compiled tallies over the walks of up to 32 outlets at a time: counts, nearest, people, access.

``homes`` names the homes of a batch, ``lines[m, l]`` is the walk from home ``homes[m]`` to outlet
``outlets[l]`` in deciseconds (65535 where not reached). The offers of outlet ``o`` are
``start[o]..start[o + 1]``; ``lane[e]`` is the lane that offer ``e`` stands in. ``zone[walk]``
is the number of the first limit that the walk keeps, and the number of limits where it keeps none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import compiled

BATCH = (
    "Array(int32, 1, 'C', True), Array(int32, 1, 'C', True), Array(uint16, 2, 'C', True), "
    "Array(int32, 1, 'C', True), Array(int32, 1, 'C', True)"
)
Whole = NDArray[np.int32]
Long = NDArray[np.int64]
Lines = NDArray[np.uint16]


@compiled(f"void({BATCH}, Array(uint8, 1, 'C', True), int32[:, :, ::1])")
def count_offers(
    outlets: Whole,
    homes: Whole,
    lines: Lines,
    start: Whole,
    lane: Whole,
    zone: NDArray[np.uint8],
    counts: NDArray[np.int32],
) -> None:
    """Add one to ``counts[home, lane, zone]`` for every offer within a limit."""
    zones = counts.shape[2]
    for m in range(homes.shape[0]):
        home = homes[m]
        for column in range(outlets.shape[0]):
            near = zone[lines[m, column]]
            if near < zones:
                outlet = outlets[column]
                for offer in range(start[outlet], start[outlet + 1]):
                    counts[home, lane[offer], near] += 1


@compiled(f"void({BATCH}, int64, uint16[:, :, ::1])")
def keep_nearest(
    outlets: Whole,
    homes: Whole,
    lines: Lines,
    start: Whole,
    lane: Whole,
    limit: int,
    nearest: Lines,
) -> None:
    """Sort each offer's walk into ``nearest[home, lane]``, which keeps the shortest, ascending."""
    last = nearest.shape[2] - 1
    for m in range(homes.shape[0]):
        home = homes[m]
        for column in range(outlets.shape[0]):
            walk = lines[m, column]
            if walk <= limit:
                outlet = outlets[column]
                for offer in range(start[outlet], start[outlet + 1]):
                    place = lane[offer]
                    if walk < nearest[home, place, last]:
                        at = last
                        while at > 0 and nearest[home, place, at - 1] > walk:
                            nearest[home, place, at] = nearest[home, place, at - 1]
                            at -= 1
                        nearest[home, place, at] = walk


@compiled(
    f"void({BATCH}, Array(uint8, 1, 'C', True), Array(int32, 1, 'C', True), "
    "Array(int64, 2, 'C', True), int64[:, ::1])"
)
def count_people(
    outlets: Whole,
    homes: Whole,
    lines: Lines,
    start: Whole,
    lane: Whole,
    zone: NDArray[np.uint8],
    group: Whole,
    people: Long,
    demand: Long,
) -> None:
    """Add the people of each home to ``demand[offer, zone]``.

    Those of the lane's group count: ``people[home, group[lane]]``.
    """
    zones = demand.shape[1]
    for m in range(homes.shape[0]):
        home = homes[m]
        for column in range(outlets.shape[0]):
            near = zone[lines[m, column]]
            if near < zones:
                outlet = outlets[column]
                for offer in range(start[outlet], start[outlet + 1]):
                    demand[offer, near] += people[home, group[lane[offer]]]


@compiled(
    f"void({BATCH}, Array(uint8, 1, 'C', True), Array(bool_, 1, 'C', True), "
    "Array(int64, 3, 'C', True), int64[:, :, ::1], int32[:, :, ::1])"
)
def share_out(
    outlets: Whole,
    homes: Whole,
    lines: Lines,
    start: Whole,
    lane: Whole,
    zone: NDArray[np.uint8],
    known: NDArray[np.bool_],
    parts: Long,
    access: Long,
    met: Whole,
) -> None:
    """Add ``parts[offer, zone]``, a sum in two whole numbers, to ``access[home, lane]``.

    ``met[home, lane]`` counts the offers within the last limit: of known capacity, of unknown.
    Whole numbers add up to the same in any order, so batches may come in any order.
    """
    zones = parts.shape[1]
    for m in range(homes.shape[0]):
        home = homes[m]
        for column in range(outlets.shape[0]):
            near = zone[lines[m, column]]
            if near < zones:
                outlet = outlets[column]
                for offer in range(start[outlet], start[outlet + 1]):
                    place = lane[offer]
                    if known[offer]:
                        access[home, place, 0] += parts[offer, near, 0]
                        access[home, place, 1] += parts[offer, near, 1]
                        met[home, place, 0] += 1
                    else:
                        met[home, place, 1] += 1
