"""Jinan: the city's ruleset, which extends the nation's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields

from core.contract import Manifest, Ruleset, Settings, declared_ruleset, hookimpl


class JinanSettings(Settings):
    """What only the city's bureau can state."""

    no_major_incidents = fields.Bool(
        load_default=False,
        metadata={
            "title": "声明：评定年度内各生活圈未发生重大食品安全、消防等责任事故",
            "description": "不声明时，一票否决规则不能判定，等级待定。声明会印在评分卡上。",
        },
    )


@hookimpl
def lifecircle_manifest() -> Manifest:
    """Say who this is."""
    return Manifest(
        key="jinan",
        name="济南市便民生活圈评价办法",
        version="1.0.0",
        api=(1, 0),
        settings=JinanSettings,
    )


@hookimpl
def lifecircle_rulesets(settings: Mapping[str, Any]) -> Sequence[Ruleset]:  # noqa: ARG001 - the ruleset is handed the settings when it judges
    """Give the city's ruleset."""
    return [declared_ruleset("plugins.jinan", "jinan.toml")]
