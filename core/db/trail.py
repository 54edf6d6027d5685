"""Trail: the audit records of a tenant that somebody looks for, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.db.audit import AuditEvent

MOST_CHOICES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records: by whom, what was done, to what, when; ``None`` or empty is any.

    ``subject`` is the beginning of a subject, such as ``run:`` or ``run:01a2``; ``since`` is
    within, ``until`` without.
    """

    actor_id: UUID | None = None
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def query(self, session: Session) -> Select[AuditEvent]:
        """Select them."""
        found = select(AuditEvent).where(AuditEvent.tenant_id == session.info["tenant_id"])
        if self.actor_id is not None:
            found = found.where(AuditEvent.actor_id == self.actor_id)
        if self.action:
            found = found.where(AuditEvent.action == self.action)
        if self.subject:
            found = found.where(AuditEvent.subject.startswith(self.subject, autoescape=True))
        if self.since is not None:
            found = found.where(AuditEvent.at >= self.since)
        if self.until is not None:
            found = found.where(AuditEvent.at < self.until)
        return found


def count(session: Session, wanted: Wanted) -> int:
    """Count the wanted records."""
    return session.scalar(select(func.count()).select_from(wanted.query(session).subquery())) or 0


def find(
    session: Session, wanted: Wanted, *, limit: int | None = None, offset: int = 0
) -> Sequence[AuditEvent]:
    """Give the wanted records, the newest first."""
    found = wanted.query(session).order_by(AuditEvent.number.desc())
    return session.scalars(found.limit(limit).offset(offset)).all()


def one(session: Session, number: int) -> AuditEvent | None:
    """Give a record of the session's tenant by its number."""
    return session.scalars(Wanted().query(session).where(AuditEvent.number == number)).first()


def actions(session: Session) -> Sequence[str]:
    """List what was ever done here, for a choice."""
    found = select(AuditEvent.action).where(AuditEvent.tenant_id == session.info["tenant_id"])
    return session.scalars(found.distinct().order_by(AuditEvent.action).limit(MOST_CHOICES)).all()


def actors(session: Session) -> Sequence[UUID]:
    """List who ever did anything here, for a choice."""
    found = select(AuditEvent.actor_id).where(
        AuditEvent.tenant_id == session.info["tenant_id"], AuditEvent.actor_id.is_not(None)
    )
    ids = session.scalars(found.distinct().order_by(AuditEvent.actor_id).limit(MOST_CHOICES))
    return [each for each in ids if each is not None]
