"""Fixtures for vendors' tests; nothing heavy is imported until a fixture is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from core.catalog.host import Host
    from core.kit.town import Town


@pytest.fixture(scope="session")
def sample_town() -> Town:
    """Give the sample town, whose answers can be checked by hand."""
    from core.kit import town  # noqa: PLC0415 - pytest loads this module in every run

    return town.sample_town()


@pytest.fixture(scope="session")
def plugin_host() -> Host:
    """Give the plugins that are installed, each with its record."""
    from core.catalog import host  # noqa: PLC0415 - pytest loads this module in every run

    return host.load()
