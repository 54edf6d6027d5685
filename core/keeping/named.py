"""Which blobs rows name: what a backup carries and a sweep never touches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Text, cast, func, select, union
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Select

from core.db import DatasetVersion, Job, Run, Upload
from core.errors import LifecircleError
from core.store import Blobs, read_manifest

# Every place in which a row names a blob. A test compares this with all text of all rows after a
# whole journey; a new column that holds a digest of the store is added here.
SINGLE = (Upload.digest, Run.result_digest, Run.minutes_digest)
PROBLEMS = "problems_blob"  # in what an import said: all its problems, where rows hold the first
KEEPING = 4_210_016  # the advisory lock: backups share it, what deletes takes it alone


def named_by(asked: Connection | Session, blobs: Blobs) -> set[str]:
    """Give the digests of the blobs that the rows name which ``asked`` can see.

    A dataset version names its manifest and, through it, its tables. A manifest that cannot be
    read names nothing more; whoever needs it finds that out.
    """
    singles: list[Select[Any]] = [
        select(column.label("digest")).where(column.is_not(None)) for column in SINGLE
    ]
    singles += [_within(DatasetVersion.quality), _within(Job.result)]
    named: set[str] = set(asked.execute(union(*singles)).scalars())
    manifests = set(asked.execute(select(DatasetVersion.digest).distinct()).scalars())
    return named | manifests | tables_of(blobs, manifests)


def tables_of(blobs: Blobs, manifests: Iterable[str]) -> set[str]:
    """Give the digests of the tables that manifests name."""
    found: set[str] = set()
    for digest in manifests:
        try:
            manifest = read_manifest(blobs, digest)
        except LifecircleError:
            continue
        found |= {entry.blob for entry in manifest.tables.values()}
    return found


def alone(asked: Connection | Session) -> bool:
    """Keep backups and other sweeps out until this transaction ends; tell whether that was had."""
    return bool(asked.execute(select(func.pg_try_advisory_xact_lock(KEEPING))).scalar_one())


def share(asked: Connection | Session) -> None:
    """Keep everything that deletes out until this transaction ends; waits for one at work."""
    asked.execute(select(func.pg_advisory_xact_lock_shared(KEEPING)))


def _within(column: object) -> Select[Any]:
    digest = func.jsonb_extract_path_text(column, PROBLEMS)
    return select(cast(digest, Text).label("digest")).where(digest.is_not(None))
