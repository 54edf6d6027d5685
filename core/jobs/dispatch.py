"""Rows that wait become wake-ups, fairly among tenants; leases that ran out are taken back."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import structlog
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import DateTime, Integer, Text, Uuid, and_, column, func, or_, select, table, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.db.held import Fenced, Held
from core.db.job import JobState
from core.db.session import Database
from core.jobs.claim import expire, give_back
from core.jobs.evidence import Death
from core.jobs.queues import NUDGE, Hints, connect_waiting, queue, send_hint

AGAIN_SECONDS = 8.0  # a wake-up not followed after this long is sent again
QUOTA = 2  # jobs of one tenant that are at work, or woken, at one time
BATCH = 100
LOOK_SECONDS = 1  # how long the loop waits for a nudge before it looks anyway

# The dispatcher's role may see and set these columns and no others.
JOBS = table(
    "jobs",
    column("id", Uuid()),
    column("tenant_id", Uuid()),
    column("kind", Text()),
    column("subject_id", Uuid()),
    column("state", Text()),
    column("attempt", Integer()),
    column("lease_until", DateTime(timezone=True)),
    column("dispatched_at", DateTime(timezone=True)),
    column("worker", Text()),
)

log = structlog.get_logger("lifecircle.dispatch")


def dispatch_once(
    database: Database,
    connection: Redis,
    *,
    again_seconds: float = AGAIN_SECONDS,
    quota: int = QUOTA,
    queue_name: str | None = None,
) -> int:
    """Take back expired leases, then wake workers for rows that wait; count the wake-ups.

    Any number of dispatchers may do this at one time: each skips the rows that another has
    locked. A wake-up that is lost is sent again; one that is doubled is refused at the claim.
    """
    for held in _expired(database):
        _take_back(database, held)
    hints = queue(connection) if queue_name is None else queue(connection, queue_name)
    with database.dispatcher() as session:
        chosen = _choose(session, timedelta(seconds=again_seconds), quota)
        _mark(session, chosen)
    _send(hints, chosen)
    return len(chosen)


def dispatch_loop(
    database: Database, redis_url: str, over: threading.Event, *, quota: int = QUOTA
) -> None:
    """Dispatch until ``over`` is set; a server that is away is asked again a second later."""
    connection = connect_waiting(redis_url, LOOK_SECONDS)
    while not over.is_set():
        try:
            dispatch_once(database, connection, quota=quota)
            connection.blpop([NUDGE], timeout=LOOK_SECONDS)
        except (RedisError, SQLAlchemyError) as error:
            log.warning("dispatch failed, trying again", error=type(error).__name__)
            over.wait(LOOK_SECONDS)
    connection.close()


def take_from(database: Database, worker: str, death: Death) -> int:
    """Give back at once what a dead process held, with how it died; count the jobs.

    Parameters
    ----------
    database
        With the dispatcher's address: the dead process worked for any tenant.
    worker
        The name under which it claimed.
    death
        How it ended.
    """
    with database.dispatcher() as session:
        rows = session.execute(
            select(JOBS.c.tenant_id, JOBS.c.id, JOBS.c.attempt).where(
                JOBS.c.state == JobState.RUNNING, JOBS.c.worker == worker
            )
        )
        lost = [Held(tenant_id=row.tenant_id, job_id=row.id, attempt=row.attempt) for row in rows]
    for held in lost:
        try:
            with database.session(held.tenant_id) as session:
                give_back(session, held, death)
        except Fenced:
            continue  # cancelled, or its lease ran out, a moment ago
        log.warning("a worker died at a job", job=str(held.job_id), **death.told())
    return len(lost)


def waiting(database: Database) -> int:
    """Count the jobs that are waiting or at work, of all tenants."""
    busy = JOBS.c.state.in_((JobState.QUEUED, JobState.RUNNING))
    with database.dispatcher() as session:
        return session.scalar(select(func.count()).select_from(JOBS).where(busy)) or 0


def _expired(database: Database) -> list[Held]:
    with database.dispatcher() as session:
        rows = session.execute(
            select(JOBS.c.tenant_id, JOBS.c.id, JOBS.c.attempt)
            .where(
                JOBS.c.state == JobState.RUNNING,
                or_(JOBS.c.lease_until.is_(None), JOBS.c.lease_until < func.now()),
            )
            .order_by(JOBS.c.id)
            .limit(BATCH)
        )
        return [Held(tenant_id=row.tenant_id, job_id=row.id, attempt=row.attempt) for row in rows]


def _take_back(database: Database, held: Held) -> None:
    """Queue the job again, or fail it after the last attempt, in its own tenant's session."""
    try:
        with database.session(held.tenant_id) as session:
            expire(session, held)
    except Fenced:
        return
    log.info("lease ran out", job=str(held.job_id), attempt=held.attempt)


def _choose(session: Session, again: timedelta, quota: int) -> list[tuple[UUID, UUID]]:
    """Pick rows to wake, each tenant's first before any tenant's second, within the quota."""
    pending = or_(JOBS.c.dispatched_at.is_(None), JOBS.c.dispatched_at < func.now() - again)
    engaged = (
        select(JOBS.c.tenant_id, func.count().label("count"))
        .where(
            or_(
                JOBS.c.state == JobState.RUNNING,
                and_(JOBS.c.state == JobState.QUEUED, ~pending),
            )
        )
        .group_by(JOBS.c.tenant_id)
        .subquery()
    )
    turn = func.row_number().over(partition_by=JOBS.c.tenant_id, order_by=JOBS.c.id)
    ranked = (
        select(JOBS.c.tenant_id, JOBS.c.id, turn.label("turn"))
        .where(JOBS.c.state == JobState.QUEUED, pending)
        .subquery()
    )
    # Cut to the few whose turn it is before anything is joined: without fresh statistics a crowd
    # of ten thousand waiting rows would otherwise be gone through for each of its rows.
    due = (
        select(ranked.c.tenant_id, ranked.c.id, ranked.c.turn)
        .outerjoin(engaged, engaged.c.tenant_id == ranked.c.tenant_id)
        .where(ranked.c.turn <= quota, ranked.c.turn + func.coalesce(engaged.c.count, 0) <= quota)
        .order_by(ranked.c.turn, ranked.c.id)
        .limit(BATCH)
        .subquery()
    )
    rows = session.execute(
        select(JOBS.c.tenant_id, JOBS.c.id)
        .join(due, and_(due.c.id == JOBS.c.id, due.c.tenant_id == JOBS.c.tenant_id))
        .where(JOBS.c.state == JobState.QUEUED, pending)
        .order_by(due.c.turn, JOBS.c.id)
        .with_for_update(of=JOBS, skip_locked=True)
    )
    return [(row.tenant_id, row.id) for row in rows]


def _mark(session: Session, chosen: list[tuple[UUID, UUID]]) -> None:
    if chosen:
        session.execute(
            update(JOBS)
            .where(JOBS.c.id.in_([job_id for _, job_id in chosen]))
            .where(JOBS.c.state == JobState.QUEUED)
            .values(dispatched_at=func.now())
        )


def _send(hints: Hints, chosen: list[tuple[UUID, UUID]]) -> None:
    for tenant_id, job_id in chosen:
        send_hint(hints, tenant_id, job_id)
