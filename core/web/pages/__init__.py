"""The core's pages: a place's desk, its data, its runs, and what came out of them."""

from core.web.pages import (
    areas,
    card,
    datasets,
    entrance,
    gaps,
    home,
    imports,
    monitor,
    runs,
    sources,
)
from core.web.pages.blueprint import blueprint

__all__ = [
    "areas",
    "blueprint",
    "card",
    "datasets",
    "entrance",
    "gaps",
    "home",
    "imports",
    "monitor",
    "runs",
    "sources",
]
