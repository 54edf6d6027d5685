"""A fault at every single point of one import and one run: the state is old or new, never between.

``python -m tests.chaos --sweep`` goes through all points, the suite through every so many-th.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from core.db import patience
from core.jobs import progress
from core.jobs.dispatch import dispatch_once
from core.jobs.queues import connect, queue, take_hint
from core.jobs.tasks import perform
from tests.chaos.check import settled
from tests.chaos.history import base_versions, bench_of, homes, question
from tests.chaos.points import Points, watched
from tests.chaos.town import Town
from tests.journeys.small_place import Place
from tests.uploading import upload

ROUNDS = 4
PEOPLE = 77


@dataclass(slots=True, kw_only=True)
class Swept:
    """What a sweep found: points by kind, and what was wrong after which."""

    what: str
    points: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Give what the report shows."""
        return {
            "points": self.points.total(),
            "failed one by one": self.failed.total(),
            "by kind": dict(sorted(self.points.items())),
            "defects": len(self.defects),
        }


class Sweep:
    """One question, asked again and again of one place, each time with another point failing."""

    def __init__(self, town: Town, place: Place) -> None:
        self.town = town
        self.place = place
        self.number = 0
        self.since = ""
        self.base = base_versions(place)
        self.blank = Path(town.home) / "blank"
        shutil.copytree(town.config.blobs, self.blank)
        self.queue = connect(town.config.redis_url)

    def through(self, what: str, every: int, say: Callable[[str], None]) -> Swept:
        """Fail every so many-th point, from the first to the last."""
        swept = Swept(what=what)
        calm, known = self._once(what, Points())
        swept.points = calm.passed
        say(f"{what}: {calm.passed.total()} points, {dict(calm.passed)}")
        swept.defects += known.get("defects", [])
        for fail_at in range(1, calm.passed.total() + 1, every):
            points, found = self._once(what, Points(fail_at))
            told = f"{what}, point {fail_at} ({points.failed or 'not reached'})"
            swept.failed[points.failed] += bool(points.failed)
            swept.defects += [f"{told}: {defect}" for defect in found["defects"]]
            if found["answer"] != known["answer"]:
                swept.defects.append(f"{told}: {found['answer']} is not {known['answer']}")
        for defect in swept.defects:
            say(defect)
        return swept

    def _once(self, what: str, points: Points) -> tuple[Points, dict[str, Any]]:
        """Ask once with a point failing, look, then try again in peace and look again."""
        self._anew()
        ask = {"import": self._ask_import, "run": self._ask_run}[what]
        defects, status = [], 0
        with watched(points, [self.place.services.database]):
            try:
                status = ask()
                if status < 300:
                    self._work()
            except Exception as error:  # noqa: BLE001 - as a worker's child dies of whatever it is
                if not points.failed:
                    defects.append(f"{type(error).__name__}: {error}")
        if status and status >= 300 and (status < 500 or not points.failed):
            defects.append(f"the answer was {status}")
        defects += [f"then {words}" for words in self._settled(ended=False)]
        if not self._accepted(ask, status):
            defects.append("asked again, it was not accepted")
        self._finish()
        defects += [f"at last {words}" for words in self._settled(ended=True)]
        return points, {"defects": defects, "answer": self._answer(what)}

    def _accepted(self, ask: Callable[[], int], status: int) -> bool:
        """Ask again until it is accepted, as a client does that is told to come back."""
        for _ in range(ROUNDS):
            if status in {200, 202}:
                return True
            status = ask()
        return status in {200, 202}

    def _finish(self) -> None:
        """Let time pass and workers work until nothing waits."""
        for _ in range(ROUNDS):
            if not self.town.waiting():
                break
            self._time_passes()
            self._work()

    def _settled(self, *, ended: bool) -> list[str]:
        return settled(self.town, self.place, since=self.since, ended=ended)

    def _anew(self) -> None:
        """Ask under a new name, with nothing of the answer in store or queue."""
        self.number += 1
        self.since = str(self.town.ask("SELECT clock_timestamp()")[0][0])
        with self.town.engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE runs SET fingerprint = fingerprint || id::text WHERE fingerprint !~ '-'"
                )
            )
        root = self.town.config.blobs
        shutil.rmtree(root)
        shutil.copytree(self.blank, root)
        self.town.flush()

    def _ask_import(self) -> int:
        path = self.place.folder / "more.csv"
        path.write_text(homes(PEOPLE))
        name = f"residents {self.number}"
        self.place.client.environ_base["HTTP_IDEMPOTENCY_KEY"] = name
        answer = upload(self.place.client, self.place.slug, "residents", path, dataset=name)
        patience.allow(None)  # the request's own hurry is not the worker's
        return int(answer.status_code)

    def _ask_run(self) -> int:
        inputs = {kind: str(version) for kind, version in self.base.items()}
        body = question(1) | {"inputs": inputs}
        self.place.client.environ_base["HTTP_IDEMPOTENCY_KEY"] = f"run {self.number}"
        answer = self.place.client.post(self.place.address("runs"), json=body)
        patience.allow(None)
        return int(answer.status_code)

    def _work(self) -> None:
        """Dispatch, and do what the wake-ups name, as a worker's child does."""
        hints = queue(self.queue)
        dispatch_once(self.place.services.database, self.queue, again_seconds=0)
        while (hint := take_hint(hints)) is not None:
            perform(bench_of(self.place), *hint.row())

    def _time_passes(self) -> None:
        """Let every lease run out, as half a minute does."""
        with self.town.engine.begin() as connection:
            connection.execute(
                text("UPDATE jobs SET lease_until = now() - interval '1 s' WHERE state = 'running'")
            )

    def _answer(self, what: str) -> list[Any]:
        """Give the digests that the question was answered with, and how many rows."""
        if what == "import":
            words = """
                SELECT v.digest, v.rows, v.number FROM dataset_versions v
                JOIN datasets d ON d.id = v.dataset_id
                WHERE d.name = :name AND v.tenant_id = :tenant
            """
        else:
            words = """
                SELECT result_digest, minutes_digest, grade FROM runs
                WHERE state = 'done' AND fingerprint !~ '-' AND tenant_id = :tenant
            """
        name, tenant = f"residents {self.number}", self.place.tenant_id
        return [list(row) for row in self.town.ask(words, name=name, tenant=tenant)]


def sweep(every: int = 1, say: Callable[[str], None] = lambda _words: None) -> list[Swept]:
    """Sweep one import and one run; gives what was found."""
    kept = progress.STAGES_EVERY_SECONDS, progress.WRITTEN_EVERY_SECONDS
    # Every stage is written and no tick, so that each time the same points are passed.
    progress.STAGES_EVERY_SECONDS, progress.WRITTEN_EVERY_SECONDS = 0.0, 1e9
    try:
        with Town() as town:
            place = town.settle("x-swept")
            swept = Sweep(town, place)
            return [swept.through(what, every, say) for what in ("import", "run")]
    finally:
        progress.STAGES_EVERY_SECONDS, progress.WRITTEN_EVERY_SECONDS = kept


def timed(every: int, say: Callable[[str], None]) -> tuple[list[Swept], float]:
    """Sweep, and give the seconds that it took too."""
    began = time.monotonic()
    found = sweep(every, say)
    say(json.dumps({one.what: one.figures() for one in found}, ensure_ascii=False))
    return found, time.monotonic() - began
