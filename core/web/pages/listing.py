"""Listing: the runs of a place as rows, or what they say of one's part of it, area by area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Here
from core.db import Run, RunScore
from core.runs.summary import list_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAnArea:
    """What a list shows of a run, with one area's judgement in place of the whole's.

    Without an area the run has not ended, or failed: then there is nothing but its state.
    """

    id: UUID
    created_at: datetime
    ruleset_key: str
    label: str
    state: str
    area: str | None = None
    people: int | None = None
    points_low: float | None = None
    points_high: float | None = None
    out_of: float | None = None
    grade: str | None = None
    grade_name: str = ""
    pending: Sequence[Any] = ()


def runs_shown(session: Session, here: Here, limit: int) -> Sequence[Run | OfAnArea]:
    """List the last runs, the newest first; of a part, one row for each of its areas."""
    made = list_runs(session, limit=limit)
    if here.part is None:
        return made
    rows: list[OfAnArea] = []
    for run in made:
        judged = session.scalars(
            select(RunScore)
            .where(RunScore.run_id == run.id, RunScore.area_key.in_(here.part))
            .order_by(RunScore.area_key)
        ).all()
        rows += [_of(run, score) for score in judged] or [_of(run, None)]
    return rows


def _of(run: Run, score: RunScore | None) -> OfAnArea:
    shared: dict[str, Any] = {
        "id": run.id,
        "created_at": run.created_at,
        "ruleset_key": run.ruleset_key,
        "state": run.state,
    }
    if score is None:
        return OfAnArea(label=run.label, **shared)
    return OfAnArea(
        label=" · ".join(filter(None, (score.area_name, run.label))),
        area=score.area_key,
        people=score.people,
        points_low=score.points_low,
        points_high=score.points_high,
        out_of=score.out_of,
        grade=score.grade,
        grade_name=score.grade_name,
        pending=score.pending,
        **shared,
    )
