"""Tokens: personal and of the place, what each outlives, and that none makes another."""

from __future__ import annotations

import re

import pytest

from core.config import Config
from core.db import Tenant, TenantState
from core.errors import Invalid
from core.policy import Permission
from tenants.people.models import Role, TokenKind
from tenants.people.operations import make_token, remove_member
from tenants.people.policy import RoomPolicy
from tenants.people.roles import NOT_FOR_SERVICES, PERMISSIONS

TOKEN = re.compile(r"<code>([0-9a-f-]{36}\.[\w-]+)</code>")
ADMIN = PERMISSIONS[Role.BUREAU_ADMIN]


@pytest.fixture
def program(app):
    """Give a function that makes a client with a token."""

    def make(token):
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return make


def token_of(database, tree, who, kind, scopes=("tenant.read", "run.read")):
    with database.session(tree["370100"]) as session:
        return make_token(
            session, who.id, name="夜间", scopes=[*map(Permission, scopes)], kind=kind
        )


@pytest.mark.parametrize(("kind", "status"), [(TokenKind.PERSONAL, 401), (TokenKind.SERVICE, 200)])
def test_a_service_outlives_its_makers_role_and_a_personal_token_does_not(
    database, tree, person, program, kind, status
):
    who = person("bureau_admin")
    client = program(token_of(database, tree, who, kind))
    assert client.get("/api/v1/tenants/370100/runs").status_code == 200
    with database.session(tree["370100"]) as session:
        remove_member(session, who.id, Role.BUREAU_ADMIN)
    answer = client.get("/api/v1/tenants/370100/runs").status_code
    assert answer == (404 if status == 401 else 200)


def test_a_service_may_what_it_was_given_in_its_place_and_nothing_else(
    database, tree, person, program
):
    policy = RoomPolicy(database, Config())
    text = token_of(database, tree, person("bureau_admin"), TokenKind.SERVICE)
    tenant, _, secret = text.partition(".")
    actor = policy._by_token(tree["370100"], secret)
    assert str(actor.tenant_id) == tenant
    may = {each for each in Permission if policy.may(actor, each, tree["370100"])}
    assert may == {Permission.TENANT_READ, Permission.RUN_READ}
    assert not any(policy.may(actor, each, tree["370103"]) for each in Permission)
    with database.unbound() as session:
        session.get_one(Tenant, tree["370100"]).state = TenantState.SUSPENDED
    assert not policy.may(actor, Permission.RUN_READ, tree["370100"])
    with database.unbound() as session:
        session.get_one(Tenant, tree["370100"]).state = TenantState.ACTIVE
    client = program(text)
    assert client.get("/account").status_code == 403
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("scope", sorted(NOT_FOR_SERVICES))
def test_a_service_manages_neither_people_nor_tokens(database, tree, person, scope):
    who = person("bureau_admin")
    assert scope in ADMIN
    with pytest.raises(Invalid):
        token_of(database, tree, who, TokenKind.SERVICE, (scope,))
    assert token_of(database, tree, who, TokenKind.PERSONAL, (scope,))


def test_a_token_makes_no_token(database, tree, person, program):
    text = token_of(
        database, tree, person("bureau_admin"), TokenKind.PERSONAL, ("tenant.read", "token.manage")
    )
    client = program(text)
    body = {"name": "x", "scopes": ["tenant.read"]}
    made = client.post("/api/v1/tenants/370100/tokens", json=body)
    assert made.status_code == 403
    form = {"name": "x", "days": "30", "scopes": "tenant.read"}
    for page in ("tokens", "my-tokens"):
        assert client.post(f"/t/370100/{page}", data=form).status_code == 403
    (listed,) = client.get("/api/v1/tenants/370100/tokens").json[:1]
    assert listed["kind"] == "personal"


def test_an_administrator_makes_a_service_token_on_the_page(signed, program):
    browser, page = signed("bureau_admin"), "/t/370100/tokens"
    form = {"name": "大屏", "days": "30", "scopes": "run.read", "kind": "service"}
    (token,) = TOKEN.findall(browser.send(page, page=page, **form).text)
    text = browser.open(page).text
    assert "大屏" in text
    assert "<td>服务</td>" in text
    assert "大屏" not in browser.open("/account").text
    answer = program(token).get("/api/v1/tenants/370100/runs")
    assert answer.status_code == 404  # no tenant.read: it may not even see the place
    assert browser.send(page, page=page, **form | {"kind": "other"}).status_code == 422


def test_everybody_makes_and_ends_tokens_of_their_own(signed, program):
    browser, page = signed("community_worker"), "/t/370100/my-tokens"
    form = {"name": "我的脚本", "days": "30", "scopes": ["tenant.read", "run.read"]}
    (token,) = TOKEN.findall(browser.send(page, page=page, **form).text)
    client = program(token)
    assert client.get("/api/v1/tenants/370100/runs").status_code == 200
    assert "我的脚本" in browser.open("/account").text
    more = browser.send(page, page=page, **form | {"scopes": "data.import"})
    assert more.status_code == 422
    (path,) = re.findall(r'action="(/t/370100/my-tokens/[\w-]+/revoke)"', browser.open(page).text)
    assert browser.send(path, page=page).status_code == 303
    assert client.get("/api/v1/tenants/370100/runs").status_code == 401


def test_nobody_ends_anothers_token_by_their_own_page(database, tree, signed, person, program):
    text = token_of(database, tree, person("bureau_staff"), TokenKind.PERSONAL)
    admin, other = signed("bureau_admin"), signed("community_worker")
    (path, *_rest) = re.findall(
        r'action="(/t/370100/tokens/[\w-]+/revoke)"', admin.open("/t/370100/tokens").text
    )
    own = path.replace("/tokens/", "/my-tokens/")
    assert other.send(own, page="/t/370100/my-tokens").status_code == 404
    assert program(text).get("/api/v1/tenants/370100").status_code == 200
