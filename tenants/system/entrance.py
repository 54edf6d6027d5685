"""The way in by another house: to its sign-in page, and back with its answer."""

from __future__ import annotations

import structlog
from flask import Response, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.access import open_to_all, services
from core.db import installation
from core.errors import Conflict, Invalid, LifecircleError, NotSignedIn, Unavailable
from core.web.language import in_english
from core.web.pages.blueprint import page, said
from tenants.people.pages import admitted, cookie, device, landing
from tenants.system.identities import enter
from tenants.system.oidc import Attempt, begin, finish
from tenants.system.pages import blueprint
from tenants.system.providers import Provider, providers_of

__all__ = ["blueprint"]  # of pages, with the views of this module on it
LOG = structlog.get_logger("lifecircle.system")
KEPT = "oidc"  # in the browser's signed form cookie


@blueprint.app_template_global("sign_in_providers")
def sign_in_providers() -> list[tuple[str, str]]:
    """Give address and name of each house by which one may sign in."""
    to = landing(request.values.get("next", ""))
    return [
        (
            url_for("system_pages.leave_for", key=each.key, next=to),
            each.english if in_english() else each.name,
        )
        for each in providers_of(services().config).listed
    ]


@blueprint.route("/sign-in/by/<string:key>")
@open_to_all
def leave_for(key: str) -> AnyResponse:
    """Send the browser to a provider; what its answer has to fit stays in the browser's cookie."""
    provider = providers_of(services().config).find(key)
    try:
        address, attempt = begin(provider, landing(request.args.get("next", "")))
    except Unavailable as error:
        return _refusal(error)
    session[KEPT] = attempt.kept()
    return redirect(address, 303)


@blueprint.route("/sign-in/by/<string:key>/return")
@open_to_all
def come_back(key: str) -> Response:
    """Read a provider's answer, once; every refusal is recorded and leads back to the entrance."""
    provider = providers_of(services().config).find(key)
    attempt = Attempt.of(session.pop(KEPT, None))
    try:
        claims = finish(provider, attempt, request.args)
        signed = enter(services().database, provider, claims, replaces=cookie(), device=device())
    except (NotSignedIn, Unavailable, Conflict, Invalid) as error:
        _record(provider, error)
        return _refusal(error)
    return admitted(signed, landing(attempt.to if attempt else ""))


def _record(provider: Provider, error: LifecircleError) -> None:
    """Keep that somebody was refused, and why; never who they are elsewhere."""
    why = str(error.details[0]["why"]) if error.details else error.code
    with services().database.unbound() as opened:
        installation.record(
            opened,
            action="sign_in.refuse",
            subject=f"provider:{provider.key}",
            details={"why": why},
        )
    LOG.warning("sign-in refused", provider=provider.key, why=why)


def _refusal(error: LifecircleError) -> Response:
    return page("people/sign_in.html", error.status, to="/", wrong=said(error))
