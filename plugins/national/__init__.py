"""National: the rulesets that follow the nation's texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.contract import Manifest, Ruleset, declared_ruleset, hookimpl


@hookimpl
def lifecircle_manifest() -> Manifest:
    """Say who this is."""
    return Manifest(key="national", name="国家便民生活圈评价办法", version="1.0.0", api=(1, 0))


@hookimpl
def lifecircle_rulesets(settings: Mapping[str, Any]) -> Sequence[Ruleset]:  # noqa: ARG001 - the hook's signature
    """Give the six ones of the 2023 plan."""
    return [declared_ruleset("plugins.national", "national-2023-plan.toml")]
