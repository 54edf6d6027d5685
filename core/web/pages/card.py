"""The scorecard of a finished run: of the whole place, or of one of its areas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from core.access import Here
from core.contract import BusinessFormat, Line, Span, Status
from core.db import WHOLE, Run
from core.runs.part import open_part
from core.runs.summary import Score, no_area, scorecard
from core.web.pages.blueprint import page
from core.web.pages.finding import Cell, finding_in, finding_of
from core.web.pages.result import around, verdict


def show_card(session: Session, here: Here, run: Run) -> Response:
    """Show the scorecard: every line with its proof, what is undecided, what is assumed.

    Of the whole place, or of the area that is asked for; another area than one's own answers as
    one that the run does not have.
    """
    shared = around(session, here, run, "card")
    known = [score.key for score in shared["scores"]]
    asked = request.args.get("area") or known[0]
    if asked not in known:
        raise no_area()
    score = scorecard(session, run.id, asked)
    return page(
        "card.html",
        **shared,
        score=score,
        named=here.name if score.key == WHOLE else score.name,
        said=verdict(score),
        total=Span(score.points_low, score.points_high),
        six=_six(session, here, run, score, shared["formats"]),
        card=[line_of(line) for line in score.lines],
        shares=shares_by_status(score.lines),
        as_table=request.args.get("as") == "table",
    )


def _six(
    session: Session,
    here: Here,
    run: Run,
    score: Score,
    formats: Mapping[str, BusinessFormat],
) -> tuple[Cell, ...]:
    """Give 六个一 of what the card is about; none beside one area of a place seen whole."""
    if here.part is not None:
        part = open_part(here.services.blobs, run, [score.key])
        return finding_in(part, here, run).six
    return finding_of(session, here, run, formats).six if score.key == WHOLE else ()


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
