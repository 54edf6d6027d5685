"""How long each street takes whom: effort in level metres, and walking time both ways.

A walker's speed and relative numbers are kept apart: effort depends on the relative numbers
only, so walkers who differ by a uniform slowdown share one effort, and one preparation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.kernel.walks import DECISECONDS_PER_SECOND, UNREACHED

CLOSED = UNREACHED  # the time of a street that one may not walk
SLOWEST_MPS = 0.01
DIGITS = 9  # of crossing metres: 30 s at 1.2 m/s and 40 s at 0.9 m/s are one profile

Floats: TypeAlias = NDArray[np.float64]
Times: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """Walking time of every edge, whole deciseconds; ``CLOSED`` where one may not walk.

    Parameters
    ----------
    forward, backward
        From ``u`` to ``v`` and from ``v`` to ``u``, shape (edges,); one and the same array
        where streets are walked alike in both directions.
    metres_per_second
        The speed that they are made for; access walks take it too.
    """

    forward: Times
    backward: Times
    metres_per_second: float

    @property
    def directed(self) -> bool:
        """Tell whether some street takes longer one way than the other."""
        return self.backward is not self.forward


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effort:
    """Level metres that a walk along each edge is worth, both ways; inf where one may not walk.

    ``backward`` is the same array as ``forward`` where nothing depends on the direction.
    """

    forward: Floats
    backward: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A walker without speed: what steps, crossings, slopes and gates cost in level metres.

    Parameters
    ----------
    steps
        Level metres to a metre of steps, at least 1; None: cannot use steps.
    crossing_metres
        Level metres walked during the mean wait at a signalled crossing.
    uphill
        Level metres on top for every metre climbed; descending is walked like level.
    through_gates
        Whether gates that are not open to everybody may be passed.
    """

    steps: float | None = 1.0
    crossing_metres: float = 0.0
    uphill: float = 0.0
    through_gates: bool = True


LEVEL = Profile()  # length alone counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Obstacles:
    """What lies on each edge besides its length; None stands for a column of nothing.

    Parameters
    ----------
    steps, shut
        Which edges are steps, and which carry a gate that is not open to everybody.
    crossings
        Signalled crossings passed on the edge.
    one_way
        On foot: 0 both ways, 1 only from ``u`` to ``v``, -1 only from ``v`` to ``u``.
    climb
        Metres climbed from ``u`` to ``v``, negative when falling, NaN unknown (taken as level).
    """

    steps: NDArray[np.bool_] | None = None
    shut: NDArray[np.bool_] | None = None
    crossings: NDArray[np.integer] | None = None
    one_way: NDArray[np.integer] | None = None
    climb: Floats | None = None

    def take(self, rows: NDArray[np.bool_] | NDArray[np.integer]) -> Obstacles:
        """Give those of some edges, by index or mask."""
        named = ((one.name, getattr(self, one.name)) for one in fields(self))
        return Obstacles(
            **{name: None if column is None else column[rows] for name, column in named}
        )


NOTHING = Obstacles()


def profile_of(
    *,
    metres_per_second: float,
    steps: float | None,
    crossing_seconds: float,
    uphill: float,
    through_gates: bool,
) -> Profile:
    """Take the speed out of a walker's numbers.

    Raises
    ------
    ValueError
        If a number is not finite, the speed below 0.01 m/s, a wait or climb negative, or steps
        quicker than level ground.
    """
    _check_speed(metres_per_second)
    if steps is not None and not (math.isfinite(steps) and steps >= 1):
        raise ValueError(f"steps must be at least 1 or None, not {steps}")
    for name, number in (("crossing_seconds", crossing_seconds), ("uphill", uphill)):
        if not (math.isfinite(number) and number >= 0):
            raise ValueError(f"{name} must be finite and not negative, not {number}")
    return Profile(
        steps=steps,
        crossing_metres=round(crossing_seconds * metres_per_second, DIGITS),
        uphill=uphill,
        through_gates=through_gates,
    )


def effort(metres: ArrayLike, obstacles: Obstacles = NOTHING, profile: Profile = LEVEL) -> Effort:
    """Measure each edge in level metres for a profile.

    ``metres · steps + crossings · crossing_metres + uphill · max(climb, 0)``, with -climb on the
    way back; inf on steps for whom cannot use them, at gates for whom may not pass, and against
    a one-way.

    Parameters
    ----------
    metres
        Length of each edge, not negative.

    Raises
    ------
    ValueError
        If a column is not as long as ``metres`` or holds what it may not.
    """
    length = np.asarray(metres, dtype=np.float64)
    _check(length, obstacles)
    level = _undirected(length, obstacles, profile)
    rise = _rise(obstacles, profile)
    one_way = obstacles.one_way
    if rise is None and (one_way is None or not one_way.any()):
        alike = _frozen(level)
        return Effort(forward=alike, backward=alike)
    forward = level if rise is None else level + np.maximum(rise, 0.0) * profile.uphill
    backward = level if rise is None else level + np.maximum(-rise, 0.0) * profile.uphill
    if one_way is not None:
        forward = np.where(one_way < 0, np.inf, forward)
        backward = np.where(one_way > 0, np.inf, backward)
    return Effort(forward=_frozen(forward), backward=_frozen(backward))


def weigh(effort: Effort, *, metres_per_second: float) -> Weights:
    """Turn level metres into walking time, each edge rounded once, half to even.

    Raises
    ------
    ValueError
        If the speed is below 0.01 m/s or not finite.
    """
    _check_speed(metres_per_second)
    forward = _times(effort.forward, metres_per_second)
    if effort.backward is effort.forward:
        backward = forward
    else:
        backward = _times(effort.backward, metres_per_second)
    return Weights(forward=forward, backward=backward, metres_per_second=metres_per_second)


def level(metres: ArrayLike, *, metres_per_second: float) -> Weights:
    """Weigh edges by length alone: ``round(metres / speed · 10)``, half to even."""
    return weigh(effort(metres), metres_per_second=metres_per_second)


def _check_speed(metres_per_second: float) -> None:
    if not (math.isfinite(metres_per_second) and metres_per_second >= SLOWEST_MPS):
        raise ValueError(f"speed must be at least {SLOWEST_MPS} m/s, not {metres_per_second}")


def _check(length: Floats, obstacles: Obstacles) -> None:
    if length.ndim != 1:
        raise ValueError(f"metres must be one column, not of shape {length.shape}")
    _refuse("metres", ~(length >= 0) | np.isinf(length), length)
    for one in fields(obstacles):
        column = getattr(obstacles, one.name)
        if column is not None and column.shape != length.shape:
            raise ValueError(f"{one.name} has shape {column.shape} for {len(length)} edges")
    if obstacles.crossings is not None:
        _refuse("crossings", obstacles.crossings < 0, obstacles.crossings)
    if obstacles.one_way is not None:
        one_way = obstacles.one_way
        _refuse("one_way", (one_way < -1) | (one_way > 1), one_way)
    if obstacles.climb is not None:
        _refuse("climb", np.isinf(obstacles.climb), obstacles.climb)


def _refuse(name: str, bad: NDArray[np.bool_], column: NDArray[Any]) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"{name}[{row}] = {column[row]} is not possible")


def _undirected(length: Floats, obstacles: Obstacles, profile: Profile) -> Floats:
    """Measure what costs the same both ways."""
    found = length
    if obstacles.steps is not None and profile.steps != 1:
        on_steps = np.inf if profile.steps is None else length * profile.steps
        found = np.where(obstacles.steps, on_steps, found)
    if obstacles.crossings is not None and profile.crossing_metres:
        found = found + obstacles.crossings * profile.crossing_metres
    if obstacles.shut is not None and not profile.through_gates:
        found = np.where(obstacles.shut, np.inf, found)
    return found


def _rise(obstacles: Obstacles, profile: Profile) -> Floats | None:
    """Give the known climbs, 0 where unknown; None where none matters."""
    if obstacles.climb is None or not profile.uphill:
        return None
    rise = np.nan_to_num(obstacles.climb, nan=0.0)
    return rise if rise.any() else None


def _times(metres: Floats, metres_per_second: float) -> Times:
    exact = np.rint(metres / metres_per_second * DECISECONDS_PER_SECOND)
    return _frozen(np.minimum(exact, CLOSED).astype(np.int32))


def _frozen(column: NDArray[Any]) -> NDArray[Any]:
    column = np.ascontiguousarray(column)
    view = column.view()
    view.setflags(write=False)
    return view
