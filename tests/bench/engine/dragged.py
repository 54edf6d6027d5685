"""Part http: a clerk drags shops about on a scenario; each edit asked and answered over HTTP."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from core.kernel.streets import unplane
from tests.bench.engine.city import City
from tests.bench.engine.served import Served, served
from tests.bench.engine.whatif import spread

EDITS = 60
CENTRE = (116.0, 36.0)
MIDDLE = (0.2, 0.8)  # new places lie in this part of the city's box, where there are streets
Kinds = dict[str, list[float]]


def measure(city: City, *, edits: int = EDITS, seed: int = 11) -> dict[str, Any]:
    """Serve the city's run and edit a scenario of it, with and without keeping the edits."""
    with tempfile.TemporaryDirectory(prefix="lc-http-") as name:
        home = Path(name)
        home.chmod(0o711)  # as root, the servers' user passes through
        with served(city, home, CENTRE) as place:
            return _measured(city, place, edits, np.random.default_rng(seed))


class _Scenario:
    """A scenario that is edited one step after the other."""

    def __init__(self, place: Served) -> None:
        self.speaker = place.speaker
        made, _, _ = self.speaker.ask("POST", "/scenarios", {"name": "示例"})
        self.id, self.version = made["id"], made["version"]
        self.bytes = 0

    def step(self, what: str, body: dict[str, Any] | None = None) -> float:
        """Edit, undo or redo; give the seconds."""
        told = {"version": self.version, **(body or {})}
        answer, headers, seconds = self.speaker.ask("POST", f"/scenarios/{self.id}/{what}", told)
        self.version = answer["scenario"]["version"]
        self.bytes = max(self.bytes, int(headers.get("Content-Length", 0)))
        return seconds


def _measured(city: City, place: Served, edits: int, random: np.random.Generator) -> dict[str, Any]:
    scenario = _Scenario(place)
    drawn = _Drawn(city, place, random)
    first = scenario.step("edits", {"edit": drawn.add()})
    scenario.step("undo")
    seconds: Kinds = {}
    for _ in range(edits):
        for kind, edit in (("add", drawn.add()), ("close", drawn.close()), ("move", drawn.move())):
            seconds.setdefault(kind, []).append(scenario.step("edits", {"edit": edit}))
            seconds.setdefault("undo", []).append(scenario.step("undo"))
        _, _, took = place.speaker.ask("POST", "/whatif", {"edits": [drawn.add()]})
        seconds.setdefault("add, not kept", []).append(took)
    for _ in range(edits):
        seconds.setdefault("add, among those before", []).append(
            scenario.step("edits", {"edit": drawn.add()})
        )
    return {
        "about": (
            f"{city.name}, {len(city.home_x):,} homes, {len(place.formats)} formats; the run took "
            f"{place.run_seconds:.1f} s. One connection, one after the other, on the machine "
            f"itself; every answer tells the indicators of every area that changed, up to "
            f"{scenario.bytes / 1024:.0f} KiB. The first question, which opens the run, took "
            f"{first:.1f} s."
        ),
        "first_s": first,
        "edits": edits,
        "largest_bytes": scenario.bytes,
        "seconds": {name: spread(each) for name, each in seconds.items()},
    }


class _Drawn:
    """Edits drawn by chance: shops and places of the city."""

    def __init__(self, city: City, place: Served, random: np.random.Generator) -> None:
        self.city, self.formats, self.centre = city, place.formats, place.centre
        self.random = random
        rows = city.lanes[: len(self.formats)]
        self.offered = np.unique(np.concatenate(rows))

    def _somewhere(self) -> dict[str, float]:
        streets = self.city.streets
        low, high = MIDDLE
        x, y = (
            float(column.min() + np.ptp(column) * self.random.uniform(low, high))
            for column in (streets.x, streets.y)
        )
        node = int(np.argmin(np.hypot(streets.x - x, streets.y - y)))
        lon, lat = unplane(
            streets.x[node], streets.y[node], lon0=self.centre[0], lat0=self.centre[1]
        )
        return {"lon": float(lon), "lat": float(lat)}

    def _outlet(self) -> int:
        return int(self.random.choice(self.offered))

    def add(self) -> dict[str, Any]:
        """Open a shop with one format."""
        offers = [{"format": str(self.random.choice(self.formats)), "hours": ""}]
        return {"kind": "add_outlet", "name": "新店", "offers": offers, **self._somewhere()}

    def close(self) -> dict[str, Any]:
        """Close a shop."""
        return {"kind": "close_outlet", "outlet": self._outlet()}

    def move(self) -> dict[str, Any]:
        """Move a shop across the city."""
        return {"kind": "move_outlet", "outlet": self._outlet(), **self._somewhere()}
