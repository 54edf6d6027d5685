"""The run's state machine: begun, done, failed; each step only by the attempt that holds it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.db import WHOLE, DatasetVersion, Job, JobState, Run, RunInput
from core.db.audit import record as audit
from core.db.held import Held, fence
from core.db.many import insert_many
from core.runs.rows import rows_of

RECORD = "record"  # the stage that these rows belong to
ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefacts:
    """What a computation left: the document, its blob, the blob of minutes, seconds by stage."""

    document: Mapping[str, Any]
    result_digest: str
    minutes_digest: str
    stage_seconds: Mapping[str, float]


def begin(session: Session, held: Held) -> Run:
    """Mark the job's run as running and give it."""
    fence(session, held, updated_at=func.now())
    run = session.scalars(
        select(Run).join(Job, Job.subject_id == Run.id).where(Job.id == held.job_id)
    ).one()
    run.state = JobState.RUNNING
    run.started_at = func.coalesce(Run.started_at, func.now())
    session.flush()
    return run


def complete(session: Session, held: Held, run_id: UUID, artefacts: Artefacts) -> None:
    """Write the answers' rows and mark run and job done, all in the caller's one transaction.

    The artefacts' blobs are on the disk already, so a row never names a missing file. The
    seconds that the rows take are added to those of the stage ``record``; the run's own row,
    which holds them, and the commit come after they are read.

    Raises
    ------
    Fenced
        Another attempt holds the job; nothing may be committed.
    """
    started = time.perf_counter()
    result = {"run_id": str(run_id), "result_digest": artefacts.result_digest}
    fence(
        session,
        held,
        state=JobState.DONE,
        percent=100,
        lease_until=None,
        ended_at=func.now(),
        result=result,
    )
    for model, rows in rows_of(artefacts.document).items():
        for first in range(0, len(rows), ROWS_AT_ONCE):
            insert_many(session, model, rows[first : first + ROWS_AT_ONCE], run_id=run_id)
    run = session.scalars(select(Run).where(Run.id == run_id)).one()
    _fill(session, run, artefacts)
    took = artefacts.stage_seconds.get(RECORD, 0.0) + time.perf_counter() - started
    run.stage_seconds = {**artefacts.stage_seconds, RECORD: round(took, 3)}
    session.flush()
    audit(
        session,
        action="run.done",
        subject=f"run:{run_id}",
        details={"result": artefacts.result_digest, "minutes": artefacts.minutes_digest},
    )


def fail(session: Session, held: Held, error_class: str, message: str, english: str) -> None:
    """Mark the job failed, and its run with it where it is about one; nothing else is written.

    Raises
    ------
    Fenced
        Another attempt holds the job.
    """
    fence(
        session,
        held,
        state=JobState.FAILED,
        lease_until=None,
        ended_at=func.now(),
        error_class=error_class,
        message=message,
        english=english,
    )
    end_run(session, held.job_id, JobState.FAILED, message)
    audit(
        session,
        action="job.fail",
        subject=f"job:{held.job_id}",
        details={"error_class": error_class, "attempt": held.attempt},
    )


def end_run(session: Session, job_id: UUID, state: JobState, message: str | None) -> None:
    """End the run that a job is about, without results; does nothing for another kind of job."""
    subject = select(Job.subject_id).where(Job.id == job_id).scalar_subquery()
    session.execute(
        update(Run)
        .where(Run.id == subject, Run.state.in_((JobState.QUEUED, JobState.RUNNING)))
        .values(state=state, fault_message=message, finished_at=func.now())
    )


def _fill(session: Session, run: Run, artefacts: Artefacts) -> None:
    document = artefacts.document
    whole = next(area for area in document["areas"] if area["key"] == WHOLE)
    card = whole["scorecard"]
    run.state = JobState.DONE
    run.finished_at = func.now()
    run.people = whole["people"]
    run.points_low = card["points"]["low"]
    run.points_high = card["points"]["high"]
    run.out_of = card["out_of"]
    run.grade = card["grade"]
    run.grade_name = card["grade_name"]
    run.pending = card["pending"]
    run.notes = card["notes"]
    run.result_digest = artefacts.result_digest
    run.minutes_digest = artefacts.minutes_digest
    run.summary = {
        "totals": document["totals"],
        "gaps": [
            {name: gap[name] for name in ("key", "minutes", "people", "groups", "clusters")}
            | {"listed": len(gap["listed"])}
            for gap in document["gaps"]
        ],
        "sources": _sources(session, run.id),
    }


def _sources(session: Session, run_id: UUID) -> list[dict[str, Any]]:
    """Say whose data were used, with what must be shown wherever the figures are."""
    rows = session.execute(
        select(RunInput.role, DatasetVersion)
        .join(DatasetVersion, RunInput.dataset_version_id == DatasetVersion.id)
        .where(RunInput.run_id == run_id)
        .order_by(RunInput.role)
    )
    return [
        {
            "role": role,
            "digest": version.digest,
            "rows": version.rows,
            "as_of": None if version.as_of is None else version.as_of.isoformat(),
            "attribution": version.quality.get("attribution", ""),
            "note": version.quality.get("note", ""),
        }
        for role, version in rows
    ]
