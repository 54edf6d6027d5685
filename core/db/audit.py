"""AuditEvent: who did what, append-only, each record chained to the one before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from itertools import chain
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy import BigInteger, ScalarResult, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.db.base import Base, Owned
from core.errors import Misconfigured

BEFORE_THE_FIRST = "0" * 64  # prev_hash of a chain's first record
PRUNE = "audit.prune"  # by which a sweep says what it lets go

LEAST_DAYS = (
    184  # how long the law wants records of the kind kept, at least (网络安全法: six months)
)


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


class AuditAnchor(Owned, Base):
    """The last record of a beginning that went after its time: the chain goes on from here.

    The database writes it when it lets the records go; nobody changes it.
    """

    __tablename__ = "audit_anchors"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]
    at: Mapped[datetime]


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
    last = head(session)
    event = AuditEvent(
        tenant_id=tenant_id,
        number=last.number + 1,
        at=session.execute(select(func.clock_timestamp())).scalar_one(),
        actor_id=session.info.get("actor_id"),
        action=action,
        subject=subject,
        details=dict(details or {}),
        prev_hash=last.hash,
    )
    event.hash = _hash(event)
    session.add(event)
    session.flush()
    return event


def check_retention(days: int) -> None:
    """Refuse to keep records for less than they have to be kept.

    Raises
    ------
    Misconfigured
        Fewer than 184 days.
    """
    if days < LEAST_DAYS:
        raise Misconfigured(
            f"审计记录至少保留 {LEAST_DAYS} 天，设置为 {days} 天，没有启动。"
            "请把 LIFECIRCLE_AUDIT_DAYS 改大或留空。",
            english=f"Audit records are kept for {LEAST_DAYS} days at least and the setting says "
            f"{days}; nothing starts. Raise LIFECIRCLE_AUDIT_DAYS or leave it empty.",
        )


FAULT_WORDS = {
    "changed": ("内容与其摘要不符，已被改动", "its content is not what its hash was made of"),
    "missing": ("这一条缺失", "it is missing"),
    "order": ("与前一条接不上，被插入或调换", "it does not follow the one before it"),
    "cut": ("这一条起的末尾被截去", "the tail from here on was cut off"),
    "rewritten": ("与先前导出的链头不同，被重写", "it differs from the head that was exported"),
    "unannounced": (
        "到这一条为止的记录不在了，而链中没有到期清理的记录",
        "the records up to it are gone, and no record tells that their time was over",
    ),
}


class Fault(StrEnum):
    """What is wrong with the first record of a chain that does not hold."""

    CHANGED = "changed"  # it is not what its hash was made of
    MISSING = "missing"  # a later one is there, it is not
    ORDER = "order"  # it does not follow the one before it
    CUT = "cut"  # it was there when the head was noted, and nothing is after the one before it
    REWRITTEN = "rewritten"  # the chain holds in itself, but is another than the noted one
    UNANNOUNCED = "unannounced"  # the chain begins after it, and no sweep said that it would


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Where a chain first does not hold, and how."""

    number: int
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last record of a chain; noted elsewhere, it betrays a tail that was cut off."""

    number: int
    hash: str


def head(session: Session) -> Head:
    """Give the last record of the session's tenant; number 0 where there never was one."""
    last = session.execute(
        select(AuditEvent.number, AuditEvent.hash)
        .where(AuditEvent.tenant_id == session.info["tenant_id"])
        .order_by(AuditEvent.number.desc())
        .limit(1)
    ).first()
    return Head(number=last.number, hash=last.hash) if last else _begun(session, None)


def first_broken(session: Session, noted: Iterable[Head] = ()) -> Broken | None:
    """Find the first record of the session's tenant that is missing, changed or out of order.

    Records that went after their time are not missed: their anchor tells where the chain begins,
    and a record in it, by the sweep, that they would go.

    Parameters
    ----------
    session
        Bound to the tenant whose chain is read.
    noted
        Heads that were exported earlier. Without one a tail that was cut off, or a chain that
        was written anew from some record on, cannot be seen: the rest holds in itself.

    Returns
    -------
    Broken or None
        ``None`` means that the chain holds.
    """
    known = {one.number: one.hash for one in noted}
    events = records(session)
    with closing(events):  # a chain that breaks is not read to its end
        first = next(events, None)
        begun = _begun(session, first)
        if known.get(begun.number, begun.hash) != begun.hash:
            return Broken(number=begun.number, fault=Fault.REWRITTEN)
        expected, prev_hash, told = begun.number + 1, begun.hash, begun.number == 0
        for event in chain([first] if first else [], events):
            fault = _fault(event, expected, prev_hash)
            if fault is None and known.get(expected, event.hash) != event.hash:
                fault = Fault.REWRITTEN
            if fault is not None:
                return Broken(number=expected, fault=fault)
            expected, prev_hash = expected + 1, event.hash
            told = told or announces(event.action, event.details, begun)
    if expected <= max(known, default=0):
        return Broken(number=expected, fault=Fault.CUT)
    return None if told else Broken(number=begun.number, fault=Fault.UNANNOUNCED)


def announcement(last: Head, records: int) -> dict[str, Any]:
    """Give the details of the record by which a sweep says what it is about to let go."""
    return {"through": last.number, "hash": last.hash, "records": records}


def announces(action: str, details: Mapping[str, Any], begun: Head) -> bool:
    """Tell whether a record says that the chain would begin there."""
    there = (details.get("through"), details.get("hash"))
    return action == PRUNE and there == (begun.number, begun.hash)


def records(session: Session, after: int = 0) -> ScalarResult[AuditEvent]:
    """Give the records of the session's tenant in order, a few hundred at a time."""
    return session.scalars(
        select(AuditEvent)
        .where(AuditEvent.tenant_id == session.info["tenant_id"], AuditEvent.number > after)
        .order_by(AuditEvent.number)
        .execution_options(yield_per=500)
    )


def written(event: AuditEvent) -> dict[str, Any]:
    """Write a record as it is exported: what its hash covers, and the hash."""
    return {**_covered(event), "hash": event.hash}


def _begun(session: Session, first: AuditEvent | None) -> Head:
    """Give what the chain goes on from, the last record that went before ``first``.

    Read after ``first``: what went meanwhile left its anchor after the one that belongs to it.
    """
    anchors = select(AuditAnchor.number, AuditAnchor.hash).where(
        AuditAnchor.tenant_id == session.info["tenant_id"]
    )
    if first is not None:
        anchors = anchors.where(AuditAnchor.number < first.number)
    found = session.execute(anchors.order_by(AuditAnchor.number.desc()).limit(1)).first()
    return Head(number=found.number, hash=found.hash) if found else _NOTHING


def _fault(event: AuditEvent, expected: int, prev_hash: str) -> Fault | None:
    if event.number > expected:
        return Fault.MISSING
    if event.number < expected or event.prev_hash != prev_hash:
        return Fault.ORDER
    return None if event.hash == _hash(event) else Fault.CHANGED


def _covered(event: AuditEvent) -> dict[str, Any]:
    """Give what a record's hash is made of, the previous hash included."""
    return {
        "tenant_id": str(event.tenant_id),
        "number": event.number,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_id": str(event.actor_id) if event.actor_id else None,
        "action": event.action,
        "subject": event.subject,
        "details": event.details,
        "prev_hash": event.prev_hash,
    }


def _hash(event: AuditEvent) -> str:
    """Hash a record over its canonical JSON (RFC 8785)."""
    return sha256(rfc8785.dumps(_covered(event))).hexdigest()


_NOTHING = Head(number=0, hash=BEFORE_THE_FIRST)
