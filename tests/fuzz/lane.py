"""One lane of the fuzzing: sends files as a person would, imports them as a worker would, looks."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from sqlalchemy import create_engine, text
from werkzeug.test import EnvironBuilder

from core.intake import apart
from core.jobs.tasks import Bench, perform
from core.store import thaw
from tests.fuzz.files import Hostile
from tests.fuzz.forked import FORKING, Forked

LONGEST_SECONDS = 90.0
THAWED_EVERY = 10
SHOWN_EVERY = 5
COUNTED = ("datasets", "dataset_versions", "uploads", "jobs", "import_problems")
KNOWN_ENDS = {"invalid"}  # a plugin's fault is ours: the plugins are


@dataclass(slots=True)
class Tally:
    """What became of the files, and what should not have."""

    files: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    slowest_name: str = ""
    child_kib: int = 0
    defects: list[str] = field(default_factory=list)

    def add(self, other: dict[str, Any]) -> None:
        """Add another lane's."""
        self.files += other["files"]
        for name in ("ends", "codes", "families"):
            getattr(self, name).update(other[name])
        if other["slowest"] > self.slowest:
            self.slowest, self.slowest_name = other["slowest"], other["slowest_name"]
        self.child_kib = max(self.child_kib, other["child_kib"])
        self.defects += other["defects"]

    def written(self) -> dict[str, Any]:
        """Give it as JSON values."""
        kept = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: dict(v) if isinstance(v, Counter) else v for name, v in kept.items()}


class Lane:
    """A place with good data, and the steps of one file through it."""

    def __init__(self, place: Any, tally: Tally, *, forked: bool = True) -> None:
        self.place = place
        self.tally = tally
        self.engine = create_engine(place.superuser_url)
        self.bench = Bench(
            database=place.services.database,
            blobs=place.services.blobs,
            host=place.services.host,
            redis_url=place.services.config.redis_url,
        )
        if forked:
            apart.subprocess = FORKING  # type: ignore[attr-defined]

    def send(self, hostile: Hostile) -> Any:
        """Post a file the way a browser or a program does."""
        builder = EnvironBuilder(
            self.place.address("uploads"),
            method="POST",
            data={
                "kind": hostile.kind,
                "options": json.dumps(hostile.options),
                "dataset": f"{hostile.family}",
                "file": (io.BytesIO(hostile.content), hostile.filename.replace("\0", "")),
            },
            environ_base=self.place.client.environ_base,
        )
        environ = builder.get_environ()
        try:
            return self.place.client.open(environ)
        finally:
            environ["wsgi.input"].close()

    def counts(self) -> dict[str, int]:
        """Count this tenant's rows, past every wall."""
        columns = ", ".join(
            f"(SELECT count(*) FROM {name} WHERE tenant_id = :id) AS {name}" for name in COUNTED
        )
        with self.engine.connect() as connection:
            row = connection.execute(text(f"SELECT {columns}"), {"id": self.place.tenant_id}).one()
        return dict(row._mapping)

    def through(self, hostiles: Iterable[Hostile]) -> None:
        """Take files through, one after the other."""
        for hostile in hostiles:
            before, started = self.counts(), time.monotonic()
            try:
                self._one(hostile, before)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect
                self._wrong(hostile, "raised", repr(error)[:300])
            took = time.monotonic() - started
            if took > self.tally.slowest:
                self.tally.slowest, self.tally.slowest_name = took, hostile.filename
            if took > LONGEST_SECONDS:
                self._wrong(hostile, "took", f"{took:.0f} s")
            self.tally.files += 1
            self.tally.families[hostile.family] += 1
        self.tally.child_kib = max([self.tally.child_kib, *(kib for kib, _ in Forked.used)])
        Forked.used.clear()

    def _one(self, hostile: Hostile, before: dict[str, int]) -> None:
        answer = self.send(hostile)
        if answer.status_code != 202:
            self.tally.ends[f"http {answer.status_code}"] += 1
            if answer.status_code >= 500:
                self._wrong(hostile, "answered", answer.status_code, answer.text[:200])
            if self.counts() != before:
                self._wrong(hostile, "was refused at the door and changed", self.counts())
            return
        job_id = answer.json["id"]
        perform(self.bench, self.place.tenant_id, UUID(job_id))
        self.look(hostile, job_id, before)

    def look(self, hostile: Hostile, job_id: str, before: dict[str, int]) -> None:
        """Hold a job that ended to what it may have changed."""
        if self.tally.files % SHOWN_EVERY == 0:
            self._get(hostile, f"jobs/{job_id}")
            self._get(hostile, f"jobs/{job_id}/problems?limit=500")
        after, job = self.counts(), self._job(job_id)
        grown = {name: after[name] - before[name] for name in COUNTED}
        self.tally.ends[f"{job.state} {job.error_class or ''}".strip()] += 1
        if (grown["uploads"], grown["jobs"]) != (1, 1) or job.attempt != 1:
            self._wrong(hostile, "left uploads, jobs, attempts", grown, job.attempt)
        if job.state == "failed":
            self._refused(hostile, job, grown)
        elif job.state == "done":
            self._taken(hostile, job, grown)
        else:
            self._wrong(hostile, "ended as", job.state)

    def _refused(self, hostile: Hostile, job: Any, grown: dict[str, int]) -> None:
        self.tally.codes.update(job.codes)
        if grown["datasets"] or grown["dataset_versions"] or not grown["import_problems"]:
            self._wrong(hostile, "failed and left", grown)
        if job.error_class not in KNOWN_ENDS or "reader_ended" in job.codes:
            self._wrong(hostile, "ended as", job.error_class, job.codes, job.message)

    def _taken(self, hostile: Hostile, job: Any, grown: dict[str, int]) -> None:
        reused = job.result["reused"]
        if grown["dataset_versions"] != int(not reused) or grown["datasets"] not in (0, 1):
            self._wrong(hostile, "was imported and left", grown)
        if self.tally.files % THAWED_EVERY == 0:
            thaw(self.place.services.blobs, job.result["digest"])

    def _job(self, job_id: str) -> Any:
        codes = "ARRAY(SELECT DISTINCT code FROM import_problems p WHERE p.job_id = j.id) AS codes"
        with self.engine.connect() as connection:
            return connection.execute(
                text(
                    f"SELECT state, error_class, attempt, result, message, {codes} "
                    "FROM jobs j WHERE id = :id"
                ),
                {"id": job_id},
            ).one()

    def _get(self, hostile: Hostile, rest: str) -> Any:
        answer = self.place.client.get(self.place.address(rest))
        if answer.status_code >= 500:
            self._wrong(hostile, "made", rest, answer.status_code, answer.text[:200])
        return answer.json

    def _wrong(self, hostile: Hostile, *words: Any) -> None:
        told = f"{hostile.family} {hostile.kind} {hostile.filename[:60]!r}"
        self.tally.defects.append(" ".join([told, *map(str, words)])[:700])
