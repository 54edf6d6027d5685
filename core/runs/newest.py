"""Newest: the last finished run of a tenant, or of the installation."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from core.db import JobState, Run, Tenant
from core.db.session import Database


def newest_done(database: Database, tenant_id: UUID | None = None) -> tuple[UUID, UUID] | None:
    """Give tenant and id of the run that finished last; ``None`` where none has.

    Each tenant is asked in its own session; without ``tenant_id``, all of them.
    """
    if tenant_id is None:
        with database.unbound() as session:
            tenants = list(session.scalars(select(Tenant.id)))
    else:
        tenants = [tenant_id]
    found: list[tuple[datetime, UUID, UUID]] = []
    for each in tenants:
        with database.session(each) as session:
            last = session.execute(
                select(Run.finished_at, Run.id)
                .where(Run.state == JobState.DONE, Run.finished_at.is_not(None))
                .order_by(Run.finished_at.desc())
                .limit(1)
            ).first()
        if last is not None:
            found.append((last.finished_at, each, last.id))
    return max(found)[1:] if found else None
