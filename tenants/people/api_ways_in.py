"""/me/sessions, /me/phone, and those of a member over HTTP: looked at, ended, taken away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields

from core.access import Here, requires, services, signed_in
from core.api.schemas import Strict, text
from core.errors import Conflict
from core.policy import Actor, Permission
from tenants.people import totp
from tenants.people.api import blueprint
from tenants.people.models import User
from tenants.people.operations import member_here, refuse_tokens
from tenants.people.own import session_of
from tenants.people.passwords import LONGEST
from tenants.people.sessions import (
    end_of_member,
    end_one_of_member,
    end_others,
    end_session,
    sessions_of,
)
from tenants.people.signing import prove
from tenants.people.ways_in import session_shape

__all__ = ["blueprint"]  # of people, with the views of this module on it


class SessionSchema(Schema):
    """Where somebody is signed in."""

    id = fields.UUID()
    device = fields.String(metadata={"description": "browser and system; empty: unknown"})
    since = fields.DateTime()
    seen_at = fields.DateTime()
    until = fields.DateTime(metadata={"description": "when it ends at the latest"})


class OwnSessionSchema(SessionSchema):
    """One of one's own."""

    this = fields.Boolean(metadata={"description": "the one that asks"})


class ProofSchema(Strict):
    """The password, or a code where there is none; neither within 10 minutes of signing in."""

    proof = text(most=LONGEST, least=0, load_default="")


class EndedSchema(Schema):
    """How many ended."""

    ended = fields.Integer()


class PhoneSchema(Schema):
    """Whether somebody has a second factor."""

    enrolled = fields.Boolean()
    since = fields.DateTime(allow_none=True)


class OwnPhoneSchema(PhoneSchema):
    """One's own."""

    recovery_codes_left = fields.Integer()


class CodeSchema(Schema):
    """A code for enrolling a phone after the password: once, for 24 hours, shown this once."""

    code = fields.String()


@blueprint.route("/me/sessions")
@signed_in
@blueprint.response(200, OwnSessionSchema(many=True))
def own_sessions(actor: Actor) -> list[dict[str, Any]]:
    """List where one is signed in, the last used first. A token sees none."""
    mine = session_of(actor)
    with services().database.unbound(actor.id) as session:
        return [
            {**session_shape(row), "this": row.id == mine} for row in sessions_of(session, actor.id)
        ]


@blueprint.route("/me/sessions/<uuid:session_id>/end", methods=["POST"])
@signed_in
@blueprint.arguments(ProofSchema)
@blueprint.response(204)
def end_own_session(actor: Actor, asked: dict[str, str], session_id: UUID) -> None:
    """End one of one's own sign-ins, but not the one that asks."""
    if session_of(actor) == session_id:
        raise Conflict(
            "这是正在用的登录，没有结束。请用“退出登录”。",
            english="This is the sign-in in use; it was not ended. Sign out instead.",
        )
    _prove(actor, asked)
    with services().database.unbound(actor.id) as session:
        end_session(session, actor.id, session_id)


@blueprint.route("/me/sessions/end-others", methods=["POST"])
@signed_in
@blueprint.arguments(ProofSchema)
@blueprint.response(200, EndedSchema)
def end_own_others(actor: Actor, asked: dict[str, str]) -> dict[str, int]:
    """End all of one's own sign-ins but the one that asks."""
    _prove(actor, asked)
    with services().database.unbound(actor.id) as session:
        return {"ended": end_others(session, actor.id, session_of(actor))}


@blueprint.route("/me/phone")
@signed_in
@blueprint.response(200, OwnPhoneSchema)
def own_phone(actor: Actor) -> dict[str, Any]:
    """Tell whether one has a second factor. A token is told nothing."""
    session_of(actor)
    with services().database.unbound(actor.id) as session:
        user = session.get_one(User, actor.id)
        enrolled = user.totp_since is not None
        left = totp.codes_left(session, user.id) if enrolled else 0
        return {**_phone(user), "recovery_codes_left": left}


@blueprint.route("/tenants/<tenant>/members/<uuid:user_id>/sessions")
@requires(Permission.PEOPLE_MANAGE)
@blueprint.response(200, SessionSchema(many=True))
def member_sessions(here: Here, user_id: UUID) -> list[dict[str, Any]]:
    """List where a member is signed in."""
    with here.session() as session:
        member_here(session, user_id)
        return [session_shape(row) for row in sessions_of(session, user_id)]


@blueprint.route("/tenants/<tenant>/members/<uuid:user_id>/sessions", methods=["DELETE"])
@requires(Permission.PEOPLE_MANAGE)
@blueprint.response(200, EndedSchema)
def end_member_sessions(here: Here, user_id: UUID) -> dict[str, int]:
    """End all of a member's sign-ins, and those that were begun."""
    with here.session() as session:
        member_here(session, user_id)
        return {"ended": end_of_member(session, user_id)}


@blueprint.route(
    "/tenants/<tenant>/members/<uuid:user_id>/sessions/<uuid:session_id>", methods=["DELETE"]
)
@requires(Permission.PEOPLE_MANAGE)
@blueprint.response(204)
def end_member_session(here: Here, user_id: UUID, session_id: UUID) -> None:
    """End one of a member's sign-ins."""
    with here.session() as session:
        member_here(session, user_id)
        end_one_of_member(session, user_id, session_id)


@blueprint.route("/tenants/<tenant>/members/<uuid:user_id>/phone")
@requires(Permission.PEOPLE_MANAGE)
@blueprint.response(200, PhoneSchema)
def member_phone(here: Here, user_id: UUID) -> dict[str, Any]:
    """Tell whether a member has a second factor."""
    with here.session() as session:
        return _phone(member_here(session, user_id))


@blueprint.route("/tenants/<tenant>/members/<uuid:user_id>/phone", methods=["DELETE"])
@requires(Permission.PEOPLE_MANAGE)
@blueprint.response(204)
def reset_member_phone(here: Here, user_id: UUID) -> None:
    """Take a member's lost phone away; their sign-ins end."""
    with here.session() as session:
        totp.reset(session, user_id)


@blueprint.route("/tenants/<tenant>/members/<uuid:user_id>/phone/code", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
@blueprint.response(201, CodeSchema)
def allow_member_phone(here: Here, user_id: UUID) -> dict[str, str]:
    """Make the code by which a member enrols a phone; the one before ends. A token makes none."""
    refuse_tokens(here.actor)
    with here.session() as session:
        return {"code": totp.allow_member(session, user_id)}


def _phone(user: User) -> dict[str, Any]:
    return {"enrolled": user.totp_since is not None, "since": user.totp_since}


def _prove(actor: Actor, asked: dict[str, str]) -> None:
    opened = services()
    prove(
        opened.database,
        actor.id,
        session_of(actor),
        typed=asked["proof"],
        secret_key=opened.config.secret_key,
    )
