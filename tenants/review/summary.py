"""A run's summary: what a tenant hands up, as one JSON value with its digest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.db import (
    WHOLE,
    Dataset,
    DatasetVersion,
    Run,
    RunCoverage,
    RunInput,
    RunLine,
    RunScore,
    Tenant,
)
from core.errors import Conflict
from core.store.digest import digest_of
from tenants.review import suppress

FORMAT = 1
SLOT = "slot:"  # before a 六个一 slot's key in run_coverage
WIDENED = "部分数值人数过少、已隐去；相应得分与总分放宽为区间，不因此改变等级。"
Json = dict[str, Any]


def summary_of(session: Session, tenant: Tenant, run: Run) -> Json:
    """Sum a finished run up as it may leave the tenant: no residents, no places, no small cells.

    Parameters
    ----------
    session
        Bound to the tenant.
    tenant
        The session's tenant.
    run
        A finished run of it.

    Raises
    ------
    Conflict
        So few people live there that everything would have to be hidden.
    """
    scores = session.scalars(
        select(RunScore).where(RunScore.run_id == run.id).order_by(RunScore.area_key)
    ).all()
    whole = next((score for score in scores if score.area_key == WHOLE), None)
    if whole is None or whole.people < suppress.FEWEST:
        raise Conflict(
            f"这次运行的居民不足 {suppress.FEWEST} 人，结果不能离开本地区，没有提交。",
            english=f"Fewer than {suppress.FEWEST} residents were counted; "
            "the result may not leave this place and was not submitted.",
        )
    return {
        "format": FORMAT,
        "tenant": {
            "slug": tenant.slug,
            "code": tenant.code,
            "name": tenant.name,
            "english": tenant.english,
            "level": tenant.level,
        },
        "sample": tenant.sample,
        "run": {
            "id": str(run.id),
            "label": run.label,
            "fingerprint": run.fingerprint,
            "result_digest": run.result_digest,
            "kernel_version": run.kernel_version,
            "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        },
        "ruleset": {
            "key": run.ruleset_key,
            "version": run.ruleset_version,
            "digest": run.ruleset_digest,
        },
        "params": dict(run.params),
        "walker": run.plan.get("walker"),
        "datasets": _datasets(session, run),
        "people": whole.people,
        "whole": _whole(session, run, whole),
        "areas": _areas([score for score in scores if score.area_key != WHOLE], whole.people),
        "slots": _slots(session, run, whole.people),
    }


def intact(summary: Mapping[str, Any], digest: str) -> bool:
    """Tell whether a summary still is what the digest was taken of (一致)."""
    return digest_of(summary) == digest


def _datasets(session: Session, run: Run) -> list[Json]:
    """Say what was computed from: digests, dates, and what the import found."""
    rows = session.execute(
        select(RunInput.role, Dataset.kind, Dataset.name, DatasetVersion)
        .join(
            DatasetVersion,
            (DatasetVersion.tenant_id == RunInput.tenant_id)
            & (DatasetVersion.id == RunInput.dataset_version_id),
        )
        .join(
            Dataset,
            (Dataset.tenant_id == DatasetVersion.tenant_id)
            & (Dataset.id == DatasetVersion.dataset_id),
        )
        .where(RunInput.run_id == run.id)
        .order_by(RunInput.role)
    )
    return [
        {
            "role": role,
            "kind": kind,
            "name": name,
            "number": version.number,
            "digest": version.digest,
            "rows": version.rows,
            "as_of": version.as_of.isoformat() if version.as_of else None,
            "quality": _quality(version.quality),
        }
        for role, kind, name, version in rows
    ]


def _quality(report: Mapping[str, Any]) -> Json:
    """Keep an import report's plain words and numbers; few people are hidden here too."""
    kept: Json = {}
    for key, value in sorted(report.items()):
        if not isinstance(value, str | int | float | bool | None):
            continue
        few = isinstance(value, int | float) and "people" in key and 0 < value < suppress.FEWEST
        kept[key] = None if few else value
    return kept


def _whole(session: Session, run: Run, score: RunScore) -> Json:
    """Give the whole tenant's scorecard, line by line."""
    lines = session.scalars(
        select(RunLine.line)
        .where(RunLine.run_id == run.id, RunLine.area_key == WHOLE)
        .order_by(RunLine.position)
    ).all()
    opened = [suppress.open_line(line, score.people) for line in lines]
    points = {"low": score.points_low, "high": score.points_high}
    notes = [*score.notes, WIDENED] if any(line["hidden"] for line in opened) else score.notes
    return {
        **_judgement(score),
        "points": suppress.open_total(points, lines, opened),
        "notes": list(notes),
        "lines": opened,
    }


def _areas(scores: Sequence[RunScore], whole: int) -> list[Json]:
    """Give each circle, street or community its grade and points, but few people no figures."""
    by_kind: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for score in scores:
        by_kind[score.area_kind][score.area_key] = score.people
    hidden = {
        key for kind, people in by_kind.items() for key in suppress.hidden_areas(people, whole)
    }
    listed = []
    for score in scores:
        area: Json = {
            "key": score.area_key,
            "name": score.area_name,
            "kind": score.area_kind,
            "people": None if score.area_key in hidden else score.people,
            **_judgement(score),
        }
        if 0 < score.people < suppress.FEWEST:
            nothing: Json = {
                "points": None,
                "grade": None,
                "grade_name": "",
                "pending": [],
                "notes": [],
            }
            area |= {**nothing, "why": suppress.HIDDEN}
        listed.append(area)
    return listed


def _judgement(score: RunScore) -> Json:
    """Give an area's points and grade."""
    return {
        "points": {"low": score.points_low, "high": score.points_high},
        "out_of": score.out_of,
        "grade": score.grade,
        "grade_name": score.grade_name,
        "pending": list(score.pending),
        "notes": list(score.notes),
    }


def _slots(session: Session, run: Run, people: int) -> list[Json]:
    """Give the people covered by each 六个一 slot within each of the reported minutes."""
    rows = session.scalars(
        select(RunCoverage)
        .where(
            RunCoverage.run_id == run.id,
            RunCoverage.area_key == WHOLE,
            RunCoverage.group_key == "all",
            RunCoverage.format_key.startswith(SLOT),
        )
        .order_by(RunCoverage.format_key, RunCoverage.minutes)
    ).all()
    covered: defaultdict[str, dict[float, int]] = defaultdict(dict)
    for row in rows:
        covered[row.format_key.removeprefix(SLOT)][row.minutes] = row.covered
    return [
        {"slot": slot, "minutes": minutes, "people": people, "covered": count}
        for slot, by_minutes in covered.items()
        for minutes, count in suppress.open_coverage(by_minutes, people).items()
    ]
