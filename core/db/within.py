"""Within: let a session of no tenant act inside one tenant for a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session


@contextmanager
def within(session: Session, tenant_id: UUID) -> Iterator[Session]:
    """Bind an unbound session to a tenant for a block, and to none again after it.

    For the few verbs that concern several tenants in one transaction, such as creating one and
    giving it its parent's plugins. A session that is bound stays with its tenant.

    Raises
    ------
    ValueError
        When the session is bound already.
    """
    if session.info.get("tenant_id") is not None:
        raise ValueError("this session is bound to a tenant and stays with it")
    session.flush()
    _bind(session, tenant_id)
    try:
        yield session
        session.flush()
    except BaseException:
        session.info["tenant_id"] = None  # the transaction is lost; nothing more can be told to it
        raise
    _bind(session, None)


def _bind(session: Session, tenant_id: UUID | None) -> None:
    """Name the tenant to the guard and to row level security, until the transaction ends."""
    session.info["tenant_id"] = tenant_id
    setting = "" if tenant_id is None else str(tenant_id)
    session.execute(select(func.set_config("lifecircle.tenant", setting, True)))  # noqa: FBT003 - SQL's true: for this transaction
