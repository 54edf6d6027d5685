"""Invitations over HTTP: made and taken back as the pages do, and by no token."""

from __future__ import annotations

import itertools
from uuid import uuid4

import pytest

from tenants.people.invitations import invitations_of, invite
from tenants.people.operations import make_token
from tests.tenants.browsing import TOKEN, Browser

API = "/api/v1/tenants/370100/invitations"
_numbers = itertools.count()


@pytest.fixture
def admin(signed):
    """Give a function that asks the API as an administrator's page does."""
    browser = signed("bureau_admin")

    def ask(method, path, **body):
        token = TOKEN.search(browser.open("/account").text)[1]
        return browser.client.open(path, method=method, json=body, headers={"X-CSRFToken": token})

    ask.browser = browser
    return ask


def asked(**other):
    return {"login": f"api-{next(_numbers)}", "name": "辛任", "role": "surveyor", **other}


def test_an_invitation_is_made_listed_renewed_and_taken_back(admin, app):
    body = asked(days=30)
    made = admin("POST", API, **body)
    assert made.status_code == 201
    old = made.json["path"]
    assert "辛任" in Browser(app).open(old).text
    (row,) = (one for one in admin("GET", API).json if one["login"] == body["login"])
    assert (row["role"], row["days"], row["open"]) == ("surveyor", 30, True)
    assert old.rpartition(".")[2] not in str(row)
    new = admin("POST", f"{API}/{row['id']}/link").json["path"]
    assert Browser(app).open(old).status_code == 404
    assert Browser(app).open(new).status_code == 200
    assert admin("DELETE", f"{API}/{row['id']}").status_code == 204
    assert admin("DELETE", f"{API}/{row['id']}").status_code == 404
    assert Browser(app).open(new).status_code == 404


def test_sent_again_it_makes_no_second_one(admin):
    body = asked()
    assert [admin("POST", API, **body).status_code for _ in range(2)] == [201, 409]
    assert [one["login"] for one in admin("GET", API).json].count(body["login"]) == 1


@pytest.mark.parametrize(
    "wrong", [{"role": "king"}, {"days": 0}, {"days": "7"}, {"login": ""}, {"extra": 1}]
)
def test_what_cannot_be_meant_is_refused(admin, wrong):
    assert admin("POST", API, **asked(**wrong)).status_code == 422


def test_a_token_lists_and_takes_back_and_invites_nobody(app, database, tree, person):
    who = person("bureau_admin")
    with database.session(tree["370100"], who.id) as session:
        token = make_token(session, who.id, name="t", scopes=["tenant.read", "people.manage"])
        invite(session, login=f"api-{next(_numbers)}", name="某人", role="surveyor")
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    before = client.get(API).json
    assert client.post(API, json=asked()).status_code == 403
    assert client.post(f"{API}/{before[0]['id']}/link").status_code == 403
    pages = {"login": "by-page", "name": "某人", "role": "surveyor"}
    assert client.post("/t/370100/invitations", data=pages).status_code == 403
    assert client.get(API).json == before
    assert client.delete(f"{API}/{before[0]['id']}").status_code == 204


def test_anothers_invitation_answers_like_none(admin, database, tree):
    with database.session(tree["320500"]) as session:
        invite(session, login=f"api-{next(_numbers)}", name="某人", role="surveyor")
        theirs = invitations_of(session)[0].id
    answers = [admin("DELETE", f"{API}/{each}") for each in (theirs, uuid4())]
    assert {each.status_code for each in answers} == {404}
    assert len({each.data for each in answers}) == 1
