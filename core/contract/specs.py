"""The hooks: all that a plugin can give. Each returns values; nothing else is asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from core.contract.business_format import BusinessFormat
    from core.contract.importer import Importer
    from core.contract.manifest import Manifest
    from core.contract.ruleset import Ruleset

PROJECT = "lifecircle"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def lifecircle_manifest() -> Manifest:  # type: ignore[empty-body]  # a specification has no body
    """Say who the plugin is. Called once at load; a failure marks the plugin broken."""


@hookspec
def lifecircle_business_formats(settings: Mapping[str, Any]) -> Sequence[BusinessFormat]:  # type: ignore[empty-body]  # a specification has no body
    """Give business formats (业态). Called when a tenant's catalogue is built."""


@hookspec
def lifecircle_rulesets(settings: Mapping[str, Any]) -> Sequence[Ruleset]:  # type: ignore[empty-body]  # a specification has no body
    """Give evaluation rulesets. Called when a tenant's catalogue is built."""


@hookspec
def lifecircle_importers(settings: Mapping[str, Any]) -> Sequence[Importer]:  # type: ignore[empty-body]  # a specification has no body
    """Give readers of files. Called when a tenant's catalogue is built."""
