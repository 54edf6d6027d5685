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
from core.contract import Span, TableKind
from core.db import WHOLE, Job, JobState, Run, RunScore
from core.policy import Permission
from core.runs.part import part_of
from core.runs.summary import Score, scores
from core.web.frame import frame, part_pick, run_picks
from core.web.pages.blueprint import blueprint, page
from core.web.pages.finding import Finding, attributions, finding_in, finding_of, sentence
from core.web.pages.listing import runs_shown
from core.web.pages.named import STATES, ruleset_names
from core.web.pages.stock import FILES, KIND_NAMES, WHY, Stocked, listed, missing_of, stock_of

SHOWN = 6


@blueprint.route("/t/<tenant>/")
@requires(Permission.TENANT_READ, cut_to_part=True)
def home(here: Here) -> Response:
    """Show what a place, or one's part of it, knows about itself, and the next step."""
    reads_runs = here.extent(Permission.RUN_READ).anywhere
    reads_data = here.may(Permission.DATA_READ)
    here = here.cut(Permission.RUN_READ) if reads_runs else here
    with here.session() as session:
        stock = stock_of(session) if reads_data else ()
        missing = missing_of(stock) if reads_data else ()
        run = latest_run(session, here.part) if reads_runs else None
        names = ruleset_names(session, here)
        shown = {} if run is None else _shown(session, here, run)
        part = shown.get("part") or sorted(here.part or ())
        picks = [part_pick(part)] if part else []
        if run is not None:
            picks += run_picks(run, names(run.ruleset_key), shown["finding"].as_of)
        return page(
            "home.html",
            shell=frame(here, "home", picks),
            named=_("、").join(part) or here.name,
            said=_said(stock, missing, shown.get("finding")),
            lacking=listed(missing),
            here=here,
            stock=stock,
            missing=missing,
            kind_names=KIND_NAMES,
            why=WHY,
            files=FILES,
            run=run,
            reads_runs=reads_runs,
            runs=runs_shown(session, here, SHOWN) if reads_runs else (),
            names=names,
            states=STATES,
            jobs=_jobs(session) if reads_data else (),
            may=here.may,
            Permission=Permission,
            **{**shown, "part": part},
        )


def latest_run(session: Session, part: frozenset[str] | None = None) -> Run | None:
    """Find the run that was finished last, of a part the last that judged any of its areas."""
    wanted = select(Run).where(Run.state == JobState.DONE)
    if part is not None:
        ours = select(RunScore.run_id).where(RunScore.area_key.in_(part))
        wanted = wanted.where(Run.id.in_(ours))
    return session.scalars(wanted.order_by(Run.finished_at.desc(), Run.id.desc()).limit(1)).first()


def _shown(session: Session, here: Here, run: Run) -> dict[str, Any]:
    part = part_of(session, here.services.blobs, run, here.part)
    if part is not None:
        ours = scores(session, run.id, here.part)
        return {
            "finding": finding_in(part, here, run),
            "attributions": attributions(run),
            "part": [score.name for score in ours],
            "cards": [_card(score, score.name) for score in ours],
        }
    catalogue = catalogue_of(session, here.services.host)
    known = scores(session, run.id)
    judged = [score for score in known if score.key != WHOLE]
    circles = [score for score in judged if score.kind == "circle"] or judged
    return {
        "cards": [_card(score, "") for score in known if score.key == WHOLE],
        "finding": finding_of(session, here, run, catalogue.formats),
        "attributions": attributions(run),
        "circles": circles,
        "graded": [score for score in circles if score.grade],
        "pending": [score for score in circles if score.pending],
    }


def _card(score: Score, name: str) -> dict[str, Any]:
    return {
        "name": _("综合得分：%(area)s", area=name) if name else _("综合得分"),
        "area": score.key if name else None,
        "points": Span(score.points_low, score.points_high),
        "out_of": score.out_of,
        "pending": score.pending,
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
