"""What belongs to no place: whether the process lives, the mark in the tab, the language."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, current_app, jsonify, request

from core import __version__
from core.access import open_to_all
from core.errors import Invalid
from core.services import Services
from core.web.assets import STATIC
from core.web.language import COOKIE, SPOKEN
from core.web.pages.blueprint import blueprint, see

YEAR_SECONDS = 366 * 24 * 3600


@blueprint.route("/healthz")
@open_to_all
def health() -> Response:
    """Say that the process answers, and which version it is."""
    return jsonify(status="ok", version=__version__)


@blueprint.route("/favicon.ico")
@open_to_all
def favicon() -> Response:
    """Give the mark to browsers that ask at the old address."""
    mark = Response((STATIC / "favicon.svg").read_bytes(), mimetype="image/svg+xml")
    mark.headers["Cache-Control"] = "public, max-age=86400"
    return mark


@blueprint.route("/language", methods=["POST"])
@open_to_all
def language() -> Response:
    """Remember the person's language and go back to the page they came from."""
    chosen = request.form.get("language", "")
    if chosen not in SPOKEN:
        raise Invalid(
            "没有这种语言的页面。页面语言没有改变，可选中文或英文。",
            english="There are no pages in this language. Choose Chinese or English.",
        )
    answer = see(local(request.form.get("next", "")))
    opened: Services = current_app.extensions["lifecircle"]
    answer.set_cookie(
        COOKIE,
        chosen,
        max_age=YEAR_SECONDS,
        secure=not opened.config.insecure_http,
        httponly=True,
        samesite="Lax",
    )
    return answer


def local(address: str) -> str:
    """Give an address of this site as it is, ``/`` for anything else."""
    if not address.startswith("/") or address.startswith(("//", "/\\")):
        return "/"
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return "/"
    return address.rstrip("?")
