"""TenantPlugin: which plugins a tenant has turned on, and with which settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Owned, one_of


class PluginState(StrEnum):
    """Whether a plugin works for a tenant."""

    ON = "on"
    OFF = "off"
    SUSPENDED = "suspended"


class TenantPlugin(Owned, Base):
    """A tenant's word on a plugin; without a row the nearest ancestor's word counts.

    With no word anywhere the built-in plugins are on.
    """

    __tablename__ = "tenant_plugins"
    __table_args__ = (
        UniqueConstraint("tenant_id", "plugin_key"),
        one_of("state", PluginState),
    )

    plugin_key: Mapped[str]
    state: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    locked_for_children: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
