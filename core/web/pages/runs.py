"""Runs: the list, the form that starts one, its stages while it works, cancelling it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from core.access import Here, requires
from core.catalog.enabled import catalogue_of
from core.contract import TableKind
from core.db import Job, JobState, Run
from core.errors import Invalid, LifecircleError
from core.jobs.claim import cancel
from core.jobs.queues import nudge
from core.policy import Permission
from core.runs.params import Params
from core.runs.plan import REQUIRED, ask_run
from core.runs.summary import find_run, job_of
from core.runs.terms import STAGES
from core.web.frame import frame, run_picks
from core.web.language import in_english
from core.web.pages.blueprint import OURS, blueprint, faults_of, page, said, see
from core.web.pages.card import show_card
from core.web.pages.listing import runs_shown
from core.web.pages.named import STATES, UNDER_WAY, ruleset_names, stages_of
from core.web.pages.stock import KIND_NAMES, listed, missing_of, stock_of

SHOWN = 50
NUMBERS = ("access_limit_metres", "limit_minutes")
MARKS = ("largest_component_only", "register_complete")


@blueprint.route("/t/<tenant>/runs")
@requires(Permission.RUN_READ, cut_to_part=True)
def runs(here: Here) -> Response:
    """List what was evaluated, and offer to start another."""
    return _list(here)


@blueprint.route("/t/<tenant>/runs", methods=["POST"])
@requires(Permission.RUN_START)
def start_run(here: Here) -> Response:
    """Ask for a run; an equal one that exists is shown instead."""
    form = request.form
    try:
        with here.session() as session:
            run, _reused = ask_run(
                session,
                catalogue_of(session, here.services.host),
                ruleset_key=form.get("ruleset", ""),
                params=params_of(form.to_dict(), form.getlist("report_minutes")),
                inputs=_inputs(form.to_dict()),
                label=form.get("label", "").strip()[:100],
                by=here.actor.id,
                wake=lambda: nudge(here.services.redis_url),
            )
            address = url_for("pages.run", tenant=here.slug, run_id=run.id)
    except LifecircleError as error:
        if error.status >= OURS:
            raise
        return _list(here, error)
    return see(address)


@blueprint.route("/t/<tenant>/runs/<uuid:run_id>")
@requires(Permission.RUN_READ, cut_to_part=True)
def run(here: Here, run_id: UUID) -> Response:
    """Show a run: its stages until it is done, then its scorecard."""
    with here.session() as session:
        row = find_run(session, run_id)
        if row.state == JobState.DONE:
            return show_card(session, here, row)
        return _progress(session, here, row)


@blueprint.route("/t/<tenant>/runs/<uuid:run_id>/cancel", methods=["POST"])
@requires(Permission.RUN_START)
def cancel_run(here: Here, run_id: UUID) -> Response:
    """Stop a run that has not ended; nothing of it is kept."""
    with here.session() as session:
        cancel(session, job_of(session, find_run(session, run_id).id).id)
    return see(url_for("pages.run", tenant=here.slug, run_id=run_id))


def params_of(form: dict[str, str], minutes: list[str]) -> dict[str, Any]:
    """Read the run's parameters from the form; what was not filled in takes its default.

    Raises
    ------
    Invalid
        Something that should be a number is none.
    """
    given: dict[str, Any] = {name: True for name in MARKS if form.get(name)}
    for name in NUMBERS:
        if form.get(name, "").strip():
            given[name] = _number(name, form[name])
    words = [word for text in minutes for word in text.replace("，", ",").split(",")]
    chosen = [_number("report_minutes", word) for word in words if word.strip()]
    if chosen:
        given["report_minutes"] = chosen
    return given


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Invalid(
            f"“{text.strip()}”不是数字，没有开始计算。请改成数字后重试。",
            english=f"{text.strip()!r} is not a number and nothing was started. Mend it.",
            details=[{"field": name, "value": text}],
        ) from None


def _inputs(form: dict[str, str]) -> dict[str, UUID]:
    """Read which versions were chosen; a kind without a choice takes its latest."""
    chosen = {kind.value: form.get(f"input_{kind}", "") for kind in KIND_NAMES}
    try:
        return {kind: UUID(text) for kind, text in chosen.items() if text}
    except ValueError:
        raise Invalid(
            "所选的数据版本不存在，没有开始计算。请重新选择。",
            english="The chosen version does not exist and nothing was started. Choose again.",
        ) from None


def _list(here: Here, error: LifecircleError | None = None) -> Response:
    with here.session() as session:
        stock = stock_of(session) if here.may(Permission.DATA_READ) else None
        needed = [] if stock is None else [kind for kind in missing_of(stock) if kind in REQUIRED]
        made = runs_shown(session, here, SHOWN)
        return page(
            "runs.html",
            200 if error is None else error.status,
            shell=frame(here, "runs"),
            here=here,
            runs=made,
            names=ruleset_names(session, here),
            states=STATES,
            rulesets=list(catalogue_of(session, here.services.host).rulesets.values()),
            said=_said(len({each.id for each in made}), needed),
            stock=stock or (),
            needed=needed,
            lacking=listed(needed),
            kind_names=KIND_NAMES,
            defaults=Params.load({}).to_json(),
            filled=request.form,
            may_start=here.may(Permission.RUN_START),
            wrong=None if error is None else said(error),
            faults=[] if error is None else faults_of(error),
        )


def _said(made: int, needed: list[TableKind]) -> str:
    """Say how many runs there are, or what stands between here and the first."""
    if made:
        return str(_("做过 %(n)s 次评价；同样的数据和规则只算一次。", n=made))
    if needed:
        return str(_("还没有评价，要先有%(what)s。", what=listed(needed)))
    return str(_("还没有评价，数据已经齐了。"))


def _heard(job: Job) -> str:
    return (job.english if in_english() else job.message) or job.message


def _progress(session: Session, here: Here, row: Run) -> Response:
    job: Job = job_of(session, row.id)
    under_way = job.state in UNDER_WAY
    names, told = ruleset_names(session, here), here.part is None
    watches = under_way and here.may(Permission.DATA_READ)
    stops = under_way and here.may(Permission.RUN_START)
    return page(
        "run.html",
        shell=frame(here, "runs", run_picks(row, names(row.ruleset_key), None)),
        here=here,
        run=row,
        job=job,
        ruleset=names(row.ruleset_key, short=False),
        state=STATES[JobState(row.state)],
        under_way=under_way,
        said=_heard(job) if told else "",
        fault=row.fault_message if told else _("没有算成。请问本单位的管理员或工作人员。"),
        stages=[each if told else {**each, "note": ""} for each in stages_of(job, STAGES)],
        url=url_for("jobs.job", tenant=here.slug, job_id=job.id) if watches else "",
        cancel=url_for("pages.cancel_run", tenant=here.slug, run_id=row.id) if stops else "",
    )
