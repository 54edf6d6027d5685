"""Points in an order in which neighbours stay together, along Morton's curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import compiled

_FLOATS = "Array(float64, 1, 'C', True)"  # read only or not

DIGIT = 11  # bits that one round of the sorting looks at; even rounds, two curve axes each
ROUNDS = 4
AXIS_BITS = DIGIT * ROUNDS // 2  # how finely the curve tells places apart on each axis

Floats = NDArray[np.float64]


@compiled("uint64(float64)")
def spread_bits(place: float) -> np.uint64:
    """Put a zero between each two bits of a place on one axis, clamped to the curve's square."""
    top = float((1 << AXIS_BITS) - 1)
    bits = np.uint64(np.int64(min(max(place, 0.0), top)))
    bits = (bits | (bits << np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    bits = (bits | (bits << np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    bits = (bits | (bits << np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    bits = (bits | (bits << np.uint64(2))) & np.uint64(0x3333333333333333)
    return (bits | (bits << np.uint64(1))) & np.uint64(0x5555555555555555)


@compiled(f"int32[::1]({_FLOATS}, {_FLOATS}, float64, float64, float64, int64)")
def along_curve(
    x: Floats, y: Floats, lo_x: float, lo_y: float, steps_per_metre: float, rounds: int
) -> NDArray[np.int32]:
    """Order points along the curve through a square that begins at ``lo_x``, ``lo_y``.

    Points outside the square count as on its rim. A stable radix sort by the highest ``rounds``
    digits, so that equal places keep their order.
    """
    count = len(x)
    code, code_to = np.empty(count, np.uint64), np.empty(count, np.uint64)
    row, row_to = np.empty(count, np.int32), np.empty(count, np.int32)
    for point in range(count):
        east = spread_bits((x[point] - lo_x) * steps_per_metre)
        north = spread_bits((y[point] - lo_y) * steps_per_metre)
        code[point] = east | (north << np.uint64(1))
        row[point] = point
    mask = np.uint64((1 << DIGIT) - 1)
    place = np.empty(1 << DIGIT, np.int64)
    for digit in range(ROUNDS - rounds, ROUNDS):
        shift = np.uint64(digit * DIGIT)
        place[:] = 0
        for point in range(count):
            place[(code[point] >> shift) & mask] += 1
        total = 0
        for value in range(1 << DIGIT):
            here = place[value]
            place[value] = total
            total += here
        for point in range(count):
            value = (code[point] >> shift) & mask
            to = place[value]
            place[value] = to + 1
            code_to[to], row_to[to] = code[point], row[point]
        code, code_to = code_to, code
        row, row_to = row_to, row
    return row
