"""Handing a run up, what came of it, the reviewer's list, one submission, two side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Here, requires
from core.db import JobState, ParentSees, Run, Tenant
from core.errors import Invalid, LifecircleError, NotFound
from core.policy import Permission
from core.runs.summary import list_runs
from core.web.frame import SUBMISSIONS, frame
from core.web.language import in_english
from core.web.pages.blueprint import page, said, see
from core.web.pages.named import Named, ruleset_names
from tenants.review import shown
from tenants.review.compare import compare
from tenants.review.models import Review, Submission, SubmissionState, Verdict
from tenants.review.operations import (
    last_answers,
    received,
    review,
    reviews_of,
    sent,
    sent_or_received,
    submissions_for,
    submit,
    withdraw,
)
from tenants.review.summary import intact, summary_of
from tenants.tree.operations import ancestors

blueprint = Blueprint("review_pages", __name__, template_folder="../templates")
SHOWN = 100
RUNS = 50
VERDICTS = {Verdict.ACCEPTED: later("接受"), Verdict.RETURNED: later("退回")}
MARKS = {Verdict.ACCEPTED: "met", Verdict.RETURNED: "lack"}
SEES = {
    ParentSees.NOTHING: later("什么都不给看"),
    ParentSees.SUBMITTED: later("只给看报送的"),
    ParentSees.ALL: later("数据和评价都给看"),
}


@blueprint.route("/t/<tenant>/submissions")
@requires(Permission.SUBMISSION_READ)
def submissions(here: Here) -> Response:
    """List what came in, for two to be laid side by side, and what went up."""
    reviews, sends = here.may(Permission.SUBMISSION_REVIEW), here.may(Permission.RUN_READ)
    with here.session() as session:
        incoming = submissions_for(session)
        outgoing = sent(session) if sends else ()
        answers = last_answers(session, [row.id for row in (*incoming, *outgoing)])
        targets = _targets(session, outgoing)
        tenant = session.get_one(Tenant, here.tenant_id)
        return page(
            "review/submissions.html",
            shell=frame(here, SUBMISSIONS),
            here=here,
            names=ruleset_names(session, here),
            incoming=[_row(row, answers) for row in incoming[:SHOWN]],
            outgoing=[{**_row(row, answers), "to": targets[row.id]} for row in outgoing[:SHOWN]],
            came=len(incoming),
            went=len(outgoing),
            open=sum(row.id not in answers for row in incoming),
            answered=sum(row.id in answers for row in outgoing),
            reviews=reviews,
            sends=sends,
            may_submit=here.may(Permission.RUN_SUBMIT),
            above=ancestors(session, tenant),
            sees=SEES if here.may(Permission.PEOPLE_MANAGE) else {},
            shares=tenant.parent_sees,
        )


@blueprint.route("/t/<tenant>/submissions/new")
@requires(Permission.RUN_SUBMIT)
def new(here: Here) -> Response:
    """Show what would go up of a run, what is left out, and to whom it can go."""
    return _new(here, request.args.get("run", ""))


@blueprint.route("/t/<tenant>/submissions", methods=["POST"])
@requires(Permission.RUN_SUBMIT)
def hand_up(here: Here) -> Response:
    """Hand a run up: a frozen copy of its summary."""
    run_text = request.form.get("run", "")
    try:
        with here.session() as session:
            row = submit(session, _id(run_text), request.form.get("to", ""), here.actor.id)
            address = url_for("review_pages.submission", tenant=here.slug, submission_id=row.id)
    except LifecircleError as error:
        return _new(here, run_text, error)
    flash(_("已报送。上级看到的就是下面这份冻结的副本。"), "met")
    return see(address)


@blueprint.route("/t/<tenant>/submissions/<uuid:submission_id>/withdraw", methods=["POST"])
@requires(Permission.RUN_SUBMIT)
def take_back(here: Here, submission_id: UUID) -> Response:
    """Take a submission back; the reviewers no longer see it."""
    with here.session() as session:
        withdraw(session, submission_id)
    flash(_("已撤回，上级不再看得到这份报送。"), "info")
    return see(url_for("review_pages.submissions", tenant=here.slug))


@blueprint.route("/t/<tenant>/submissions/<uuid:submission_id>")
@requires(Permission.SUBMISSION_READ)
def submission(here: Here, submission_id: UUID) -> Response:
    """Show one frozen copy, whether it still has its digest, and the answers to it."""
    return _one(here, submission_id)


@blueprint.route("/t/<tenant>/submissions/<uuid:submission_id>/reviews", methods=["POST"])
@requires(Permission.SUBMISSION_REVIEW)
def answer(here: Here, submission_id: UUID) -> Response:
    """Answer a submission; the copy stays as it is."""
    form = request.form
    try:
        with here.session() as session:
            review(
                session,
                submission_id,
                _verdict(form.get("verdict", "")),
                form.get("comment", ""),
                here.actor.id,
            )
    except Invalid as error:
        return _one(here, submission_id, error)
    flash(_("答复已保存，报送的地区看得到。"), "met")
    return see(url_for("review_pages.submission", tenant=here.slug, submission_id=submission_id))


@blueprint.route("/t/<tenant>/comparison")
@requires(Permission.SUBMISSION_READ)
def comparison(here: Here) -> Response:
    """Lay two received submissions side by side; unlike ones have no order."""
    with here.session() as session:
        rows = [received(session, _id(request.args.get(side, ""))) for side in ("left", "right")]
        left, right = (row.summary for row in rows)
        compared = compare(left, right)
        titles = _titles(rows)
        names = ruleset_names(session, here)
        full = max(left["whole"]["out_of"], right["whole"]["out_of"])
        return page(
            "review/comparison.html",
            shell=frame(here, SUBMISSIONS),
            here=here,
            compared=compared,
            said=shown.outcome(compared, *titles),
            titles=titles,
            sides=[_side(row, title, names) for row, title in zip(rows, titles, strict=True)],
            checks=shown.checks_of(compared, left, right, names),
            ticks=shown.scale_of(full),
            band=shown.band_of(compared, full),
            full=full,
            rows=shown.compared_rows(compared),
            slots=shown.compared_slots(compared),
            sample=left["sample"] or right["sample"],
        )


def _row(row: Submission, answers: Mapping[UUID, Review]) -> dict[str, Any]:
    """Give what a list says of a submission."""
    whole = row.summary["whole"]
    return {
        "id": row.id,
        "run_id": row.run_id,
        "at": row.submitted_at,
        "place": shown.place_of(row.summary),
        "code": row.summary["tenant"]["code"],
        "label": row.summary["run"]["label"],
        "ruleset": row.summary["ruleset"],
        "whole": whole,
        "points": shown.span_of(whole["points"]),
        "people": row.summary["people"],
        "sample": row.summary["sample"],
        "withdrawn": row.state == SubmissionState.WITHDRAWN,
        **_answer(answers.get(row.id)),
    }


def _answer(row: Review | None) -> dict[str, Any]:
    if row is None:
        return {"answer": "", "mark": "nodata", "comment": ""}
    verdict = Verdict(row.verdict)
    return {"answer": VERDICTS[verdict], "mark": MARKS[verdict], "comment": row.comment}


def _side(row: Submission, title: str, names: Named) -> dict[str, Any]:
    """Give the head of one side of a comparison."""
    return {
        **_row(row, {}),
        "title": title,
        "ruleset_name": names(row.summary["ruleset"]["key"]),
        "unchanged": intact(row.summary, row.summary_digest),
    }


def _titles(rows: list[Submission]) -> list[str]:
    """Name both sides; two of one place by their runs."""
    places = [shown.place_of(row.summary) for row in rows]
    if places[0] != places[1]:
        return places
    labels = [row.summary["run"]["label"] or str(row.run_id)[-4:] for row in rows]
    if labels[0] == labels[1]:
        labels = [f"{label} {str(row.id)[-4:]}" for label, row in zip(labels, rows, strict=True)]
    return [f"{place} {label}" for place, label in zip(places, labels, strict=True)]


def _targets(session: Session, rows: Any) -> dict[UUID, str]:
    """Name to whom each went."""
    found = {
        tenant.id: tenant.english if in_english() and tenant.english else tenant.name
        for tenant in session.scalars(
            select(Tenant).where(Tenant.id.in_({row.to_tenant_id for row in rows}))
        )
    }
    return {row.id: found[row.to_tenant_id] for row in rows}


def _new(here: Here, run_text: str, error: LifecircleError | None = None) -> Response:
    with here.session() as session:
        tenant = session.get_one(Tenant, here.tenant_id)
        done = [run for run in list_runs(session, limit=RUNS) if run.state == JobState.DONE]
        run = _chosen(session, done, run_text)
        values: dict[str, Any] = {}
        if run is not None:
            try:
                values = _preview(summary_of(session, tenant, run))
            except LifecircleError as refused:
                error = error or refused
        handed = {
            row.to_tenant_id
            for row in sent(session)
            if run is not None and row.run_id == run.id and row.state == SubmissionState.SUBMITTED
        }
        above = ancestors(session, tenant)
        return page(
            "review/new.html",
            200 if error is None else error.status,
            shell=frame(here, SUBMISSIONS),
            here=here,
            done=done,
            run=run,
            names=ruleset_names(session, here),
            above=above,
            handed=handed,
            can=bool(values)
            and tenant.parent_sees != ParentSees.NOTHING
            and any(each.id not in handed for each in above),
            shares_nothing=tenant.parent_sees == ParentSees.NOTHING,
            wrong=None if error is None else said(error),
            **values,
        )


def _chosen(session: Session, done: list[Run], run_text: str) -> Run | None:
    """Find the run that is asked for; the latest finished one where none is."""
    if not run_text:
        return done[0] if done else None
    run = session.scalar(select(Run).where(Run.id == _id(run_text)))
    if run is None:
        raise NotFound("没有这次运行。", english="There is no such run.")
    return run if run.state == JobState.DONE else None


def _preview(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Give everything that templates show of a summary."""
    return {
        "summary": summary,
        "verdict": shown.verdict_of(summary),
        "hidden": shown.hidden_of(summary),
        "card": shown.card_of(summary),
        "total": shown.span_of(summary["whole"]["points"]),
        "slots": shown.slot_rows(summary),
        "minutes": shown.minutes_of(summary),
        "sources": shown.sources_of(summary),
        "span_of": shown.span_of,
    }


def _one(here: Here, submission_id: UUID, error: LifecircleError | None = None) -> Response:
    with here.session() as session:
        row = sent_or_received(session, submission_id)
        own = row.tenant_id == here.tenant_id
        answers = [{**_answer(each), "at": each.created_at} for each in reviews_of(session, row.id)]
        return page(
            "review/submission.html",
            200 if error is None else error.status,
            shell=frame(here, SUBMISSIONS),
            here=here,
            row=_row(row, {}),
            own=own,
            to=_targets(session, [row])[row.id],
            digest=row.summary_digest,
            unchanged=intact(row.summary, row.summary_digest),
            names=ruleset_names(session, here),
            answers=answers,
            verdicts=VERDICTS,
            may_answer=not own and here.may(Permission.SUBMISSION_REVIEW),
            may_withdraw=own
            and row.state == SubmissionState.SUBMITTED
            and here.may(Permission.RUN_SUBMIT),
            filled=request.form,
            wrong=None if error is None else said(error),
            **_preview(row.summary),
        )


def _id(text: str) -> UUID:
    """Read an id; what is none is the id of nothing."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(
            "没有选中，或没有这一份。请从列表里选。",
            english="Nothing was chosen, or there is no such thing. Choose from the list.",
        ) from None


def _verdict(text: str) -> Verdict:
    try:
        return Verdict(text)
    except ValueError:
        raise Invalid(
            "请选接受或退回，没有保存。",
            english="Choose to accept or to return; nothing was saved.",
        ) from None
