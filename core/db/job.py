"""Job: what the queue is doing for whom; the only row that is claimed, leased and fenced."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Owned, one_of


class JobKind(StrEnum):
    """What a job does."""

    IMPORT = "import"
    RUN = "run"


class JobState(StrEnum):
    """Where a job, or a run, stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Owned, Base):
    """Work that was asked for. ``subject_id`` is the upload or the run it is about.

    ``payload`` holds what the work needs beyond its subject (importer, options), ``result`` what
    came of it (the dataset version's id, counts). ``error_class`` is crash, invalid or fault.
    ``worker`` is the process that holds it. ``attempts`` has one object an attempt: its number,
    its worker, when it ``began``, and, where it ended before its job did, when it ``ended`` and
    how (``core.jobs.evidence``).
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("tenant_id", "idempotency_key"),
        Index(
            "ix_jobs_waiting",
            "tenant_id",
            "state",
            "dispatched_at",
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
        Index(None, "tenant_id", "created_at"),
        one_of("kind", JobKind),
        one_of("state", JobState),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
    )

    kind: Mapped[str]
    subject_id: Mapped[UUID]
    idempotency_key: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default=JobState.QUEUED)
    attempt: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str] = mapped_column(server_default=text("''"))
    attempts: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    lease_until: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    stage: Mapped[str] = mapped_column(default="")
    percent: Mapped[int] = mapped_column(default=0)
    stages: Mapped[list[Any]] = mapped_column(default=list)
    error_class: Mapped[str] = mapped_column(default="")
    message: Mapped[str] = mapped_column(default="")
    english: Mapped[str] = mapped_column(default="")
    by: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class RequestKey(Owned, Base):
    """What was answered to a request that named itself, so that sent again it is not done again.

    ``key`` is the sender's, ``digest`` is of what was asked, ``answer`` the body as it was sent.
    """

    __tablename__ = "request_keys"
    __table_args__ = (UniqueConstraint("tenant_id", "key"),)

    key: Mapped[str]
    digest: Mapped[str]
    status: Mapped[int]
    location: Mapped[str]
    answer: Mapped[str]
