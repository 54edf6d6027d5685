"""Scenarios as rows: made, renamed, edited by who saw them last, and thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.db import Run, Scenario
from core.db.audit import record
from core.errors import Conflict, NotFound

MOST_EDITS = 500
MOST_SCENARIOS = 200  # of one run


def create(session: Session, run: Run, name: str, by: UUID | None) -> Scenario:
    """Make a scenario without edits.

    Raises
    ------
    Conflict
        The run has as many as it may have.
    """
    count = session.scalar(
        select(func.count()).select_from(Scenario).where(Scenario.run_id == run.id)
    )
    if (count or 0) >= MOST_SCENARIOS:
        raise Conflict(
            f"这次评价已有 {MOST_SCENARIOS} 个情景，没有新建。请先删除不用的情景。",
            english=f"The run has {MOST_SCENARIOS} scenarios already; none was made. Delete some "
            "that are not needed.",
        )
    made = Scenario(tenant_id=run.tenant_id, run_id=run.id, name=name, by=by)
    session.add(made)
    session.flush()
    session.refresh(made)
    _record(session, "create", made.id, run=str(run.id))
    return made


def find(session: Session, run_id: UUID, scenario_id: UUID) -> Scenario:
    """Find a scenario of a run; ``NotFound`` where the run has none of this id."""
    found = session.scalars(
        select(Scenario).where(Scenario.run_id == run_id, Scenario.id == scenario_id)
    ).first()
    if found is None:
        raise NotFound("没有这个情景。请检查编号。", english="There is no such scenario.")
    return found


def listed(session: Session, run_id: UUID, *, limit: int, offset: int) -> Sequence[Scenario]:
    """List a run's scenarios, the newest first."""
    return session.scalars(
        select(Scenario)
        .where(Scenario.run_id == run_id)
        .order_by(Scenario.created_at.desc(), Scenario.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()


def rename(session: Session, scenario: Scenario, name: str, version: int) -> Scenario:
    """Give a scenario another name; raises as :func:`change` does."""
    return _write(session, scenario, version, "rename", name=name)


def change(
    session: Session,
    scenario: Scenario,
    version: int,
    action: str,
    *,
    edits: Sequence[Any],
    undone: Sequence[Any],
) -> Scenario:
    """Write a scenario's edits, if it still is what the caller saw.

    Parameters
    ----------
    version
        What the caller saw.
    action
        What was done: ``edit``, ``undo`` or ``redo``.

    Raises
    ------
    Conflict
        Somebody changed it meanwhile.
    NotFound
        Somebody deleted it meanwhile.
    """
    return _write(session, scenario, version, action, edits=list(edits), undone=list(undone))


def remove(session: Session, scenario: Scenario) -> None:
    """Throw a scenario away; the audit keeps that it was there."""
    scenario_id = scenario.id
    session.delete(scenario)
    _record(session, "delete", scenario_id)


def require_version(scenario: Scenario, version: int) -> None:
    """Refuse to go on from another version than the scenario's.

    Raises
    ------
    Conflict
        Somebody changed it meanwhile.
    """
    if scenario.version != version:
        raise _stale(version, scenario.version)


def _write(
    session: Session, scenario: Scenario, version: int, action: str, **values: Any
) -> Scenario:
    """Change a row where its version is the one that was seen, however many try at once."""
    changed = session.execute(
        update(Scenario)
        .where(Scenario.id == scenario.id, Scenario.version == version)
        .values(version=version + 1, **values)
        .returning(Scenario.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not changed:
        session.expire_all()
        raise _stale(version, find(session, scenario.run_id, scenario.id).version)
    session.refresh(scenario)
    _record(session, action, scenario.id, version=version + 1)
    return scenario


def _stale(seen: int, now: int) -> Conflict:
    return Conflict(
        f"情景已被别人改到第 {now} 版，您看到的是第 {seen} 版，没有保存。请刷新后再改。",
        english=f"The scenario is at version {now} and you saw {seen}; nothing was saved. Load it "
        "again and repeat the edit.",
        details=[{"seen": seen, "version": now}],
    )


def _record(session: Session, action: str, scenario_id: UUID, **details: Any) -> None:
    record(session, action=f"scenario.{action}", subject=f"scenario:{scenario_id}", details=details)
