"""Points onto streets: nearest edge, fraction along it, access metres."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.kernel.street_index import StreetIndex, index_streets
from core.kernel.streets import Streets

UNATTACHED = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapped:
    """Where each point meets the streets.

    Parameters
    ----------
    edge
        Nearest edge, ``UNATTACHED`` (-1) where the street is too far away.
    fraction
        How far along that edge, 0 at ``u`` and 1 at ``v``; NaN where unattached.
    access_metres
        Straight from the point to the nearest street, also where that is too far to attach;
        NaN only where there is no street at all.
    """

    edge: NDArray[np.int32]
    fraction: NDArray[np.float64]
    access_metres: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.edge)

    @property
    def attached(self) -> NDArray[np.bool_]:
        """Say which points stand on a street."""
        mask: NDArray[np.bool_] = self.edge >= 0
        return mask

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Snapped:
        """Give some of the points, by index or mask."""
        return Snapped(
            edge=self.edge[rows],
            fraction=self.fraction[rows],
            access_metres=self.access_metres[rows],
        )


def snap(streets: Streets, x: ArrayLike, y: ArrayLike, *, limit_metres: float | None) -> Snapped:
    """Put points on their nearest edge, drawn straight between its nodes.

    Among equally near edges the one with the lowest index is taken, so the same input always
    gives the same answer. Walls, gates and rivers between door and street are not known here;
    ``limit_metres`` is what keeps a point from being pulled across a whole block.

    Parameters
    ----------
    streets
        The network; its plane is the points' plane.
    x, y
        Metres, one per point.
    limit_metres
        Farthest street that a point may be attached to (inclusive); None for no limit.

    Raises
    ------
    ValueError
        If a coordinate is not finite, the columns differ in length, the limit is negative, or a
        point or street is so far out that no distance can be told (1e150 m).
    """
    return snap_on(index_streets(streets), x, y, limit_metres=limit_metres)


def snap_on(
    index: StreetIndex, x: ArrayLike, y: ArrayLike, *, limit_metres: float | None
) -> Snapped:
    """Put points on the nearest edge of streets indexed before.

    For more than one set of points on the same streets, or one point at a time; otherwise as
    :func:`snap`, whose answers it gives.
    """
    px, py = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if px.ndim != 1 or px.shape != py.shape:
        raise ValueError(f"x and y must be two equal columns, not {px.shape} and {py.shape}")
    lost = ~(np.isfinite(px) & np.isfinite(py))
    if lost.any():
        raise ValueError(f"point {int(np.argmax(lost))} has a coordinate that is not finite")
    if limit_metres is not None and not limit_metres >= 0:
        raise ValueError(f"limit_metres must not be negative, not {limit_metres}")

    if not index.edges:
        return Snapped(
            edge=np.full(len(px), UNATTACHED, dtype=np.int32),
            fraction=np.full(len(px), math.nan),
            access_metres=np.full(len(px), math.nan),
        )
    edge, fraction, access = index.nearest(px, py)
    if limit_metres is not None:
        far = ~(access <= limit_metres)
        edge[far] = UNATTACHED
        fraction[far] = math.nan
    return Snapped(edge=edge, fraction=fraction, access_metres=access)
