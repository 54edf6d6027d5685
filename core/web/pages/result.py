"""Result: what every page of a finished run shares: its head, its tabs, whose data it used."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from sqlalchemy.orm import Session

from core.access import Here
from core.catalog.enabled import catalogue_of
from core.contract import Span
from core.db import WHOLE, Run
from core.policy import Permission
from core.runs.summary import Score, judged, scores
from core.web.figures import number, points
from core.web.frame import frame, part_pick, run_picks
from core.web.pages.finding import attributions, residents_as_of
from core.web.pages.named import ruleset_names

TABS = (
    ("card", later("评分卡"), "pages.run"),
    ("map", later("地图"), "pages.run_map"),
    ("gaps", later("缺口"), "pages.run_gaps"),
    ("areas", later("生活圈"), "pages.run_areas"),
    ("sources", later("依据与下载"), "pages.run_sources"),
)
TABS_OF_A_PART = ("card", "gaps", "areas")  # the other two are about the whole place


def around(session: Session, here: Here, run: Run, tab: str, rail: str = "runs") -> dict[str, Any]:
    """Give what the template of every tab needs."""
    catalogue = catalogue_of(session, here.services.host)
    names = ruleset_names(session, here)
    as_of = residents_as_of(run)
    ours = judged(session, run, here.part)
    known = scores(session, run.id, ours)
    part = [] if ours is None else [score.name for score in known]
    picks = [part_pick(part)] if part else []
    return {
        "shell": frame(here, rail, [*picks, *run_picks(run, names(run.ruleset_key), as_of)]),
        "here": here,
        "run": run,
        "tab": tab,
        "ruleset": names(run.ruleset_key, short=False),
        "ruleset_short": names(run.ruleset_key),
        "as_of": as_of,
        "formats": catalogue.formats,
        "scores": known,
        "area_names": area_names(known),
        "part": _("、").join(part),
        "tabs": [tab for tab in TABS if ours is None or tab[0] in TABS_OF_A_PART],
        "attributions": attributions(run),
        "totals": run.summary["totals"],
        "may_submit": here.may(Permission.RUN_SUBMIT),
    }


def area_names(known: tuple[Score, ...]) -> dict[str, str]:
    """Give the name of every area, the whole in the page's language."""
    return {score.key: str(_("全部居民")) if score.key == WHOLE else score.name for score in known}


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
