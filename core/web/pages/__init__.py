"""The core's pages: a place's desk, its data, its runs, and what came out of them."""

from core.web.pages import (
    areas,
    audit,
    card,
    datasets,
    entrance,
    gaps,
    home,
    imports,
    jobs,
    monitor,
    runs,
    sources,
)
from core.web.pages.blueprint import blueprint

__all__ = [
    "areas",
    "audit",
    "blueprint",
    "card",
    "datasets",
    "entrance",
    "gaps",
    "home",
    "imports",
    "jobs",
    "monitor",
    "runs",
    "sources",
]
