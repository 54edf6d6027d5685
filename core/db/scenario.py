"""Scenario: edits on top of a finished run's inputs; neither run nor inputs ever change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Owned, owned_by


class Scenario(Owned, Base):
    """A list of edits with a name. What it comes to is computed from the run's pins when asked.

    ``edits`` are in force, in order; ``undone`` were taken back, the last one first to come
    again. ``version`` grows by one with every change, so that nobody edits what they did not see.
    """

    __tablename__ = "scenarios"
    __table_args__ = (
        Index(None, "tenant_id", "run_id", "created_at"),
        owned_by("run_id", "runs"),
        CheckConstraint("version > 0", name="version"),
    )

    run_id: Mapped[UUID]
    name: Mapped[str]
    edits: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    undone: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    by: Mapped[UUID | None]
