"""Which plugins a tenant works with: its own words and those from above, over the built-ins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select

from core.catalog.view import Catalogue, catalogue_for
from core.db import PluginState, Tenant, TenantPlugin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from core.catalog.host import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The word on a plugin that counts for a tenant, and who said it.

    ``own`` tells a tenant's own word from an inherited one; ``locked`` that it comes from above
    and nobody here can change it; ``locks`` that it is one's own and binds those below.
    ``silenced`` tells that there is a word of one's own, which a lock above keeps from counting.
    """

    plugin_key: str
    state: PluginState
    settings: Mapping[str, Any] = field(default_factory=dict)
    by: UUID
    slug: str
    name: str
    english: str
    own: bool
    locked: bool = False
    locks: bool = False
    silenced: bool = False


def heard(session: Session) -> dict[str, Heard]:
    """Give the word that counts for the session's tenant, by plugin key.

    The highest locked word counts; without a lock the nearest one, the tenant's own first. A word
    is taken whole: settings of two places are not mixed.
    """
    mine: UUID = session.info["tenant_id"]
    found: dict[str, Heard] = {}
    for word, place in session.execute(
        select(TenantPlugin, Tenant)
        .join(Tenant, Tenant.id == TenantPlugin.tenant_id)
        .where(TenantPlugin.inherited.is_(False))
        .order_by(func.length(Tenant.path))
    ):
        own = word.tenant_id == mine
        above = found.get(word.plugin_key)
        bound = above is not None and above.locked
        said = above if bound and above is not None else None
        found[word.plugin_key] = Heard(
            plugin_key=word.plugin_key,
            state=said.state if said else PluginState(word.state),
            settings=said.settings if said else dict(word.settings),
            by=said.by if said else word.tenant_id,
            slug=said.slug if said else place.slug,
            name=said.name if said else place.name,
            english=said.english if said else place.english,
            own=own and said is None,
            locked=bound or (word.locked_for_children and not own),
            locks=own and said is None and word.locked_for_children,
            silenced=own and said is not None,
        )
    return found


def enabled_plugins(session: Session, host: Host) -> dict[str, dict[str, Any]]:
    """Give plugin keys and settings that are on for the session's tenant.

    Built-ins are on until somebody says otherwise; a vendor's plugin is off until somebody does.
    A word about a plugin that this process lacks is kept but has no effect.
    """
    enabled = dict(host.built_in())
    ready = {record.key for record in host.ready}
    for word in heard(session).values():
        if word.state != PluginState.ON:
            enabled.pop(word.plugin_key, None)
        elif word.plugin_key in ready:
            enabled[word.plugin_key] = dict(word.settings)
    return enabled


def catalogue_of(session: Session, host: Host) -> Catalogue:
    """Give the catalogue of the tenant that the session is bound to."""
    return catalogue_for(host, enabled_plugins(session, host))
