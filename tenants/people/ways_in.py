"""A member's ways in, in an administrator's hands: sign-ins looked at and ended, a phone's code."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, flash, url_for
from flask_babel import gettext as _

from core.access import Here, requires
from core.errors import LifecircleError
from core.policy import Permission
from core.web.frame import frame
from core.web.pages.blueprint import page, said, see
from tenants.people import totp
from tenants.people.models import UserSession
from tenants.people.operations import member_here, refuse_tokens
from tenants.people.pages import blueprint
from tenants.people.sessions import end_of_member, end_one_of_member, sessions_of

__all__ = ["blueprint"]  # of pages, with the views of this module on it


@blueprint.route("/t/<tenant>/members/<uuid:user_id>")
@requires(Permission.PEOPLE_MANAGE)
def member(here: Here, user_id: UUID) -> Response:
    """Show where a member is signed in, and whether they have a phone."""
    return _member(here, user_id)


@blueprint.route(
    "/t/<tenant>/members/<uuid:user_id>/sessions/<uuid:session_id>/end", methods=["POST"]
)
@requires(Permission.PEOPLE_MANAGE)
def end_members_session(here: Here, user_id: UUID, session_id: UUID) -> Response:
    """End one of a member's sign-ins."""
    with here.session() as session:
        member_here(session, user_id)
        end_one_of_member(session, user_id, session_id)
    flash(_("已结束这个登录。"), "info")
    return see(url_for("people_pages.member", tenant=here.slug, user_id=user_id))


@blueprint.route("/t/<tenant>/members/<uuid:user_id>/sessions/end", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
def end_members_sessions(here: Here, user_id: UUID) -> Response:
    """End all of a member's sign-ins."""
    with here.session() as session:
        member_here(session, user_id)
        ended = end_of_member(session, user_id)
    flash(_("已结束 %(n)s 个登录。", n=ended), "info")
    if user_id == here.actor.id:
        return see(url_for("people_pages.sign_in"))
    return see(url_for("people_pages.member", tenant=here.slug, user_id=user_id))


@blueprint.route("/t/<tenant>/members/<uuid:user_id>/phone-code", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
def allow_phone(here: Here, user_id: UUID) -> Response:
    """Make a code for enrolling a phone; it stands in this answer and nowhere else."""
    try:
        refuse_tokens(here.actor)
        with here.session() as session:
            code = totp.allow_member(session, user_id)
    except LifecircleError as error:
        return _member(here, user_id, error)
    return _member(here, user_id, code=code)


def session_shape(row: UserSession) -> dict[str, Any]:
    """Give what a list says of a sign-in; never its token, which is not kept."""
    told: dict[str, datetime | UUID | str] = {
        "id": row.id,
        "device": row.device,
        "since": row.created_at,
        "seen_at": row.seen_at,
        "until": row.expires_at,
    }
    return told


def _member(
    here: Here, user_id: UUID, error: LifecircleError | None = None, code: str = ""
) -> Response:
    with here.session() as session:
        user = member_here(session, user_id)
        values: dict[str, Any] = {
            "user_id": user.id,
            "name": user.name,
            "login": user.login,
            "phone_since": user.totp_since,
            "sessions": [session_shape(row) for row in sessions_of(session, user.id)],
        }
    return page(
        "people/member.html",
        200 if error is None else error.status,
        shell=frame(here, ""),
        here=here,
        code=code,
        hours=int(totp.ALLOWED_FOR.total_seconds() // 3600),
        wrong=None if error is None else said(error),
        **values,
    )
