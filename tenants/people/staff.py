"""Who works in a place as what and until when, and what each role may do there."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from flask import Response, flash, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from core.access import Here, requires
from core.db.within import within
from core.errors import Conflict, Invalid, LifecircleError, NotFound
from core.policy import Permission
from core.web.frame import frame
from core.web.language import in_english
from core.web.pages.blueprint import page, said, see
from tenants.people.invitations import invitations_of, is_open
from tenants.people.models import Role, User
from tenants.people.operations import add_member, find_user, members_of, remove_member
from tenants.people.pages import blueprint, permission_name
from tenants.people.parts import parts_of
from tenants.people.roles import (
    LEFT_TO_A_PART,
    PERMISSIONS,
    ROLE_NAMES,
    SEEN_FROM_ABOVE,
    STAFF,
)
from tenants.people.totp import reset

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
    """Give somebody who has an account a role here; who has none is invited."""
    form = request.form
    try:
        role, days = role_named(form.get("role", "")), days_typed(form.get("days", ""))
        with here.services.database.unbound(here.actor.id) as session:
            user = _account_of(session, form.get("login", ""))
            with within(session, here.tenant_id):
                add_member(session, user.id, role, days=days, scope_area=form.get("part"))
            name = user.name
    except LifecircleError as error:
        return _members(here, error)
    flash(_("%(name)s现为%(role)s。", name=name, role=ROLE_NAMES[role][in_english()]), "met")
    return see(url_for("people_pages.members", tenant=here.slug))


def _account_of(session: Session, login: str) -> User:
    try:
        return find_user(session, login)
    except NotFound:
        raise NotFound(
            f"没有登录名为“{login[:64]}”的账号，没有改变。请核对，或在“邀请”里邀请本人。",
            english=f"Nobody has the login “{login[:64]}”; nothing was changed. Check it, or "
            "invite them under “Invitations”.",
        ) from None


@blueprint.route("/t/<tenant>/members/<uuid:user_id>/reset", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
def reset_phone(here: Here, user_id: UUID) -> Response:
    """Take a member's lost phone away; they enrol another after their next password."""
    try:
        with here.session() as session:
            name = reset(session, user_id)
    except LifecircleError as error:
        return _members(here, error)
    flash(_("已重置%(name)s的两步验证，本人的登录都已结束。", name=name), "info")
    return see(url_for("people_pages.members", tenant=here.slug))


@blueprint.route("/t/<tenant>/roles")
@requires(Permission.TENANT_READ, cut_to_part=True)
def roles(here: Here) -> Response:
    """Show which role may do what."""
    return page(
        "people/roles.html",
        shell=frame(here, ""),
        here=here,
        roles=[(role, names[in_english()]) for role, names in ROLE_NAMES.items()],
        permissions=[(each, permission_name(each)) for each in Permission],
        held=PERMISSIONS,
        left=LEFT_TO_A_PART,
        above=SEEN_FROM_ABOVE,
        staff=STAFF,
        may_members=here.may(Permission.PEOPLE_MANAGE),
    )


@blueprint.route("/t/<tenant>/members/<uuid:user_id>/remove", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
def remove(here: Here, user_id: UUID) -> Response:
    """Take a role away; one's own last way to manage members stays."""
    try:
        role = role_named(request.form.get("role", ""))
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


def _members(here: Here, error: LifecircleError | None = None) -> Response:
    now = datetime.now(UTC)
    with here.session() as session:
        listed = [
            {
                "user_id": user.id,
                "login": user.login,
                "name": user.name,
                "role": membership.role,
                "role_name": ROLE_NAMES[Role(membership.role)][in_english()],
                "part": membership.scope_area,
                "phone": user.totp_since is not None,
                "asks_phone": Role(membership.role) in STAFF,
                "expires_at": membership.expires_at,
                "ended": membership.expires_at is not None and membership.expires_at <= now,
            }
            for user, membership in members_of(session)
        ]
        parts = parts_of(session)
        open_invitations = sum(1 for each in invitations_of(session) if is_open(each, now))
    return page(
        "people/members.html",
        200 if error is None else error.status,
        shell=frame(here, ""),
        here=here,
        members=listed,
        people=len({each["user_id"] for each in listed}),
        roles={role.value: names[in_english()] for role, names in ROLE_NAMES.items()},
        may_tokens=here.may(Permission.TOKEN_MANAGE),
        parts=parts,
        part_names=dict(parts),
        invitations=open_invitations,
        filled={} if error is None else request.form,
        wrong=None if error is None else said(error),
    )


def role_named(text: str) -> Role:
    """Read a role's key."""
    try:
        return Role(text)
    except ValueError:
        raise Invalid(
            "没有这个角色，没有改变。请从列表里选。",
            english="There is no such role; nothing was changed. Choose one from the list.",
        ) from None


def days_typed(text: str) -> int | None:
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
