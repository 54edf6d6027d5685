"""/tokens and /members over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from core.access import Here, requires
from core.api import ApiBlueprint
from core.api.schemas import Strict, text
from core.policy import Permission
from tenants.people.models import TokenKind
from tenants.people.operations import make_token, members_of, refuse_tokens, revoke_token, tokens_of

blueprint = ApiBlueprint("people", __name__, description="成员与令牌")


class TokenSchema(Schema):
    """A token without its secret."""

    id = fields.UUID()
    name = fields.String()
    kind = fields.String()
    scopes = fields.List(fields.String())
    expires_at = fields.DateTime(allow_none=True)
    used_at = fields.DateTime(allow_none=True)
    revoked_at = fields.DateTime(allow_none=True)
    created_at = fields.DateTime()


class NewTokenSchema(Strict):
    """What a token is for and what it allows."""

    name = text(most=60, required=True)
    scopes = fields.List(
        fields.String(validate=validate.OneOf([str(one) for one in Permission])),
        required=True,
        validate=validate.Length(min=1, max=len(Permission)),
    )
    days = fields.Integer(load_default=90, validate=validate.Range(1, 366))
    kind = fields.String(
        load_default=TokenKind.PERSONAL, validate=validate.OneOf([str(one) for one in TokenKind])
    )


class SecretSchema(Schema):
    """The token's text, shown this once."""

    token = fields.String()


class MemberSchema(Schema):
    """Who holds which role here."""

    user_id = fields.UUID()
    login = fields.String()
    name = fields.String()
    role = fields.String()
    scope_area = fields.String(allow_none=True)
    expires_at = fields.DateTime(allow_none=True)


@blueprint.route("/tenants/<tenant>/tokens")
@requires(Permission.TOKEN_MANAGE)
@blueprint.response(200, TokenSchema(many=True))
def tokens(here: Here) -> list[dict[str, Any]]:
    """List the tokens of this place."""
    names = TokenSchema().fields
    with here.session() as session:
        return [{name: getattr(row, name) for name in names} for row in tokens_of(session)]


@blueprint.route("/tenants/<tenant>/tokens", methods=["POST"])
@requires(Permission.TOKEN_MANAGE)
@blueprint.arguments(NewTokenSchema)
@blueprint.response(201, SecretSchema)
def create(here: Here, asked: dict[str, Any]) -> dict[str, str]:
    """Make a token; its text is in this answer and nowhere else. A token makes none."""
    refuse_tokens(here.actor)
    with here.session() as session:
        secret = make_token(
            session,
            here.actor.id,
            name=asked["name"],
            scopes=[Permission(one) for one in asked["scopes"]],
            days=asked["days"],
            kind=TokenKind(asked["kind"]),
        )
    return {"token": secret}


@blueprint.route("/tenants/<tenant>/tokens/<uuid:token_id>", methods=["DELETE"])
@requires(Permission.TOKEN_MANAGE)
@blueprint.response(204)
def revoke(here: Here, token_id: UUID) -> None:
    """End a token now."""
    with here.session() as session:
        revoke_token(session, token_id)


@blueprint.route("/tenants/<tenant>/members")
@requires(Permission.PEOPLE_MANAGE)
@blueprint.response(200, MemberSchema(many=True))
def members(here: Here) -> list[dict[str, Any]]:
    """List who works here."""
    with here.session() as session:
        return [
            {
                "user_id": user.id,
                "login": user.login,
                "name": user.name,
                "role": membership.role,
                "scope_area": membership.scope_area,
                "expires_at": membership.expires_at,
            }
            for user, membership in members_of(session)
        ]
