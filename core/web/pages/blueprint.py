"""The blueprint of the core's pages, and what each of them does when something is refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Protocol, cast
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template
from flask_babel import gettext as _

from core.contract import Span
from core.errors import LifecircleError
from core.web.figures import NOTHING
from core.web.language import in_english


class HasPoints(Protocol):
    """A run, or what it says of an area."""

    @property
    def points_low(self) -> float | None:
        """The least that it may have got."""

    @property
    def points_high(self) -> float | None:
        """The most that it may have got."""


blueprint = Blueprint("pages", "core.web")
BEIJING = timezone(timedelta(hours=8))
OURS = 500  # from here on an error is the operator's, and told by the error page


def said(error: LifecircleError) -> str:
    """Give an error's sentence in the page's language."""
    return error.english if in_english() else error.message


def faults_of(error: LifecircleError) -> list[str]:
    """Give an error's particulars as lines: field, and what is wrong with it."""
    return [
        _("：").join(part for part in map(_words, detail.values()) if part)
        for detail in error.details
    ]


def page(template: str, status: int = 200, **values: Any) -> Response:
    """Render a page."""
    return make_response(render_template(template, **values), status)


def see(address: str) -> Response:
    """Send the browser on after a form, so that reloading sends nothing again."""
    return cast("Response", redirect(address, 303))


def _words(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "；".join(map(_words, value))
    if isinstance(value, dict):
        return "；".join(f"{key} {_words(each)}" for key, each in value.items())
    return "" if value is None else str(value)


@blueprint.app_template_filter("mark")
def mark(run_id: UUID) -> str:
    """Give the few characters by which people tell runs apart; an id begins with its time."""
    return f"r-{str(run_id)[-12:-8]}-{str(run_id)[-4:]}"


@blueprint.app_template_filter("moment")
def moment(when: datetime | None) -> str:
    """Write a moment to the minute, in the time that all of China keeps."""
    if when is None:
        return NOTHING
    return when.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")


@blueprint.app_template_filter("run_points")
def run_points(run: HasPoints) -> Span | None:
    """Give a run's points as a span; ``None`` while it has none."""
    if run.points_low is None or run.points_high is None:
        return None
    return Span(run.points_low, run.points_high)
