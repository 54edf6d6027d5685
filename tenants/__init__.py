"""Policy: who the cities and districts are, who may do what, and what goes up."""

from __future__ import annotations

from core.app import Room
from core.services import Services
from tenants.people import api as people_api
from tenants.people import staff as people_pages
from tenants.people.commands import commands as people
from tenants.people.policy import RoomPolicy
from tenants.review import api as review_api
from tenants.review import pages as review_pages
from tenants.review.operations import submit
from tenants.sample import demo_link
from tenants.tree import api as tree_api
from tenants.tree import pages as tree_pages
from tenants.tree.commands import commands as tenant
from tenants.tree.operations import create_tenant


def policy(services: Services) -> RoomPolicy:
    """Make the policy of an app."""
    return RoomPolicy(services.database, services.config)


ROOM = Room(
    name="tenants",
    policy=policy,
    pages=(tree_pages.blueprint, people_pages.blueprint, review_pages.blueprint),
    api=(tree_api.blueprint, people_api.blueprint, review_api.blueprint),
    commands=(tenant, people),
    verbs={"create_tenant": create_tenant, "submit": submit, "demo_link": demo_link},
)
