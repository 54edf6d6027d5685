"""Result: what every page of a finished run shares: its head, its tabs, whose data it used."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from core.access import Here
from core.catalog.enabled import catalogue_of
from core.contract import Span
from core.db import WHOLE, Run
from core.policy import Permission
from core.runs.summary import Score, scores
from core.web.figures import number, points
from core.web.frame import frame, run_picks
from core.web.pages.finding import attributions, residents_as_of
from core.web.pages.named import ruleset_names


def around(session: Session, here: Here, run: Run, tab: str, rail: str = "runs") -> dict[str, Any]:
    """Give what the template of every tab needs."""
    catalogue = catalogue_of(session, here.services.host)
    names = ruleset_names(session, here)
    as_of = residents_as_of(run)
    judged = scores(session, run.id)
    return {
        "shell": frame(here, rail, run_picks(run, names(run.ruleset_key), as_of)),
        "here": here,
        "run": run,
        "tab": tab,
        "ruleset": names(run.ruleset_key, short=False),
        "ruleset_short": names(run.ruleset_key),
        "as_of": as_of,
        "formats": catalogue.formats,
        "scores": judged,
        "area_names": area_names(judged),
        "attributions": attributions(run),
        "totals": run.summary["totals"],
        "may_submit": here.may(Permission.RUN_SUBMIT),
    }


def area_names(judged: tuple[Score, ...]) -> dict[str, str]:
    """Give the name of every area, the whole in the page's language."""
    return {score.key: str(_("全部居民")) if score.key == WHOLE else score.name for score in judged}


def verdict(score: Score) -> str:
    """Say in one sentence how an area was judged."""
    span = points(Span(score.points_low, score.points_high))
    full = number(score.out_of)
    if score.pending:
        return str(
            _(
                "得分在 %(points)s 之间（满分 %(full)s），等级待定：还有 %(n)s 项不能判定。",
                points=span,
                full=full,
                n=len(score.pending),
            )
        )
    return str(
        _(
            "得分 %(points)s（满分 %(full)s），%(grade)s。",
            points=span,
            full=full,
            grade=score.grade_name,
        )
    )
