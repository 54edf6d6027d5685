"""The reference's own 19 categories as a vendor's formats plugin, for the journey alone."""

from __future__ import annotations

import json
import types
from pathlib import Path

from core.contract import API, BusinessFormat, Manifest, Terms, hookimpl


def reference_plugin(starter: Path) -> types.ModuleType:
    """Make a plugin module out of the starter data's category map."""
    categories = json.loads((starter / "tools/category_map.json").read_text())
    module = types.ModuleType("reference_formats_plugin")

    @hookimpl
    def lifecircle_manifest() -> Manifest:
        return Manifest(key="reference", name="参照类别", version="1", api=API)

    @hookimpl
    def lifecircle_business_formats(settings) -> list[BusinessFormat]:
        return [
            BusinessFormat(
                key=f"reference.{key}",
                name=f"参照·{category['zh']}",
                english=key,
                terms=Terms(tags=tuple(f"{k}={v}" for k, v in category["osm"])),
            )
            for key, category in categories.items()
        ]

    module.lifecircle_manifest = lifecircle_manifest
    module.lifecircle_business_formats = lifecircle_business_formats
    return module
