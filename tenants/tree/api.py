"""/me, /tenants and a tenant's plugins over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from core.access import Here, requires, services, signed_in
from core.api import ApiBlueprint
from core.api.schemas import Strict, text
from core.db import Level, ParentSees, PluginState, Tenant
from core.policy import Actor, Permission
from tenants.people.operations import places_of
from tenants.tree.operations import create_tenant, set_parent_sees
from tenants.tree.plugins import Word, forget_plugin, set_plugin

blueprint = ApiBlueprint("tree", __name__, description="地区与插件开关")


class TenantSchema(Schema):
    """A place: nation, province, city, district or street."""

    slug = fields.String()
    code = fields.String(allow_none=True, metadata={"description": "official code"})
    name = fields.String()
    english = fields.String()
    level = fields.String()
    path = fields.String()
    state = fields.String()
    parent_sees = fields.String()
    fewest = fields.Integer(
        metadata={"description": "the smallest number of people that is told above"}
    )
    sample = fields.Boolean(metadata={"description": "its data are generated (示例数据)"})


class PlaceSchema(Schema):
    """A place where somebody works, and as what."""

    tenant = fields.Nested(TenantSchema)
    roles = fields.List(fields.String())


class MeSchema(Schema):
    """Who is asking."""

    id = fields.UUID()
    name = fields.String()
    places = fields.List(fields.Nested(PlaceSchema))


class NewTenantSchema(Strict):
    """A place below this one: an official code, or only a name."""

    name = text(most=60, least=0, load_default="")
    english = text(most=120, least=0, load_default="")
    code = text(most=12, load_default=None, allow_none=True)
    level = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf([str(level) for level in Level if level != Level.NATION]),
    )
    slug = text(most=40, load_default=None, allow_none=True)


class SharingSchema(Strict):
    """What the places above may see."""

    parent_sees = fields.String(
        required=True, validate=validate.OneOf([str(value) for value in ParentSees])
    )
    fewest = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=validate.Range(5, 1000),
        metadata={"description": "smallest number of people told above, a multiple of 5"},
    )


class PluginWordSchema(Strict):
    """A tenant's word on a plugin."""

    state = fields.String(required=True, validate=validate.OneOf([PluginState.ON, PluginState.OFF]))
    settings = fields.Dict(load_default=dict)
    locked = fields.Boolean(
        load_default=False, metadata={"description": "binds every place below this one"}
    )


def tenant_shape(tenant: Tenant) -> dict[str, Any]:
    """Give a tenant's public columns."""
    return {name: getattr(tenant, name) for name in TenantSchema().fields}


@blueprint.route("/me")
@signed_in
@blueprint.response(200, MeSchema)
def me(actor: Actor) -> dict[str, Any]:
    """Tell who is asking and where they work."""
    with services().database.unbound(actor.id) as session:
        places = [
            {"tenant": tenant_shape(tenant), "roles": sorted(roles)}
            for tenant, roles in places_of(session, actor.id)
            if actor.tenant_id in (None, tenant.id)
        ]
    return {"id": actor.id, "name": actor.name, "places": places}


@blueprint.route("/tenants/<tenant>")
@requires(Permission.TENANT_READ, cut_to_part=True)
@blueprint.response(200, TenantSchema)
def tenant(here: Here) -> dict[str, Any]:
    """Give one place."""
    with here.services.database.unbound() as session:
        return tenant_shape(session.get_one(Tenant, here.tenant_id))


@blueprint.route("/tenants/<tenant>/children", methods=["POST"])
@requires(Permission.TENANT_CREATE)
@blueprint.arguments(NewTenantSchema)
@blueprint.response(201, TenantSchema)
def create(here: Here, asked: dict[str, Any]) -> dict[str, Any]:
    """Create a place directly below this one."""
    level = Level(asked.pop("level")) if asked["level"] else asked.pop("level")
    with here.services.database.unbound(here.actor.id) as session:
        return tenant_shape(create_tenant(session, parent_slug=here.slug, level=level, **asked))


@blueprint.route("/tenants/<tenant>/sharing", methods=["PUT"])
@requires(Permission.PEOPLE_MANAGE)
@blueprint.arguments(SharingSchema)
@blueprint.response(200, TenantSchema)
def sharing(here: Here, asked: dict[str, Any]) -> dict[str, Any]:
    """Say what the places above may see."""
    with here.session() as session:
        found = session.get_one(Tenant, here.tenant_id)
        set_parent_sees(session, found, ParentSees(asked["parent_sees"]), asked["fewest"])
        return tenant_shape(found)


@blueprint.route("/tenants/<tenant>/plugins/<string:key>", methods=["PUT"])
@requires(Permission.PLUGIN_SET)
@blueprint.arguments(PluginWordSchema)
@blueprint.response(204)
def plugin(here: Here, asked: dict[str, Any], key: str) -> None:
    """Turn a plugin on or off here, with its settings."""
    word = Word(
        plugin_key=key,
        on=asked["state"] == PluginState.ON,
        settings=asked["settings"],
        locked=asked["locked"],
    )
    with here.session() as session:
        set_plugin(session, here.services.host, word)


@blueprint.route("/tenants/<tenant>/plugins/<string:key>", methods=["DELETE"])
@requires(Permission.PLUGIN_SET)
@blueprint.response(204)
def forget(here: Here, key: str) -> None:
    """Take back this tenant's word on a plugin: what is said above counts again."""
    with here.session() as session:
        forget_plugin(session, key)
