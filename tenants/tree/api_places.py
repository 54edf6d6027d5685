"""The places below one, what they were, and their changes over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from core.access import Here, requires
from core.api.schemas import Strict, text
from core.db import Tenant
from core.policy import Permission
from tenants.tree.api import TenantSchema, blueprint, tenant_shape
from tenants.tree.asked import ask
from tenants.tree.history import history_of, known, places_by
from tenants.tree.listed import listed_below
from tenants.tree.place import find_below
from tenants.tree.standing import Outcome

__all__ = ["blueprint"]  # of the tree, with the views of this module on it
AT_MOST = 500


class AskedSchema(Schema):
    """What is looked for, and how much of it."""

    q = text(most=60, least=0, load_default="", metadata={"description": "name, code or slug"})
    limit = fields.Integer(load_default=100, validate=validate.Range(1, AT_MOST))


class PlaceChangeSchema(Schema):
    """One change of a place, and what it was from then on."""

    change = fields.String()
    since = fields.Date(allow_none=True, metadata={"description": "when it took effect"})
    name = fields.String()
    english = fields.String()
    code = fields.String(allow_none=True)
    slug = fields.String()
    other = fields.String(
        allow_none=True, metadata={"description": "the other place of a move, merger or split"}
    )
    recorded_at = fields.DateTime(attribute="created_at")


class PlaceOfTreeSchema(TenantSchema):
    """A place with what it was."""

    history = fields.List(fields.Nested(PlaceChangeSchema))


class OfficialCodeSchema(Schema):
    """A code of the national list."""

    code = fields.String()
    name = fields.String()
    level = fields.String()
    parent = fields.String(allow_none=True)
    source = fields.String()


class CalledSchema(Schema):
    """A place as it is called."""

    slug = fields.String()
    name = fields.String()
    english = fields.String()
    code = fields.String(allow_none=True)


class PathChangeSchema(Schema):
    """A place's way in the tree, before and after."""

    place = fields.Nested(CalledSchema)
    before = fields.String()
    after = fields.String()


class OutcomeSchema(Schema):
    """What a change did, or would do."""

    change = fields.String()
    place = fields.Nested(CalledSchema)
    others = fields.List(fields.Nested(CalledSchema))
    ways = fields.List(fields.Nested(PathChangeSchema))
    strays = fields.List(
        fields.Nested(CalledSchema),
        metadata={"description": "keep a code that does not begin with their parent's"},
    )


class ChangeOfPlaceSchema(Strict):
    """What every change may say."""

    since = fields.Date(load_default=None, allow_none=True)
    preview = fields.Boolean(
        load_default=False, metadata={"description": "only tell what would happen"}
    )


class RenameSchema(ChangeOfPlaceSchema):
    """Another name, another code, or both."""

    name = text(most=60, load_default=None, allow_none=True)
    english = text(most=120, least=0, load_default=None, allow_none=True)
    code = text(most=12, load_default=None, allow_none=True)


class MoveSchema(ChangeOfPlaceSchema):
    """Under which place, at or below this one."""

    to = text(most=40, required=True)
    code = text(most=12, load_default=None, allow_none=True)


class MergeSchema(ChangeOfPlaceSchema):
    """Into which place of the same level."""

    into = text(most=40, required=True)


class NewPlaceSchema(Strict):
    """A new place, and the children that it takes."""

    name = text(most=60, required=True)
    english = text(most=120, least=0, load_default="")
    code = text(most=12, load_default=None, allow_none=True)
    slug = text(most=40, load_default=None, allow_none=True)
    takes = fields.List(text(most=40), load_default=list, validate=validate.Length(max=AT_MOST))


class SplitSchema(ChangeOfPlaceSchema):
    """Which places are made from one; all data stay with the old one."""

    parts = fields.List(
        fields.Nested(NewPlaceSchema), required=True, validate=validate.Length(min=1, max=20)
    )


@blueprint.route("/tenants/<tenant>/places")
@requires(Permission.TENANT_READ)
@blueprint.arguments(AskedSchema, location="query")
@blueprint.response(200, TenantSchema(many=True))
def places_below(here: Here, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """List this place and those below it, by name, code or slug, former ones too."""
    with here.services.database.unbound(here.actor.id) as session:
        acting = session.get_one(Tenant, here.tenant_id)
        found = places_by(session, acting, asked["q"], limit=asked["limit"])
        return [tenant_shape(place) for place in found]


@blueprint.route("/tenants/<tenant>/places/<string:place>")
@requires(Permission.TENANT_READ)
@blueprint.response(200, PlaceOfTreeSchema)
def place_below(here: Here, place: str) -> dict[str, Any]:
    """Give a place at or below this one with its history."""
    with here.services.database.unbound(here.actor.id) as session:
        found = find_below(session, session.get_one(Tenant, here.tenant_id), place)
        rows = history_of(session, found)
        others = known(session, [row.other_id for row in rows])
        history = [
            {
                **{name: getattr(row, name) for name in _OF_A_ROW},
                "other": others[row.other_id].slug if row.other_id else None,
            }
            for row in rows
        ]
        return {**tenant_shape(found), "history": history}


_OF_A_ROW = ("change", "since", "name", "english", "code", "slug", "created_at")


@blueprint.route("/tenants/<tenant>/codes")
@requires(Permission.TENANT_READ)
@blueprint.arguments(AskedSchema, location="query")
@blueprint.response(200, OfficialCodeSchema(many=True))
def codes(here: Here, asked: dict[str, Any]) -> list[Any]:
    """Look official codes up in the national list, below this place's own."""
    with here.services.database.unbound(here.actor.id) as session:
        own = session.get_one(Tenant, here.tenant_id).code
        return list(listed_below(session, own, asked["q"], limit=asked["limit"]))


@blueprint.route("/tenants/<tenant>/places/<string:place>/rename", methods=["POST"])
@requires(Permission.TENANT_CREATE)
@blueprint.arguments(RenameSchema)
@blueprint.response(200, OutcomeSchema)
def rename(here: Here, asked: dict[str, Any], place: str) -> Outcome:
    """Give a place another name or code; the old ones are kept."""
    return ask(here, place, "rename", asked, preview=asked["preview"])


@blueprint.route("/tenants/<tenant>/places/<string:place>/move", methods=["POST"])
@requires(Permission.TENANT_CREATE)
@blueprint.arguments(MoveSchema)
@blueprint.response(200, OutcomeSchema)
def move(here: Here, asked: dict[str, Any], place: str) -> Outcome:
    """Put a place with all below it under another parent."""
    return ask(here, place, "move", asked, preview=asked["preview"])


@blueprint.route("/tenants/<tenant>/places/<string:place>/merge", methods=["POST"])
@requires(Permission.TENANT_CREATE)
@blueprint.arguments(MergeSchema)
@blueprint.response(200, OutcomeSchema)
def merge(here: Here, asked: dict[str, Any], place: str) -> Outcome:
    """Merge a place into another of its level; its data stay its own."""
    return ask(here, place, "merge", asked, preview=asked["preview"])


@blueprint.route("/tenants/<tenant>/places/<string:place>/split", methods=["POST"])
@requires(Permission.TENANT_CREATE)
@blueprint.arguments(SplitSchema)
@blueprint.response(200, OutcomeSchema)
def split(here: Here, asked: dict[str, Any], place: str) -> Outcome:
    """Make new places from one; all data stay with the old one."""
    return ask(here, place, "split", asked, preview=asked["preview"])
