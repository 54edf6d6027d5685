"""Pruning: audit records go after their time, oldest first, and their chain tells where it begins.

A record in the chain says what is about to go; then the dispatcher's role, which alone may, deletes
it, and the database leaves an anchor in the same transaction. A sweep that is killed between the
two says it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import structlog
from sqlalchemy import Select, case, delete, func, select
from sqlalchemy.orm import Session

from core.db import AuditEvent, Database, InstallationEvent, audit, installation
from core.db.audit import PRUNE, Head, announcement

Recorder: TypeAlias = Callable[..., object]
Chained: TypeAlias = type[AuditEvent] | type[InstallationEvent]

SPARE_DAYS = 7  # one sweep takes a week's records, so that a chain is not full of sweeps
MOST = 20_000  # of one chain and sweep: a transaction of seconds

log = structlog.get_logger("lifecircle.sweep")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What of a chain is past its time: the last of it, how many, and whether it goes now."""

    last: Head
    records: int
    now: bool


def prune(database: Database, tenants: list[UUID], days: int) -> Counter[str]:
    """Let go the records older than ``days`` of each tenant and of the installation; count them.

    They go when the oldest is a week older still; until then a warning says how many are about to,
    so that they can be exported.

    Raises
    ------
    Misconfigured
        Fewer days than the law allows, or no address for the dispatcher's role.
    """
    audit.check_retention(days)
    counts: Counter[str] = Counter()
    for tenant_id in tenants:
        with database.session(tenant_id) as session:
            found = due(session, AuditEvent, days)
            if found is not None and found.now:
                _announce(session, audit.record, found)
        counts.update(_let_go(database, found, AuditEvent, tenant_id))
    with database.unbound() as session:
        found = due(session, InstallationEvent, days)
        if found is not None and found.now:
            _announce(session, installation.record, found)
    counts.update(_let_go(database, found, InstallationEvent))
    if counts["records_due"]:
        log.warning(
            "audit records are about to go: lifecircle audit export keeps them",
            records=counts["records_due"],
            within_days=SPARE_DAYS,
        )
    return counts


def due(session: Session, table: Chained, days: int) -> Due | None:
    """Find the records of the session's chain that are past their time; ``None`` when none is.

    What follows a younger record stays, whatever its own time says: a chain loses its beginning
    only.
    """
    old, older = table.at < _ago(days), table.at < _ago(days + SPARE_DAYS)
    first = session.execute(
        _of(session, select(table.number, old, older), table).order_by(table.number).limit(1)
    ).first()
    if first is None or not first[1]:
        return None
    start, _, now = first
    young = func.min(case((table.at >= _ago(days), table.number)))
    end = func.coalesce(young, func.max(table.number) + 1)
    before = session.execute(_of(session, select(end), table)).scalar_one()
    number = min(before, start + MOST) - 1
    digest = session.scalar(_of(session, select(table.hash), table).where(table.number == number))
    last = Head(number=number, hash=digest or "")
    return Due(last=last, records=number - start + 1, now=now)


def _announce(session: Session, record: Recorder, found: Due) -> None:
    record(
        session,
        action=PRUNE,
        subject=f"record:{found.last.number}",
        details=announcement(found.last, found.records),
    )


def _let_go(
    database: Database, found: Due | None, table: Chained, tenant_id: UUID | None = None
) -> dict[str, int]:
    if found is None:
        return {}
    if not found.now:
        return {"records_due": found.records}
    gone = delete(table).where(table.number <= found.last.number)
    if issubclass(table, AuditEvent):
        gone = gone.where(table.tenant_id == tenant_id)
    with database.dispatcher() as session:
        session.execute(gone, execution_options={"synchronize_session": False})
    return {"records": found.records}


def _of(session: Session, asked: Select[Any], table: Chained) -> Select[Any]:
    if issubclass(table, AuditEvent):
        return asked.where(table.tenant_id == session.info["tenant_id"])
    return asked


def _ago(days: int) -> Any:
    return func.now() - func.make_interval(0, 0, 0, days)
