"""AuditEvent: who did what, append-only, each record chained to the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy import BigInteger, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.db.base import Base, Owned

BEFORE_THE_FIRST = "0" * 64  # prev_hash of a chain's first record


class AuditEvent(Owned, Base):
    """One mutation, written in its transaction; ``hash`` covers the record and ``prev_hash``."""

    __tablename__ = "audit_events"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    number: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    prev_hash: Mapped[str]
    hash: Mapped[str]


def record(
    session: Session, *, action: str, subject: str, details: Mapping[str, Any] | None = None
) -> AuditEvent:
    """Append what is being done to the chain of the session's tenant.

    Writers of one tenant wait for each other here until they commit, so record last.

    Parameters
    ----------
    session
        Bound to a tenant; the actor is taken from ``session.info["actor_id"]``.
    action
        What is done: a noun, a dot and a verb, such as ``run.submit``.
    subject
        What it is done to: a noun, a colon and an id or name. Nothing personal.
    details
        JSON values worth keeping; never a secret, never residents.

    Raises
    ------
    ValueError
        When the session is bound to no tenant, or ``details`` is not canonical JSON.
    """
    tenant_id = session.info.get("tenant_id")
    if tenant_id is None:
        raise ValueError("a record belongs to a tenant: bind the session first")
    session.flush()
    session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"audit:{tenant_id}", 0)))
    )
    last = session.execute(
        select(AuditEvent.number, AuditEvent.hash)
        .where(AuditEvent.tenant_id == tenant_id)
        .order_by(AuditEvent.number.desc())
        .limit(1)
    ).first()
    event = AuditEvent(
        tenant_id=tenant_id,
        number=last.number + 1 if last else 1,
        at=session.execute(select(func.clock_timestamp())).scalar_one(),
        actor_id=session.info.get("actor_id"),
        action=action,
        subject=subject,
        details=dict(details or {}),
        prev_hash=last.hash if last else BEFORE_THE_FIRST,
    )
    event.hash = _hash(event)
    session.add(event)
    session.flush()
    return event


def first_broken(session: Session) -> int | None:
    """Give the number of the first record that is missing, changed or out of order.

    ``None`` means that the chain of the session's tenant holds. A tail cut off at the end cannot
    be seen from the chain alone.
    """
    expected, prev_hash = 1, BEFORE_THE_FIRST
    events = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.tenant_id == session.info["tenant_id"])
        .order_by(AuditEvent.number)
        .execution_options(yield_per=500)
    )
    with closing(events):  # a chain that breaks is not read to its end
        for event in events:
            whole = event.number == expected and event.prev_hash == prev_hash
            if not whole or event.hash != _hash(event):
                return expected
            expected, prev_hash = expected + 1, event.hash
    return None


def _hash(event: AuditEvent) -> str:
    """Hash a record over its canonical JSON (RFC 8785), the previous hash included."""
    return sha256(
        rfc8785.dumps(
            {
                "tenant_id": str(event.tenant_id),
                "number": event.number,
                "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
                "actor_id": str(event.actor_id) if event.actor_id else None,
                "action": event.action,
                "subject": event.subject,
                "details": event.details,
                "prev_hash": event.prev_hash,
            }
        )
    ).hexdigest()
