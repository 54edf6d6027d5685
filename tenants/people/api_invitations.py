"""/invitations over HTTP: made, listed, made anew, taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from core.access import Here, requires
from core.api.schemas import Strict, text
from core.policy import Permission
from tenants.people.api import blueprint
from tenants.people.invitations import PATH, invitations_of, invite, is_open, resend, revoke
from tenants.people.models import Role
from tenants.people.operations import refuse_tokens
from tenants.people.staff import LONGEST_DAYS

__all__ = ["blueprint"]  # of people, with the views of this module on it


class InvitationSchema(Schema):
    """An invitation without its link."""

    id = fields.UUID()
    login = fields.String()
    name = fields.String()
    role = fields.String()
    scope_area = fields.String(allow_none=True)
    days = fields.Integer(allow_none=True)
    created_at = fields.DateTime()
    expires_at = fields.DateTime()
    accepted_at = fields.DateTime(allow_none=True)
    revoked_at = fields.DateTime(allow_none=True)
    open = fields.Boolean(metadata={"description": "it can still be accepted"})


class NewInvitationSchema(Strict):
    """Whom to invite, and as what."""

    login = text(most=64, required=True)
    name = text(most=60, required=True)
    role = fields.String(required=True, validate=validate.OneOf([str(role) for role in Role]))
    days = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, LONGEST_DAYS),
        metadata={"description": "how long the role lasts, from the acceptance"},
    )
    scope_area = text(most=80, load_default=None, allow_none=True)


class LinkSchema(Schema):
    """The path of the page where the invited choose a password, shown this once."""

    path = fields.String()


@blueprint.route("/tenants/<tenant>/invitations")
@requires(Permission.PEOPLE_MANAGE)
@blueprint.response(200, InvitationSchema(many=True))
def invitations(here: Here) -> list[dict[str, Any]]:
    """List the invitations of this place, newest first."""
    now = datetime.now(UTC)
    names = InvitationSchema().fields.keys() - {"open"}
    with here.session() as session:
        return [
            {**{name: getattr(row, name) for name in names}, "open": is_open(row, now)}
            for row in invitations_of(session)
        ]


@blueprint.route("/tenants/<tenant>/invitations", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
@blueprint.arguments(NewInvitationSchema)
@blueprint.response(201, LinkSchema)
def new_invitation(here: Here, asked: dict[str, Any]) -> dict[str, str]:
    """Invite somebody who has no account. Sent again it answers 409: the first one is open.

    The link's path is in this answer and nowhere else, so it is not kept for repeated requests. A
    token invites nobody.
    """
    refuse_tokens(here.actor)
    with here.session() as session:
        token = invite(session, **{**asked, "role": Role(asked["role"])})
    return {"path": PATH.format(token=token)}


@blueprint.route("/tenants/<tenant>/invitations/<uuid:invitation_id>/link", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
@blueprint.response(201, LinkSchema)
def renew_invitation(here: Here, invitation_id: UUID) -> dict[str, str]:
    """Make an invitation's link anew, for another seven days; the old one ends."""
    refuse_tokens(here.actor)
    with here.session() as session:
        token = resend(session, invitation_id)
    return {"path": PATH.format(token=token)}


@blueprint.route("/tenants/<tenant>/invitations/<uuid:invitation_id>", methods=["DELETE"])
@requires(Permission.PEOPLE_MANAGE)
@blueprint.response(204)
def revoke_invitation(here: Here, invitation_id: UUID) -> None:
    """Take an invitation back; its link ends."""
    with here.session() as session:
        revoke(session, invitation_id)
