"""Held: a claim on a job, and the fence that only its holder passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from core.db.job import Job, JobState
from core.errors import Conflict


class Fenced(Conflict):
    """The attempt no longer holds its job: it was cancelled, or given to another worker."""

    code = "fenced"

    def __init__(self) -> None:
        super().__init__(
            "该任务已被取消或由另一进程接手，本次结果未写入，无需处理。",
            english="The job was cancelled or taken over by another worker; nothing of this "
            "attempt was written and nothing needs doing.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A claim on a job: which attempt of which job is at work, in which tenant."""

    tenant_id: UUID
    job_id: UUID
    attempt: int


def fence(session: Session, held: Held, **values: Any) -> None:
    """Change the job if this attempt still holds it, and lock it until the commit.

    Raises
    ------
    Fenced
        It does not; the caller must write nothing.
    """
    changed = session.execute(
        update(Job)
        .where(
            Job.tenant_id == held.tenant_id,
            Job.id == held.job_id,
            Job.attempt == held.attempt,
            Job.state == JobState.RUNNING,
        )
        .values(**values)
    )
    if not isinstance(changed, CursorResult) or changed.rowcount != 1:
        raise Fenced
