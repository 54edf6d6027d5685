"""A place's data: what is there, in which version and quality, and the form that brings more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Here, requires, takes_files
from core.catalog.enabled import catalogue_of
from core.contract import Crs, TableKind
from core.db import Job, JobKind, Upload
from core.errors import Invalid, LifecircleError
from core.intake.pipeline import ask_import
from core.intake.receive import receive
from core.jobs.queues import nudge
from core.policy import Permission
from core.runs.plan import REQUIRED
from core.web.figures import day
from core.web.frame import frame
from core.web.pages.blueprint import OURS, blueprint, faults_of, page, said, see
from core.web.pages.named import STATES
from core.web.pages.stock import FILES, KIND_NAMES, WHY, Stocked, listed, missing_of, stock_of

SHOWN = 12
PLAIN = ("crs", "as_of", "note", "attribution")
MARKS = ("skip_bad_rows", "anywhere")


@blueprint.route("/t/<tenant>/data")
@requires(Permission.DATA_READ)
def datasets(here: Here) -> Response:
    """Show the datasets and what was brought in lately."""
    return _show(here)


@blueprint.route("/t/<tenant>/data", methods=["POST"])
@requires(Permission.DATA_IMPORT)
@takes_files
def upload(here: Here) -> Response:
    """Receive a file and ask for its import."""
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid(
                "没有选择文件，什么都没有写入。请选择后再上传。",
                english="No file was chosen. Nothing was written. Choose one and upload again.",
            )
        kind = _kind(request.form.get("kind", ""))
        options = options_of(request.form.to_dict())
        with here.session() as session:
            job = ask_import(
                session,
                receive(
                    session,
                    here.services.blobs,
                    stream=sent.stream,
                    filename=sent.filename,
                    by=here.actor.id,
                    limit=here.services.config.upload_bytes,
                ),
                kind=kind,
                importer_key=request.form.get("importer") or None,
                options=options,
                dataset_name=request.form.get("dataset", "").strip() or None,
                by=here.actor.id,
                wake=lambda: nudge(here.services.redis_url),
            )
            address = url_for("pages.job", tenant=here.slug, job_id=job.id)
    except LifecircleError as error:
        if error.status >= OURS:
            raise
        return _show(here, error)
    return see(address)


def options_of(form: dict[str, str]) -> dict[str, Any]:
    """Read the options of an import: the fields of the form over the JSON object beside them.

    Raises
    ------
    Invalid
        The JSON is none, or no object.
    """
    text = form.get("options", "").strip()
    try:
        given = json.loads(text) if text else {}
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Invalid(
            '“其他选项”不是 JSON 对象，什么都没有写入。请写成 {"键": 值}。',
            english="The other options are no JSON object. Nothing was written.",
        )
    given |= {name: form[name].strip() for name in PLAIN if form.get(name, "").strip()}
    return given | {name: True for name in MARKS if form.get(name)}


def _kind(text: str) -> TableKind:
    if text not in set(TableKind):
        raise Invalid(
            "没有选择这个文件是什么数据，什么都没有写入。请选择后再上传。",
            english="It was not said what the file holds. Nothing was written. Choose a kind.",
        )
    return TableKind(text)


def _show(here: Here, error: LifecircleError | None = None) -> Response:
    with here.session() as session:
        stock = stock_of(session)
        catalogue = catalogue_of(session, here.services.host)
        return page(
            "datasets.html",
            200 if error is None else error.status,
            shell=frame(here, "data"),
            here=here,
            said=_said(stock),
            stock=stock,
            missing=missing_of(stock),
            jobs=_lately(session),
            states=STATES,
            kind_names=KIND_NAMES,
            why=WHY,
            files=FILES,
            asked=request.args.get("kind", ""),
            filled=request.form,
            datums=list(Crs),
            importers=list(catalogue.importers.values()),
            limit=here.services.config.upload_bytes // 2**20,
            may_import=here.may(Permission.DATA_IMPORT),
            wrong=None if error is None else said(error),
            faults=[] if error is None else faults_of(error),
        )


def _said(stock: Sequence[Stocked]) -> str:
    """Say what is there and what a run still lacks."""
    lacking = [kind for kind in missing_of(stock) if kind in REQUIRED]
    if lacking:
        return str(_("要评价还缺%(what)s。", what=listed(lacking)))
    dates = [each.latest.as_of for each in stock if each.kind == TableKind.RESIDENTS]
    told = max((each for each in dates if each is not None), default=None)
    if told is None:
        return str(_("评价要用的数据都有了；居民数据没有写明截至哪天。"))
    return str(_("评价要用的数据都有了；居民数据截至 %(day)s。", day=day(told)))


def _lately(session: Session) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Job, Upload.filename)
        .join(Upload, Job.subject_id == Upload.id)
        .where(Job.kind == JobKind.IMPORT)
        .order_by(Job.created_at.desc(), Job.id.desc())
        .limit(SHOWN)
    )
    return [{"job": job, "filename": filename} for job, filename in rows]
