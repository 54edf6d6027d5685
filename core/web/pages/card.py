"""The scorecard of a finished run: of the whole place, or of one of its areas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from core.access import Here
from core.contract import Line, Span, Status
from core.db import WHOLE, Run
from core.runs.summary import scorecard
from core.web.pages.blueprint import page
from core.web.pages.finding import finding_of
from core.web.pages.result import around, verdict


def show_card(session: Session, here: Here, run: Run) -> Response:
    """Show the scorecard: every line with its proof, what is undecided, what is assumed."""
    shared = around(session, here, run, "card")
    score = scorecard(session, run.id, request.args.get("area") or WHOLE)
    return page(
        "card.html",
        **shared,
        score=score,
        whole=score.key == WHOLE,
        said=verdict(score),
        total=Span(score.points_low, score.points_high),
        finding=finding_of(session, here, run, shared["formats"]),
        card=[line_of(line) for line in score.lines],
        shares=shares_by_status(score.lines),
        as_table=request.args.get("as") == "table",
    )


def line_of(kept: Mapping[str, Any]) -> Line:
    """Give a kept line as the contract's value, which the figures' filters read."""
    spans = {
        name: None if kept[name] is None else Span(kept[name]["low"], kept[name]["high"])
        for name in ("value", "numerator", "points")
    }
    return Line(**{**kept, **spans, "status": Status(kept["status"])})


def shares_by_status(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """Sum the points that lines are worth by how sure their rules are: 官, 推, 设."""
    worth: Counter[str] = Counter()
    for line in lines:
        worth[line["status"]] += line["out_of"]
    return [(status.value, worth[status.value]) for status in Status]
