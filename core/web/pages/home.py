"""A place's desk: the finding with its number, what is missing, what runs, what was brought in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Here, requires
from core.catalog.enabled import catalogue_of
from core.contract import TableKind
from core.db import WHOLE, Job, JobState, Run
from core.policy import Permission
from core.runs.summary import list_runs, scores
from core.web.frame import frame, run_picks
from core.web.pages.blueprint import blueprint, page, run_points
from core.web.pages.finding import Finding, attributions, finding_of, sentence
from core.web.pages.named import STATES, ruleset_names
from core.web.pages.stock import FILES, KIND_NAMES, WHY, Stocked, listed, missing_of, stock_of

SHOWN = 6


@blueprint.route("/t/<tenant>/")
@requires(Permission.TENANT_READ)
def home(here: Here) -> Response:
    """Show what a place knows about itself, and the next step."""
    reads_runs, reads_data = here.may(Permission.RUN_READ), here.may(Permission.DATA_READ)
    with here.session() as session:
        stock = stock_of(session) if reads_data else ()
        missing = missing_of(stock) if reads_data else ()
        run = latest_run(session) if reads_runs else None
        names = ruleset_names(session, here)
        shown = {} if run is None else _shown(session, here, run)
        picks = (
            [] if run is None else run_picks(run, names(run.ruleset_key), shown["finding"].as_of)
        )
        return page(
            "home.html",
            shell=frame(here, "home", picks),
            said=_said(stock, missing, shown.get("finding")),
            lacking=listed(missing),
            here=here,
            stock=stock,
            missing=missing,
            kind_names=KIND_NAMES,
            why=WHY,
            files=FILES,
            run=run,
            runs=list_runs(session, limit=SHOWN) if reads_runs else (),
            names=names,
            states=STATES,
            jobs=_jobs(session) if reads_data else (),
            may=here.may,
            Permission=Permission,
            **shown,
        )


def latest_run(session: Session) -> Run | None:
    """Find the run that was finished last."""
    return session.scalars(
        select(Run)
        .where(Run.state == JobState.DONE)
        .order_by(Run.finished_at.desc(), Run.id.desc())
        .limit(1)
    ).first()


def _shown(session: Session, here: Here, run: Run) -> dict[str, Any]:
    catalogue = catalogue_of(session, here.services.host)
    judged = [score for score in scores(session, run.id) if score.key != WHOLE]
    circles = [score for score in judged if score.kind == "circle"] or judged
    return {
        "total": run_points(run),
        "finding": finding_of(session, here, run, catalogue.formats),
        "attributions": attributions(run),
        "circles": circles,
        "graded": [score for score in circles if score.grade],
        "pending": [score for score in circles if score.pending],
    }


def _said(stock: Sequence[Stocked], missing: Sequence[TableKind], finding: Finding | None) -> str:
    """Say the page's first sentence: the finding, or what stands between here and one."""
    if finding is not None:
        return sentence(finding)
    if missing and missing[0] != TableKind.AREAS:
        return str(_("还没有评价。先导入%(what)s，就能往下走。", what=KIND_NAMES[missing[0]]))
    if stock:
        return str(_("数据已经齐了，还没有评价。"))
    return str(_("还没有评价。"))


def _jobs(session: Session) -> list[Job]:
    """List what is waiting or at work."""
    busy = session.scalars(
        select(Job)
        .where(Job.state.in_((JobState.QUEUED, JobState.RUNNING)))
        .order_by(Job.created_at, Job.id)
        .limit(SHOWN)
    )
    return list(busy)
