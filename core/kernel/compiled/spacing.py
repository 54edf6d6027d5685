"""Thin points out so that no two stand closer than allowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.kernel.compiled import compiled

Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

_F64 = 'Array(float64, 1, "C", True)'
_I64 = 'Array(int64, 1, "C", True)'
_CELLS = 'Array(int32, 2, "C", True)'


@compiled(f"void({_F64}, {_F64}, {_I64}, {_I64}, {_CELLS}, float64, boolean[::1])")
def thin(
    x: Floats,
    y: Floats,
    order: Int64s,
    cell: Int64s,
    around: Int32s,
    metres: float,
    kept: NDArray[np.bool_],
) -> None:
    """Keep each point, in this order, that no kept one is closer to than ``metres``.

    ``cell`` is the square of each point, ``around[cell]`` the squares that may hold one too
    close, -1 where there is none.
    """
    latest = np.full(len(around), -1, np.int64)
    older = np.full(len(x), -1, np.int64)
    square = metres * metres
    for turn in range(len(order)):
        point = order[turn]
        free = True
        for k in range(around.shape[1]):
            neighbour = around[cell[point], k]
            other = latest[neighbour] if neighbour >= 0 else -1
            while other >= 0 and free:
                dx, dy = x[other] - x[point], y[other] - y[point]
                free = dx * dx + dy * dy >= square
                other = older[other]
            if not free:
                break
        if free:
            kept[point] = True
            older[point] = latest[cell[point]]
            latest[cell[point]] = point
