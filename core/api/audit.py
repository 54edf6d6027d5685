"""/audit: a tenant's chain of records, whether it holds, and its head, for auditors."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from core.access import Here, requires
from core.api.blueprint import ApiBlueprint
from core.api.schemas import PageSchema, text
from core.db import trail
from core.db.audit import FAULT_WORDS, first_broken, head, written
from core.policy import Permission

blueprint = ApiBlueprint("audit", __name__, description="审计记录")


class WantedSchema(PageSchema):
    """Which records: by whom, what, to what (the beginning of it), when."""

    actor_id = fields.UUID(load_default=None)
    action = text(most=100, least=0, load_default="")
    subject = text(most=200, least=0, load_default="")
    since = fields.AwareDateTime(load_default=None, metadata={"description": "within"})
    until = fields.AwareDateTime(load_default=None, metadata={"description": "without"})


class AuditRecordSchema(Schema):
    """A record: SHA-256 over the canonical JSON (RFC 8785) of all but ``hash`` is ``hash``."""

    tenant_id = fields.String()
    number = fields.Integer()
    at = fields.String()
    actor_id = fields.String(allow_none=True)
    action = fields.String()
    subject = fields.String()
    details = fields.Dict()
    prev_hash = fields.String()
    hash = fields.String()


class AuditVerdictSchema(Schema):
    """Whether the chain holds; ``broken`` is the number of the first record that does not."""

    holds = fields.Boolean()
    number = fields.Integer(metadata={"description": "of the last record"})
    hash = fields.String(metadata={"description": "of the last record: keep it elsewhere"})
    broken = fields.Integer(allow_none=True)
    fault = fields.String(
        allow_none=True,
        metadata={"description": "changed, missing or order"},
    )
    message = fields.String()
    english = fields.String()


@blueprint.route("/tenants/<tenant>/audit")
@requires(Permission.AUDIT_READ)
@blueprint.arguments(WantedSchema, location="query")
@blueprint.response(200, AuditRecordSchema(many=True))
def audit(here: Here, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """List audit records, newest first."""
    limit, offset = asked.pop("limit"), asked.pop("offset")
    with here.session() as session:
        found = trail.find(session, trail.Wanted(**asked), limit=limit, offset=offset)
        return [written(row) for row in found]


@blueprint.route("/tenants/<tenant>/audit/verdict")
@requires(Permission.AUDIT_READ)
@blueprint.response(200, AuditVerdictSchema)
def verdict(here: Here) -> dict[str, Any]:
    """Read the whole chain and say whether it holds."""
    with here.session() as session:
        broken, last = first_broken(session), head(session)
    chinese, english = FAULT_WORDS[broken.fault] if broken else ("一致", "intact")
    return {
        "holds": broken is None,
        "number": last.number,
        "hash": last.hash,
        "broken": broken.number if broken else None,
        "fault": broken.fault if broken else None,
        "message": chinese,
        "english": english,
    }
