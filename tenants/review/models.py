"""Submission and Review: a frozen copy of a run's summary handed up, and the answer to it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    or_,
)
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import override

from core.db import TENANT, Base, Owned, one_of, owned_by


class SubmissionState(StrEnum):
    """Where a submission stands."""

    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


class Verdict(StrEnum):
    """What a reviewer says."""

    ACCEPTED = "accepted"
    RETURNED = "returned"


class Submission(Owned, Base):
    """A run's summary, copied and frozen for an ancestor. Owned by the tenant that submits.

    Reviewers read this copy and never the tenant's tables. ``summary_digest`` is the SHA-256 of
    the canonical JSON of ``summary``. Both ends may select it; nobody may change the copy.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "run_id", "to_tenant_id"),
        Index(None, "tenant_id", "submitted_at"),
        owned_by("run_id", "runs"),
        one_of("state", SubmissionState),
    )

    run_id: Mapped[UUID]
    to_tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    state: Mapped[str] = mapped_column(default=SubmissionState.SUBMITTED)
    summary: Mapped[dict[str, Any]]
    summary_digest: Mapped[str]
    submitted_by: Mapped[UUID | None]
    submitted_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @classmethod
    @override
    def visible(cls) -> ColumnElement[bool]:
        """Show a submission to both of its ends."""
        return or_(cls.tenant_id == TENANT, cls.to_tenant_id == TENANT)


class Review(Owned, Base):
    """A reviewer's answer. Owned by the reviewer's tenant; the submitter may read it."""

    __tablename__ = "reviews"
    __table_args__ = (
        Index(None, "tenant_id", "submission_id"),
        ForeignKeyConstraint(
            ["of_tenant_id", "submission_id"], ["submissions.tenant_id", "submissions.id"]
        ),
        one_of("verdict", Verdict),
    )

    submission_id: Mapped[UUID]
    of_tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    verdict: Mapped[str]
    comment: Mapped[str]
    by: Mapped[UUID | None]

    @classmethod
    @override
    def visible(cls) -> ColumnElement[bool]:
        """Show a review to the reviewer and to whom it answers."""
        return or_(cls.tenant_id == TENANT, cls.of_tenant_id == TENANT)
