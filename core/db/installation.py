"""InstallationEvent: what happened that belongs to no tenant, in one chain of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    SmallInteger,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as first
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from core.db.audit import BEFORE_THE_FIRST, Broken, Fault, Head, announces
from core.db.base import Base

WAITING = "installation_events"  # in a session's info: what its unit of work has recorded
THE_ONE = 1


class InstallationEvent(Base):
    """A sign-in, a place, a plugin, a system role: ``hash`` covers the record and ``prev_hash``.

    Written once and never changed, by anybody: grants hold the application, triggers the owner.
    Of people acting, only an audit administrator sees rows; work without a person sees them all.
    """

    __tablename__ = "installation_events"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]]
    prev_hash: Mapped[str]
    hash: Mapped[str]


class InstallationChain(Base):
    """The chain's head, in one row: writers take turns at it, and a cut tail shows against it."""

    __tablename__ = "installation_chain"
    __table_args__ = (CheckConstraint(f"one = {THE_ONE}", name="one"),)

    one: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]
    # The last record that went after its time; the database alone writes it.
    anchor_number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    anchor_hash: Mapped[str] = mapped_column(server_default=text("repeat('0', 64)"))
    anchor_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is to be appended when the unit of work commits."""

    actor_id: UUID | None
    action: str
    subject: str
    details: Mapping[str, Any] = field(default_factory=dict)


def record(
    session: Session, *, action: str, subject: str, details: Mapping[str, Any] | None = None
) -> None:
    """Have a record appended in this transaction, as its last statements before the commit.

    Writers wait for each other from there to the end of the commit only, and always after they
    hold whatever else they need, so that none can hold another up.

    Parameters
    ----------
    session
        Any; the actor is taken from ``session.info["actor_id"]``.
    action
        What is done: a noun, a dot and a verb, such as ``sign_in.refuse``.
    subject
        What it is done to: a noun, a colon and an opaque id, code or key. Never a login or a name.
    details
        JSON values worth keeping; nothing personal, never a secret.

    Raises
    ------
    ValueError
        When ``details`` is not canonical JSON.
    """
    told = dict(details or {})
    try:
        rfc8785.dumps(told)
    except rfc8785.CanonicalizationError as error:
        raise ValueError("details are plain JSON values") from error
    waiting: list[_Told] = session.info.setdefault(WAITING, [])
    waiting.append(
        _Told(actor_id=session.info.get("actor_id"), action=action, subject=subject, details=told)
    )


def append_waiting(session: Session) -> None:
    """Append what the unit of work has recorded; a listener of ``before_commit``."""
    waiting: list[_Told] = session.info.get(WAITING, [])
    if not waiting or session.in_nested_transaction():
        return
    session.flush()
    number, prev_hash = _head(session)
    for told in waiting:
        number += 1
        row: dict[str, Any] = {
            "number": number,
            "at": session.execute(select(func.clock_timestamp())).scalar_one(),
            "actor_id": told.actor_id,
            "action": told.action,
            "subject": told.subject,
            "details": told.details,
            "prev_hash": prev_hash,
        }
        row["hash"] = prev_hash = _hash(row)
        session.execute(insert(InstallationEvent.__table__).values(row))  # type: ignore[arg-type]  # a mapped class's table is a Table
    session.execute(update(InstallationChain).values(number=number, hash=prev_hash))
    waiting.clear()


def forget_waiting(session: Session, transaction: SessionTransaction) -> None:
    """Forget what was recorded in a transaction that is undone; a savepoint's is kept."""
    if not transaction.nested:
        session.info.pop(WAITING, None)


def verify_installation(session: Session, noted: Iterable[Head] = ()) -> Broken | None:
    """Find the first record that is missing, changed or out of order, a cut tail included.

    Parameters
    ----------
    session
        Without a person, or an audit administrator's: nobody else sees the records.
    noted
        Heads that were exported earlier.

    Returns
    -------
    Broken or None
        ``None`` means that the chain holds.
    """
    known = list(noted)
    while True:
        begun = _begun(session)
        found = _first_broken(session, begun, known)
        if _begun(session) == begun:  # else records went while they were read
            return found


def installation_head(session: Session) -> Head:
    """Give the chain's last record; number 0 where there never was one."""
    row = session.execute(select(InstallationChain.number, InstallationChain.hash)).first()
    return Head(number=row.number, hash=row.hash) if row else _NOTHING


def _first_broken(session: Session, begun: Head, noted: list[Head]) -> Broken | None:
    last = installation_head(session)  # before the records: what is appended meanwhile follows it
    known = [*noted, last]
    if _differs(begun, known):
        return Broken(number=begun.number, fault=Fault.REWRITTEN)
    expected, prev_hash, told = begun.number + 1, begun.hash, begun.number == 0
    events = session.scalars(
        select(InstallationEvent)
        .order_by(InstallationEvent.number)
        .execution_options(yield_per=500)
    )
    with closing(events):  # a chain that breaks is not read to its end
        for event in events:
            if fault := _fault(event, expected, prev_hash, known):
                return Broken(number=expected, fault=fault)
            expected, prev_hash = expected + 1, event.hash
            told = told or announces(event.action, event.details, begun)
    if expected <= max(one.number for one in known):
        return Broken(number=expected, fault=Fault.CUT)
    ended = installation_head(session)
    if ended.number < expected - 1:
        return Broken(number=ended.number + 1, fault=Fault.ORDER)
    return None if told else Broken(number=begun.number, fault=Fault.UNANNOUNCED)


def _fault(
    event: InstallationEvent, expected: int, prev_hash: str, known: list[Head]
) -> Fault | None:
    if event.number > expected:
        return Fault.MISSING
    if event.number < expected or event.prev_hash != prev_hash:
        return Fault.ORDER
    if event.hash != _hash(_row(event)):
        return Fault.CHANGED
    return Fault.REWRITTEN if _differs(Head(number=expected, hash=event.hash), known) else None


def _differs(one: Head, known: list[Head]) -> bool:
    return any(each.number == one.number and each.hash != one.hash for each in known)


def _begun(session: Session) -> Head:
    """Give the last record that went after its time, from which the chain goes on."""
    anchor = select(InstallationChain.anchor_number, InstallationChain.anchor_hash)
    row = session.execute(anchor).first()
    return Head(number=row.anchor_number, hash=row.anchor_hash) if row else _NOTHING


def _head(session: Session) -> tuple[int, str]:
    """Take the chain's one row, so that the next writer waits until this one has committed."""
    head = select(InstallationChain.number, InstallationChain.hash).with_for_update()
    found = session.execute(head).first()
    if found is None:
        session.execute(
            first(InstallationChain)
            .values(one=THE_ONE, number=0, hash=BEFORE_THE_FIRST)
            .on_conflict_do_nothing()
        )
        found = session.execute(head).one()
    number, last_hash = found
    return number, last_hash


def _row(event: InstallationEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in InstallationEvent.__table__.columns.keys()}  # noqa: SIM118 - columns iterate as columns


def _hash(row: Mapping[str, Any]) -> str:
    """Hash a record over its canonical JSON (RFC 8785), the previous hash included."""
    actor_id = row["actor_id"]
    return sha256(
        rfc8785.dumps(
            {
                "number": row["number"],
                "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
                "actor_id": str(actor_id) if actor_id else None,
                "action": row["action"],
                "subject": row["subject"],
                "details": row["details"],
                "prev_hash": row["prev_hash"],
            }
        )
    ).hexdigest()


_NOTHING = Head(number=0, hash=BEFORE_THE_FIRST)
