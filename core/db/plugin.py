"""TenantPlugin: which plugins a tenant has turned on, and with which settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import override

from core.db.base import Base, Owned, one_of


class PluginState(StrEnum):
    """Whether a plugin works for a tenant."""

    ON = "on"
    OFF = "off"
    SUSPENDED = "suspended"


class TenantPlugin(Owned, Base):
    """A tenant's word on a plugin; without one the nearest ancestor's word counts.

    With no word anywhere the built-in plugins are on. A word that is locked binds everybody below.
    A tenant's session reads its own words and those above it, and writes its own.
    ``inherited`` marks a copy that an older release made; nobody hears it any more.
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
    inherited: Mapped[bool] = mapped_column(default=False, server_default=text("false"))

    @classmethod
    @override
    def visible(cls) -> ColumnElement[bool]:
        """Let a tenant read the words of the places above it, which count for it too."""
        return cls.tenant_id == func.any(func.lifecircle_above())
