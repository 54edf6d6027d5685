"""`python -m tests.fuzz`: hostile uploads in thousands, and drawn requests to every operation."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

from core.cli.processes import worker
from core.intake.apart import MOST_MEMORY
from core.intake.receive import NAME_LENGTH
from tests.fuzz.bombs import bombs
from tests.fuzz.files import draw
from tests.fuzz.lane import Lane, Tally
from tests.fuzz.requests import drawn
from tests.isolation.world import fill
from tests.opening import keep, opened

LANES = 2
STEP = 50  # files between two words of progress
SHARE_BY_WORKERS = 100  # one of so many files goes through real workers
LEFT_BEHIND = ("lifecircle-read-*", "lifecircle-upload-*")


def lane_of(place: Any, into: Path, at: Any, numbers: tuple[int, int, int], seed: int) -> None:
    """Take one lane's drawn files through, a step at a time; its tally lies in a file."""
    lane = Lane(place, Tally())
    first, last, step = numbers
    for begin in range(first, last, step * STEP):
        mine = range(begin, min(last, begin + step * STEP), step)
        lane.through(draw(seed, number) for number in mine)
        at.value = mine[-1]
        into.write_text(json.dumps(lane.tally.written()))


def bombs_of(place: Any, into: Path, at: Any, heavy: bool) -> None:
    """Take every bomb through."""
    lane = Lane(place, Tally())
    lane.through(bombs(heavy=heavy))
    at.value = -1
    into.write_text(json.dumps(lane.tally.written()))


def in_processes(targets: list[Callable[..., None]], tally: Tally) -> None:
    """Run lanes in processes of their own; one that dies is a parent that a file has killed."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        lanes = []
        for number, target in enumerate(targets):
            into, at = Path(folder) / f"{number}.json", context.Value("q", -2)
            lanes.append((context.Process(target=target, args=(into, at)), into, at))
        for process, *_ in lanes:
            process.start()
        for process, into, at in lanes:
            process.join()
            if process.exitcode != 0:
                tally.defects.append(f"a parent died ({process.exitcode}) after file {at.value}")
            if into.exists():
                tally.add(json.loads(into.read_text()))


def by_workers(here: Any, place: Any, seed: int, number: int, tally: Tally) -> None:
    """Send a share through HTTP and real workers, and hold what they ended to the same."""
    lane = Lane(place, tally, forked=False)
    asked, before = [], lane.counts()
    with worker(here.services.config, count=LANES):
        for hostile in islice((draw(seed, -each) for each in count(1)), number):
            answer = lane.send(hostile)
            if answer.status_code >= 500:
                tally.defects.append(f"answered {answer.status_code}: {hostile.filename[:60]}")
            if answer.status_code == 202:
                asked.append((hostile, answer.json["id"]))
        versions = 0
        for hostile, job_id in asked:
            job = place.wait_for(f"jobs/{job_id}", "done", "failed")
            tally.ends[f"{job['state']} by a worker"] += 1
            tally.files += 1
            if job["attempt"] != 1:
                tally.defects.append(f"{hostile.filename[:60]} took {job['attempt']} attempts")
            versions += job["state"] == "done" and not job["result"]["reused"]
    grown = lane.counts()["dataset_versions"] - before["dataset_versions"]
    if grown != versions:
        tally.defects.append(f"workers left {grown} versions where {versions} imports were done")


def uploads(here: Any, number: int, seed: int, *, heavy: bool = True) -> Tally:
    """Take so many files through, in lanes, the bombs beside them."""
    tally = Tally()
    places = [here.settle(f"x-lane-{each}") for each in range(LANES + 1)]
    for place in places:
        place.furnish()
    share = number // SHARE_BY_WORKERS
    drawn_ones = number - share
    in_processes([partial(bombs_of, places[-1], heavy=heavy)], tally)
    in_processes(
        [
            partial(lane_of, place, numbers=(first, drawn_ones, LANES), seed=seed)
            for first, place in enumerate(places[:LANES])
        ],
        tally,
    )
    by_workers(here, places[-1], seed, share, tally)
    left = [each for name in LEFT_BEHIND for each in Path(tempfile.gettempdir()).glob(name)]
    left += list(Path(here.services.config.blobs).glob("*.unfinished"))
    if left:
        tally.defects.append(f"left behind: {[each.name for each in left][:5]}")
    if tally.child_kib * 1024 > MOST_MEMORY:
        tally.defects.append(f"a child used {tally.child_kib} KiB")
    return tally


def figures_of(tally: Tally) -> dict[str, Any]:
    """Give the figures of a tally."""
    return {
        "files": tally.files,
        "families": dict(sorted(tally.families.items())),
        "ends": dict(sorted(tally.ends.items())),
        "refusals": dict(tally.codes.most_common()),
        "answers_of_5xx": sum("answered 5" in each or " 50" in each for each in tally.defects),
        "partial_imports": sum(" left " in each for each in tally.defects),
        "parent_deaths": sum("parent died" in each for each in tally.defects),
        "slowest_seconds": round(tally.slowest, 1),
        "slowest": tally.slowest_name[:NAME_LENGTH],
        "largest_child_mib": tally.child_kib // 1024,
    }


@contextmanager
def own_folder() -> Iterator[None]:
    """Have this command and its children put temporary files where nobody else does."""
    before = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(prefix="lc-fuzz-") as folder:
        Path(folder).chmod(0o711)  # as root, the servers' user passes through
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        try:
            yield
        finally:
            os.environ["TMPDIR"] = tempfile.tempdir = before


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--uploads", type=int, default=10_000, help="hostile files; bombs besides")
    parser.add_argument(
        "--requests", type=int, default=100, help="drawn for each operation; 0: none"
    )
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started = time.monotonic()
    with own_folder(), opened() as here:
        tally = uploads(here, asked.uploads, asked.seed)
        figures: dict[str, Any] = {"seed": asked.seed, **figures_of(tally)}
        figures["upload_seconds"] = round(time.monotonic() - started, 1)
        defects = list(tally.defects)
        print(json.dumps(figures, ensure_ascii=False), flush=True)  # noqa: T201 - progress
        if asked.requests:
            above = here.settle("x-above", level="nation")
            place = here.settle("x-drawn", parent_slug="x-above")
            figures["requests"], faults = drawn(here.app, place, fill(place, above), asked.requests)
            defects += faults
    return keep("fuzz", started, figures, defects)


if __name__ == "__main__":
    raise SystemExit(main())
