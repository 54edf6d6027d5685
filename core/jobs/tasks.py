"""The one task: claim the row that a wake-up names, do what its kind says, let go of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from core import logs, metrics
from core.catalog.host import Host
from core.db import Job, JobKind
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
    logs.begin(tenant=str(tenant_id), job=str(job_id), **{claimed.kind: str(claimed.subject_id)})
    began = time.monotonic()
    try:
        with Heart(bench.database, claimed).beating() as heart:
            _work(bench, claimed, heart)
    except Fenced:
        log.info("job was taken away", job=str(job_id), attempt=claimed.held.attempt)
    except Exception as error:
        _let_go(bench, claimed, of_error(error))  # first: telling may fail too
        log.error(  # noqa: TRY400 - an error's own words may quote rows
            "job crashed", attempt=claimed.held.attempt, exception=logs.told(error)
        )
        raise
    else:
        _tell(bench, claimed, time.monotonic() - began)
    finally:
        nudge(bench.redis_url)


def _tell(bench: Bench, claimed: Claim, seconds: float) -> None:
    """Count what came of an attempt, and write its line; failing to do so changes nothing."""
    try:
        with bench.database.session(claimed.held.tenant_id) as session:
            job = session.scalars(select(Job).where(Job.id == claimed.held.job_id)).one()
            state, stages = job.state, list(job.stages)
            problems = dict(job.result.get("problems", {}))
    except SQLAlchemyError as error:
        log.warning("an end was not counted", error=type(error).__name__)
        return
    counted = metrics.COUNTED
    counted.count("lifecircle_jobs_total", kind=claimed.kind, state=state)
    for stage in stages:
        if stage["seconds"] is not None:
            counted.seconds(
                "lifecircle_stage_seconds", stage["seconds"], kind=claimed.kind, stage=stage["key"]
            )
    for code, number in problems.items():
        counted.count("lifecircle_import_problems_total", number, code=code)
    counted.hand_on(bench.redis_url)
    log.info(
        "job ended",
        kind=claimed.kind,
        state=state,
        attempt=claimed.held.attempt,
        seconds=round(seconds, 2),
    )


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
