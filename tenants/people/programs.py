"""Tokens for programs: the place's, kept by its administrators, and everybody's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from core.access import Here, requires
from core.errors import Invalid, LifecircleError
from core.policy import Permission
from core.web.frame import frame
from core.web.pages.blueprint import page, said, see
from tenants.people.models import TokenKind
from tenants.people.operations import (
    make_token,
    members_of,
    permissions_here,
    refuse_tokens,
    revoke_token,
    tokens_of,
)
from tenants.people.pages import blueprint, landing, permission_name, token_shape
from tenants.people.roles import NOT_FOR_SERVICES
from tenants.people.staff import days_typed

__all__ = ["blueprint"]  # of pages, with the views of this module on it


@blueprint.route("/t/<tenant>/tokens")
@requires(Permission.TOKEN_MANAGE)
def tokens(here: Here) -> Response:
    """List the tokens of this place, and offer to make one."""
    return _tokens(here)


@blueprint.route("/t/<tenant>/tokens", methods=["POST"])
@requires(Permission.TOKEN_MANAGE)
def new_token(here: Here) -> Response:
    """Make a token; its text stands in this answer and nowhere else."""
    try:
        secret = _made(here, _kind(request.form.get("kind", TokenKind.PERSONAL)))
    except LifecircleError as error:
        return _tokens(here, error)
    return _tokens(here, secret=secret)


@blueprint.route("/t/<tenant>/tokens/<uuid:token_id>/revoke", methods=["POST"])
@requires(Permission.TOKEN_MANAGE)
def end_token(here: Here, token_id: UUID) -> Response:
    """End a token now and go back to the page with the button."""
    with here.session() as session:
        revoke_token(session, token_id)
    flash(_("令牌已停用，用它的程序从现在起会被拒绝。"), "info")
    here_again = url_for("people_pages.tokens", tenant=here.slug)
    return see(landing(request.form.get("next") or here_again))


@blueprint.route("/t/<tenant>/my-tokens")
@requires(Permission.TENANT_READ, cut_to_part=True)
def my_tokens(here: Here) -> Response:
    """List one's own tokens here, and offer to make one for what one may do here."""
    return _tokens(here, own=True)


@blueprint.route("/t/<tenant>/my-tokens", methods=["POST"])
@requires(Permission.TENANT_READ, cut_to_part=True)
def new_own_token(here: Here) -> Response:
    """Make a personal token; its text stands in this answer and nowhere else."""
    try:
        secret = _made(here, TokenKind.PERSONAL)
    except LifecircleError as error:
        return _tokens(here, error, own=True)
    return _tokens(here, secret=secret, own=True)


@blueprint.route("/t/<tenant>/my-tokens/<uuid:token_id>/revoke", methods=["POST"])
@requires(Permission.TENANT_READ, cut_to_part=True)
def end_own_token(here: Here, token_id: UUID) -> Response:
    """End one of one's own tokens now."""
    with here.session() as session:
        revoke_token(session, token_id, of=here.actor.id)
    flash(_("令牌已停用，用它的程序从现在起会被拒绝。"), "info")
    here_again = url_for("people_pages.my_tokens", tenant=here.slug)
    return see(landing(request.form.get("next") or here_again))


def _made(here: Here, kind: TokenKind) -> str:
    form = request.form
    refuse_tokens(here.actor)
    with here.session() as session:
        return make_token(
            session,
            here.actor.id,
            name=form.get("name", ""),
            scopes=_scopes(form.getlist("scopes")),
            days=days_typed(form.get("days", "")) or 0,
            kind=kind,
        )


def _tokens(
    here: Here, error: LifecircleError | None = None, *, secret: str = "", own: bool = False
) -> Response:
    with here.session() as session:
        names = {user.id: user.name for user, _membership in members_of(session)}
        listed: list[dict[str, Any]] = [
            {"owner": names.get(token.user_id, "—"), **token_shape(token)}
            for token in tokens_of(session)
            if not own or (token.user_id == here.actor.id and token.kind == TokenKind.PERSONAL)
        ]
        held = permissions_here(session, here.actor.id)
    return page(
        "people/tokens.html",
        200 if error is None else error.status,
        shell=frame(here, ""),
        here=here,
        own=own,
        tokens=listed,
        working=sum(each["works"] for each in listed),
        scopes=[each for each in Permission if each in held],
        not_for_services=NOT_FOR_SERVICES,
        permission_name=permission_name,
        filled={} if error is None else request.form,
        chosen=request.form.getlist("scopes") if error is not None else [],
        wrong=None if error is None else said(error),
        secret=secret,
    )


def _kind(text: str) -> TokenKind:
    try:
        return TokenKind(text)
    except ValueError:
        raise Invalid(
            "没有这种令牌，没有生成令牌。请从列表里选。",
            english="There is no such kind of token; none was made. Choose from the list.",
        ) from None


def _scopes(texts: list[str]) -> list[Permission]:
    try:
        return [Permission(text) for text in texts]
    except ValueError:
        raise Invalid(
            "没有这项权限，没有生成令牌。请从列表里选。",
            english="There is no such permission; no token was made. Choose from the list.",
        ) from None
