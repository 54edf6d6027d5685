"""What the long tests of trust found last: kept in results/, written as the part Trust.

``python -m tests.bench.trust`` writes the part anew from what is kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.machine import machine
from tests.bench.parts import RESULTS, write_part
from tests.bench.report import table

FOLDER = RESULTS.parent / "results"
LONG = {
    "chaos": "Kills, stalls, power cuts, an emptied queue, and a failure at every single point",
    "determinism": "The same inputs, computed in every way that should not matter",
    "fuzz": "Hostile uploads and requests",
    "isolation": "Every operation, every role, own and foreign and nonexistent ids",
    "soak": "A long load",
}
FOREWORD = (
    "Written by `lifecircle dev chaos`, `determinism`, `fuzz`, `isolation` and `soak`; each "
    "rewrites its own section and keeps the others'. A defect is anything lost, doubled, "
    "unfinished, half written, different from an undisturbed run or from another way to compute, "
    "leaked, or an answer of 5xx that should not be one. No test asserts a time."
)


def keep(
    name: str,
    *,
    seconds: float,
    figures: Mapping[str, Any],
    defects: int,
    results: Path = FOLDER,
    output: Path = RESULTS,
) -> None:
    """Keep what a long test found and write the report's part anew.

    ``figures`` are numbers and words, or mappings of such, by name; a name that was kept before
    and is not given now stays as it was.

    Raises
    ------
    ValueError
        If there is no such long test.
    """
    if name not in LONG:
        raise ValueError(f"{name} is none of {', '.join(LONG)}")
    results.mkdir(parents=True, exist_ok=True)
    path = results / f"{name}.json"
    before = json.loads(path.read_text("utf-8"))["figures"] if path.exists() else {}
    found = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seconds": round(seconds, 1),
        "figures": {**before, **figures},
        "defects": defects,
        "machine": machine(),
    }
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_part(output, "trust", trust_text(results))


def trust_text(results: Path = FOLDER) -> str:
    """Write the part from what is kept."""
    kept = {
        name: json.loads(path.read_text("utf-8"))
        for name in LONG
        if (path := results / f"{name}.json").exists()
    }
    rows = [
        (f"`{name}`", found["date"], f"{found['seconds']:.0f}", str(found["defects"]))
        for name, found in kept.items()
    ]
    parts = ["# Trust", FOREWORD, table(("long test", "last run", "seconds", "defects"), rows)]
    for name, found in kept.items():
        parts += [f"## {LONG[name]}: `lifecircle dev {name}`", *_sections(found["figures"])]
    return "\n\n".join(parts) + "\n"


def _sections(figures: Mapping[str, Any]) -> list[str]:
    """Write plain figures as one table, then each mapping of mappings as one of its own."""
    plain = [(name, _words(value)) for name, value in figures.items() if not _is_table(value)]
    text = [table(("", ""), plain)] if plain else []
    for name, value in figures.items():
        if _is_table(value):
            heads = list(dict.fromkeys(head for row in value.values() for head in row))
            rows = [
                (key, *(_words(row.get(head, "")) for head in heads)) for key, row in value.items()
            ]
            text += [f"### {name}", table(("", *heads), rows)]
    return text


def _is_table(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(row, Mapping) for row in value.values())
    )


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(each) for each in value)
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    words = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return words.replace("|", "¦").replace("\n", " ")


if __name__ == "__main__":
    write_part(RESULTS, "trust", trust_text())
    sys.stdout.write(trust_text())
