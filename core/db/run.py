"""Run and what came out of it: inputs, lines, coverage, gaps."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Owned, one_of, owned_by
from core.db.job import JobState

WHOLE = "whole"  # area_key of all homes together


class Run(Owned, Base):
    """One evaluation of pinned inputs by a pinned ruleset.

    ``plan`` names every digest, parameter and plugin version that the answer depends on;
    ``fingerprint`` is the plan's SHA-256: the same question is computed once. ``result_digest``
    is the blob over everything that came out, which ``verify`` recomputes. ``points`` and
    ``grade`` are those of the whole area; ``grade`` NULL with ``pending`` is 等级待定.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index(
            "uq_runs_tenant_id_fingerprint",
            "tenant_id",
            "fingerprint",
            unique=True,
            postgresql_where=text("state IN ('queued', 'running', 'done')"),
        ),
        Index(None, "tenant_id", "created_at"),
        one_of("state", JobState),
        CheckConstraint("(state = 'failed') = (fault_message IS NOT NULL)", name="fault"),
    )

    fingerprint: Mapped[str]
    label: Mapped[str] = mapped_column(default="")
    ruleset_key: Mapped[str]
    ruleset_version: Mapped[str]
    ruleset_digest: Mapped[str]
    params: Mapped[dict[str, Any]]
    plan: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default=JobState.QUEUED)
    fault_message: Mapped[str | None]
    people: Mapped[int | None]
    points_low: Mapped[float | None]
    points_high: Mapped[float | None]
    out_of: Mapped[float | None]
    grade: Mapped[str | None]
    grade_name: Mapped[str] = mapped_column(default="")
    pending: Mapped[list[Any]] = mapped_column(default=list)
    notes: Mapped[list[Any]] = mapped_column(default=list)
    summary: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result_digest: Mapped[str | None]
    minutes_digest: Mapped[str | None]
    stage_seconds: Mapped[dict[str, Any]] = mapped_column(default=dict)
    kernel_version: Mapped[str]
    by: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class RunInput(Owned, Base):
    """One dataset version that a run computes from."""

    __tablename__ = "run_inputs"
    __table_args__ = (
        UniqueConstraint("tenant_id", "run_id", "role"),
        owned_by("run_id", "runs"),
        owned_by("dataset_version_id", "dataset_versions"),
    )

    run_id: Mapped[UUID]
    role: Mapped[str]
    dataset_version_id: Mapped[UUID]


class RunScore(Owned, Base):
    """The judgement of one area of a run."""

    __tablename__ = "run_scores"
    __table_args__ = (
        UniqueConstraint("tenant_id", "run_id", "area_key"),
        owned_by("run_id", "runs"),
    )

    run_id: Mapped[UUID]
    area_key: Mapped[str]
    area_name: Mapped[str]
    area_kind: Mapped[str]
    people: Mapped[int]
    points_low: Mapped[float]
    points_high: Mapped[float]
    out_of: Mapped[float]
    grade: Mapped[str | None]
    grade_name: Mapped[str]
    pending: Mapped[list[Any]]
    notes: Mapped[list[Any]]


class RunLine(Owned, Base):
    """One line of one area's scorecard; ``line`` is the contract's Line as JSON."""

    __tablename__ = "run_lines"
    __table_args__ = (
        UniqueConstraint("tenant_id", "run_id", "area_key", "line_key"),
        owned_by("run_id", "runs"),
    )

    run_id: Mapped[UUID]
    area_key: Mapped[str]
    line_key: Mapped[str]
    position: Mapped[int]
    line: Mapped[dict[str, Any]]


class RunCoverage(Owned, Base):
    """People of one area and group within ``minutes`` of a format or a 六个一 slot.

    ``format_key`` is a format's key or ``slot:yi_dian`` and the like.
    """

    __tablename__ = "run_coverage"
    __table_args__ = (
        UniqueConstraint("tenant_id", "run_id", "area_key", "format_key", "group_key", "minutes"),
        owned_by("run_id", "runs"),
        CheckConstraint("0 <= covered AND covered <= people", name="covered"),
    )

    run_id: Mapped[UUID]
    area_key: Mapped[str]
    format_key: Mapped[str]
    group_key: Mapped[str]
    minutes: Mapped[float]
    people: Mapped[int]
    covered: Mapped[int]


class RunGap(Owned, Base):
    """A cluster of residents who lack one format; rank 1 has the most people.

    ``groups`` counts those of each age group that the data carry; empty where they carry none.
    """

    __tablename__ = "run_gaps"
    __table_args__ = (
        UniqueConstraint("tenant_id", "run_id", "format_key", "rank"),
        owned_by("run_id", "runs"),
        CheckConstraint("people >= 0", name="people"),
    )

    run_id: Mapped[UUID]
    format_key: Mapped[str]
    rank: Mapped[int]
    area_key: Mapped[str]
    people: Mapped[int]
    groups: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    homes: Mapped[int]
    minutes_limit: Mapped[float]
    worst_minutes: Mapped[float | None]
    median_minutes: Mapped[float | None]
    lon: Mapped[float]
    lat: Mapped[float]
    outline: Mapped[bytes | None] = mapped_column(LargeBinary)
