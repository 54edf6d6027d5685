"""The areas of a finished run side by side: people, points, grade, 六个一 in each."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from core.access import Here, requires
from core.contract import Span
from core.db import WHOLE
from core.policy import Permission
from core.runs.summary import SLOTS, Score, coverage, find_done
from core.runs.terms import SLOT
from core.web.language import in_english
from core.web.pages.blueprint import blueprint, page
from core.web.pages.finding import stands, usual_minutes
from core.web.pages.result import around

AREA_KINDS = {
    "circle": later("生活圈"),
    "community": later("社区"),
    "street": later("街道"),
}


@blueprint.route("/t/<tenant>/runs/<uuid:run_id>/areas")
@requires(Permission.RUN_READ, cut_to_part=True)
def run_areas(here: Here, run_id: UUID) -> Response:
    """Show every area's judgement in one table."""
    with here.session() as session:
        run = find_done(session, run_id)
        shared = around(session, here, run, "areas")
        minutes = usual_minutes(run)
        order = [WHOLE, *AREA_KINDS]  # within a kind, the most points stay first
        shares = {
            (each.area, each.key): each.share
            for each in coverage(session, run.id, shared["formats"])
            if each.minutes == minutes and each.key.startswith(SLOT)
        }
        rows = [
            {
                "score": score,
                "name": shared["area_names"][score.key],
                "points": Span(score.points_low, score.points_high),
                "six": [shares.get((score.key, f"{SLOT}{slot}")) for slot in SLOTS],
            }
            for score in sorted(shared["scores"], key=lambda score: order.index(score.kind))
        ]
        return page(
            "areas_of_run.html",
            **shared,
            rows=rows,
            said=_said(shared["scores"]),
            kinds={kind: str(name) for kind, name in AREA_KINDS.items()},
            minutes=minutes,
            slots=[names[in_english()] for names in SLOTS.values()],
            stands=stands,
        )


def _said(judged: Sequence[Score]) -> str:
    """Say how many areas have a grade, of those that people know first: circles."""
    parts = [score for score in judged if score.key != WHOLE]
    circles = [score for score in parts if score.kind == "circle"] or parts
    if not circles:
        return str(_("没有导入生活圈的边界，只有全部居民一张卡。"))
    graded = sum(1 for score in circles if score.grade)
    pending = sum(1 for score in circles if score.pending)
    return str(
        _(
            "%(all)s 个圈里，%(graded)s 个达到等级，%(pending)s 个等级待定，%(below)s 个未达标。",
            all=len(circles),
            graded=graded,
            pending=pending,
            below=len(circles) - graded - pending,
        )
    )
