"""Which plugins a tenant works with: its own words over the built-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from core.catalog.view import Catalogue, catalogue_for
from core.db import PluginState, TenantPlugin

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from core.catalog.host import Host


def enabled_plugins(session: Session, host: Host) -> dict[str, dict[str, Any]]:
    """Give plugin keys and settings that are on for the session's tenant.

    Built-ins are on until the tenant says otherwise; a vendor's plugin is off until it does.
    A word about a plugin that this process lacks is kept but has no effect.
    """
    enabled = dict(host.built_in())
    ready = {record.key for record in host.ready}
    for word in session.scalars(select(TenantPlugin)):
        if word.state != PluginState.ON:
            enabled.pop(word.plugin_key, None)
        elif word.plugin_key in ready:
            enabled[word.plugin_key] = dict(word.settings)
    return enabled


def catalogue_of(session: Session, host: Host) -> Catalogue:
    """Give the catalogue of the tenant that the session is bound to."""
    return catalogue_for(host, enabled_plugins(session, host))
