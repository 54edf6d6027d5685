"""The journeys' way to make places."""

from __future__ import annotations

from tests.journeys.conftest import settle

__all__ = ["settle"]
