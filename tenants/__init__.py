"""Policy: who the cities and districts are, who may do what, and what goes up."""

from __future__ import annotations

from core.app import Room
from core.services import Services
from tenants.leaving.commands import command as erase
from tenants.people import (
    api_invitations,
    api_ways_in,
    entrance,
    inviting,
    own,
    programs,
    staff,
    ways_in,
)
from tenants.people.commands import commands as people
from tenants.people.policy import RoomPolicy
from tenants.people.stubs import stub_people
from tenants.people.sweeping import sweep_people
from tenants.review import api as review_api
from tenants.review import pages as review_pages
from tenants.review.operations import submit
from tenants.sample import demo_link
from tenants.system import entrance as system_pages
from tenants.system.commands import commands as system
from tenants.system.commands import identity
from tenants.system.providers import providers_of
from tenants.tree import api_places as tree_api
from tenants.tree import pages_plugins as tree_pages
from tenants.tree.commands import commands as tenant
from tenants.tree.operations import create_tenant


def policy(services: Services) -> RoomPolicy:
    """Make the policy of an app; a file of sign-in providers that cannot be meant is refused."""
    providers_of(services.config)
    return RoomPolicy(services.database, services.config)


people.add_command(system)
tenant.add_command(erase)
people.add_command(identity)
people_api = {module.blueprint for module in (api_invitations, api_ways_in)}
people_pages = {module.blueprint for module in (entrance, inviting, own, programs, staff, ways_in)}

ROOM = Room(
    name="tenants",
    policy=policy,
    pages=(
        tree_pages.blueprint,
        *people_pages,
        review_pages.blueprint,
        system_pages.blueprint,
    ),
    api=(tree_api.blueprint, *people_api, review_api.blueprint),
    commands=(tenant, people),
    verbs={
        "create_tenant": create_tenant,
        "submit": submit,
        "demo_link": demo_link,
        "sweep": sweep_people,
        "stub_people": stub_people,
    },
)
