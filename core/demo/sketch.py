"""The paper plan while it is drawn: streets, gates, quarters, homes and shop fronts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

SIDES = ("S", "N", "W", "E")


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle on paper, metres."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Extent along x, metres."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Extent along y, metres."""
        return self.y1 - self.y0

    def inset(self, metres: float) -> Rect:
        """Move all four sides inwards."""
        return Rect(self.x0 + metres, self.y0 + metres, self.x1 - metres, self.y1 - metres)

    def length(self, side: str) -> float:
        """Length of one side, metres."""
        return self.width if side in "SN" else self.height

    def at(self, side: str, along: float, inward: float) -> tuple[float, float]:
        """Give the point ``along`` a side (from west or south) and ``inward`` of it."""
        if side == "S":
            return self.x0 + along, self.y0 + inward
        if side == "N":
            return self.x0 + along, self.y1 - inward
        if side == "W":
            return self.x0 + inward, self.y0 + along
        return self.x1 - inward, self.y0 + along


@dataclass(frozen=True, slots=True)
class Street:
    """A straight piece of street along one axis of the paper.

    ``kind`` is OpenStreetMap's ``highway``. Pieces of one ``layer`` meet where they touch; a
    bridge (layer 1) meets others at its ends only. ``step`` is the greatest distance between
    nodes, ``wobble`` how far a node may stray, both metres.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    kind: str
    name: str = ""
    layer: int = 0
    step: float = 30.0
    wobble: float = 0.0
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate in a wall: shut for good, for those who live there only, or open to all.

    ``main`` is the gate that every compound has and everybody may pass.
    """

    x: float
    y: float
    name: str
    closed: bool = False
    main: bool = True
    private: bool = False


@dataclass(frozen=True, slots=True)
class Quarter:
    """People who live alike: a compound, or the lanes of one block."""

    key: str
    name: str
    kind: str
    block: int


@dataclass(frozen=True, slots=True)
class Home:
    """A door on paper and the quarter it belongs to."""

    x: float
    y: float
    quarter: int


@dataclass(frozen=True, slots=True)
class Front:
    """A place where an outlet may stand.

    ``kind`` is arterial, secondary, lane, inside (a compound) or green; ``pull`` grows near gates.
    """

    x: float
    y: float
    block: int
    kind: str
    address: str
    pull: float = 1.0


@dataclass(slots=True)
class Sketch:
    """Everything drawn so far."""

    streets: list[Street] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    quarters: list[Quarter] = field(default_factory=list)
    homes: list[Home] = field(default_factory=list)
    fronts: list[Front] = field(default_factory=list)

    def quarter(self, name: str, kind: str, block: int) -> int:
        """Open a new quarter and give its index; its key tells walled (XQ) from open (JX)."""
        letters = "XQ" if kind in WALLED else "JX"
        number = len(self.quarters) + 1
        self.quarters.append(Quarter(f"{letters}{number:03d}", name, kind, block))
        return number - 1


WALLED = frozenset({"estate", "tower", "new"})


def happens(rng: np.random.Generator, chance: float) -> bool:
    """Draw whether something of this chance happens."""
    return bool(rng.random() < chance)
