"""The demo's person: works in the sample cities, reviews at the nation, signs in by one link."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from core.db.session import Database
from core.errors import NotFound
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user, find_user
from tenants.people.signing import LINK_MINUTES, LINK_PATH, make_link

LOGIN = "demo"


def demo_link(database: Database, places: Mapping[UUID, str]) -> str:
    """Make the demo's person where missing, give them these roles, and a link that works once.

    Parameters
    ----------
    database
        Where the people are.
    places
        Role by tenant.

    Returns
    -------
    str
        The link's path; the person has no password.
    """
    with database.unbound() as session:
        try:
            user = find_user(session, LOGIN)
        except NotFound:
            user = create_user(session, login=LOGIN, name="示例用户")
        user_id = user.id
        token = make_link(session, user, minutes=LINK_MINUTES[1])
    for tenant_id, role in places.items():
        with database.session(tenant_id) as session:
            add_member(session, user_id, Role(role))
    return LINK_PATH.format(token=token)
