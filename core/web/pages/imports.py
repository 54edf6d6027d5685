"""One import: its stages, what was wrong row by row, and what it became."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.access import Here, requires
from core.contract import TableKind
from core.db import ImportProblem, Job, JobKind, JobState, Upload
from core.downloads import CSV, attached
from core.errors import NotFound
from core.export import csv_text
from core.intake.pipeline import STAGES
from core.jobs.claim import cancel
from core.policy import Permission
from core.web.frame import frame
from core.web.language import in_english
from core.web.pages.blueprint import blueprint, page, see
from core.web.pages.named import STATES, UNDER_WAY, stages_of
from core.web.pages.stock import KIND_NAMES

PAGE = 50


@blueprint.route("/t/<tenant>/data/jobs/<uuid:job_id>")
@requires(Permission.DATA_READ)
def job(here: Here, job_id: UUID) -> Response:
    """Show an import until it ends, then what came of it."""
    with here.session() as session:
        row, filename = _find(session, job_id)
        under_way = row.state in UNDER_WAY
        total = session.scalar(select(func.count()).select_from(_problems(job_id).subquery())) or 0
        pages = max(1, -(-total // PAGE))
        number = min(max(request.args.get("page", 1, type=int), 1), pages)
        found = session.scalars(_problems(job_id).limit(PAGE).offset((number - 1) * PAGE)).all()
        values: dict[str, Any] = {"tenant": here.slug, "job_id": job_id}
        stops = under_way and here.may(Permission.DATA_IMPORT)
        return page(
            "import.html",
            shell=frame(here, "data"),
            here=here,
            job=row,
            filename=filename,
            kind=KIND_NAMES[TableKind(row.payload["kind"])],
            state=STATES[JobState(row.state)],
            under_way=under_way,
            sentence=_outcome(row),
            notice=row.result.get("notice_english" if in_english() else "notice", ""),
            said=(row.english if in_english() else row.message) or row.message,
            stages=stages_of(row, STAGES),
            url=url_for("jobs.job", **values) if under_way else "",
            cancel=url_for("pages.cancel_job", **values) if stops else "",
            problems=found,
            total=total,
            counts=sorted(row.result.get("problems", {}).items(), key=lambda pair: -pair[1]),
            number=number,
            pages=pages,
        )


@blueprint.route("/t/<tenant>/data/jobs/<uuid:job_id>/cancel", methods=["POST"])
@requires(Permission.DATA_IMPORT)
def cancel_job(here: Here, job_id: UUID) -> Response:
    """Stop an import that has not ended; nothing of it is kept."""
    with here.session() as session:
        cancel(session, _find(session, job_id)[0].id)
    return see(url_for("pages.job", tenant=here.slug, job_id=job_id))


@blueprint.route("/t/<tenant>/data/jobs/<uuid:job_id>/problems.csv")
@requires(Permission.DATA_READ)
def problems_csv(here: Here, job_id: UUID) -> Response:
    """Give the kept problems as a table that a spreadsheet opens."""
    head = [_("行"), _("列"), _("表里写的"), _("问题与建议"), _("代码"), _("结果")]
    with here.session() as session:
        _find(session, job_id)
        rows = [
            [
                row.row_no or None,
                row.column_name,
                row.value,
                row.english if in_english() else row.message,
                row.code,
                str(_("没有收") if row.severity == "refused" else _("收了，请核对")),
            ]
            for row in session.scalars(_problems(job_id))
        ]
    table = csv_text([str(word) for word in head], rows)
    return attached(table, f"problems-{job_id}.csv", CSV)


def _outcome(row: Job) -> str:
    """Say in one sentence how far the import is, or how it ended."""
    if row.state == JobState.DONE and row.result.get("reused"):
        return str(_("内容与已有版本相同，没有另存新版本。"))
    if row.state == JobState.DONE:
        return str(
            _(
                "收下 %(n)s 行，成为“%(name)s”第 %(number)s 版。",
                n=f"{row.result.get('rows', 0):,}",
                name=row.result.get("dataset", ""),
                number=row.result.get("number", ""),
            )
        )
    if row.state == JobState.FAILED:
        return str(_("没有导入，原有数据没有改变。"))
    if row.state == JobState.CANCELLED:
        return str(_("已取消，什么都没有写入。"))
    return str(_("正在检查；完成前什么都不会写入。"))


def _find(session: Session, job_id: UUID) -> tuple[Job, str]:
    found = session.execute(
        select(Job, Upload.filename)
        .join(Upload, Job.subject_id == Upload.id)
        .where(Job.id == job_id, Job.kind == JobKind.IMPORT)
    ).first()
    if found is None:
        raise NotFound("没有这次导入。", english="There is no such import.")
    return found[0], found[1]


def _problems(job_id: UUID) -> Select[Any]:
    return (
        select(ImportProblem)
        .where(ImportProblem.job_id == job_id)
        .order_by(ImportProblem.row_no, ImportProblem.id)
    )
