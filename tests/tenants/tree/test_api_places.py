"""The tree over HTTP: listed, changed, previewed; a word of one's own taken back."""

from __future__ import annotations

import itertools

import pytest

from core.policy import Permission
from tenants.people.models import Role
from tenants.people.operations import make_token
from tenants.tree.operations import create_tenant

_numbers = itertools.count()
API = "/api/v1/tenants/370100"


@pytest.fixture
def client(app, database, tree, person):
    """Give a client that speaks for 济南市's administrator by a token."""
    who = person(Role.BUREAU_ADMIN)
    scopes = {
        Permission.TENANT_READ,
        Permission.TENANT_CREATE,
        Permission.PLUGIN_SET,
        Permission.PLUGIN_READ,
    }
    with database.session(tree["370100"], who.id) as session:
        token = make_token(session, who.id, name="t", scopes=scopes)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


@pytest.fixture
def two(database, tree):
    number = next(_numbers)
    with database.unbound() as session:
        for name in ("a", "b"):
            create_tenant(
                session, name=f"{name}{number}", slug=f"{name}-{number}", parent_slug="370100"
            )
    return f"a-{number}", f"b-{number}"


def test_places_are_listed_and_found(client, two):
    listed = client.get(f"{API}/places").json
    assert listed[0]["slug"] == "370100"
    assert {*two} <= {one["slug"] for one in listed}
    assert [one["slug"] for one in client.get(f"{API}/places?q={two[0]}").json] == [two[0]]
    assert client.get(f"{API}/places?limit=0").status_code == 422


def test_a_change_is_told_beforehand_done_and_remembered(client, two):
    asked = {"name": "新名", "english": "New", "since": "2020-01-02"}
    told = client.post(f"{API}/places/{two[0]}/rename", json={**asked, "preview": True})
    assert told.json["place"]["name"] == "新名"
    assert client.get(f"{API}/places/{two[0]}").json["name"] != "新名"
    assert client.post(f"{API}/places/{two[0]}/rename", json=asked).json == told.json
    place = client.get(f"{API}/places/{two[0]}").json
    assert [(one["change"], one["since"]) for one in place["history"]] == [
        ("created", None),
        ("renamed", "2020-01-02"),
    ]


def test_a_merged_place_is_still_shown_with_what_became_of_it(client, two):
    done = client.post(f"{API}/places/{two[0]}/merge", json={"into": two[1]})
    assert done.status_code == 200
    place = client.get(f"{API}/places/{done.json['place']['slug']}").json
    assert place["state"] == "merged"
    assert place["history"][-1]["other"] == two[1]


def test_splitting_and_moving(client, two):
    number = next(_numbers)
    parts = [{"name": f"新{number}", "slug": f"new-{number}"}]
    assert client.post(f"{API}/places/{two[0]}/split", json={"parts": parts}).status_code == 200
    assert client.post(f"{API}/places/new-{number}/move", json={"to": two[0]}).status_code == 422


@pytest.mark.parametrize("place", ["320500", "never-was", "370000"])
@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("rename", {"name": "x"}),
        ("move", {"to": "370103"}),
        ("merge", {"into": "370103"}),
        ("split", {"parts": [{"name": "x"}]}),
    ],
)
def test_a_place_elsewhere_answers_like_none(client, place, verb, body):
    answer = client.post(f"{API}/places/{place}/{verb}", json=body)
    nowhere = client.post(f"{API}/places/nowhere/{verb}", json=body)
    assert answer.status_code == nowhere.status_code == 404
    assert answer.json["detail"].replace(place, "nowhere") == nowhere.json["detail"]


def test_a_word_is_locked_and_taken_back(client):
    word = {"state": "off", "settings": {}, "locked": True}
    assert client.put(f"{API}/plugins/osm", json=word).status_code == 204
    told = {one["key"]: one for one in client.get(f"{API}/plugins").json}["osm"]
    assert (told["enabled"], told["said_by"], told["own"], told["locked"]) == (
        False,
        "370100",
        True,
        False,
    )
    assert client.delete(f"{API}/plugins/osm").status_code == 204
    assert client.delete(f"{API}/plugins/osm").status_code == 404
    told = {one["key"]: one for one in client.get(f"{API}/plugins").json}["osm"]
    assert (told["enabled"], told["said_by"]) == (True, None)


def test_codes_are_looked_up_below_ones_own(client):
    assert client.get(f"{API}/codes?q=历下").status_code == 200
