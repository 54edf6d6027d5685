"""/formats, /rulesets, /plugins of one tenant."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from core.access import Here, requires
from core.api.blueprint import ApiBlueprint
from core.catalog.enabled import catalogue_of, enabled_plugins, heard
from core.policy import Permission

blueprint = ApiBlueprint("catalogue", __name__, description="业态、规则集与插件")


class FormatSchema(Schema):
    """A business format (业态)."""

    key = fields.String()
    name = fields.String()
    english = fields.String()
    slot = fields.String(metadata={"description": "六个一 slot, empty when it serves none"})
    can_host = fields.Boolean(metadata={"description": "may carry other offers (一店多能)"})
    note = fields.String()


class RulesetSchema(Schema):
    """A ruleset as offered to the tenant."""

    key = fields.String()
    version = fields.String()
    name = fields.String()
    english = fields.String()
    authority = fields.String()
    document = fields.String()
    effective = fields.Date()
    status = fields.String(metadata={"description": "official, derived or assumed"})
    notes = fields.String()
    digest = fields.String()


class PluginSchema(Schema):
    """A plugin of this installation and whether it is on here."""

    name = fields.String(metadata={"description": "entry point"})
    key = fields.String()
    title = fields.String()
    version = fields.String()
    state = fields.String(metadata={"description": "ready, broken or blocked"})
    error = fields.String()
    hooks = fields.List(fields.String())
    built_in = fields.Boolean()
    enabled = fields.Boolean()
    said_by = fields.String(
        allow_none=True, metadata={"description": "whose word counts here; null: nobody's"}
    )
    own = fields.Boolean(metadata={"description": "whether that is this tenant's own word"})
    locked = fields.Boolean(metadata={"description": "locked above: nobody here changes it"})


@blueprint.route("/tenants/<tenant>/formats")
@requires(Permission.PLUGIN_READ)
@blueprint.response(200, FormatSchema(many=True))
def formats(here: Here) -> list[Any]:
    """List the business formats that this tenant knows."""
    with here.session() as session:
        return list(catalogue_of(session, here.services.host).formats.values())


@blueprint.route("/tenants/<tenant>/rulesets")
@requires(Permission.PLUGIN_READ)
@blueprint.response(200, RulesetSchema(many=True))
def rulesets(here: Here) -> list[Any]:
    """List the rulesets that a run here may be judged by."""
    with here.session() as session:
        return list(catalogue_of(session, here.services.host).rulesets.values())


@blueprint.route("/tenants/<tenant>/plugins")
@requires(Permission.PLUGIN_READ)
@blueprint.response(200, PluginSchema(many=True))
def plugins(here: Here) -> list[dict[str, Any]]:
    """List the plugins of this installation, broken ones with their error."""
    with here.session() as session:
        enabled = enabled_plugins(session, here.services.host)
        words = heard(session)
    return [
        {
            "name": record.name,
            "key": record.key,
            "title": record.title,
            "version": record.version,
            "state": str(record.state),
            "error": record.error,
            "hooks": list(record.hooks),
            "built_in": record.built_in,
            "enabled": record.key in enabled,
            "said_by": words[record.key].slug if record.key in words else None,
            "own": record.key in words and words[record.key].own,
            "locked": record.key in words and words[record.key].locked,
        }
        for record in here.services.host.records
    ]
