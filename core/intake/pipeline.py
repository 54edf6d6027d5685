"""The stages in a row: a job that was asked for, to a version, or to a list of problems."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.catalog.enabled import enabled_plugins
from core.catalog.host import Host
from core.catalog.view import Catalogue, catalogue_for
from core.contract import Crs, TableKind, Unreadable
from core.db import (
    Database,
    Dataset,
    DatasetVersion,
    Job,
    JobKind,
    JobState,
    Upload,
    VersionState,
    after_commit,
    new_id,
)
from core.db.audit import record
from core.db.held import Fenced, Held
from core.errors import Invalid, LifecircleError
from core.intake.apart import Request, read_apart
from core.intake.check import Checked, check
from core.intake.classify import classify
from core.intake.found import Found
from core.intake.freeze import Made, begin, finish, refuse
from core.intake.normalise import normalise, one_form
from core.intake.options import Options
from core.intake.place import Box
from core.intake.recognise import KIND_NAMES, recognise
from core.store import Blobs, digest_of, freeze

STAGES = ("recognise", "read", "normalise", "classify", "check", "freeze")
NAME_LENGTH = 60


class Progress(Protocol):
    """Where an import is, for the page; either call may raise ``Fenced`` to stop the work."""

    def stage(self, key: str) -> None:
        """Say that a stage begins; the one before it is over."""

    def tick(self, done: int, total: int) -> None:
        """Say how far the stage is; may be called as often as wished."""


class Silent:
    """Progress that nobody watches."""

    def stage(self, key: str) -> None:
        """Say nothing."""

    def tick(self, done: int, total: int) -> None:
        """Say nothing."""


class Refused(Invalid):
    """The problems refuse the file; the job ends as failed."""


@dataclass(slots=True)
class Clock:
    """Seconds by stage, beside the progress that people watch."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, key: str) -> Iterator[Callable[[int, int], None]]:
        """Time a stage and give what to tick with."""
        self.progress.stage(key)
        started = time.perf_counter()
        yield self.progress.tick
        self.seconds[key] = round(time.perf_counter() - started, 3)


def ask_import(  # noqa: PLR0913 - an import is asked for in one breath
    session: Session,
    upload: Upload,
    *,
    kind: TableKind,
    importer_key: str | None = None,
    options: Mapping[str, Any] | None = None,
    dataset_name: str | None = None,
    by: UUID | None = None,
    wake: Callable[[], None] | None = None,
) -> Job:
    """Ask for an upload to be imported, or give the job that waits with the same question.

    Parameters
    ----------
    session
        Bound to the tenant; never committed here.
    upload
        What ``receive`` gave.
    kind
        What the file holds.
    importer_key
        Who reads it; the surest one where ``None``.
    options
        Intake's own (see ``options.py``) and the importer's, in one flat mapping.
    dataset_name
        The dataset that gets a new version; one named after the kind where ``None``.
    wake
        Called after the commit that makes the job visible.

    Raises
    ------
    Invalid
        One of intake's own options is wrong, or the name is too long.
    """
    given = dict(options or {})
    Options.of(given)
    name = one_form(dataset_name or "") or KIND_NAMES[kind][0]
    if len(name) > NAME_LENGTH:
        raise Invalid(
            f"数据集名称最多 {NAME_LENGTH} 个字，什么都没有写入。请缩短。",
            english=f"A dataset's name has at most {NAME_LENGTH} characters. Nothing was written.",
        )
    asked = {"kind": kind.value, "importer": importer_key or "", "options": given, "dataset": name}
    question = digest_of({**asked, "upload": upload.digest})
    waiting = session.scalars(
        select(Job).where(
            Job.kind == JobKind.IMPORT,
            Job.state.in_((JobState.QUEUED, JobState.RUNNING)),
            Job.payload["question"].astext == question,
        )
    ).first()
    received = {"digest": upload.digest, "bytes": upload.bytes}
    if waiting is not None:  # the file is kept all the same, as evidence that it came again
        record(
            session,
            action="upload.receive",
            subject=f"upload:{upload.id}",
            details={**received, "job": str(waiting.id)},
        )
        return waiting
    job = Job(
        id=new_id(),
        tenant_id=session.info["tenant_id"],
        kind=JobKind.IMPORT,
        subject_id=upload.id,
        idempotency_key="",
        payload={**asked, "question": question},
        by=by,
    )
    job.idempotency_key = f"import:{job.id}"
    session.add(job)
    session.flush()
    record(
        session,
        action="import.ask",
        subject=f"upload:{upload.id}",
        details={**received, "job": str(job.id), "kind": kind.value, "dataset": name},
    )
    if wake is not None:
        after_commit(session, wake)
    return job


def run_import(  # noqa: PLR0913, PLR0917 - what a worker hands to every job
    database: Database,
    blobs: Blobs,
    host: Host,
    tenant_id: UUID,
    job_id: UUID,
    attempt: int,
    progress: Progress | None = None,
) -> None:
    """Import the upload that a claimed job is about.

    What is wrong with the file or the importer ends in the job's row, with the list of
    problems; anything unforeseen is raised and the caller tries again. Nothing but jobs and
    problems is written unless all of it is.

    Raises
    ------
    Fenced
        The job was cancelled or taken over; nothing was written.
    """
    held = Held(tenant_id=tenant_id, job_id=job_id, attempt=attempt)
    clock, found = Clock(progress or Silent()), Found()
    with database.session(tenant_id) as session:
        job, upload = begin(session, held)
        work = _Work(
            kind=TableKind(job.payload["kind"]),
            payload=dict(job.payload),
            upload_id=upload.id,
            filename=upload.filename,
            digest=upload.digest,
            by=job.by,
            enabled=enabled_plugins(session, host),
            near=_near(session, TableKind(job.payload["kind"])),
        )
    try:
        made = _made(work, blobs, host, clock, found)
        with database.session(tenant_id) as session:
            finish(session, blobs, held, made, found)
    except Fenced:
        raise
    except (Unreadable, LifecircleError) as wrong:
        _whole(found, wrong)
        with database.session(tenant_id) as session:
            refuse(
                session,
                blobs,
                held,
                work.upload_id,
                found,
                error_class="fault" if getattr(wrong, "code", "") == "plugin_fault" else "invalid",
                message=wrong.message,
                english=wrong.english,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What the stages need to know of the database, read in one short transaction."""

    kind: TableKind
    payload: Mapping[str, Any]
    upload_id: UUID
    filename: str
    digest: str
    by: UUID | None
    enabled: Mapping[str, Mapping[str, Any]]
    near: Box | None


def _made(work: _Work, blobs: Blobs, host: Host, clock: Clock, found: Found) -> Made:
    """Go through the stages up to the snapshot; no row is written here."""
    options = Options.of(work.payload["options"])
    path = blobs.open(work.digest, verify=True)
    with clock.stage("recognise"):
        catalogue = catalogue_for(host, work.enabled)
        importer = recognise(
            catalogue, path, work.filename, work.kind, work.payload["importer"] or None
        )
        owner = catalogue.owner("importer", importer.key)
    request = Request(
        path=path,
        filename=work.filename,
        importer=importer,
        plugin=host.record(owner.key).name,
        label=owner.label,
        settings=work.enabled[owner.key],
        options=options.importer,
        formats=tuple(catalogue.formats.values()),
    )
    checked, said = _checked(work, request, catalogue, options, clock, found)
    _judge(found, options)
    attribution, note = options.attribution or said["attribution"], options.note or said["note"]
    with clock.stage("freeze"):
        manifest = freeze(
            blobs,
            work.kind,
            checked.tables,
            attribution=attribution,
            note=note,
            as_of=options.as_of,
        )
    quality = {
        "rows": said["rows"],
        "accepted": checked.kept,
        "refused": max(said["rows"] - checked.kept, 0),
        "problems": found.counts,
        "bbox": list(manifest.bbox or ()),
        "attribution": attribution,
        "note": note,
        "crs": said["crs"],
        "seconds": dict(clock.seconds),
        **checked.quality,
    }
    return Made(
        upload_id=work.upload_id,
        kind=work.kind,
        dataset=work.payload["dataset"],
        importer_key=importer.key,
        importer_version=owner.version,
        options=work.payload["options"],
        by=work.by,
        manifest=manifest,
        quality=quality,
    )


def _checked(
    work: _Work,
    request: Request,
    catalogue: Catalogue,
    options: Options,
    clock: Clock,
    found: Found,
) -> tuple[Checked, dict[str, Any]]:
    """Read, normalise, classify and check; give what the importer said beside its tables."""
    clock.progress.stage("read")
    started = time.perf_counter()
    with read_apart(request, clock.progress.tick) as raw:
        clock.seconds["read"] = round(time.perf_counter() - started, 3)
        found.take(raw.problems)
        crs: Crs = options.crs or raw.crs
        with clock.stage("normalise"):
            tables = normalise(work.kind, raw.tables, crs, found)
        with clock.stage("classify"):
            if work.kind is TableKind.OUTLETS:
                classify(tables, catalogue.formats, found)
        with clock.stage("check"):
            near = None if options.anywhere else work.near
            checked = check(work.kind, tables, near, found)
        return checked, {
            "rows": raw.rows,
            "attribution": raw.attribution,
            "note": raw.note,
            "crs": crs.value,
        }


def _judge(found: Found, options: Options) -> None:
    """Stop where the file is refused, or has bad rows that were not to be skipped."""
    whole = found.whole
    if whole:
        raise Refused(whole[0].message, english=whole[0].english)
    rows = {problem.row for problem in found.refused}
    if rows and not options.skip_bad_rows:
        raise Refused(
            f"有 {len(rows)} 行不能用，整个文件都没有导入，原有数据未改动。"
            "请按问题清单改正后重新导入，或选择“跳过有问题的行”。",
            english=f"{len(rows)} rows cannot be used, so nothing of the file was imported and "
            "the data stay as they were. Mend the listed problems, or choose to skip bad rows.",
        )


def _whole(found: Found, wrong: Exception) -> None:
    """List what stopped the import as a problem of the whole file, once."""
    if isinstance(wrong, Refused):
        return
    code = str(getattr(wrong, "code", "error"))
    message, english = str(getattr(wrong, "message", wrong)), str(getattr(wrong, "english", wrong))
    found.add(0, "", code, message, english)


def _near(session: Session, kind: TableKind) -> Box | None:
    """Give the tenant's own box: of its newest areas, else streets, of another kind than this."""
    for other in (TableKind.AREAS, TableKind.STREETS, TableKind.RESIDENTS):
        if other is kind:
            continue
        box = session.scalars(
            select(DatasetVersion.bbox)
            .join(Dataset, DatasetVersion.dataset_id == Dataset.id)
            .where(Dataset.kind == other.value, DatasetVersion.state == VersionState.ACCEPTED)
            .order_by(DatasetVersion.created_at.desc(), DatasetVersion.id.desc())
            .limit(1)
        ).first()
        if box:
            west, south, east, north = (float(degree) for degree in box)
            return west, south, east, north
    return None
