"""What parts of the bench found, each in a file of its own, so that one can be measured anew."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tests.bench.machine import machine
from tests.bench.parts import RESULTS, write_part

FOLDER = RESULTS.parent / "results"


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where results and report go."""
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of what parts found")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the report")


def keep(key: str, found: Any, folder: Path) -> None:
    """Keep what a part found, with the machine that it was found on."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine(), "found": found}, indent=1, ensure_ascii=False)
    (folder / f"{key}.json").write_text(text + "\n", encoding="utf-8")


def kept(folder: Path) -> dict[str, dict[str, Any]]:
    """Read what every part found so far."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))
    }


def report(folder: Path, output: Path) -> None:
    """Write the engine's part of the report from all that was found."""
    from tests.bench.engine.report import engine_text  # noqa: PLC0415 - the report reads this file

    text = engine_text(kept(folder), output.parent)
    write_part(output, "engine", text)
    sys.stdout.write(text + "\n")
