"""Jobs: what is at work here, who asked for it, and how each attempt ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from sqlalchemy import func, select

from core.access import Here, requires
from core.db import Job, JobKind, JobState
from core.errors import NotFound
from core.jobs import evidence
from core.policy import Permission
from core.web.frame import frame
from core.web.language import in_english
from core.web.pages.audit import names_of
from core.web.pages.blueprint import BEIJING, blueprint, page
from core.web.pages.named import STAGES, STATES, UNDER_WAY, stages_of

PAGE = 50
KINDS = {JobKind.IMPORT: later("导入"), JobKind.RUN: later("评价")}
MAY_STOP = {JobKind.IMPORT: Permission.DATA_IMPORT, JobKind.RUN: Permission.RUN_START}
CLASSES = {
    "crash": later("进程异常中止，已重试"),
    "invalid": later("数据或参数不能用，不重试"),
    "fault": later("插件出错，不重试"),
}


@blueprint.route("/t/<tenant>/jobs")
@requires(Permission.DATA_READ)
def jobs(here: Here) -> Response:
    """List the jobs, the newest first."""
    state = request.args.get("state", "")
    wanted = select(Job)
    if state in set(JobState):
        wanted = wanted.where(Job.state == state)
    with here.session() as session:
        total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        busy = select(func.count()).select_from(Job).where(Job.state.in_(UNDER_WAY))
        pages = max(1, -(-total // PAGE))
        number = min(max(request.args.get("page", 1, type=int), 1), pages)
        rows = session.scalars(
            wanted.order_by(Job.created_at.desc(), Job.id).limit(PAGE).offset((number - 1) * PAGE)
        ).all()
        names = names_of(here, {row.by for row in rows if row.by})
        return page(
            "jobs.html",
            shell=frame(here, "jobs"),
            here=here,
            rows=[_shape(here, row, names) for row in rows],
            busy=session.scalar(busy) or 0,
            states=STATES,
            state=state,
            number=number,
            pages=pages,
        )


@blueprint.route("/t/<tenant>/jobs/<uuid:job_id>")
@requires(Permission.DATA_READ)
def job_attempts(here: Here, job_id: UUID) -> Response:
    """Show a job with its attempts: when, by which process, and how those that died ended."""
    with here.session() as session:
        row = session.scalar(select(Job).where(Job.id == job_id))
        if row is None:
            raise NotFound("没有这项任务。", english="There is no such job.")
        keys = [each["key"] for each in row.stages]
        return page(
            "job.html",
            shell=frame(here, "jobs"),
            here=here,
            job=_shape(here, row, names_of(here, [row.by] if row.by else [])),
            said=(row.english if in_english() else row.message) or row.message,
            why=CLASSES.get(row.error_class, row.error_class),
            attempts=[_attempt(each) for each in row.attempts],
            stages=stages_of(row, keys),
        )


def _shape(here: Here, row: Job, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Give what a list says of a job, with the addresses that the actor may use."""
    kind = JobKind(row.kind)
    values: dict[str, Any] = {"tenant": here.slug}
    if kind is JobKind.IMPORT:
        result = url_for("pages.job", **values, job_id=row.id)
        stop = url_for("pages.cancel_job", **values, job_id=row.id)
    else:
        result = url_for("pages.run", **values, run_id=row.subject_id)
        stop = url_for("pages.cancel_run", **values, run_id=row.subject_id)
    stops = row.state in UNDER_WAY and here.may(MAY_STOP[kind])
    sees = kind is JobKind.IMPORT or here.may(Permission.RUN_READ)
    return {
        "id": row.id,
        "kind": KINDS[kind],
        "state": row.state,
        "state_name": STATES[JobState(row.state)],
        "stage": STAGES.get(row.stage, row.stage) if row.state in UNDER_WAY else "",
        "percent": row.percent,
        "attempt": row.attempt,
        "by": names.get(row.by, _("已不在")) if row.by else _("命令行"),
        "asked": row.created_at,
        "ended": row.ended_at,
        "result": result if sees else "",
        "stop": stop if stops else "",
    }


def _attempt(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": told.get("number"),
        "worker": told.get("worker", ""),
        "began": _second(told.get("began", "")),
        "ended": _second(told.get("ended", "")),
        "how": evidence.said(told)[in_english()],
    }


def _second(moment: str) -> str:
    """Write a moment of the row to the second, in the time that all of China keeps."""
    if not moment:
        return ""
    return datetime.fromisoformat(moment).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
