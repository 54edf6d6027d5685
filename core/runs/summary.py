"""A run as pages and the API show it: scorecards, coverage and gaps as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.contract import BusinessFormat
from core.db import WHOLE, Job, JobState, Run, RunCoverage, RunGap, RunLine, RunScore
from core.errors import Conflict, NotFound
from core.runs.terms import SLOT

SLOTS = {  # 六个一, in the order in which they are said
    "yi_dian": ("一店", "Convenience store"),
    "yi_zao": ("一早", "Breakfast"),
    "yi_cai": ("一菜", "Fresh food"),
    "yi_xiu": ("一修", "Repairs"),
    "yi_lao": ("一老", "Elder care"),
    "yi_xiao": ("一小", "Child care"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The judgement of one area, with its lines in order as the contract's JSON."""

    key: str
    name: str
    kind: str
    people: int
    points_low: float
    points_high: float
    out_of: float
    grade: str | None
    grade_name: str
    pending: tuple[str, ...]
    notes: tuple[str, ...]
    lines: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """People of an area within so many minutes of a format or slot."""

    area: str
    key: str
    name: str
    minutes: float
    people: int
    covered: int

    @property
    def share(self) -> float | None:
        """Covered per people, ``None`` where nobody lives."""
        return self.covered / self.people if self.people else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A gap as listed; minutes ``None``: beyond what was measured; people by age in ``groups``."""

    key: str
    name: str
    rank: int
    area: str
    people: int
    groups: Mapping[str, int]
    homes: int
    minutes_limit: float
    worst_minutes: float | None
    median_minutes: float | None
    lon: float
    lat: float


def find_run(session: Session, run_id: UUID) -> Run:
    """Find a run of the session's tenant; ``NotFound`` where it has none of this id."""
    run = session.scalars(select(Run).where(Run.id == run_id)).first()
    if run is None:
        raise NotFound("没有这次运行。请检查编号。", english="There is no such run.")
    return run


def find_done(session: Session, run_id: UUID) -> Run:
    """Find a run that is done; ``Conflict`` while it is not."""
    run = find_run(session, run_id)
    if run.state != JobState.DONE:
        raise Conflict(
            "这次运行还没有结果。请等它完成，或查看其进度。",
            english="The run has no results yet. Wait for it, or look at its progress.",
        )
    return run


def judged(session: Session, run: Run, part: frozenset[str] | None) -> frozenset[str] | None:
    """Give those areas of somebody's part that a finished run judged; the whole stays ``None``.

    Raises
    ------
    NotFound
        It judged none of them: its areas are others than those that the part is named after.
    """
    if part is None:
        return None
    found = session.scalars(
        select(RunScore.area_key).where(
            RunScore.run_id == run.id, RunScore.area_key.in_(part), RunScore.area_key != WHOLE
        )
    ).all()
    if not found:
        keys = sorted(part)
        raise NotFound(
            f"这次评价所用的区域里没有您负责的{'、'.join(keys)}，没有可看的结果。请看别的评价，"
            "或请本单位管理员核对您的范围。",
            english=f"The areas of this run do not include {', '.join(keys)}, which you are "
            "responsible for, so there is nothing to show. Look at another run, or ask your "
            "administrator to check your part.",
        )
    return frozenset(found)


def job_of(session: Session, run_id: UUID) -> Job:
    """Find the job that computes, or computed, a run."""
    return session.scalars(
        select(Job).where(Job.subject_id == run_id, Job.idempotency_key == f"run:{run_id}")
    ).one()


def list_runs(session: Session, *, limit: int = 50, offset: int = 0) -> Sequence[Run]:
    """List the tenant's runs, the newest first."""
    return session.scalars(
        select(Run).order_by(Run.created_at.desc(), Run.id.desc()).limit(limit).offset(offset)
    ).all()


def run_json(run: Run) -> dict[str, Any]:
    """Give a run as JSON; results are ``null`` until it is done."""
    return {
        "id": str(run.id),
        "label": run.label,
        "state": run.state,
        "fingerprint": run.fingerprint,
        "ruleset": {
            "key": run.ruleset_key,
            "version": run.ruleset_version,
            "digest": run.ruleset_digest,
        },
        "params": run.params,
        "inputs": run.plan["inputs"],
        "kernel_version": run.kernel_version,
        "fault": run.fault_message,
        "population": run.people,
        "points": _points(run),
        "out_of": run.out_of,
        "grade": run.grade,
        "grade_name": run.grade_name,
        "pending": run.pending,
        "notes": run.notes,
        "summary": run.summary,
        "result_digest": run.result_digest,
        "minutes_digest": run.minutes_digest,
        "stage_seconds": run.stage_seconds,
        "created_at": run.created_at.isoformat(),
        "finished_at": None if run.finished_at is None else run.finished_at.isoformat(),
    }


def scores(session: Session, run_id: UUID, part: frozenset[str] | None = None) -> tuple[Score, ...]:
    """List every area's judgement without lines: the whole first, then the most points first.

    ``part`` are the keys of the areas that are listed; ``None`` lists all.
    """
    wanted = select(RunScore).where(RunScore.run_id == run_id)
    if part is not None:
        wanted = wanted.where(RunScore.area_key.in_(part))
    rows = session.scalars(wanted).all()
    ordered = sorted(rows, key=lambda row: (row.area_key != WHOLE, -row.points_low, row.area_key))
    return tuple(_score(row) for row in ordered)


def scorecard(session: Session, run_id: UUID, area_key: str = WHOLE) -> Score:
    """Give one area's judgement with its lines; ``NotFound`` where the run has no such area."""
    row = session.scalars(
        select(RunScore).where(RunScore.run_id == run_id, RunScore.area_key == area_key)
    ).first()
    if row is None:
        raise no_area()
    lines = session.scalars(
        select(RunLine)
        .where(RunLine.run_id == run_id, RunLine.area_key == area_key)
        .order_by(RunLine.position)
    )
    return _score(row, tuple(line.line for line in lines))


def no_area() -> NotFound:
    """Say that a run has no such area, whether it has none or whoever asks may not see it."""
    return NotFound("这次运行没有该区域。请检查编号。", english="The run has no such area.")


def coverage(
    session: Session,
    run_id: UUID,
    formats: Mapping[str, BusinessFormat],
    area_key: str | None = None,
) -> tuple[Covered, ...]:
    """List people covered by key and minutes: the slots first, in the order of 六个一."""
    wanted = select(RunCoverage).where(RunCoverage.run_id == run_id)
    if area_key is not None:
        wanted = wanted.where(RunCoverage.area_key == area_key)
    rows = session.scalars(wanted).all()
    ordered = sorted(rows, key=lambda row: (row.area_key, *order_of(row.format_key), row.minutes))
    return tuple(
        Covered(
            area=row.area_key,
            key=row.format_key,
            name=name_of(row.format_key, formats),
            minutes=row.minutes,
            people=row.people,
            covered=row.covered,
        )
        for row in ordered
    )


def gap_list(
    session: Session,
    run_id: UUID,
    formats: Mapping[str, BusinessFormat],
    *,
    key: str | None = None,
    limit: int = 50,
) -> tuple[Lacking, ...]:
    """List gaps, most people first, of one format or slot or of all together."""
    wanted = select(RunGap).where(RunGap.run_id == run_id)
    if key is not None:
        wanted = wanted.where(RunGap.format_key == key)
    rows = session.scalars(
        wanted.order_by(RunGap.people.desc(), RunGap.format_key, RunGap.rank).limit(limit)
    )
    return tuple(
        Lacking(
            key=row.format_key,
            name=name_of(row.format_key, formats),
            rank=row.rank,
            area=row.area_key,
            people=row.people,
            groups=row.groups,
            homes=row.homes,
            minutes_limit=row.minutes_limit,
            worst_minutes=row.worst_minutes,
            median_minutes=row.median_minutes,
            lon=row.lon,
            lat=row.lat,
        )
        for row in rows
    )


def measured_keys(session: Session, run_id: UUID) -> tuple[str, ...]:
    """Name the formats and slots that a run measured: slots first."""
    keys = session.scalars(
        select(RunCoverage.format_key).where(RunCoverage.run_id == run_id).distinct()
    )
    return tuple(sorted(keys, key=order_of))


def name_of(key: str, formats: Mapping[str, BusinessFormat], *, english: bool = False) -> str:
    """Give the name that a person reads for a format's key or a slot's."""
    if key.startswith(SLOT):
        names = SLOTS.get(key.removeprefix(SLOT))
        return key.removeprefix(SLOT) if names is None else names[english]
    if key not in formats:
        return key
    return formats[key].english if english else formats[key].name


def order_of(key: str) -> tuple[int, int, str]:
    """Order keys: 六个一 as they are said, other slots, then formats by key."""
    slot = key.removeprefix(SLOT)
    place = list(SLOTS).index(slot) if slot in SLOTS and key != slot else len(SLOTS)
    return (not key.startswith(SLOT), place, key)


def _points(run: Run) -> dict[str, float] | None:
    if run.points_low is None or run.points_high is None:
        return None
    return {"low": run.points_low, "high": run.points_high}


def _score(row: RunScore, lines: tuple[dict[str, Any], ...] = ()) -> Score:
    return Score(
        key=row.area_key,
        name=row.area_name,
        kind=row.area_kind,
        people=row.people,
        points_low=row.points_low,
        points_high=row.points_high,
        out_of=row.out_of,
        grade=row.grade,
        grade_name=row.grade_name,
        pending=tuple(row.pending),
        notes=tuple(row.notes),
        lines=lines,
    )
