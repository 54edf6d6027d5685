"""OfficialCode and PlaceHistory: what the state calls places, and what ours were before."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Level
from core.db.base import Base, Stamped, new_id, one_of


class OfficialCode(Stamped, Base):
    """One code of the national list, as the operator loaded it; it makes no place by itself.

    ``parent`` is the nearest code above it that the list knows, NULL for a province. ``source``
    says which file or package it came from.
    """

    __tablename__ = "official_codes"
    __table_args__ = (Index(None, "name"), one_of("level", Level))

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    parent: Mapped[str | None]
    source: Mapped[str]


class Change(StrEnum):
    """What happened to a place."""

    CREATED = "created"
    RENAMED = "renamed"  # its name, its code, or both
    MOVED = "moved"
    MERGED = "merged"  # into another: it works no more
    ABSORBED = "absorbed"  # another was merged into it
    SPLIT = "split"  # others were made from it


class PlaceHistory(Stamped, Base):
    """What a place was from one change on, until its next: append-only.

    ``since`` is the day on which the change took effect, NULL where nobody said. ``other_id`` is
    the other place of a move, merger or split: the new parent, the partner, the place of origin.
    """

    __tablename__ = "place_history"
    __table_args__ = (
        Index(None, "place_id", "created_at"),
        Index(None, "name"),
        one_of("change", Change),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    place_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="RESTRICT"))
    change: Mapped[str]
    since: Mapped[date | None]
    name: Mapped[str]
    english: Mapped[str]
    code: Mapped[str | None]
    slug: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id", ondelete="RESTRICT"))
    other_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id", ondelete="RESTRICT"))
    by: Mapped[UUID | None]
