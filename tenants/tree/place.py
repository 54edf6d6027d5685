"""One place as people see it: found at or below another, with what it was."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.db import Tenant
from core.db.session import Database
from core.errors import NotFound
from tenants.tree.fit import SLUG
from tenants.tree.standing import Outcome


class _Undone(Exception):
    """Ends the unit of work of something that was only tried."""


def find_below(session: Session, acting: Tenant, slug: str) -> Tenant:
    """Find a place at or below one, merged ones too; what is elsewhere answers like none.

    Raises
    ------
    NotFound
        There is none.
    """
    found = None
    if SLUG.fullmatch(slug):
        found = session.scalar(
            select(Tenant).where(Tenant.slug == slug, func.starts_with(Tenant.path, acting.path))
        )
    if found is None:
        raise NotFound(
            f"本地区之下没有 {slug[:40]}。请核对代码。",
            english=f"There is no place {slug[:40]} here or below. Check its code.",
        )
    return found


def foretell(
    database: Database, actor_id: UUID | None, act: Callable[[Session], Outcome]
) -> Outcome:
    """Do something in a unit of work that is undone, and tell what it would have done."""
    told: list[Outcome] = []
    try:
        with database.unbound(actor_id) as session:
            told.append(act(session))
            raise _Undone  # noqa: TRY301 - the way to undo a unit of work
    except _Undone:
        return told[0]
