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
    fewest = tenant.fewest
    if whole is None or whole.people < fewest:
        raise Conflict(
            f"这次运行的居民不足 {fewest} 人，结果不能离开本地区，没有提交。",
            english=f"Fewer than {fewest} residents were counted; "
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
        "datasets": _datasets(session, run, fewest),
        "fewest": fewest,
        "people": suppress.told(whole.people, fewest),
        "whole": _whole(session, run, whole, fewest),
        "areas": _areas(session, run, scores, whole.people, fewest),
        "slots": _slots(session, run, whole.people, fewest),
    }


def intact(summary: Mapping[str, Any], digest: str) -> bool:
    """Tell whether a summary still is what the digest was taken of (一致)."""
    return digest_of(summary) == digest


def _datasets(session: Session, run: Run, fewest: int) -> list[Json]:
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
            "quality": _quality(version.quality, fewest),
        }
        for role, kind, name, version in rows
    ]


def _quality(report: Mapping[str, Any], fewest: int) -> Json:
    """Keep an import report's plain words and numbers; people are told in steps here too."""
    kept: Json = {}
    for key, value in sorted(report.items()):
        if not isinstance(value, str | int | float | bool | None):
            continue
        if "people" in key and isinstance(value, int | float) and value > 0:
            kept[key] = None if value < fewest else suppress.told(value, fewest)
        else:
            kept[key] = value
    return kept


def _whole(session: Session, run: Run, score: RunScore, fewest: int) -> Json:
    """Give the whole tenant's scorecard, line by line."""
    lines = session.scalars(
        select(RunLine.line)
        .where(RunLine.run_id == run.id, RunLine.area_key == WHOLE)
        .order_by(RunLine.position)
    ).all()
    opened = [suppress.open_line(line, score.people, fewest) for line in lines]
    points = {"low": score.points_low, "high": score.points_high}
    notes = [*score.notes, WIDENED] if any(line["hidden"] for line in opened) else score.notes
    return {
        **_judgement(score),
        "points": suppress.open_total(points, lines, opened),
        "notes": list(notes),
        "lines": opened,
    }


def _areas(
    session: Session, run: Run, scores: Sequence[RunScore], whole: int, fewest: int
) -> list[Json]:
    """Give each circle, street or community its grade and points, but few people no figures."""
    scores = [score for score in scores if score.area_key != WHOLE]
    lines: defaultdict[str, list[Json]] = defaultdict(list)
    for key, line in session.execute(
        select(RunLine.area_key, RunLine.line).where(
            RunLine.run_id == run.id, RunLine.area_key != WHOLE
        )
    ):
        lines[key].append(line)
    by_kind: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for score in scores:
        by_kind[score.area_kind][score.area_key] = score.people
    hidden = {
        key for people in by_kind.values() for key in suppress.hidden_areas(people, whole, fewest)
    }
    listed = []
    for score in scores:
        shown = None if score.area_key in hidden else suppress.told(score.people, fewest)
        area: Json = {
            "key": score.area_key,
            "name": score.area_name,
            "kind": score.area_kind,
            "people": shown,
            **_judgement(score),
        }
        area["points"] = suppress.open_area(
            area["points"], lines[score.area_key], score.people, score.out_of, fewest
        )
        if 0 < score.people < fewest:
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


def _slots(session: Session, run: Run, people: int, fewest: int) -> list[Json]:
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
        {
            "slot": slot,
            "minutes": minutes,
            "people": suppress.told(people, fewest),
            "covered": count,
        }
        for slot, by_minutes in covered.items()
        for minutes, count in suppress.open_coverage(by_minutes, people, fewest).items()
    ]
