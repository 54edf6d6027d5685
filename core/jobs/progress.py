"""Progress: stages and percentages in the job's row, as the page shows them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from core.db import Job, JobState
from core.db.held import Fenced, Held, fence
from core.db.session import Database
from core.jobs.claim import Heart

WRITTEN_EVERY_SECONDS = 0.5
STAGES_EVERY_SECONDS = 0.2  # shorter stages are told with the next; the last is always


class Progress:
    """Where a job is: written in short transactions of its own, and only by who holds the job.

    Parameters
    ----------
    database
        Where the row is.
    held
        The claim; once it is gone, each call raises ``Fenced`` and so stops the work.
    keys
        The stages in order.
    heart
        Tells without a question to the database that the claim is gone.
    """

    def __init__(
        self, database: Database, held: Held, keys: Sequence[str], heart: Heart | None = None
    ) -> None:
        self.database = database
        self.held = held
        self.heart = heart
        self.stages: list[dict[str, Any]] = [
            {"key": key, "state": "wait", "seconds": None, "note": ""} for key in keys
        ]
        self._began = time.monotonic()
        self._written = 0.0

    def stage(self, key: str) -> None:
        """Begin a stage; those before it are done. Written at most five times a second."""
        now = time.monotonic()
        for stage in self.stages:
            if stage["state"] == "now":
                stage.update(state="done", seconds=round(now - self._began, 1), note="")
            if stage["key"] == key:
                stage["state"] = "now"
        self._began = now
        if self.heart is not None and self.heart.lost.is_set():
            raise Fenced
        last = key == self.stages[-1]["key"]
        if last or now - self._written >= STAGES_EVERY_SECONDS:
            self._write(0.0)

    def tick(self, done: int, total: int) -> None:
        """Say how far the stage is; written at most twice a second."""
        if self.heart is not None and self.heart.lost.is_set():
            raise Fenced
        if time.monotonic() - self._written < WRITTEN_EVERY_SECONDS:
            return
        current = self._current()
        if current is not None:
            current["note"] = f"{done:,} / {total:,}"
        self._write(done / total if total else 0.0)

    def _current(self) -> dict[str, Any] | None:
        return next((stage for stage in self.stages if stage["state"] == "now"), None)

    def _write(self, part: float) -> None:
        current = self._current()
        finished = sum(stage["state"] == "done" for stage in self.stages)
        percent = int(100 * (finished + min(part, 1.0)) / max(len(self.stages), 1))
        with self.database.session(self.held.tenant_id) as session:
            fence(
                session,
                self.held,
                stage="" if current is None else current["key"],
                percent=min(percent, 99),
                stages=[dict(stage) for stage in self.stages],
            )
        self._written = time.monotonic()


def job_progress(job: Job) -> Mapping[str, Any]:
    """Give a job's state as the page polls it: state, percent, message, stages."""
    ended = job.state == JobState.DONE
    stages = [
        stage | {"state": "done"} if ended and stage["state"] == "now" else stage
        for stage in job.stages
    ]
    return {
        "state": job.state,
        "percent": 100 if ended else job.percent,
        "message": job.message,
        "english": job.english,
        "attempt": job.attempt,
        "stages": stages,
    }
