"""`python -m tests.soak`: a load through real processes; nothing may grow but the audit."""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from core.cli.processes import web, worker
from core.cli.serving import free_port
from tests.opening import keep, opened

READERS, LOOKING = 3, ("runs", "jobs", "datasets", "rulesets", "submissions/sent")
RSS_GROWTH = 0.05  # after the first third
WRITE_EVERY_SECONDS = 0.5
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Load:
    """What was sent and answered, and what was seen of the processes."""

    answers: Counter[int] = field(default_factory=Counter)
    mutations: int = 0
    samples: list[dict[str, int]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def family() -> list[int]:
    """List the processes below this one that are Python: web, workers, dispatcher, horses."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            rest = stat.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        parents[int(stat.parent.name)] = int(rest[1])
    found, front = [], [os.getpid()]
    while front:
        below = [pid for pid, parent in parents.items() if parent in front]
        found += below
        front = below
    return [pid for pid in found if b"core.cli" in _words(pid) or b"gunicorn" in _words(pid)]


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def sample(engine: Any, folder: Path) -> dict[str, int]:
    """Look once at memory, open files, connections and temporary files."""
    rss = fds = 0
    for pid in family():
        try:
            rss += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
            fds += len(list(Path(f"/proc/{pid}/fd").iterdir()))
        except OSError:
            continue  # it ended meanwhile
    with engine.connect() as connection:
        connections = connection.execute(
            text("SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'lc\\_%'")
        ).scalar_one()
    temporary = len([path for path in folder.iterdir() if path.name.startswith("lifecircle-")])
    return {"rss": rss, "fds": fds, "connections": connections, "temporary": temporary}


def reading(load: Load, port: int, place: Any, number: int) -> None:
    """Ask for one list after the other until it is over."""
    header = {"Authorization": place.client.environ_base["HTTP_AUTHORIZATION"], "Host": "localhost"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for rest in itertools.islice(itertools.cycle(LOOKING), number, None):
        if load.over.is_set():
            break
        try:
            connection.request("GET", place.address(rest), headers=header)
            answer = connection.getresponse()
            answer.read()
            load.answers[answer.status] += 1
        except (OSError, http.client.HTTPException):
            load.answers[0] += 1
            connection.close()
    connection.close()


def writing(load: Load, port: int, place: Any) -> None:
    """Ask for runs and name scenarios: each a mutation with one record."""
    header = {
        "Authorization": place.client.environ_base["HTTP_AUTHORIZATION"],
        "Host": "localhost",
        "Content-Type": "application/json",
    }
    for number in itertools.count(1):
        if load.over.wait(WRITE_EVERY_SECONDS):
            return
        minutes = 5 + number % 2000 / 100  # a question nobody asked yet, so that it is computed
        body = {"ruleset": "national-2023-plan", "params": {"report_minutes": [minutes]}}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", place.address("runs"), json.dumps(body), header)
            answer = connection.getresponse()
            answer.read()
            load.answers[answer.status] += 1
            load.mutations += answer.status == 202
        finally:
            connection.close()


def records(engine: Any, place: Any) -> Counter[str]:
    """Count the place's audit records by what was done."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT action, count(*) FROM audit_events WHERE tenant_id = :id GROUP BY action"),
            {"id": place.tenant_id},
        ).all()
    return Counter(dict(rows))


def grown(samples: list[dict[str, int]], name: str) -> float:
    """Say by what share the last third is above the second."""
    third = len(samples) // 3 or 1
    before = [each[name] for each in samples[third : 2 * third]] or [samples[0][name]]
    after = [each[name] for each in samples[-third:]]
    return max(after) / max(*before, 1) - 1


def soak(minutes: float) -> tuple[dict[str, Any], list[str]]:
    """Load for so many minutes; gives figures and defects."""
    load, defects = Load(), []
    folder = Path(tempfile.gettempdir())
    port = free_port("127.0.0.1", 8200)
    with opened() as here:
        place = here.settle("x-soaked", name="长跑")
        place.furnish()
        engine = create_engine(here.superuser_url)
        before = records(engine, place)
        with (
            web(here.services.config, bind="127.0.0.1", port=port, log=here.home / "web.log"),
            worker(here.services.config, count=1, log=here.home / "worker.log"),
        ):
            until = time.monotonic() + 60 * minutes
            with asking(load, port, place):
                while time.monotonic() < until:
                    time.sleep(min(5.0, 6 * minutes))
                    load.samples.append(sample(engine, folder))
            until = time.monotonic() + 120
            while waiting(engine) and time.monotonic() < until:
                time.sleep(1)
            left = sample(engine, folder)
        after = records(engine, place) - before
        if after["run.ask"] != load.mutations:
            defects.append(f"{load.mutations} runs were asked for, {dict(after)} recorded")
        if waiting(engine):
            defects.append("jobs were left two minutes after the end")
        engine.dispose()
    defects += faults(load, left)
    return {
        "minutes": minutes,
        "requests": sum(load.answers.values()),
        "answers": {str(status): count for status, count in sorted(load.answers.items())},
        "mutations": load.mutations,
        "records": dict(after),
        "growth": {
            name: f"{grown(load.samples, name):+.1%}" for name in ("rss", "fds", "connections")
        },
        "rss_mib": load.samples[-1]["rss"] // 2**20,
        "left": left,
    }, defects


def faults(load: Load, left: dict[str, int]) -> list[str]:
    """Say what grew, what was left and what was answered wrongly."""
    most = {"rss": RSS_GROWTH, "fds": 0.5, "connections": 0.5}
    found = [
        f"{name} grew by {grown(load.samples, name):.1%}"
        for name, limit in most.items()
        if grown(load.samples, name) > limit
    ]
    if left["temporary"] > load.samples[0]["temporary"]:
        found.append(f"{left['temporary']} temporary folders are left")
    bad = {status: count for status, count in load.answers.items() if status >= 500 or not status}
    return [*found, f"answers {bad}"] if bad else found


@contextmanager
def asking(load: Load, port: int, place: Any) -> Iterator[None]:
    """Have readers and a writer at work for the length of the block."""
    threads = [
        threading.Thread(target=reading, args=(load, port, place, number))
        for number in range(READERS)
    ] + [threading.Thread(target=writing, args=(load, port, place))]
    for thread in threads:
        thread.start()
    yield
    load.over.set()
    for thread in threads:
        thread.join()


def waiting(engine: Any) -> int:
    """Count the jobs that are not ended."""
    with engine.connect() as connection:
        return int(
            connection.execute(
                text("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')")
            ).scalar_one()
        )


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    asked, started = parser.parse_args(), time.monotonic()
    return keep("soak", started, *soak(asked.minutes))


if __name__ == "__main__":
    raise SystemExit(main())
