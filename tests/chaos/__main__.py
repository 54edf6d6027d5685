"""Random faults under load, then a fault at every point; ``python -m tests.chaos``.

``--control`` takes guards away one by one instead: each must be noticed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from tests.bench.trust import FOLDER, keep
from tests.chaos.guards import CONTROLS
from tests.chaos.story import Told, tell
from tests.chaos.sweep import timed


def main() -> None:
    """Run what was asked for, keep its figures, and end with 1 where something is wrong."""
    told = arguments()
    began = time.monotonic()
    figures: dict[str, Any] = {}
    if told.control is not None:
        figures["controls"] = {guard: _control(guard, told) for guard in told.control or CONTROLS}
    if told.control is None and not told.sweep:
        found = _story(told, "")
        figures["chaos"] = {name: {"": value} for name, value in found.figures().items()}
        say(line(found))
    if told.sweep or (told.control is None and not told.no_sweep):
        swept, _ = timed(told.every, say)
        figures["sweep"] = {one.what: one.figures() for one in swept}
    if not told.dry:
        seconds = time.monotonic() - began
        keep("chaos", seconds=seconds, figures=figures, defects=defects(_before() | figures))
    wrong = defects(figures)
    say(f"chaos: {', '.join(figures)}: {wrong} defects, {time.monotonic() - began:.0f} s")
    sys.exit(bool(wrong))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--clients", type=int, default=3, help="of each of three tenants")
    parser.add_argument("--minutes", type=float, default=15.0, help="at most so long")
    parser.add_argument(
        "--control", nargs="*", choices=CONTROLS, help="remove guards, all or these: must go red"
    )
    parser.add_argument("--sweep", action="store_true", help="only a fault at every point")
    parser.add_argument("--no-sweep", action="store_true", help="only random faults")
    parser.add_argument("--every", type=int, default=1, help="sweep every so many-th point")
    parser.add_argument("--keep", action="store_true", help="leave the folder behind")
    parser.add_argument("--dry", action="store_true", help="do not rewrite the report")
    return parser.parse_args()


def defects(figures: dict[str, Any]) -> int:
    """Count what is wrong in all figures; a control that nobody noticed is."""
    story = {name: row[""] for name, row in figures.get("chaos", {}).items()}
    controls = figures.get("controls", {}).values()
    return (
        int(story.get("defects", 0))
        + sum(one["noticed"] != "yes" for one in controls)
        + sum(one["defects"] for one in figures.get("sweep", {}).values())
    )


def _before() -> dict[str, Any]:
    path = FOLDER / "chaos.json"
    return dict(json.loads(path.read_text("utf-8"))["figures"]) if path.exists() else {}


def _story(told: argparse.Namespace, control: str) -> Told:
    return tell(
        seed=told.seed,
        faults=told.faults,
        seconds=told.minutes * 60,
        control=control,
        clients=told.clients,
        drain_seconds=30.0 if control else 60.0,
        keep=told.keep,
        say=say,
    )


def _control(guard: str, told: argparse.Namespace) -> dict[str, Any]:
    """Run without one guard; gives whether that was noticed, and by what."""
    found = _story(told, guard)
    say(line(found))
    return {
        "seed": str(found.seed),
        "faults": sum(found.faults.values()),
        "jobs accepted": found.accepted,
        "noticed": "yes" if found.red else "NO",
        "by": {kind: count for kind, count in found.counts.items() if count},
    }


def line(found: Told) -> str:
    """Give the last line: figures."""
    counts = ", ".join(f"{kind} {count}" for kind, count in found.counts.items())
    return (
        f"chaos: seed {found.seed}, control {found.control or 'none'}: "
        f"{sum(found.faults.values())} faults, {found.accepted} accepted, {counts}"
    )


def say(words: str) -> None:
    """Tell the person who waits."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
