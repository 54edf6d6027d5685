"""/uploads, /datasets and /versions: files in, immutable versions out."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from flask import Response, url_for
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from core.access import Here, requires, takes_files
from core.api.blueprint import ApiBlueprint
from core.api.jobs import JobSchema, job_shape
from core.api.once import Once, OnceSchema, plain
from core.api.schemas import FILE, PageSchema, text
from core.api.strict_json import loads
from core.contract import TableKind
from core.db import Dataset, DatasetVersion, Upload
from core.downloads import attached
from core.errors import Invalid, NotFound
from core.intake.pipeline import ask_import
from core.intake.receive import receive
from core.jobs.queues import wake_after_commit
from core.policy import Permission

blueprint = ApiBlueprint("datasets", __name__, description="数据导入与版本")


def _is_file(sent: object) -> None:
    if not isinstance(sent, FileStorage):
        raise ValidationError("须为文件。")


class UploadSchema(Schema):
    """A file and what accompanies it."""

    class Meta:
        """A form may carry the page's token beside these."""

        unknown = EXCLUDE

    file = fields.Raw(
        required=True, validate=_is_file, metadata={"type": "string", "format": "binary"}
    )
    kind = fields.String(required=True, validate=validate.OneOf([str(kind) for kind in TableKind]))
    dataset = text(most=60, load_default="", least=0)
    importer = text(most=60, load_default="", least=0)
    options = text(
        most=20_000,
        load_default="",
        least=0,
        metadata={"description": "JSON object of the importer's options"},
    )


class ReceivedSchema(Schema):
    """A file as it was received."""

    id = fields.UUID()
    filename = fields.String()
    media = fields.String()
    bytes = fields.Integer()
    digest = fields.String(metadata={"description": "SHA-256"})
    created_at = fields.DateTime()


class VersionSchema(Schema):
    """An immutable version; ``digest`` is its snapshot manifest's SHA-256."""

    id = fields.UUID()
    dataset_id = fields.UUID()
    number = fields.Integer()
    digest = fields.String()
    rows = fields.Integer()
    bbox = fields.List(fields.Float(), metadata={"description": "west, south, east, north"})
    as_of = fields.Date(allow_none=True)
    importer_key = fields.String()
    importer_version = fields.String()
    options = fields.Dict()
    quality = fields.Dict()
    state = fields.String()
    created_at = fields.DateTime()


class DatasetSchema(Schema):
    """A named line of versions."""

    id = fields.UUID()
    kind = fields.String()
    name = fields.String()
    latest = fields.Nested(VersionSchema, allow_none=True)


def version_shape(version: DatasetVersion) -> dict[str, Any]:
    """Give a version's public columns."""
    return {name: getattr(version, name) for name in VersionSchema().fields}


def _options(words: str) -> dict[str, Any]:
    if not words:
        return {}
    try:
        found = loads(words.encode())
    except (ValueError, UnicodeEncodeError):
        found = None
    if not isinstance(found, dict):
        raise Invalid(
            'options 不是 JSON 对象。请写成 {"键": 值}。',
            english="options is not a JSON object.",
        )
    return found


@blueprint.route("/tenants/<tenant>/uploads", methods=["POST"])
@requires(Permission.DATA_IMPORT)
@blueprint.arguments(OnceSchema, location="headers")
@blueprint.arguments(UploadSchema, location="files")
@blueprint.response(202, JobSchema)
@takes_files
def upload(here: Here, headers: dict[str, str], form: dict[str, Any]) -> Response:
    """Receive a file and ask for its import; the answer is the job to watch."""
    opened = here.services
    sent = form["file"]
    options = _options(form["options"])
    words = {name: form[name] for name in ("kind", "importer", "dataset")}
    asked = {
        **words,
        "options": options,
        "file": _digest(sent) if headers["key"] else "",
        "name": sent.filename or "",
    }
    once = Once.of(headers, "uploads", plain(asked))
    with here.session() as session:
        if (kept := once.kept(session)) is not None:
            return kept
        received = receive(
            session,
            opened.blobs,
            stream=sent.stream,
            filename=sent.filename or "",
            by=here.actor.id,
            limit=opened.config.upload_bytes,
        )
        job = ask_import(
            session,
            received,
            kind=TableKind(form["kind"]),
            importer_key=form["importer"] or None,
            options=options,
            dataset_name=form["dataset"] or None,
            by=here.actor.id,
        )
        wake_after_commit(session, opened.redis_url, job)
        session.flush()
        session.refresh(job)
        shape = JobSchema().dump(job_shape(job))
        address = url_for("jobs.job", tenant=here.slug, job_id=shape["id"])
        return once.answer(session, shape, 202, address)


def _digest(sent: FileStorage) -> str:
    """Digest a file that was sent, and go back to its beginning."""
    digest = hashlib.file_digest(sent.stream, "sha256").hexdigest()  # type: ignore[arg-type]  # a file of bytes
    sent.stream.seek(0)
    return digest


@blueprint.route("/tenants/<tenant>/uploads")
@requires(Permission.DATA_READ)
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, ReceivedSchema(many=True))
def uploads(here: Here, page: dict[str, int]) -> list[dict[str, Any]]:
    """List the files received, newest first; they are kept as evidence."""
    names = ReceivedSchema().fields
    with here.session() as session:
        rows = session.scalars(
            select(Upload)
            .order_by(Upload.created_at.desc(), Upload.id)
            .limit(page["limit"])
            .offset(page["offset"])
        )
        return [{name: getattr(row, name) for name in names} for row in rows]


@blueprint.route("/tenants/<tenant>/uploads/<uuid:upload_id>/file")
@requires(Permission.DATA_READ)
@blueprint.response(200, FILE, content_type="application/octet-stream")
def received_file(here: Here, upload_id: UUID) -> Response:
    """Take a received file away, byte for byte as it came."""
    with here.session() as session:
        row = session.scalar(select(Upload).where(Upload.id == upload_id))
        if row is None:
            raise NotFound("没有这个文件。", english="There is no such file.")
        digest, filename = row.digest, row.filename
    return attached(here.services.blobs.open(digest), filename, "application/octet-stream")


@blueprint.route("/tenants/<tenant>/datasets")
@requires(Permission.DATA_READ)
@blueprint.response(200, DatasetSchema(many=True))
def datasets(here: Here) -> list[dict[str, Any]]:
    """List the datasets, each with its latest version."""
    with here.session() as session:
        latest = {
            version.dataset_id: version_shape(version)
            for version in session.scalars(select(DatasetVersion).order_by(DatasetVersion.number))
        }
        return [
            {"id": row.id, "kind": row.kind, "name": row.name, "latest": latest.get(row.id)}
            for row in session.scalars(select(Dataset).order_by(Dataset.kind, Dataset.name))
        ]


@blueprint.route("/tenants/<tenant>/datasets/<uuid:dataset_id>/versions")
@requires(Permission.DATA_READ)
@blueprint.response(200, VersionSchema(many=True))
def versions(here: Here, dataset_id: UUID) -> list[dict[str, Any]]:
    """List a dataset's versions, newest first."""
    with here.session() as session:
        if session.scalar(select(Dataset.id).where(Dataset.id == dataset_id)) is None:
            raise NotFound("没有这个数据集。", english="There is no such dataset.")
        rows = session.scalars(
            select(DatasetVersion)
            .where(DatasetVersion.dataset_id == dataset_id)
            .order_by(DatasetVersion.number.desc())
        )
        return [version_shape(row) for row in rows]


@blueprint.route("/tenants/<tenant>/versions/<uuid:version_id>")
@requires(Permission.DATA_READ)
@blueprint.response(200, VersionSchema)
def version(here: Here, version_id: UUID) -> dict[str, Any]:
    """Give one version with its quality report."""
    with here.session() as session:
        row = session.scalar(select(DatasetVersion).where(DatasetVersion.id == version_id))
        if row is None:
            raise NotFound("没有这个版本。", english="There is no such version.")
        return version_shape(row)
