"""Manifest: who a plugin is, which contract it speaks, what its settings are."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import RAISE, Schema


class Settings(Schema):
    """A plugin's settings; unknown keys are refused."""

    class Meta:
        """Refuse what is not declared."""

        unknown = RAISE


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Who a plugin is.

    A vendor's keys begin with the plugin's key and a dot (``acme.night_market``);
    keys without a dot are reserved for the built-ins.
    """

    key: str
    name: str
    version: str
    api: tuple[int, int]
    settings: type[Schema] = Settings
    contact: str = ""
