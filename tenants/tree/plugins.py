"""A tenant's word on plugins: on or off, with settings, handed down and locked.

What is on where is answered by ``core.catalog.enabled`` from a tenant's own rows alone. So a new
tenant gets a copy of its parent's rows, and a lock is written into every tenant below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.catalog.host import Host
from core.catalog.settings import load, plain
from core.db import PluginState, Tenant, TenantPlugin, audit
from core.db.within import within
from core.errors import Conflict, Forbidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a tenant says of a plugin. ``locked`` binds everybody below it."""

    plugin_key: str
    on: bool
    settings: Mapping[str, Any] = field(default_factory=dict)
    locked: bool = False


def set_plugin(session: Session, tenant: Tenant, host: Host, word: Word) -> None:
    """Write a tenant's word on a plugin.

    Parameters
    ----------
    session
        Unbound: a lock is also written into the tenants below.
    tenant
        Whose word it is.
    host
        The plugins of this process.
    word
        What it says.

    Raises
    ------
    NotFound
        This process has no such plugin.
    Conflict
        It is to be turned on and is broken or blocked.
    Invalid
        Its settings are not what it declares.
    Forbidden
        The tenant above has locked its word.
    """
    record = host.record(word.plugin_key)
    if word.on and record.manifest is None:
        raise Conflict(
            f"插件 {word.plugin_key} 没有装好（{record.error}），没有启用。请联系运维人员。",
            english=f"The plugin {word.plugin_key} is not ready ({record.error}); "
            "it was not turned on. Tell the operator.",
        )
    settings: dict[str, Any] = {}
    if record.manifest is not None:
        declared = record.manifest.settings
        settings = plain(declared, load(declared, word.settings))
    _refuse_locked(session, tenant, word.plugin_key)
    loosened = _write(session, tenant, word, settings)
    if word.locked or loosened:
        for below in session.scalars(
            select(Tenant).where(func.starts_with(Tenant.path, tenant.path), Tenant.id != tenant.id)
        ).all():
            _write(session, below, word, settings, only_lock=not word.locked)


def copy_words(session: Session, parent: Tenant, child: Tenant) -> None:
    """Give a new tenant its parent's words; the session is unbound."""
    with within(session, parent.id):
        words = [
            (row.plugin_key, row.state, dict(row.settings), row.locked_for_children)
            for row in session.scalars(
                select(TenantPlugin).where(TenantPlugin.tenant_id == parent.id)
            )
        ]
    if not words:
        return
    with within(session, child.id):
        for key, state, settings, locked in words:
            session.add(
                TenantPlugin(
                    tenant_id=child.id,
                    plugin_key=key,
                    state=state,
                    settings=settings,
                    locked_for_children=locked,
                )
            )
        session.flush()


def _refuse_locked(session: Session, tenant: Tenant, plugin_key: str) -> None:
    """Refuse where the tenant above has locked its word; it wrote the lock into all below."""
    if tenant.parent_id is None:
        return
    with within(session, tenant.parent_id):
        locked = session.scalar(
            select(TenantPlugin.locked_for_children).where(
                TenantPlugin.tenant_id == tenant.parent_id, TenantPlugin.plugin_key == plugin_key
            )
        )
    if locked:
        raise Forbidden(
            f"上级已锁定插件 {plugin_key} 的设置，没有改变。如需调整请联系上级。",
            english=f"The place above has locked the plugin {plugin_key}; nothing was changed. "
            "Ask it to change its word.",
        )


def _write(
    session: Session,
    tenant: Tenant,
    word: Word,
    settings: dict[str, Any],
    *,
    only_lock: bool = False,
) -> bool:
    """Write a tenant's row; tell whether a lock was taken off it.

    ``only_lock`` leaves the row's word as it is and takes the lock off.
    """
    with within(session, tenant.id):
        row = session.scalar(
            select(TenantPlugin).where(
                TenantPlugin.tenant_id == tenant.id, TenantPlugin.plugin_key == word.plugin_key
            )
        )
        if row is None and only_lock:
            return False
        if row is None:
            row = TenantPlugin(tenant_id=tenant.id, plugin_key=word.plugin_key)
            session.add(row)
        loosened = bool(row.locked_for_children) and not word.locked
        if not only_lock:
            row.state = PluginState.ON if word.on else PluginState.OFF
            row.settings = settings
        row.locked_for_children = word.locked
        session.flush()
        audit.record(
            session,
            action="plugin.set",
            subject=f"plugin:{word.plugin_key}",
            details={"state": row.state, "settings": row.settings, "locked": word.locked},
        )
    return loosened
