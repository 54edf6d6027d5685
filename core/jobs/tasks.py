"""The one task: claim the row that a wake-up names, do what its kind says, let go of it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from core.catalog.host import Host
from core.db import JobKind
from core.db.held import Fenced
from core.db.session import Database
from core.intake import pipeline
from core.jobs.claim import LEASE_SECONDS, Claim, Heart, claim, give_back
from core.jobs.evidence import Death, of_error
from core.jobs.progress import Progress
from core.jobs.queues import nudge
from core.runs import execute, terms
from core.store import Blobs

WORK = {
    JobKind.RUN: (execute.run, terms.STAGES),
    JobKind.IMPORT: (pipeline.run_import, pipeline.STAGES),
}

log = structlog.get_logger("lifecircle.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a worker works with."""

    database: Database
    blobs: Blobs
    host: Host
    redis_url: str
    lease_seconds: float = LEASE_SECONDS
    memory_bytes: int | None = None
    worker: str = ""  # this process's name in the rows that it claims


def perform(bench: Bench, tenant_id: UUID, job_id: UUID) -> None:
    """Do one job, if it still waits: a doubled or late wake-up finds nothing to claim.

    What is foreseen (wrong data, a plugin's fault) ends in the job's row. Whatever else goes
    wrong counts as a crash: the job waits again, until its last attempt.
    """
    with bench.database.session(tenant_id) as session:
        claimed = claim(session, job_id, lease_seconds=bench.lease_seconds, worker=bench.worker)
    if claimed is None:
        return
    try:
        with Heart(bench.database, claimed).beating() as heart:
            _work(bench, claimed, heart)
    except Fenced:
        log.info("job was taken away", job=str(job_id), attempt=claimed.held.attempt)
    except Exception as error:
        _let_go(bench, claimed, of_error(error))  # first: telling may fail too
        log.error(  # noqa: TRY400 - structlog's own traceback may print locals: settings, rows
            "job crashed",
            job=str(job_id),
            attempt=claimed.held.attempt,
            exception=traceback.format_exc(),
        )
        raise
    finally:
        nudge(bench.redis_url)


def _work(bench: Bench, claimed: Claim, heart: Heart) -> None:
    held = claimed.held
    kind = JobKind(claimed.kind)
    work, stages = WORK[kind]
    if kind is JobKind.RUN:
        work = partial(execute.run, memory_bytes=bench.memory_bytes)
    progress = Progress(bench.database, held, stages, heart)
    work(
        bench.database,
        bench.blobs,
        bench.host,
        held.tenant_id,
        held.job_id,
        held.attempt,
        progress,
    )


def _let_go(bench: Bench, claimed: Claim, death: Death) -> None:
    try:
        with bench.database.session(claimed.held.tenant_id) as session:
            give_back(session, claimed.held, death)
    except Fenced:
        log.info("job was taken away", job=str(claimed.held.job_id))
