"""The matrix' world: a place above, one that is looked for, one beside it, and who walks there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import create_engine, func, select, text, update

from core.db import ParentSees, Tenant, TenantPlugin
from core.policy import Permission, SystemPermission
from tenants.people.invitations import invite
from tenants.people.models import ApiToken, Invitation, Membership, Role, User, UserSession
from tenants.people.operations import add_member, create_user, make_token
from tenants.people.roles import PERMISSIONS, SEEN_FROM_ABOVE, SYSTEM_PERMISSIONS
from tenants.people.signing import make_link, redeem_link
from tenants.review.models import Verdict
from tenants.review.operations import review, submit
from tenants.system.models import SystemRole
from tenants.system.operations import add_system_role, refuse_working
from tests.journeys.small_place import RESIDENTS
from tests.uploading import upload

CANARY = "金丝雀"
NOWHERE = "x-nowhere"
IDS = (
    *("upload_id", "dataset_id", "version_id", "job_id"),
    *("run_id", "scenario_id", "submission_id", "token_id", "user_id"),
    *("invitation_id", "place", "slug"),
)
CSRF = re.compile(r'(?<=name="csrf_token" value=")[^"]*')


def nobodys():
    """Give ids that nobody has."""
    ids = {name: str(uuid4()) for name in IDS}
    return ids | {"above": "x-above", "place": "x-nobodys", "slug": "x-nobodys"}


def fill(place, above, tag=CANARY):
    """Give a place one of everything, each with the tag in it; gives the ids."""
    place.furnish(tag)
    told = {"note": tag, "attribution": tag}
    sent = upload(
        place.client,
        place.slug,
        "residents",
        place.file(f"{tag}-named.csv", RESIDENTS.replace("40", "41")),
        told,
        dataset=tag,
    )
    assert sent.status_code == 202, sent.text
    bad = place.bring("residents", place.file(f"{tag}.csv", f"{RESIDENTS}c,{tag},36.65,5\n"))
    asked = {"ruleset": "national-2023-plan", "label": tag}
    run = place.client.post(place.address("runs"), json=asked).json
    place.work()
    made = place.client.post(place.address(f"runs/{run['id']}/scenarios"), json={"name": tag})
    database = place.services.database
    with database.session(place.tenant_id, place.user_id) as session:
        session.add(TenantPlugin(plugin_key="osm", state="on", settings={}))
        submission = submit(session, run["id"], above.slug, place.user_id).id
        token = session.scalars(select(ApiToken.id)).first()
        make_token(session, place.user_id, name=tag, scopes=[Permission.TENANT_READ])
        invite(session, login=f"in-{place.slug}", name=tag, role=Role.AUDITOR)
        invitation = session.scalars(select(Invitation.id)).one()
    with database.session(above.tenant_id, above.user_id) as session:
        review(session, submission, Verdict.RETURNED, tag, above.user_id)
    datasets = place.get("datasets")
    ids = {
        "upload_id": place.get("uploads")[0]["id"],
        "dataset_id": datasets[0]["id"],
        "version_id": next(each["latest"]["id"] for each in datasets if each["kind"] == "streets"),
        "job_id": bad["id"],
        "run_id": run["id"],
        "scenario_id": made.json["id"],
        "submission_id": str(submission),
        "token_id": str(token),
        "user_id": str(place.user_id),
        "invitation_id": str(invitation),
        "place": place.slug,
        "slug": place.slug,
        "above": above.slug,
    }
    assert place.get(f"runs/{run['id']}")["state"] == "done"
    assert set(ids) == {*IDS, "above"}
    return ids


@dataclass(frozen=True, slots=True)
class Walker:
    """Somebody who asks for everything: a client, what it may do, and where it belongs."""

    name: str
    home: str  # slug of the own place; empty: nobody's
    may: frozenset[Permission]  # at home
    client: Any
    signed_in: bool = True
    system: frozenset[SystemPermission] = frozenset()  # in the installation


def person(place, *roles):
    """Make a person with roles at a place."""
    database = place.services.database
    with database.unbound() as session:
        user_id = create_user(session, login=f"w-{uuid4()}", name="someone").id
    with database.session(place.tenant_id, user_id) as session:
        for role in roles:
            add_member(session, user_id, role)
    return user_id


def with_token(app, services, place, role, scopes=None):
    """Give a client with a token of somebody who has a role there, for all that it allows."""
    user_id = person(place, role)
    with services.database.session(place.tenant_id, user_id) as session:
        token = make_token(session, user_id, name="walk", scopes=scopes or PERMISSIONS[role])
    return bearer(app, token)


def bearer(app, token):
    """Give a client that sends a token."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def with_cookie(app, services, place, role):
    """Give a client that is signed in as somebody who has a role there."""
    with services.database.unbound() as session:
        user = create_user(session, login=f"w-{uuid4()}", name=str(role))
        user_id, link = user.id, make_link(session, user)
    with services.database.session(place.tenant_id, user_id) as session:
        add_member(session, user_id, role)
    return signed_in_by(app, services, link)


def signed_in_by(app, services, link):
    """Give a client whose browser has used a link up, and sends its pages' token."""
    with services.database.unbound() as session:
        signed = redeem_link(session, link)
    client = app.test_client()
    client.set_cookie("lc", signed.token)
    [token] = set(CSRF.findall(client.get("/account").text))
    client.environ_base["HTTP_X_CSRFTOKEN"] = token
    return client


def anonymous(app):
    """Give nobody."""
    return Walker("anonymous", "", frozenset(), app.test_client(), signed_in=False)


def by_role(app, services, place, how: Callable[..., Any] = with_token):
    """Give one walker for each role at a place."""
    kind = "token" if how is with_token else "browser"
    return [
        Walker(
            f"{role} at {place.slug} by {kind}",
            place.slug,
            PERMISSIONS[role],
            how(app, services, place, role),
        )
        for role in Role
    ]


def above_seeing(app, services, above, sees):
    """Give one browser for each role at the place above, by what the place below lets it see."""
    seen = SEEN_FROM_ABOVE if sees is ParentSees.ALL else frozenset()
    return [
        Walker(
            f"{role} above seeing {sees}",
            above.slug,
            PERMISSIONS[role] & seen,
            with_cookie(app, services, above, role),
        )
        for role in Role
    ]


def by_scope(app, services, place):
    """Give one token for each permission, of somebody who holds all: with it, and seeing."""
    user_id = person(place, *Role)
    walkers = []
    wanted = [frozenset({Permission.TENANT_READ, each}) for each in Permission]
    wanted.append(frozenset({Permission.DATA_READ}))  # without seeing the place: nothing
    for scopes in wanted:
        with place.services.database.session(place.tenant_id, user_id) as session:
            token = make_token(session, user_id, name="walk", scopes=scopes)
        may = scopes if Permission.TENANT_READ in scopes else frozenset()
        name = f"token of {'+'.join(sorted(scopes))} at {place.slug}"
        walkers.append(Walker(name, place.slug, may, bearer(app, token)))
    return walkers


def share(place, sees: ParentSees):
    """Set what a place lets those above see, as its own administrator would."""
    with place.services.database.session(place.tenant_id, place.user_id) as session:
        session.get_one(Tenant, place.tenant_id).parent_sees = sees


browsers = partial(by_role, how=with_cookie)


def by_system(app, services):
    """Give one browser for each system role: of no place, and with its own pages."""
    walkers = []
    for role in SystemRole:
        with services.database.unbound() as session:
            user = create_user(session, login=f"w-{uuid4()}", name=str(role))
            add_system_role(session, user, role)
            link = make_link(session, user)
        client = signed_in_by(app, services, link)
        name = f"{role} of the installation"
        walkers.append(Walker(name, "", frozenset(), client, system=SYSTEM_PERMISSIONS[role]))
    return walkers


def once_a_member(app, services, place):
    """Give the token of an administrator whose time is over and who runs the installation now."""
    user_id = person(place, Role.BUREAU_ADMIN)
    with services.database.session(place.tenant_id, user_id) as session:
        token = make_token(session, user_id, name="walk", scopes=PERMISSIONS[Role.BUREAU_ADMIN])
        held = update(Membership).where(Membership.user_id == user_id)
        session.execute(held.values(expires_at=func.now()))
    with services.database.unbound(user_id) as session:
        user = session.get_one(User, user_id)
        refuse_working(session, user)
        add_system_role(session, user, SystemRole.SYSTEM_ADMIN)
    return Walker("system_admin by an old token", "", frozenset(), bearer(app, token))


def bystander(app, services, place):
    """Give somebody of a place whose account failures have paused, and who is signed in."""
    with_cookie(app, services, place, Role.BUREAU_STAFF)
    with services.database.unbound() as session:
        newest = select(UserSession).order_by(UserSession.id.desc()).limit(1)
        row = session.scalars(newest).one()
        user = session.get_one(User, row.user_id)
        user.failed, user.locked_until = 5, func.now() + timedelta(days=1)
        return Bystander(
            user_id=str(user.id), session_id=str(row.id), superuser_url=place.superuser_url
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bystander:
    """Somebody whose sign-in and account others name, and all rows of theirs."""

    user_id: str
    session_id: str
    superuser_url: Any

    def rows(self) -> list[str]:
        """Give this person's rows as they lie in the database."""
        engine = create_engine(self.superuser_url)
        found: list[str] = []
        with engine.connect() as connection:
            for table in ("users", "sessions", "system_roles", "identities", "recovery_codes"):
                column = "id" if table == "users" else "user_id"
                wanted = text(f"SELECT t::text FROM {table} t WHERE {column} = :id ORDER BY 1")
                found += connection.execute(wanted, {"id": self.user_id}).scalars()
        engine.dispose()
        return found
