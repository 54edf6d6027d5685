"""The tenant guard: what an ORM session of a tenant may read and write, before PostgreSQL is asked.

This is the second of three walls. The first is the policy check of each operation, the third row
level security, which holds even where this one is forgotten.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Result, event, inspect, text
from sqlalchemy.orm import (
    ORMExecuteState,
    Session,
    SessionTransaction,
    UOWTransaction,
    with_loader_criteria,
)

from core.db.base import ACTOR, TENANT, Owned

NOBODY = UUID(int=0)  # stands for "no tenant" or "nobody": no row has it


class AcrossTenants(RuntimeError):
    """A fault of ours: a session of one tenant touched another's rows, or had no tenant."""


def guard(work: type[Session]) -> None:
    """Hold every session of class ``work`` to ``session.info["tenant_id"]``."""
    event.listen(work, "after_begin", _tell_postgres)
    event.listen(work, "do_orm_execute", _narrow)
    event.listen(work, "before_flush", _check_flush)


def _tell_postgres(
    session: Session, transaction: SessionTransaction, connection: Connection
) -> None:
    """Name tenant and actor for row level security, until this transaction ends."""
    if not transaction.nested:
        told = {
            "tenant": str(session.info["tenant_id"] or ""),
            "user": str(session.info["actor_id"] or ""),
        }
        connection.execute(_TELL, told)


# SET LOCAL takes no bound values; a session-level SET would leak through the pool.
_TELL = text(
    "SELECT set_config('lifecircle.tenant', :tenant, true),"
    " set_config('lifecircle.user', :user, true)"
)


# It has no values of its own, so one serves all statements; without its two parameters they fail.
_VISIBLE = with_loader_criteria(
    Owned, lambda cls: cls.visible(), include_aliases=True, propagate_to_loaders=False
)


def _narrow(state: ORMExecuteState) -> Result[Any] | None:
    """Add the tenant to what is selected, updated or deleted; check what is inserted."""
    owned = [m.class_ for m in state.all_mappers if issubclass(m.class_, Owned)]
    tenant_id: UUID | None = state.session.info["tenant_id"]
    actor_id: UUID | None = state.session.info["actor_id"]
    if tenant_id is None and (named := [c for c in owned if not c.seen_without_tenant]):
        raise AcrossTenants(f"{named[0].__name__} belongs to a tenant: use Database.session")
    tenant, actor = tenant_id or NOBODY, actor_id or NOBODY
    if state.is_insert:
        if owned:
            _check_insert(state, tenant)
    elif state.is_update or state.is_delete:
        state.statement = state.statement.options(
            with_loader_criteria(Owned, lambda cls: cls.tenant_id == tenant, include_aliases=True)
        )
    elif state.is_select and not state.is_column_load:
        state.parameters = state.parameters or {}
        told = {TENANT.key: tenant, ACTOR.key: actor}
        return state.invoke_statement(state.statement.options(_VISIBLE), params=told)
    return None


def _check_insert(state: ORMExecuteState, tenant: UUID) -> None:
    given: Any = state.parameters or ()
    for row in [given] if isinstance(given, dict) else given:
        if row.setdefault("tenant_id", tenant) != tenant or tenant == NOBODY:
            raise AcrossTenants("a row of another tenant was to be inserted")


def _check_flush(
    session: Session,
    uow: UOWTransaction,  # noqa: ARG001 - the event's signature
    objects: Any,  # noqa: ARG001 - the event's signature
) -> None:
    """Give new rows their tenant; refuse another's rows and rows that change hands."""
    tenant_id: UUID | None = session.info["tenant_id"]
    for row in session.new:
        if isinstance(row, Owned) and row.tenant_id is None and tenant_id is not None:
            row.tenant_id = tenant_id
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Owned) and (
            tenant_id is None or row.tenant_id != tenant_id or _changed_hands(row)
        ):
            raise AcrossTenants(f"a {type(row).__name__} of another tenant was to be written")


def _changed_hands(row: Owned) -> bool:
    state = inspect(row)
    return bool(state.persistent and state.attrs.tenant_id.history.has_changes())
