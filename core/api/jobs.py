"""/jobs: what the queue is doing for a tenant; progress, problems, cancelling."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields
from sqlalchemy import func, select

from core.access import Here, requires
from core.api.blueprint import ApiBlueprint
from core.api.schemas import PageSchema
from core.db import ImportProblem, Job
from core.errors import NotFound
from core.jobs.claim import cancel
from core.policy import Permission

blueprint = ApiBlueprint("jobs", __name__, description="进行中的工作")


class JobSchema(Schema):
    """A job: an import or a run that was asked for."""

    id = fields.UUID()
    kind = fields.String()
    subject_id = fields.UUID()
    state = fields.String(metadata={"description": "queued, running, done, failed, cancelled"})
    attempt = fields.Integer()
    stage = fields.String()
    percent = fields.Integer()
    stages = fields.List(fields.Dict())
    error_class = fields.String(
        metadata={"description": "crash (tried three times), invalid or fault (not tried again)"}
    )
    attempts = fields.List(
        fields.Dict(),
        metadata={
            "description": "number, worker, began; of one that died also ended, cause (signal, "
            "exit, memory, exception, silent) and what is known: signal, exit_code, error, peak_mib"
        },
    )
    by = fields.UUID(allow_none=True, metadata={"description": "who asked"})
    message = fields.String()
    english = fields.String()
    result = fields.Dict()
    created_at = fields.DateTime()
    started_at = fields.DateTime(allow_none=True)
    ended_at = fields.DateTime(allow_none=True)


class ProblemRowSchema(Schema):
    """One thing wrong with an upload."""

    row_no = fields.Integer(metadata={"description": "as in the file; 0: the whole file"})
    column_name = fields.String()
    code = fields.String()
    message = fields.String()
    english = fields.String()
    value = fields.String()
    severity = fields.String()


class ProblemListSchema(Schema):
    """A page of problems with their total."""

    total = fields.Integer()
    problems = fields.List(fields.Nested(ProblemRowSchema))


def job_shape(job: Job) -> dict[str, Any]:
    """Give a job's public columns."""
    return {name: getattr(job, name) for name in JobSchema().fields}


def find_job(session: Any, job_id: UUID) -> Job:
    """Find a job of the session's tenant."""
    job: Job | None = session.scalar(select(Job).where(Job.id == job_id))
    if job is None:
        raise NotFound("没有这项工作。", english="There is no such job.")
    return job


@blueprint.route("/tenants/<tenant>/jobs")
@requires(Permission.DATA_READ)
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, JobSchema(many=True))
def jobs(here: Here, page: dict[str, int]) -> list[dict[str, Any]]:
    """List jobs, newest first."""
    with here.session() as session:
        rows = session.scalars(
            select(Job)
            .order_by(Job.created_at.desc(), Job.id)
            .limit(page["limit"])
            .offset(page["offset"])
        )
        return [job_shape(row) for row in rows]


@blueprint.route("/tenants/<tenant>/jobs/<uuid:job_id>")
@requires(Permission.DATA_READ)
@blueprint.response(200, JobSchema)
def job(here: Here, job_id: UUID) -> dict[str, Any]:
    """Give one job with its stages."""
    with here.session() as session:
        return job_shape(find_job(session, job_id))


@blueprint.route("/tenants/<tenant>/jobs/<uuid:job_id>", methods=["DELETE"])
@requires(Permission.DATA_IMPORT)
@blueprint.response(200, JobSchema)
def cancelled(here: Here, job_id: UUID) -> dict[str, Any]:
    """Cancel a job that has not ended; what it would have written is never written."""
    with here.session() as session:
        row = find_job(session, job_id)
        cancel(session, row.id)
        session.flush()
        session.refresh(row)
        return job_shape(row)


@blueprint.route("/tenants/<tenant>/jobs/<uuid:job_id>/problems")
@requires(Permission.DATA_READ)
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, ProblemListSchema)
def problems(here: Here, page: dict[str, int], job_id: UUID) -> dict[str, Any]:
    """List what was wrong with an import's file: row, column, value, what to do."""
    with here.session() as session:
        find_job(session, job_id)
        found = select(ImportProblem).where(ImportProblem.job_id == job_id)
        total = session.scalar(select(func.count()).select_from(found.subquery()))
        rows = session.scalars(
            found.order_by(ImportProblem.row_no, ImportProblem.id)
            .limit(page["limit"])
            .offset(page["offset"])
        )
        names = ProblemRowSchema().fields
        return {
            "total": total,
            "problems": [{name: getattr(row, name) for name in names} for row in rows],
        }
