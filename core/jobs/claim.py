"""Claim, renew, give back, cancel: who holds a job, decided by the database and its clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.db import Job, JobState
from core.db.audit import record
from core.db.held import Fenced, Held, fence
from core.db.session import Database
from core.errors import Conflict, NotFound
from core.jobs.evidence import SILENT, Death, said
from core.runs.record import end_run, fail

LEASE_SECONDS = 30.0
BEATS_A_LEASE = 3  # two heartbeats may be lost before the lease runs out
ATTEMPTS = 3

CRASH_MESSAGE = (
    "计算进程多次异常中止（{attempts} 次，最后一次：{how}），已停止重试，没有写入结果。"
    "请联系管理员查看日志。"
)
CRASH_ENGLISH = (
    "The worker crashed {attempts} times (the last time: {how}), so it is not tried again; no "
    "result was written. Ask the operator to look at the logs."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job that this process holds until its lease runs out."""

    held: Held
    kind: str
    subject_id: UUID
    lease_seconds: float


def claim(
    session: Session, job_id: UUID, *, lease_seconds: float = LEASE_SECONDS, worker: str = ""
) -> Claim | None:
    """Take a waiting job: attempt + 1 and a lease; ``None`` when there is nothing to take.

    Of any number of claims of one job at one time, one succeeds. ``worker`` names the process, so
    that its parent finds what it held when it dies.
    """
    began = func.jsonb_build_object(
        *("number", Job.attempt + 1, "worker", literal(worker), "began", func.now())
    )
    taken = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.QUEUED)
        .values(
            state=JobState.RUNNING,
            attempt=Job.attempt + 1,
            worker=worker,
            attempts=Job.attempts.concat(func.jsonb_build_array(began)),
            lease_until=func.now() + timedelta(seconds=lease_seconds),
            started_at=func.coalesce(Job.started_at, func.now()),
            stage="",
            percent=0,
            stages=[],
        )
        .returning(Job.tenant_id, Job.kind, Job.subject_id, Job.attempt)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        return None
    held = Held(tenant_id=taken.tenant_id, job_id=job_id, attempt=taken.attempt)
    return Claim(
        held=held, kind=taken.kind, subject_id=taken.subject_id, lease_seconds=lease_seconds
    )


def renew(session: Session, held: Held, lease_seconds: float) -> None:
    """Keep the job for another lease; raises ``Fenced`` when it is no longer held."""
    until = func.clock_timestamp() + timedelta(seconds=lease_seconds)
    fence(session, held, lease_until=until)


def give_back(session: Session, held: Held, death: Death) -> None:
    """Let another attempt have the job at once, or end it after the last; raises ``Fenced``.

    How this attempt ended is kept in the row.
    """
    _note(session, held, death)
    if held.attempt >= ATTEMPTS:
        give_up(session, held, death)
        return
    fence(session, held, state=JobState.QUEUED, lease_until=None, dispatched_at=None)


def give_up(session: Session, held: Held, death: Death) -> None:
    """Fail a job whose every attempt crashed; raises ``Fenced``."""
    how, how_english = said(death.told())
    fail(
        session,
        held,
        "crash",
        CRASH_MESSAGE.format(attempts=held.attempt, how=how),
        CRASH_ENGLISH.format(attempts=held.attempt, how=how_english),
    )


def expire(session: Session, held: Held) -> None:
    """Take a job from a worker whose lease ran out; does nothing when the lease was renewed."""
    stale = session.scalars(
        select(Job.id)
        .where(
            Job.id == held.job_id,
            Job.attempt == held.attempt,
            Job.state == JobState.RUNNING,
            or_(Job.lease_until.is_(None), Job.lease_until < func.now()),
        )
        .with_for_update(skip_locked=True)
    ).first()
    if stale is not None:
        give_back(session, held, SILENT)


def _note(session: Session, held: Held, death: Death) -> None:
    """Write how the attempt ended into its place in the row, which stays locked."""
    fence(session, held, updated_at=func.now())
    attempts, now = session.execute(
        select(Job.attempts, func.clock_timestamp()).where(Job.id == held.job_id)
    ).one()
    ended = {"ended": now.isoformat(), **death.told()}
    noted = [one | ended if one["number"] == held.attempt else one for one in attempts]
    fence(session, held, attempts=noted)


def cancel(session: Session, job_id: UUID) -> Job:
    """Cancel a job that is waiting or running; its worker can no longer write anything.

    Raises
    ------
    NotFound
        The tenant has no such job.
    Conflict
        It has ended already.
    """
    job = session.scalars(select(Job).where(Job.id == job_id).with_for_update()).first()
    if job is None:
        raise NotFound("没有这个任务。请检查编号。", english="There is no such job.")
    if job.state not in (JobState.QUEUED, JobState.RUNNING):
        raise Conflict(
            "任务已经结束，不能取消，结果未改动。",
            english="The job has ended, so it cannot be cancelled; its result stays.",
        )
    job.state = JobState.CANCELLED
    job.lease_until = None
    job.ended_at = func.now()
    session.flush()
    end_run(session, job_id, JobState.CANCELLED, None)
    record(session, action="job.cancel", subject=f"job:{job_id}")
    return job


class Heart:
    """Renews a claim's lease from a thread of its own while the work goes on.

    ``lost`` is set as soon as the claim is gone; the work looks at it between its steps.
    """

    def __init__(self, database: Database, claimed: Claim) -> None:
        self.database = database
        self.claimed = claimed
        self.lost = threading.Event()
        self._over = threading.Event()

    @contextmanager
    def beating(self) -> Iterator[Heart]:
        """Beat until the block ends."""
        thread = threading.Thread(target=self._beat, name="heart", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _beat(self) -> None:
        held, lease = self.claimed.held, self.claimed.lease_seconds
        while not self._over.wait(lease / BEATS_A_LEASE):
            try:
                with self.database.session(held.tenant_id) as session:
                    renew(session, held, lease)
            except Fenced:
                self.lost.set()
                return
            except SQLAlchemyError:
                continue  # the next beat may get through; if not, the lease runs out by itself
