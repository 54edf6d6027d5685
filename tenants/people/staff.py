"""Who works in a place, and the tokens that programs use there: to add, to take away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from core.access import Here, requires
from core.db.within import within
from core.errors import Conflict, Invalid, LifecircleError, NotFound
from core.policy import Permission
from core.web.frame import frame
from core.web.language import in_english
from core.web.pages.blueprint import page, said, see
from tenants.people.models import Role
from tenants.people.operations import (
    add_member,
    create_user,
    find_user,
    make_token,
    members_of,
    permissions_here,
    remove_member,
    revoke_token,
    tokens_of,
)
from tenants.people.pages import blueprint, landing, permission_name, token_shape
from tenants.people.roles import PERMISSIONS, ROLE_NAMES
from tenants.people.signing import LINK_MINUTES, LINK_PATH, make_link

__all__ = ["blueprint"]  # of pages, with the views of this module on it
LONGEST_DAYS = 3660


@blueprint.route("/t/<tenant>/members")
@requires(Permission.PEOPLE_MANAGE)
def members(here: Here) -> Response:
    """List who works here and as what."""
    return _members(here)


@blueprint.route("/t/<tenant>/members", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
def add(here: Here) -> Response:
    """Give somebody a role here; a new account comes with a link that signs in once.

    A link is made for a new account only: for one that exists it would be a way into it.
    """
    form = request.form
    link = ""
    try:
        role, days = _role(form.get("role", "")), _days(form.get("days", ""))
        with here.services.database.unbound(here.actor.id) as session:
            try:
                user = find_user(session, form.get("login", ""))
            except NotFound:
                user = create_user(session, login=form.get("login", ""), name=form.get("name", ""))
                link = LINK_PATH.format(token=make_link(session, user, minutes=LINK_MINUTES[1]))
            with within(session, here.tenant_id):
                add_member(session, user.id, role, days=days)
            name = user.name
    except LifecircleError as error:
        return _members(here, error)
    if link:
        return _members(here, name=name, link=request.url_root.rstrip("/") + link)
    flash(_("%(name)s现为%(role)s。", name=name, role=ROLE_NAMES[role][in_english()]), "met")
    return see(url_for("people_pages.members", tenant=here.slug))


@blueprint.route("/t/<tenant>/members/<uuid:user_id>/remove", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
def remove(here: Here, user_id: UUID) -> Response:
    """Take a role away; one's own last way to manage members stays."""
    try:
        role = _role(request.form.get("role", ""))
        if user_id == here.actor.id and Permission.PEOPLE_MANAGE in PERMISSIONS[role]:
            raise Conflict(
                "不能移除自己的管理员角色，没有改变。请由另一位管理员来做。",
                english="You cannot take your own administrator's role away; nothing was changed. "
                "Ask another administrator.",
            )
        with here.session() as session:
            remove_member(session, user_id, role)
    except LifecircleError as error:
        return _members(here, error)
    flash(_("已移除这个角色。"), "info")
    return see(url_for("people_pages.members", tenant=here.slug))


@blueprint.route("/t/<tenant>/tokens")
@requires(Permission.TOKEN_MANAGE)
def tokens(here: Here) -> Response:
    """List the tokens of this place, and offer to make one."""
    return _tokens(here)


@blueprint.route("/t/<tenant>/tokens", methods=["POST"])
@requires(Permission.TOKEN_MANAGE)
def new_token(here: Here) -> Response:
    """Make a token; its text stands in this answer and nowhere else."""
    form = request.form
    try:
        with here.session() as session:
            secret = make_token(
                session,
                here.actor.id,
                name=form.get("name", ""),
                scopes=_scopes(form.getlist("scopes")),
                days=_days(form.get("days", "")) or 0,
            )
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


def _members(
    here: Here, error: LifecircleError | None = None, name: str = "", link: str = ""
) -> Response:
    now = datetime.now(UTC)
    with here.session() as session:
        listed = [
            {
                "user_id": user.id,
                "login": user.login,
                "name": user.name,
                "role": membership.role,
                "role_name": ROLE_NAMES[Role(membership.role)][in_english()],
                "expires_at": membership.expires_at,
                "ended": membership.expires_at is not None and membership.expires_at <= now,
            }
            for user, membership in members_of(session)
        ]
    return page(
        "people/members.html",
        200 if error is None else error.status,
        shell=frame(here, ""),
        here=here,
        members=listed,
        people=len({each["user_id"] for each in listed}),
        roles={role.value: names[in_english()] for role, names in ROLE_NAMES.items()},
        may_tokens=here.may(Permission.TOKEN_MANAGE),
        filled={} if error is None else request.form,
        wrong=None if error is None else said(error),
        name=name,
        link=link,
        link_minutes=LINK_MINUTES[1],
    )


def _tokens(here: Here, error: LifecircleError | None = None, secret: str = "") -> Response:
    with here.session() as session:
        names = {user.id: user.name for user, _membership in members_of(session)}
        listed: list[dict[str, Any]] = [
            {"owner": names.get(token.user_id, "—"), **token_shape(token)}
            for token in tokens_of(session)
        ]
        held = permissions_here(session, here.actor.id)
    return page(
        "people/tokens.html",
        200 if error is None else error.status,
        shell=frame(here, ""),
        here=here,
        tokens=listed,
        working=sum(each["works"] for each in listed),
        scopes=[each for each in Permission if each in held],
        permission_name=permission_name,
        filled={} if error is None else request.form,
        chosen=request.form.getlist("scopes") if error is not None else [],
        wrong=None if error is None else said(error),
        secret=secret,
    )


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise Invalid(
            "没有这个角色，没有改变。请从列表里选。",
            english="There is no such role; nothing was changed. Choose one from the list.",
        ) from None


def _scopes(texts: list[str]) -> list[Permission]:
    try:
        return [Permission(text) for text in texts]
    except ValueError:
        raise Invalid(
            "没有这项权限，没有生成令牌。请从列表里选。",
            english="There is no such permission; no token was made. Choose from the list.",
        ) from None


def _days(text: str) -> int | None:
    """Read a number of days; an empty text is no limit."""
    text = text.strip()
    if not text:
        return None
    if text.isascii() and text.isdigit() and 0 < int(text[:9]) <= LONGEST_DAYS:
        return int(text)
    raise Invalid(
        f"天数须为 1 至 {LONGEST_DAYS} 的整数，没有改变，请改正。",
        english=f"Days are a whole number from 1 to {LONGEST_DAYS}; nothing was changed.",
    )
