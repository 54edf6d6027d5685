"""Measurements into the text of RESULTS.md."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MIB = 2**20
FOREWORD = (
    "Written by `python -m tests.bench.main_job`; see README.md here for what is measured. "
    "Nothing here is a promise, and no test asserts a time."
)


@dataclass(slots=True, kw_only=True)
class Piece:
    """One piece of the job, measured some times in fresh processes.

    ``stages`` has one mapping a time; ``wall`` includes starting python and loading plugins,
    ``work`` does not. Peaks are in bytes: of the process, and of the largest that it started.
    """

    name: str
    stages: list[Mapping[str, float]] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    child: list[int] = field(default_factory=list)
    found: str = ""


@dataclass(slots=True, kw_only=True)
class City:
    """One city's pieces, in the order of the job."""

    name: str
    pieces: list[Piece] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What ``lifecircle demo --check`` cost, memory in bytes."""

    seconds: float
    together: int
    fair: int
    processes: int
    by_kind: Mapping[str, int]
    steps: Sequence[str]


def results(machine: Sequence[tuple[str, str]], cities: Sequence[City], demo: Demo | None) -> str:
    """Write the whole report."""
    parts = [
        "# What one run costs",
        FOREWORD,
        table(("", ""), machine),
    ]
    for city in cities:
        parts += [f"## {city.name}", *(_piece_text(city))]
    parts.append("## `lifecircle demo --check`")
    parts += ["Not measured this time."] if demo is None else _demo_text(demo)
    return "\n\n".join(parts) + "\n"


def _piece_text(city: City) -> list[str]:
    """Write a city's pieces, then each one's stages."""
    rows = [
        (
            piece.name,
            piece.found,
            seconds(piece.work),
            seconds(piece.wall),
            mib(piece.own),
            mib(piece.child) if any(piece.child) else "–",
        )
        for piece in city.pieces
    ]
    head = ("piece", "of", "work s", "process s", "peak MiB", "its child MiB")
    stages = [(piece.name, stage_text(piece.stages)) for piece in city.pieces if piece.stages]
    return [table(head, rows), table(("piece", "seconds by stage"), stages)]


def stage_text(times: Sequence[Mapping[str, float]]) -> str:
    """Write the median seconds of each stage, in the order in which stages were gone through."""
    keys = dict.fromkeys(key for stages in times for key in stages)
    return ", ".join(
        f"{key} {seconds([stages[key] for stages in times if key in stages])}" for key in keys
    )


def _demo_text(demo: Demo) -> list[str]:
    kinds = sorted(demo.by_kind.items(), key=lambda kind: -kind[1])
    largest = kinds[0] if kinds else ("nothing", 0)
    rows = [
        ("wall time", f"{demo.seconds:.1f} s"),
        ("peak of all processes together, shared pages counted once", f"{demo.fair / MIB:.0f} MiB"),
        ("the same with shared pages counted in each process", f"{demo.together / MIB:.0f} MiB"),
        ("largest single process", f"{largest[1] / MIB:.0f} MiB ({largest[0]})"),
        ("processes at once, at most", str(demo.processes)),
    ]
    peaks = [(kind, f"{peak / MIB:.0f}") for kind, peak in kinds]
    steps = "\n".join(["```", *demo.steps, "```"])
    return [table(("", ""), rows), steps, table(("largest process of a kind", "peak MiB"), peaks)]


def seconds(times: Sequence[float]) -> str:
    """Write the median of some seconds."""
    return f"{statistics.median(times):.2f}" if times else "–"


def mib(sizes: Sequence[int]) -> str:
    """Write the largest of some sizes."""
    return f"{max(sizes) / MIB:.0f}" if sizes else "–"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
