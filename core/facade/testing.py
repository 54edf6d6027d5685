"""The vendors' test kit, imported as ``lifecircle.testing``."""

from core.kit.conformance import PluginConformance
from core.kit.town import GivenFacts, Town, sample_town, unmeasured

__all__ = ["GivenFacts", "PluginConformance", "Town", "sample_town", "unmeasured"]
