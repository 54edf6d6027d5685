"""A tenant's word on a plugin: on or off, with settings, handed down, locked, taken back.

A word is written once, where it is said. What counts in a place is found by walking up its way to
the root (``core.catalog.enabled.heard``), so that a change above reaches every place below that
has no word of its own, and a place that moves hears its new ancestors at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.catalog.enabled import heard
from core.catalog.host import Host
from core.catalog.settings import load, plain
from core.db import PluginState, TenantPlugin, audit, installation
from core.errors import Conflict, Forbidden, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a tenant says of a plugin. ``locked`` binds everybody below it."""

    plugin_key: str
    on: bool
    settings: Mapping[str, Any] = field(default_factory=dict)
    locked: bool = False


def set_plugin(session: Session, host: Host, word: Word) -> None:
    """Write the word of the session's tenant on a plugin.

    Parameters
    ----------
    session
        Bound to the tenant whose word it is.
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
        A place above has locked its word.
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
    _refuse_locked(session, word.plugin_key)
    row = _own(session, word.plugin_key)
    if row is None:
        row = TenantPlugin(plugin_key=word.plugin_key)
        session.add(row)
    row.state = PluginState.ON if word.on else PluginState.OFF
    row.settings = settings
    row.locked_for_children = word.locked
    row.inherited = False
    session.flush()
    audit.record(
        session,
        action="plugin.set",
        subject=f"plugin:{word.plugin_key}",
        details={"state": row.state, "settings": row.settings, "locked": word.locked},
    )
    _tell(session, "plugin.set", word.plugin_key, state=row.state, locked=word.locked)


def forget_plugin(session: Session, plugin_key: str) -> None:
    """Take back the word of the session's tenant: what is said above it counts again.

    Raises
    ------
    NotFound
        It has no word of its own.
    Forbidden
        A place above has locked its word; the own one waits until it does no more.
    """
    _refuse_locked(session, plugin_key)
    row = _own(session, plugin_key)
    if row is None or row.inherited:
        raise NotFound(
            f"本地区对插件 {plugin_key[:60]} 没有单独的设置，没有改变。",
            english=f"This place has no word of its own on the plugin {plugin_key[:60]}; nothing "
            "was changed.",
        )
    before = {"state": row.state, "settings": row.settings, "locked": row.locked_for_children}
    session.delete(row)
    session.flush()
    audit.record(
        session, action="plugin.forget", subject=f"plugin:{plugin_key}", details={"before": before}
    )
    _tell(session, "plugin.forget", plugin_key)


def _tell(session: Session, action: str, plugin_key: str, **told: Any) -> None:
    """Keep in the installation's events too which plugin counts where; settings stay here."""
    there = {"tenant": str(session.info["tenant_id"]), **told}
    installation.record(session, action=action, subject=f"plugin:{plugin_key}", details=there)


def _own(session: Session, plugin_key: str) -> TenantPlugin | None:
    return session.scalar(
        select(TenantPlugin).where(
            TenantPlugin.tenant_id == session.info["tenant_id"],
            TenantPlugin.plugin_key == plugin_key,
        )
    )


def _refuse_locked(session: Session, plugin_key: str) -> None:
    word = heard(session).get(plugin_key)
    if word is not None and word.locked:
        raise Forbidden(
            f"{word.name}已锁定插件 {plugin_key} 的设置，没有改变。如需调整请联系{word.name}。",
            english=f"{word.english or word.name} has locked the plugin {plugin_key}; nothing was "
            "changed. Ask it to change its word.",
        )
