"""RESULTS.md in parts: each command rewrites its own and keeps the others'."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
ORDER = ("main_job", "engine", "trust")
MARK = re.compile(r"^<!-- part: (\w+) -->\n", re.MULTILINE)


def write_part(path: Path, key: str, text: str) -> None:
    """Put a part's text into a report, in its place among the others.

    Raises
    ------
    ValueError
        If there is no such part.
    """
    if key not in ORDER:
        raise ValueError(f"{key} is no part of {path.name}: {', '.join(ORDER)}")
    parts = read_parts(path)
    parts[key] = text.strip("\n")
    told = [f"<!-- part: {name} -->\n\n{parts[name]}\n" for name in ORDER if name in parts]
    path.write_text("\n".join(told), encoding="utf-8")


def read_parts(path: Path) -> dict[str, str]:
    """Read a report's parts; one written before there were parts is the main job's."""
    if not path.exists():
        return {}
    before, *rest = MARK.split(path.read_text("utf-8"))
    parts = dict(zip(rest[::2], (text.strip("\n") for text in rest[1::2]), strict=True))
    return {"main_job": before.strip("\n"), **parts} if before.strip() else parts
