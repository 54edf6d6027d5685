"""6 freeze: the snapshot, then its row, the problems and the job's end in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from core.contract import Problem, TableKind
from core.db import Dataset, DatasetVersion, ImportProblem, Job, JobState, Upload, VersionState
from core.db.audit import record
from core.db.held import Held, fence
from core.intake.found import Found, in_order
from core.store import Blobs, Manifest, canonical

KEPT_ROWS = 1000  # problems kept as rows; all of them lie in a blob when there are more


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an import made of an upload: a snapshot on the disk, to be named by a version."""

    upload_id: UUID
    kind: TableKind
    dataset: str
    importer_key: str
    importer_version: str
    options: Mapping[str, Any]
    by: UUID | None
    manifest: Manifest
    quality: Mapping[str, Any]


def begin(session: Session, held: Held) -> tuple[Job, Upload]:
    """Give the held job and its upload; raises ``Fenced`` when it is held no longer."""
    fence(session, held, updated_at=func.now())
    job = session.scalars(select(Job).where(Job.id == held.job_id)).one()
    upload = session.scalars(select(Upload).where(Upload.id == job.subject_id)).one()
    return job, upload


def finish(session: Session, blobs: Blobs, held: Held, made: Made, found: Found) -> None:
    """Write the version, its problems and the job's end; all or nothing.

    The snapshot's blobs are on the disk already. Where the dataset has a version with the same
    content, that one is named and no new one made.

    Raises
    ------
    Fenced
        The job was cancelled or taken over; the caller's transaction must not commit.
    """
    fence(session, held, updated_at=func.now())
    dataset = _dataset(session, held.tenant_id, made)
    equal = session.scalars(
        select(DatasetVersion).where(
            DatasetVersion.dataset_id == dataset.id, DatasetVersion.digest == made.manifest.digest
        )
    ).first()
    version = equal or _version(session, dataset, made)
    result: dict[str, Any] = {
        "dataset_id": str(dataset.id),
        "dataset": dataset.name,
        "dataset_version_id": str(version.id),
        "number": version.number,
        "digest": version.digest,
        "rows": version.rows,
        "reused": equal is not None,
        "notice": "",
        "notice_english": "",
        **_keep(session, blobs, held, made.upload_id, found),
    }
    if equal is not None:
        withdrawn = equal.state == VersionState.WITHDRAWN
        result["notice"] = f"内容与“{dataset.name}”第 {equal.number} 版完全相同，没有新建版本。" + (
            "该版本已撤回，需要时请恢复。" if withdrawn else ""
        )
        result["notice_english"] = (
            f"The content equals version {equal.number} of {dataset.name!r}; no new version was "
            "made." + (" That version was withdrawn." if withdrawn else "")
        )
    fence(
        session,
        held,
        state=JobState.DONE,
        stage="",
        percent=100,
        lease_until=None,
        ended_at=func.now(),
        result=result,
        message=result["notice"],
        english=result["notice_english"],
    )
    record(
        session,
        action="import.done",
        subject=f"dataset_version:{version.id}",
        details={"digest": version.digest, "reused": equal is not None},
    )


def refuse(  # noqa: PLR0913 - why an import was refused
    session: Session,
    blobs: Blobs,
    held: Held,
    upload_id: UUID,
    found: Found,
    *,
    error_class: str,
    message: str,
    english: str,
) -> None:
    """End the job as failed, with its problems; datasets stay as they were.

    Raises
    ------
    Fenced
        The job was cancelled or taken over.
    """
    fence(session, held, updated_at=func.now())
    result = _keep(session, blobs, held, upload_id, found)
    fence(
        session,
        held,
        state=JobState.FAILED,
        lease_until=None,
        ended_at=func.now(),
        error_class=error_class,
        message=message,
        english=english,
        result=result,
    )
    record(
        session,
        action="import.refuse",
        subject=f"job:{held.job_id}",
        details={"problems": found.counts},
    )


def _dataset(session: Session, tenant_id: UUID, made: Made) -> Dataset:
    """Find or make the dataset; imports into datasets of one tenant wait for each other here."""
    session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"datasets:{tenant_id}", 0)))
    )
    dataset = session.scalars(
        select(Dataset).where(Dataset.kind == made.kind.value, Dataset.name == made.dataset)
    ).first()
    if dataset is None:
        dataset = Dataset(tenant_id=tenant_id, kind=made.kind.value, name=made.dataset)
        session.add(dataset)
        session.flush()
    return dataset


def _version(session: Session, dataset: Dataset, made: Made) -> DatasetVersion:
    last = session.scalar(
        select(func.max(DatasetVersion.number)).where(DatasetVersion.dataset_id == dataset.id)
    )
    version = DatasetVersion(
        tenant_id=dataset.tenant_id,
        dataset_id=dataset.id,
        number=(last or 0) + 1,
        digest=made.manifest.digest,
        rows=made.manifest.rows,
        bbox=list(made.manifest.bbox or ()),
        as_of=made.manifest.as_of,
        importer_key=made.importer_key,
        importer_version=made.importer_version,
        options=dict(made.options),
        upload_id=made.upload_id,
        quality=dict(made.quality),
        by=made.by,
    )
    session.add(version)
    session.flush()
    return version


def _keep(
    session: Session, blobs: Blobs, held: Held, upload_id: UUID, found: Found
) -> dict[str, Any]:
    """Write the first problems as rows; give the counts, and the blob of all where more."""
    problems = in_order(found.problems)
    rows = [
        {
            "tenant_id": held.tenant_id,
            "job_id": held.job_id,
            "upload_id": upload_id,
            "row_no": problem.row,
            "column_name": problem.column,
            "code": problem.code,
            "message": problem.message,
            "english": problem.english,
            "value": problem.value,
            "severity": problem.severity.value,
        }
        for problem in problems[:KEPT_ROWS]
    ]
    if rows:
        session.execute(insert(ImportProblem), rows)
    kept: dict[str, Any] = {"problems": found.counts}
    if len(problems) > KEPT_ROWS:
        kept["problems_blob"] = blobs.put(_all_of(problems))
    return kept


def _all_of(problems: Sequence[Problem]) -> bytes:
    return canonical(
        [{**asdict(problem), "severity": problem.severity.value} for problem in problems]
    )
