"""`/`: the places where one works, in the order of the tree."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from sqlalchemy.orm import Session

from core.access import Here, requires, services, signed_in
from core.db import Level, ParentSees, Tenant, TenantState
from core.errors import Invalid
from core.policy import Actor, Permission
from core.web.frame import frame_outside
from core.web.language import in_english
from core.web.pages.blueprint import page, see
from tenants.people.models import Role
from tenants.people.operations import places_of
from tenants.people.parts import places_held_whole
from tenants.people.roles import PERMISSIONS, ROLE_NAMES
from tenants.tree.operations import ancestors, descendants, set_parent_sees

blueprint = Blueprint("tree_pages", __name__, template_folder="../templates")
LEVELS = {
    Level.NATION: later("国家"),
    Level.PROVINCE: later("省"),
    Level.CITY: later("市"),
    Level.DISTRICT: later("区县"),
    Level.STREET: later("街道"),
}


@blueprint.route("/")
@signed_in
def places(actor: Actor) -> Response:
    """List the places where one works, and those below that let themselves be seen."""
    with services().database.unbound(actor.id) as session:
        held = {
            tenant.id: (tenant, roles)
            for tenant, roles in places_of(session, actor.id)
            if actor.tenant_id in {None, tenant.id}
        }
        whole = places_held_whole(session, actor.id)
        above_all = [tenant for key, (tenant, _roles) in held.items() if key in whole]
        seen = {} if actor.tenant_id else _seen_from_above(session, above_all, held)
        listed = sorted(
            [*held.values(), *((tenant, frozenset()) for tenant in seen.values())],
            key=lambda pair: pair[0].path,
        )
        above = {tenant.id: ancestors(session, tenant) for tenant, _roles in listed}
        rows = [
            {
                "slug": tenant.slug,
                "name": _name(tenant),
                "above": [_name(each) for each in above[tenant.id]],
                "level": LEVELS[Level(tenant.level)],
                "code": tenant.code,
                "sample": tenant.sample,
                "past": tenant.state == TenantState.MERGED,
                "roles": [
                    names[in_english()] for role, names in ROLE_NAMES.items() if role in roles
                ],
                "reviews": _holds(roles, Permission.SUBMISSION_REVIEW),
                "submits": _holds(roles, Permission.RUN_SUBMIT),
                "manages": _holds(roles, Permission.PEOPLE_MANAGE),
                "deep": sum(each.id in held for each in above[tenant.id]),
                "href": url_for("pages.home", tenant=tenant.slug),
            }
            for tenant, roles in listed
        ]
    return page(
        "tree/places.html",
        shell=frame_outside(actor),
        places=rows,
        works=len(held),
        samples=any(row["sample"] for row in rows),
    )


@blueprint.route("/t/<tenant>/sharing", methods=["POST"])
@requires(Permission.PEOPLE_MANAGE)
def share(here: Here) -> Response:
    """Say what the places above may see."""
    try:
        sees = ParentSees(request.form.get("sees", ""))
    except ValueError:
        raise Invalid(
            "没有这个选项，共享设置没有改变。请从列表里选。",
            english="There is no such choice; sharing was not changed. Choose from the list.",
        ) from None
    with here.session() as session:
        set_parent_sees(session, session.get_one(Tenant, here.tenant_id), sees)
    flash(_("共享设置已保存。"), "met")
    return see(url_for("review_pages.submissions", tenant=here.slug))


def _seen_from_above(
    session: Session, whole: Sequence[Tenant], held: Collection[UUID]
) -> dict[UUID, Tenant]:
    """Find the places below those that one holds whole that let everything be seen from above."""
    found: dict[UUID, Tenant] = {}
    for tenant in whole:
        for below in descendants(session, tenant):
            if below.parent_sees == ParentSees.ALL and below.state == TenantState.ACTIVE:
                found[below.id] = below
    return {key: tenant for key, tenant in found.items() if key not in held}


def _holds(roles: frozenset[Role], permission: Permission) -> bool:
    return any(permission in PERMISSIONS[role] for role in roles)


def _name(tenant: Tenant) -> str:
    return tenant.english if in_english() and tenant.english else tenant.name
