"""Sweep: what killed writers left, blobs that no row names, rows that were kept long enough."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import structlog
from sqlalchemy import CursorResult, delete, func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.db import Database, ImportProblem, Job, JobKind, JobState, RequestKey, Tenant
from core.db.audit import record
from core.keeping.named import alone, named_by
from core.keeping.pruning import prune
from core.store import Blobs, Derived

Sweeper: TypeAlias = Callable[[Database], Mapping[str, int]]

HOUR, DAY = 3600.0, 86400.0
SWEPT = ".swept"  # its time says when the store was last swept, to all machines that share it
LOOK_SECONDS = 300.0
FOLDERS = ("lifecircle-upload-", "lifecircle-read-")  # in the machine's folder for such
RESTORING = ".lifecircle-restore-"  # in the store
OVER = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)

log = structlog.get_logger("lifecircle.sweep")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what is kept, in days; the README's table says the same, a test compares them."""

    unfinished: float = 1 / 24
    folders: float = 1.0
    unnamed: float = 7.0
    derived: float = 30.0
    jobs: float = 180.0
    answers: float = 7.0


KEEP = Retention()


def sweep(
    database: Database,
    blobs: Blobs,
    more: Sequence[Sweeper] = (),
    keep: Retention = KEEP,
    audit_days: int | None = None,
) -> dict[str, int] | None:
    """Delete what was kept long enough, and count it; ``None`` when a backup or a sweep is at work.

    Parameters
    ----------
    database
        Each tenant's rows are asked in its own session.
    blobs
        The store.
    more
        What the rooms have to sweep.
    keep
        How long what is kept.
    audit_days
        How long audit records are kept; without it for ever.
    """
    counts: Counter[str] = Counter()
    counts["unfinished"] = blobs.sweep(older_than_seconds=keep.unfinished * DAY)
    counts["folders"] = _folders(Path(tempfile.gettempdir()), FOLDERS, keep.folders)
    counts["folders"] += _folders(blobs.root, (RESTORING,), keep.folders)
    with database.unbound() as session:
        if not alone(session):
            return None
        asked_at = time.time()
        tenants = list(session.scalars(select(Tenant.id)))
        counts["derived"], named = Derived(blobs).sweep(
            idle_seconds=keep.derived * DAY, unfinished_seconds=keep.unfinished * DAY
        )
        for tenant_id in tenants:
            with database.session(tenant_id) as own:
                counts.update(_rows(own, keep))
            with database.session(tenant_id) as own:
                named |= named_by(own, blobs)
        counts["blobs"], counts["bytes"] = blobs.sweep_unnamed(
            named, asked_at=asked_at, older_than_seconds=keep.unnamed * DAY
        )
        if audit_days is not None:
            counts.update(prune(database, tenants, audit_days))
    for each in more:
        counts.update(each(database))
    return dict(counts)


def sweep_loop(
    database: Database,
    blobs: Blobs,
    more: Sequence[Sweeper],
    over: threading.Event,
    audit_days: int | None = None,
) -> None:
    """Sweep once an hour until ``over`` is set; of all that share the store, whoever is first."""
    while not over.wait(LOOK_SECONDS):
        if not due(blobs):
            continue
        try:
            counts = sweep(database, blobs, more, audit_days=audit_days)
        except (SQLAlchemyError, OSError) as error:
            log.warning("sweep failed, trying again", error=type(error).__name__)
            continue
        if counts is not None:
            log.info("swept", **{name: count for name, count in counts.items() if count})


def due(blobs: Blobs, seconds: float = HOUR) -> bool:
    """Tell whether the last sweep began an hour ago or more; if so, this one begins now."""
    told = blobs.root / SWEPT
    with contextlib.suppress(FileNotFoundError):
        if time.time() - told.stat().st_mtime < seconds:
            return False
    blobs.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    told.touch(mode=0o600)
    return True


def _rows(session: Session, keep: Retention) -> Counter[str]:
    """Delete a tenant's jobs that ended long ago, with what they said, and old answers."""
    ended = select(Job.id).where(
        Job.state.in_(OVER),
        Job.ended_at < _ago(keep.jobs),
        or_(Job.kind == JobKind.IMPORT, Job.state != JobState.DONE),  # a run keeps its job
    )
    counts = Counter(
        problems=_gone(session, delete(ImportProblem).where(ImportProblem.job_id.in_(ended))),
        jobs=_gone(session, delete(Job).where(Job.id.in_(ended))),
        answers=_gone(
            session, delete(RequestKey).where(RequestKey.created_at < _ago(keep.answers))
        ),
    )
    if counts.total():
        record(session, action="rows.sweep", subject="tenant:rows", details=dict(counts))
    return counts


def _ago(days: float) -> Any:
    return func.now() - func.make_interval(0, 0, 0, 0, 0, 0, days * DAY)


def _gone(session: Session, asked: Any) -> int:
    done = session.execute(asked, execution_options={"synchronize_session": False})
    return done.rowcount if isinstance(done, CursorResult) else 0


def _folders(place: Path, prefixes: Sequence[str], days: float) -> int:
    """Delete folders of ours that a killed process left."""
    before, count = time.time() - days * DAY, 0
    for path in place.iterdir() if place.is_dir() else ():
        if not path.name.startswith(tuple(prefixes)):
            continue
        with contextlib.suppress(FileNotFoundError):
            found = path.lstat()
            if found.st_uid == os.geteuid() and found.st_mtime <= before and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
                count += 1
    return count
