"""RoomPolicy: who sent a request and what they may do where."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask, request
from sqlalchemy import event, func, select, update

from core.config import Config
from core.db import ParentSees, TenantState
from core.policy import Actor, Permission
from tenants.people import tokens
from tenants.people.models import ApiToken, Membership, Role, UserSession
from tenants.people.operations import add_member, make_token, remove_member
from tenants.people.policy import RoomPolicy, cookie_name
from tenants.people.roles import PERMISSIONS, SEEN_FROM_ABOVE
from tenants.people.sessions import sign_out
from tenants.people.signing import sign_in
from tenants.tree.operations import find_tenant

GOOD = "correct horse battery"
P = Permission


@pytest.fixture
def policy(database):
    return RoomPolicy(database, Config())


def who(policy, *, cookie=None, name="__Host-lc", bearer=None):
    headers = {}
    if cookie is not None:
        headers["Cookie"] = f"{name}={cookie}"
    if bearer is not None:
        headers["Authorization"] = bearer
    with Flask("test").test_request_context("/", headers=headers):
        return policy.who(request)


def actor(someone, **more):
    return Actor(id=someone.id, name=someone.name, **more)


@pytest.fixture
def sees(database, tree):
    """Let a tenant show its ancestors more or less, for one test."""

    def show(slug, what):
        with database.unbound() as session:
            find_tenant(session, slug).parent_sees = what

    yield show
    for slug in tree:
        show(slug, ParentSees.SUBMITTED)


def test_a_cookie_tells_who_asks(database, policy, person):
    someone = person(password=GOOD)
    signed = sign_in(database, someone.login, GOOD)
    known = who(policy, cookie=signed.token)
    assert (known.id, known.name, known.tenant_id, known.scopes) == (
        someone.id, someone.name, None, None
    )  # fmt: skip
    with database.unbound() as session:
        sign_out(session, known.session_id)
    assert who(policy, cookie=signed.token) is None


def test_the_cookies_name_depends_on_the_transport(database, policy, person):
    assert cookie_name(Config()) == "__Host-lc"
    assert cookie_name(Config(insecure_http=True)) == "lc"
    someone = person(password=GOOD)
    token = sign_in(database, someone.login, GOOD).token
    assert who(policy, cookie=token, name="lc") is None
    plain = RoomPolicy(database, Config(insecure_http=True))
    assert who(plain, cookie=token, name="lc").id == someone.id
    assert who(plain, cookie=token) is None


@pytest.mark.parametrize(
    "change",
    [
        {"seen_at": func.now() - func.make_interval(0, 0, 0, 0, 0, 20, 1)},
        {"expires_at": func.now()},
        {"revoked_at": func.now()},
    ],
    ids=["idle", "old", "ended"],
)
def test_an_idle_old_or_ended_session_is_nobody(database, policy, person, change):
    someone = person(password=GOOD)
    token = sign_in(database, someone.login, GOOD).token
    mine = UserSession.token_hash == tokens.stored(token)
    with database.unbound() as session:
        session.execute(update(UserSession).where(mine).values(**change))
    assert who(policy, cookie=token) is None


def test_asking_keeps_a_session_awake(database, policy, person):
    someone = person(password=GOOD)
    token = sign_in(database, someone.login, GOOD).token
    mine = UserSession.token_hash == tokens.stored(token)
    nineteen = func.now() - func.make_interval(0, 0, 0, 0, 0, 19)
    with database.unbound() as session:
        session.execute(update(UserSession).where(mine).values(seen_at=nineteen))
    assert who(policy, cookie=token) is not None
    with database.unbound() as session:
        still = session.scalar(select(func.now() - UserSession.seen_at).where(mine))
        assert still.total_seconds() < 60


@pytest.mark.parametrize("cookie", ["", "x", "' OR 1=1 --", "%00", "ü"])
def test_a_made_up_cookie_is_nobody(policy, cookie):
    assert who(policy, cookie=cookie) is None


@pytest.mark.parametrize("role", Role)
def test_each_role_may_exactly_what_the_table_says_and_only_at_home(policy, tree, person, role):
    someone = actor(person(role, "370100"))
    may = {p for p in Permission if policy.may(someone, p, tree["370100"])}
    assert may == PERMISSIONS[role]
    for elsewhere in ("cn", "370000", "370103", "320500"):
        assert not any(policy.may(someone, p, tree[elsewhere]) for p in Permission)
    assert not any(policy.may(someone, p, uuid4()) for p in Permission)


def test_an_ancestor_looks_only_where_everything_is_shown_and_never_touches(
    policy, tree, person, sees
):
    above = actor(person("bureau_admin", "cn"))
    for shown in (ParentSees.NOTHING, ParentSees.SUBMITTED):
        sees("370100", shown)
        assert not any(policy.may(above, p, tree["370100"]) for p in Permission)
    sees("370100", ParentSees.ALL)
    may = {p for p in Permission if policy.may(above, p, tree["370100"])}
    assert may == PERMISSIONS[Role.BUREAU_ADMIN] & SEEN_FROM_ABOVE
    assert not policy.may(above, P.RUN_READ, tree["370103"])
    assert not policy.may(above, P.RUN_READ, tree["320500"])


def test_showing_everything_upwards_shows_nothing_sideways_or_downwards(policy, tree, person, sees):
    sees("370100", ParentSees.ALL)
    for slug in ("370103", "320500", "320000"):
        other = actor(person("bureau_admin", slug))
        assert not any(policy.may(other, p, tree["370100"]) for p in Permission)


def test_expired_roles_and_suspended_tenants_give_nothing(database, policy, tree, person):
    someone = person("bureau_admin", "320500")
    assert policy.may(actor(someone), P.RUN_READ, tree["320500"])
    with database.unbound() as session:
        tenant = find_tenant(session, "320500")
        tenant.state = TenantState.SUSPENDED
        session.flush()
    assert not policy.may(actor(someone), P.RUN_READ, tree["320500"])
    with database.unbound() as session:
        session.merge(tenant).state = TenantState.ACTIVE
    with database.session(tree["320500"]) as session:
        session.execute(
            update(Membership).where(Membership.user_id == someone.id).values(expires_at=func.now())
        )
    assert not policy.may(actor(someone), P.RUN_READ, tree["320500"])


def test_asking_costs_one_query(database, policy, tree, person):
    someone = actor(person("bureau_admin", "370100"))
    seen = []

    def note(connection, cursor, statement, parameters, context, executemany):
        if "memberships" in statement or "tenants" in statement:
            seen.append(statement)

    event.listen(database._app, "before_cursor_execute", note)
    policy.may(someone, P.RUN_READ, tree["370100"])
    event.remove(database._app, "before_cursor_execute", note)
    assert len(seen) == 1


@pytest.fixture
def token(database, tree, person):
    """Make a token for looking at runs in 济南市; give its person and its text."""
    someone = person("bureau_staff", "370100")
    with database.session(tree["370100"]) as session:
        return someone, make_token(session, someone.id, name="脚本", scopes=[P.RUN_READ])


def test_a_token_counts_in_its_own_tenant_and_for_its_scopes(database, policy, tree, token):
    someone, text = token
    with database.session(tree["320500"]) as session:
        add_member(session, someone.id, Role.BUREAU_ADMIN)
    known = who(policy, bearer=f"Bearer {text}")
    assert (known.id, known.tenant_id, known.scopes) == (someone.id, tree["370100"], {P.RUN_READ})
    assert {p for p in Permission if policy.may(known, p, tree["370100"])} == {P.RUN_READ}
    assert not any(policy.may(known, p, tree["320500"]) for p in Permission)


def test_a_token_with_another_tenants_id_before_it_is_nobody(policy, tree, token):
    secret = token[1].partition(".")[2]
    for tenant_id in (tree["320500"], tree["cn"], uuid4()):
        assert who(policy, bearer=f"Bearer {tenant_id}.{secret}") is None


@pytest.mark.parametrize("column", ["expires_at", "revoked_at"])
def test_an_expired_or_revoked_token_is_nobody(database, policy, tree, token, column):
    with database.session(tree["370100"]) as session:
        session.execute(update(ApiToken).values({column: func.now()}))
    assert who(policy, bearer=f"Bearer {token[1]}") is None


def test_a_token_is_worth_nothing_when_its_person_loses_the_role(database, policy, tree, token):
    someone, text = token
    with database.session(tree["370100"]) as session:
        remove_member(session, someone.id, Role.BUREAU_STAFF)
    known = who(policy, bearer=f"Bearer {text}")
    assert not policy.may(known, P.RUN_READ, tree["370100"])


def test_a_bad_token_is_not_rescued_by_a_good_cookie(database, policy, person):
    someone = person(password=GOOD)
    cookie = sign_in(database, someone.login, GOOD).token
    assert who(policy, cookie=cookie, bearer="Bearer nonsense") is None
