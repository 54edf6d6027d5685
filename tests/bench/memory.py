"""Memory of a process and all that it started, sampled from /proc while it works."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

EVERY_SECONDS = 0.2
KIB = 1024
CHILD = "an importer's child"


@dataclass(slots=True)
class Peak:
    """Peaks so far, in bytes.

    ``together`` sums resident memory, counting what processes share once for each; ``fair`` sums
    proportional shares, which is what the machine has to have. ``by_kind`` is the largest single
    process of each kind (its own high-water mark). A process that lives shorter than the time
    between two samples may be missed.
    """

    together: int = 0
    fair: int = 0
    processes: int = 0
    samples: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)

    def take(self, root: int) -> None:
        """Look at every process of the tree once."""
        together = fair = 0
        family = descendants(root)
        for pid in family:
            try:
                status = numbers(Path(f"/proc/{pid}/status"))
                shares = numbers(Path(f"/proc/{pid}/smaps_rollup"))
                kind = kind_of(Path(f"/proc/{pid}/cmdline").read_bytes())
            except OSError:
                continue  # it ended meanwhile
            together += status.get("VmRSS", 0)
            fair += shares.get("Pss", 0)
            high = status.get("VmHWM", 0)
            self.by_kind[kind] = max(self.by_kind.get(kind, 0), high)
        self.together = max(self.together, together)
        self.fair = max(self.fair, fair)
        self.processes = max(self.processes, len(family))
        self.samples += 1


@contextmanager
def watched(root: int, every_seconds: float = EVERY_SECONDS) -> Iterator[Peak]:
    """Sample the tree below a process, itself included, until the block ends."""
    peak, over = Peak(), threading.Event()

    def look() -> None:
        while not over.wait(every_seconds):
            peak.take(root)

    thread = threading.Thread(target=look, name="memory")
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def descendants(root: int) -> list[int]:
    """List a process and all below it, by the parents that they name now."""
    below: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                words = Path(entry.path, "stat").read_text("utf-8", "replace")
            except OSError:
                continue
            parent = int(words.rpartition(")")[2].split()[1])
            below.setdefault(parent, []).append(int(entry.name))
    family = [root]
    for pid in family:
        family.extend(below.get(pid, ()))
    return family


def kind_of(command: bytes) -> str:
    """Say what a process of ours is, by its command line."""
    words = command.replace(b"\0", b" ").decode("utf-8", "replace")
    for sign, kind in (
        ("postgres", "PostgreSQL"),
        ("valkey", "Valkey"),
        ("core.intake.child", CHILD),
        ("gunicorn", "web"),
        ("core.cli worker", "worker, dispatcher or job"),
        ("core.cli demo", "lifecircle demo"),
    ):
        if sign in words:
            return kind
    return "other"


def numbers(path: Path) -> dict[str, int]:
    """Read the lines ``Name:  123 kB`` of a file of /proc, as bytes."""
    found: dict[str, int] = {}
    for line in path.read_text("utf-8", "replace").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if len(words) == 2 and words[1] == "kB" and words[0].isdecimal():  # a number and its unit
            found[name] = int(words[0]) * KIB
    return found
