"""Where a new site could stand, whom it would reach, and which sites would stand too close."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from core.kernel.balls import Balls
from core.kernel.compiled.signatures import first_disorder
from core.kernel.compiled.spacing import thin
from core.kernel.snap import Snapped
from core.kernel.streets import Streets
from core.kernel.walks import UNREACHED

FAR16 = 65535  # stands for "not reached" where walks are held in 16 bits
_WIDER = 1 + 1e-9  # squares and searches a little wider than asked, so that rounding loses nobody
_MOST_SQUARES = 2**31 - 2  # along one side, so that a square's number fits 64 bits

Floats = NDArray[np.float64]
Homes = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """Whom each candidate would reach; make one with :func:`covers` or :func:`within_reach`.

    Parameters
    ----------
    points
        How many demand points (homes) there are.
    start
        Where each candidate's points begin in ``row``; one longer than the candidates.
    row
        The points of one candidate after the other, ascending within each.
    """

    points: int
    start: NDArray[np.int64]
    row: NDArray[np.int32]

    @property
    def candidates(self) -> int:
        """Count the candidates."""
        return len(self.start) - 1

    def of(self, candidate: int) -> NDArray[np.int32]:
        """Give the points that one candidate would reach."""
        return self.row[self.start[candidate] : self.start[candidate + 1]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TooClose:
    """Pairs of candidates of which at most one may stand, each pair told from both sides.

    Parameters
    ----------
    start
        Where each candidate's others begin in ``other``; one longer than the candidates.
    other
        The candidates that stand too close to each, ascending.
    """

    start: NDArray[np.int64]
    other: NDArray[np.int32]

    @property
    def candidates(self) -> int:
        """Count the candidates."""
        return len(self.start) - 1


def covers(start: ArrayLike, row: ArrayLike, *, points: int) -> Cover:
    """Check sets of demand points, one per candidate, laid one after the other.

    Parameters
    ----------
    start
        Where each candidate's points begin; one longer than the candidates, from 0 to all.
    row
        Points, strictly ascending within each candidate.
    points
        How many demand points there are.

    Raises
    ------
    ValueError
        If ``start`` does not rise from 0 to the length of ``row``, or a row is no point, or the
        rows of a candidate do not ascend.
    """
    begins = _whole("start", start).astype(np.int64)
    rows = _whole("row", row)
    if not len(begins) or begins[0] != 0 or begins[-1] != len(rows) or (np.diff(begins) < 0).any():
        raise ValueError(f"start must rise from 0 to the {len(rows)} rows")
    if not 0 <= points < 2**31:
        raise ValueError(f"points must be counted in 31 bits, not {points}")
    if len(rows) and not (rows.min() >= 0 and rows.max() < points):
        raise ValueError(f"a row names a point outside 0..{points - 1}")
    held = np.ascontiguousarray(rows, dtype=np.int32)
    bad = first_disorder(begins, held, points)
    if bad >= 0:
        raise ValueError(f"row[{bad}] = {held[bad]} is not above the row before it in its set")
    return Cover(points=points, start=_frozen(begins), row=_frozen(held))


def within_reach(
    blocks: Iterable[tuple[int, NDArray[Any]]],
    *,
    limit_ds: ArrayLike,
    candidates: int,
    homes: int,
    skip: Homes | None = None,
) -> Cover:
    """Collect whom each candidate reaches from walks that arrive some candidates at a time.

    Only one block of walks and the sets themselves are ever held.

    Parameters
    ----------
    blocks
        In order and without holes: the first candidate of the block, and the walks from every
        home to its candidates, shape (candidates in the block, homes), int32 deciseconds
        (``UNREACHED``) or uint16 (65535).
    limit_ds
        Longest walk that counts, inclusive: one for all or one per candidate.
    candidates, homes
        How many there are.
    skip
        Homes that are left out of every set, such as those already covered.

    Raises
    ------
    ValueError
        If the blocks leave out or repeat a candidate, a block has another number of homes, or a
        limit is negative or stands for "not reached".
    """
    limits = np.broadcast_to(_whole("limit_ds", np.atleast_1d(np.asarray(limit_ds))), (candidates,))
    sizes = np.zeros(candidates + 1, dtype=np.int64)
    found: list[NDArray[np.int32]] = []
    done = 0
    for first, walks in blocks:
        block = np.asarray(walks)
        if first != done or block.ndim != 2 or block.shape[1] != homes:  # noqa: PLR2004 - a matrix
            raise ValueError(
                f"candidate {done} and {homes} homes were expected, not candidate {first} and "
                f"walks of shape {block.shape}"
            )
        done += len(block)
        if done > candidates:
            raise ValueError(f"walks of {done} candidates came for {candidates}")
        far = _not_reached(block)
        for candidate, line in zip(range(first, done), block, strict=True):
            if not 0 <= limits[candidate] < far:
                raise ValueError(f"limit_ds must lie within 0..{far - 1}, not {limits[candidate]}")
            near = line <= limits[candidate]
            if skip is not None:
                near &= ~skip
            rows = np.flatnonzero(near).astype(np.int32)
            sizes[candidate + 1] = len(rows)
            found.append(rows)
    if done != candidates:
        raise ValueError(f"walks of {done} candidates came for {candidates}")
    row = np.concatenate(found) if found else np.zeros(0, dtype=np.int32)
    return Cover(points=homes, start=_frozen(np.cumsum(sizes)), row=_frozen(row))


class TooMany(ValueError):
    """The sets, or the pairs, are more than there is room for."""


def within_balls(balls: Balls, *, most: int) -> Cover:
    """Collect whom each candidate reaches from a stream of balls around the candidates.

    Work and memory grow with the homes in reach, not with candidates times homes.

    Parameters
    ----------
    balls
        Around the candidates, of the walk that counts; see :func:`core.kernel.balls.balls`.
    most
        How many homes all sets together may hold.

    Raises
    ------
    TooMany
        As soon as they hold more.
    """
    home = np.empty(balls.homes, dtype=np.int32)
    home[balls.line] = np.arange(balls.homes, dtype=np.int32)
    found = [np.zeros(0, dtype=np.int32)] * balls.outlets
    held = 0
    for batch in balls:
        lane, place = np.nonzero((batch.walks <= balls.limit_ds).T)
        held += len(lane)
        if held > most:
            raise TooMany(f"the sets hold more than {most} homes in all")
        ends = np.searchsorted(lane, np.arange(len(batch.outlets) + 1))
        rows = home[batch.homes[place]]
        for one, begin, end in zip(batch.outlets, ends[:-1], ends[1:], strict=True):
            found[one] = np.sort(rows[begin:end])
    start = np.zeros(balls.outlets + 1, dtype=np.int64)
    np.cumsum([len(rows) for rows in found], out=start[1:])
    row = np.concatenate([np.zeros(0, dtype=np.int32), *found])
    return Cover(points=balls.homes, start=_frozen(start), row=_frozen(row))


def too_close(x: ArrayLike, y: ArrayLike, *, metres: float, most: int | None = None) -> TooClose:
    """Pair the candidates that stand less than ``metres`` apart, as the crow flies.

    Exactly ``metres`` apart is far enough.

    Raises
    ------
    ValueError
        If coordinates or the distance make no sense; ``TooMany`` if the pairs, or those hardly
        farther apart, are more than ``most``.
    """
    east, north = _points(x, y)
    _spacing(metres)
    pairs = np.zeros((0, 2), dtype=np.int64)
    if len(east) and metres > 0:
        tree = cKDTree(np.stack([east, north], axis=1))
        near = (int(tree.count_neighbors(tree, metres * _WIDER)) - len(east)) // 2
        if most is not None and near > most:
            raise TooMany(f"{near} pairs are too close, more than {most}")
        pairs = tree.query_pairs(metres * _WIDER, output_type="ndarray")
    dx, dy = (side[pairs[:, 0]] - side[pairs[:, 1]] for side in (east, north))
    pairs = pairs[dx * dx + dy * dy < metres * metres]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    start = np.zeros(len(east) + 1, dtype=np.int64)
    np.cumsum(np.bincount(both[:, 0], minlength=len(east)), out=start[1:])
    other = np.ascontiguousarray(both[:, 1], dtype=np.int32)
    return TooClose(start=_frozen(start), other=_frozen(other))


def spaced(
    x: ArrayLike, y: ArrayLike, *, metres: float, first: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Thin points out until none stands less than ``metres`` from another.

    Each point is kept unless one kept before it is too close, so those looked at first are
    preferred and every point left out has a kept one nearer than ``metres``.

    Parameters
    ----------
    x, y
        Metres, one per point.
    metres
        Least distance between two kept points; 0 keeps all.
    first
        The points in the order to look at them, each at most once, those not named left out; by
        default as they are numbered.

    Returns
    -------
    NDArray[np.int64]
        The kept points, ascending.
    """
    east, north = _points(x, y)
    _spacing(metres)
    order = np.arange(len(east)) if first is None else _whole("first", first)
    order = np.ascontiguousarray(order, dtype=np.int64)
    if len(order) and not (order.min() >= 0 and order.max() < len(east)):
        raise ValueError(f"first names a point outside 0..{len(east) - 1}")
    if len(np.unique(order)) != len(order):
        raise ValueError("first names a point twice")
    if metres == 0 or not len(order):
        return np.sort(order)
    cell, around = _squares(east, north, metres * _WIDER)
    kept = np.zeros(len(east), dtype=np.bool_)
    thin(east, north, order, cell, around, float(metres), kept)
    return np.flatnonzero(kept)


def street_points(streets: Streets, *, metres: float) -> Snapped:
    """Spread points along every street, at most ``metres`` apart.

    An edge is cut into the fewest equal parts no longer than ``metres`` and the middle of each
    is a point, so that no crossing gets one point per street that meets there.
    """
    if not (math.isfinite(metres) and metres > 0):
        raise ValueError(f"metres must be finite and above 0, not {metres}")
    parts = np.maximum(np.ceil(streets.metres / metres), 1).astype(np.int64)
    edge = np.repeat(np.arange(streets.edges, dtype=np.int32), parts)
    begins = np.cumsum(parts) - parts
    turn = np.arange(len(edge), dtype=np.int64) - np.repeat(begins, parts)
    fraction: Floats = (turn + 0.5) / np.repeat(parts, parts)
    return Snapped(edge=edge, fraction=fraction, access_metres=np.zeros(len(edge)))


def positions(streets: Streets, snapped: Snapped) -> tuple[Floats, Floats]:
    """Say where on the plane snapped points meet their streets; NaN where unattached."""
    x, y = np.full(len(snapped), math.nan), np.full(len(snapped), math.nan)
    on = np.flatnonzero(snapped.attached)
    u, v, part = streets.u[snapped.edge[on]], streets.v[snapped.edge[on]], snapped.fraction[on]
    x[on] = streets.x[u] + part * (streets.x[v] - streets.x[u])
    y[on] = streets.y[u] + part * (streets.y[v] - streets.y[u])
    return x, y


def _squares(x: Floats, y: Floats, side: float) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Give each point its square, and list the nine (or fewer) around each."""
    column, row = np.floor((x - x.min()) / side), np.floor((y - y.min()) / side)
    if max(float(column.max()), float(row.max())) > _MOST_SQUARES:
        raise ValueError(f"the points lie too far apart for a spacing of {side} metres")
    width = int(row.max()) + 3  # an empty square on either side keeps neighbours apart
    key = column.astype(np.int64) * width + row.astype(np.int64) + 1
    squares, cell = np.unique(key, return_inverse=True)
    steps = np.array([a * width + b for a in (0, -1, 1) for b in (0, -1, 1)], dtype=np.int64)
    wanted = squares[:, np.newaxis] + steps
    place = np.minimum(np.searchsorted(squares, wanted), len(squares) - 1)
    around = np.where(squares[place] == wanted, place, -1).astype(np.int32)
    return np.ascontiguousarray(cell, dtype=np.int64), np.ascontiguousarray(around)


def _not_reached(block: NDArray[Any]) -> int:
    if block.dtype == np.uint16:
        return FAR16
    if block.dtype == np.int32:
        return UNREACHED
    raise TypeError(f"walks are held in int32 or uint16, not {block.dtype}")


def _points(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    east = np.ascontiguousarray(x, dtype=np.float64)
    north = np.ascontiguousarray(y, dtype=np.float64)
    if east.ndim != 1 or east.shape != north.shape:
        raise ValueError(f"x and y must be two equal columns, not {east.shape} and {north.shape}")
    lost = ~(np.isfinite(east) & np.isfinite(north))
    if lost.any():
        raise ValueError(f"point {int(np.argmax(lost))} has a coordinate that is not finite")
    return east, north


def _spacing(metres: float) -> None:
    if not (math.isfinite(metres) and metres >= 0):
        raise ValueError(f"metres must be finite and not negative, not {metres}")


def _whole(name: str, values: ArrayLike) -> NDArray[Any]:
    column = np.asarray(values)
    if column.ndim != 1:
        raise ValueError(f"{name} must be one column, not of shape {column.shape}")
    if column.size and not np.issubdtype(column.dtype, np.integer):
        raise TypeError(f"{name} must hold whole numbers, not {column.dtype}")
    return column


def _frozen(column: NDArray[Any]) -> NDArray[Any]:
    view = column.view()
    view.setflags(write=False)
    return view
