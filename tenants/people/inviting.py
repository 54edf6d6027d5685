"""Invitations of a place, made and taken back; and the page that an invitation's link opens."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from core.access import Here, open_to_all, requires, services
from core.db import installation
from core.errors import Invalid, LifecircleError
from core.policy import Permission
from core.web.frame import frame
from core.web.language import in_english
from core.web.pages.blueprint import page, said, see
from tenants.people.invitations import (
    LASTS,
    PATH,
    accept,
    invitations_of,
    invite,
    invited_by,
    is_open,
    resend,
    revoke,
)
from tenants.people.models import Invitation, Role, User
from tenants.people.operations import refuse_tokens
from tenants.people.pages import admitted, blueprint, cookie, device
from tenants.people.parts import parts_of
from tenants.people.roles import ROLE_NAMES
from tenants.people.signing import admit
from tenants.people.staff import days_typed, role_named

__all__ = ["blueprint"]  # of pages, with the views of this module on it


@blueprint.route("/t/<tenant>/invitations")
@requires(Permission.PEOPLE_MANAGE)
def invitations(here: Here) -> Response:
    """List who was invited, and offer to invite somebody."""
    return _invitations(here)


@blueprint.route("/t/<tenant>/invitations", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
def new_invitation(here: Here) -> Response:
    """Invite somebody; the link stands in this answer and nowhere else."""
    form = request.form
    try:
        refuse_tokens(here.actor)
        with here.session() as session:
            token = invite(
                session,
                login=form.get("login", ""),
                name=form.get("name", ""),
                role=role_named(form.get("role", "")),
                days=days_typed(form.get("days", "")),
                scope_area=form.get("part"),
            )
    except LifecircleError as error:
        return _invitations(here, error)
    return _invitations(here, name=form.get("name", ""), link=_link(token))


@blueprint.route("/t/<tenant>/invitations/<uuid:invitation_id>/resend", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
def renew_invitation(here: Here, invitation_id: UUID) -> Response:
    """Make an invitation's link anew; the old one ends."""
    refuse_tokens(here.actor)
    with here.session() as session:
        token = resend(session, invitation_id)
        name = session.get_one(Invitation, (here.tenant_id, invitation_id)).name
    return _invitations(here, name=name, link=_link(token))


@blueprint.route("/t/<tenant>/invitations/<uuid:invitation_id>/revoke", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
def revoke_invitation(here: Here, invitation_id: UUID) -> Response:
    """Take an invitation back; its link ends."""
    with here.session() as session:
        revoke(session, invitation_id)
    flash(_("已撤回邀请，它的链接已失效。"), "info")
    return see(url_for("people_pages.invitations", tenant=here.slug))


@blueprint.route(PATH.format(token="<token>"), methods=["GET", "POST"])  # noqa: S106 - the name of a part of the address
@open_to_all
def invitation(token: str) -> Response:
    """Let the invited choose a password; opening the page uses nothing up."""
    database = services().database
    try:
        told = invited_by(database, token)
    except LifecircleError as error:
        if request.method == "POST":  # a guess, as at the entrance
            with database.unbound() as session:
                installation.record(
                    session, action="invitation.refuse", subject="invitation:unknown"
                )
        return page("people/invitation.html", error.status, over=said(error))
    wrong: LifecircleError | None = None
    if request.method == "POST":
        chosen = request.form.get("new", "")
        try:
            if chosen != request.form.get("again", ""):
                raise Invalid(
                    "两次输入的密码不一样，没有建立账号，请重新输入。",
                    english="The two passwords differ; no account was made. Type them again.",
                )
            user_id = accept(database, token, chosen)
        except LifecircleError as error:
            wrong = error
        else:
            with database.unbound(user_id) as session:
                user = session.get_one(User, user_id)
                signed = admit(session, user, replaces=cookie(), device=device(), invited=True)
            return admitted(signed, "/")
    return page(
        "people/invitation.html",
        200 if wrong is None else wrong.status,
        told=told,
        place=told.english if in_english() else told.place,
        role=ROLE_NAMES[told.role][in_english()],
        wrong=None if wrong is None else said(wrong),
    )


def _invitations(
    here: Here, error: LifecircleError | None = None, name: str = "", link: str = ""
) -> Response:
    now = datetime.now(UTC)
    with here.session() as session:
        listed = [
            {
                "id": row.id,
                "login": row.login,
                "name": row.name,
                "role": ROLE_NAMES[Role(row.role)][in_english()],
                "part": row.scope_area,
                "made_at": row.created_at,
                "expires_at": row.expires_at,
                "open": is_open(row, now),
                "pending": row.accepted_at is None and row.revoked_at is None,
                "state": _state(row, now),
            }
            for row in invitations_of(session)
        ]
        parts = parts_of(session)
    return page(
        "people/invitations.html",
        200 if error is None else error.status,
        shell=frame(here, ""),
        here=here,
        invitations=listed,
        open=sum(bool(each["open"]) for each in listed),
        days=LASTS.days,
        roles={role.value: names[in_english()] for role, names in ROLE_NAMES.items()},
        parts=parts,
        part_names=dict(parts),
        filled={} if error is None else request.form,
        wrong=None if error is None else said(error),
        name=name,
        link=link,
    )


def _state(row: Invitation, now: datetime) -> str:
    state: str = _("待接受") if row.expires_at > now else _("已过期")
    if row.accepted_at is not None:
        state = _("已接受")
    elif row.revoked_at is not None:
        state = _("已撤回")
    return state


def _link(token: str) -> str:
    return request.url_root.rstrip("/") + PATH.format(token=token)
