"""Basics: the business formats (业态) that every tenant starts with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.contract import BusinessFormat, Manifest, declared_formats, hookimpl


@hookimpl
def lifecircle_manifest() -> Manifest:
    """Say who this is."""
    return Manifest(key="basics", name="基础业态目录", version="1.0.0", api=(1, 0))


@hookimpl
def lifecircle_business_formats(settings: Mapping[str, Any]) -> Sequence[BusinessFormat]:  # noqa: ARG001 - the hook's signature
    """Give the formats of ``formats.toml``."""
    return declared_formats("plugins.basics", "formats.toml")
