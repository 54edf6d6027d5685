"""Points onto streets: nearest edge, fraction along it, access metres."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

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
        If a coordinate is not finite, the columns differ in length or the limit is negative.
    """
    px, py = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if px.ndim != 1 or px.shape != py.shape:
        raise ValueError(f"x and y must be two equal columns, not {px.shape} and {py.shape}")
    lost = ~(np.isfinite(px) & np.isfinite(py))
    if lost.any():
        raise ValueError(f"point {int(np.argmax(lost))} has a coordinate that is not finite")
    if limit_metres is not None and not limit_metres >= 0:
        raise ValueError(f"limit_metres must not be negative, not {limit_metres}")

    edge = _nearest(streets, px, py)
    fraction, access = _projected(streets, edge, px, py)
    if limit_metres is not None:
        far = ~(access <= limit_metres)
        edge[far] = UNATTACHED
        fraction[far] = math.nan
    return Snapped(edge=edge, fraction=fraction, access_metres=access)


def _nearest(
    streets: Streets, px: NDArray[np.float64], py: NDArray[np.float64]
) -> NDArray[np.int32]:
    edge = np.full(len(px), UNATTACHED, dtype=np.int32)
    if streets.edges == 0 or len(px) == 0:
        return edge
    ends = np.stack([streets.u, streets.v], axis=1)
    segments = shapely.linestrings(np.stack([streets.x[ends], streets.y[ends]], axis=2))
    points, hits = shapely.STRtree(segments).query_nearest(shapely.points(px, py), all_matches=True)
    lowest = np.full(len(px), streets.edges, dtype=np.int64)
    np.minimum.at(lowest, points, hits)
    edge[:] = lowest
    return edge


def _projected(
    streets: Streets,
    edge: NDArray[np.int32],
    px: NDArray[np.float64],
    py: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Drop each point onto the segment of its edge: fraction from u, and distance."""
    fraction = np.full(len(edge), math.nan)
    access = np.full(len(edge), math.nan)
    on = np.flatnonzero(edge >= 0)
    u, v = streets.u[edge[on]], streets.v[edge[on]]
    ux, uy = streets.x[u], streets.y[u]
    dx, dy = streets.x[v] - ux, streets.y[v] - uy
    square = dx * dx + dy * dy
    along = (px[on] - ux) * dx + (py[on] - uy) * dy
    part = np.divide(along, square, out=np.zeros(len(on)), where=square > 0)
    part = np.clip(part, 0.0, 1.0)
    fraction[on] = part
    access[on] = np.hypot(px[on] - (ux + part * dx), py[on] - (uy + part * dy))
    return fraction, access
