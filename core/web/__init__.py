"""Pages of the core, and the language that every page speaks: shell, components, figures."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Flask

from core.access import open_to_all, who
from core.web import assets, figures, language
from core.web.faults import error_page, fault_page, http_error_page
from core.web.frame import frame_outside
from core.web.language import TRANSLATIONS, locale
from core.web.pages import blueprint as core_pages
from core.web.shell import Shell

__all__ = [
    "TRANSLATIONS",
    "error_page",
    "fault_page",
    "http_error_page",
    "locale",
    "register",
]


def register(app: Flask, pages: Sequence[Blueprint]) -> None:
    """Teach the templates the house's language, and serve the rooms' pages."""
    open_to_all(app.view_functions["static"])  # what every page is made with
    assets.offer(app)
    figures.offer(app)
    language.speak(app)
    app.jinja_env.globals.update(insecure_http=_insecure(app), shell_outside=_shell_outside)
    for page in (core_pages, *pages):
        app.register_blueprint(page)


def _shell_outside(current: str) -> Shell | None:
    """Give the shell of a page that is open to all: who is signed in keeps their rail."""
    person = who()
    return None if person is None else frame_outside(person, current)


def _insecure(app: Flask) -> bool:
    """Tell whether every page must say that the connection is not encrypted."""
    opened = app.extensions.get("lifecircle")
    return bool(opened is not None and opened.config.insecure_http)
