"""Erase a tenant: its rows and files go; what others hold, and the record that it went, stays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Table, delete, func, select, update
from sqlalchemy.orm import Session

from core.db import Base, Database, Run, Tenant, TenantState, installation
from core.db.audit import record
from core.errors import Conflict, NotFound
from core.keeping.named import alone, named_by
from core.keeping.one_tenant import owned_tables
from core.store import Blobs
from tenants.people.models import Membership, User
from tenants.review.models import Review, Submission, SubmissionState
from tenants.system.models import SystemRoleHeld

# Of these stays what others hold, and the chain of records with its beginning.
KEPT = frozenset({"audit_anchors", "audit_events", "reviews", "runs", "submissions"})
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("label", "grade_name"), ""),
    **{key: {} for key in ("params", "plan", "summary", "stage_seconds")},
    **{key: [] for key in ("pending", "notes")},
    **dict.fromkeys(
        ("people", "points_low", "points_high", "out_of", "grade", "by"), None
    ),
    **dict.fromkeys(("result_digest", "minutes_digest"), None),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """The receipt: what went, and the audit chain's last record, which nothing follows."""

    slug: str
    rows: dict[str, int]
    people: int
    submissions_kept: int
    blobs: int
    blobs_left_to_the_sweep: int
    audit_number: int
    audit_hash: str


def erase(
    database: Database, owner_url: str, blobs: Blobs, slug: str, *, young_seconds: float = 3600
) -> Erased:
    """Erase a tenant: in one transaction its rows, then the files that no row names any more.

    What was handed up stays where it was handed to: a frozen copy without homes or places, and of
    its run an empty shell. The tenant's answers to others stay too, and its audit chain, which
    ends with this. People who were nowhere else go; the place keeps its public name, suspended.

    Parameters
    ----------
    database
        As the application: it asks what others hold and where people are.
    owner_url
        As the tables' owner, who may delete, and sees one tenant's rows at a time.
    blobs
        The store. Files put within ``young_seconds`` may be about to be named by somebody else;
        the sweep takes them.
    slug
        Which tenant, whatever its state.

    Raises
    ------
    NotFound
        There is no such tenant.
    Conflict
        Places stand below it, or a backup or a sweep is at work; nothing was changed.
    """
    with database.unbound() as session:
        tenant = session.scalars(select(Tenant).where(Tenant.slug == slug)).first()
        if tenant is None:
            raise NotFound(f"没有地区 {slug[:40]}。", english=f"There is no place {slug[:40]}.")
        tenant_id = tenant.id
        below = session.scalar(select(Tenant.slug).where(Tenant.parent_id == tenant_id))
        if below is not None:
            raise Conflict(
                f"{below} 在 {slug} 之下，没有删除任何内容。请先移走或删除下级。",
                english=f"{below} stands below {slug}; nothing was erased. Move or erase it first.",
            )
    people = _only_here(database, tenant_id)
    answered = _answered(database, tenant_id)
    owner = Database(owner_url, pool_size=1)
    try:
        with owner.session(tenant_id) as session:
            if not alone(session):
                raise Conflict(
                    "备份或清理正在进行，没有删除任何内容。请稍后再试。",
                    english="A backup or a sweep is at work; nothing was erased. Try again later.",
                )
            named = named_by(session, blobs)
            kept, rows = _delete_rows(session, tenant_id, answered)
            session.execute(delete(User).where(User.id.in_(people)))
            _close(session, tenant_id)
            subject = f"tenant:{slug}"
            told = {"rows": sum(rows.values()), "people": len(people), "submissions": kept}
            installation.record(session, action="tenant.erase", subject=subject, details=told)
            last = record(session, action="tenant.erase", subject=subject, details=told)
            number, digest = last.number, last.hash
    finally:
        owner.close()
    dropped, left = blobs.drop_unnamed(named - _named_by_others(database, blobs), young_seconds)
    return Erased(
        slug=slug,
        rows=rows,
        people=len(people),
        submissions_kept=kept,
        blobs=dropped,
        blobs_left_to_the_sweep=left,
        audit_number=number,
        audit_hash=digest,
    )


def _only_here(database: Database, tenant_id: UUID) -> list[UUID]:
    """Find the people who have no role in another tenant and none in the installation."""
    with database.session(tenant_id) as session:
        members = set(
            session.scalars(select(Membership.user_id).where(Membership.tenant_id == tenant_id))
        )
    found = []
    for each in sorted(members):
        with database.unbound(each) as session:
            elsewhere = session.scalar(
                select(func.count())
                .select_from(Membership)
                .where(Membership.user_id == each, Membership.tenant_id != tenant_id)
            )
            system = session.scalar(
                select(func.count())
                .select_from(SystemRoleHeld)
                .where(SystemRoleHeld.user_id == each)
            )
            if not elsewhere and not system:
                found.append(each)
    return found


def _answered(database: Database, tenant_id: UUID) -> set[UUID]:
    """Give the submissions that somebody answered: their answers point at them."""
    with database.session(tenant_id) as session:
        return set(
            session.scalars(select(Review.submission_id).where(Review.of_tenant_id == tenant_id))
        )


def _delete_rows(
    session: Session, tenant_id: UUID, answered: Collection[UUID]
) -> tuple[int, dict[str, int]]:
    """Delete everything but what others hold; count those submissions, and the rows by table."""
    mine = Submission.tenant_id == tenant_id
    gone = {
        "submissions": _gone(
            session.execute(
                delete(Submission)
                .where(
                    mine,
                    Submission.state == SubmissionState.WITHDRAWN,
                    Submission.id.not_in(answered),
                )
                .execution_options(synchronize_session=False)
            )
        )
    }
    held = set(session.scalars(select(Submission.run_id).where(mine)))
    kept = session.scalar(select(func.count()).select_from(Submission).where(mine)) or 0
    for table in reversed(owned_tables()):
        if table.name not in KEPT:
            gone[table.name] = _gone(session.execute(_of(table, tenant_id)))
    runs = Base.metadata.tables["runs"]
    gone["runs"] = _gone(session.execute(_of(runs, tenant_id).where(runs.c.id.not_in(held))))
    session.execute(
        update(Run)
        .where(Run.tenant_id == tenant_id)
        .values(EMPTY)
        .execution_options(synchronize_session=False)
    )
    return kept, {name: count for name, count in gone.items() if count}


def _of(table: Table, tenant_id: UUID) -> Any:
    return delete(table).where(table.c.tenant_id == tenant_id)


def _close(session: Session, tenant_id: UUID) -> None:
    """Suspend the place for good and give its code and address free."""
    tenant = session.get_one(Tenant, tenant_id)
    step = f"erased-{tenant_id.hex[-12:]}"
    above = tenant.path.rstrip("/").rpartition("/")[0]
    tenant.state, tenant.code, tenant.slug = TenantState.SUSPENDED, None, step
    tenant.path = f"{above}/{step}/"
    session.flush()


def _named_by_others(database: Database, blobs: Blobs) -> set[str]:
    with database.unbound() as session:
        tenants = list(session.scalars(select(Tenant.id)))
    named: set[str] = set()
    for each in tenants:
        with database.session(each) as session:
            named |= named_by(session, blobs)
    return named


def _gone(done: object) -> int:
    return done.rowcount if isinstance(done, CursorResult) else 0
