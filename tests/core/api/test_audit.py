"""The chain over HTTP: its records, filters, and whether it holds."""

from __future__ import annotations

from hashlib import sha256

import pytest
import rfc8785

from core.db.audit import head, record
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user, make_token
from tenants.people.roles import PERMISSIONS
from tenants.tree.operations import create_tenant

BASE = "/api/v1/tenants/x-audit/audit"


@pytest.fixture(scope="module")
def place(services):
    with services.database.unbound() as session:
        tenant_id = create_tenant(session, name="某市", slug="x-audit").id
        user_id = create_user(session, login="auditor", name="审计员").id
    with services.database.session(tenant_id, user_id) as session:
        add_member(session, user_id, Role.AUDITOR)
    tokens = {}
    for role in (Role.AUDITOR, Role.BUREAU_ADMIN):
        with services.database.session(tenant_id, user_id) as session:
            add_member(session, user_id, role)
            scopes = PERMISSIONS[role]
        with services.database.session(tenant_id, user_id) as session:
            tokens[role] = make_token(session, user_id, name=role, scopes=scopes)
    for number in range(5):
        with services.database.session(tenant_id, user_id) as session:
            record(session, action="thing.do", subject=f"thing:{number}", details={"n": number})
    return tenant_id, user_id, tokens


@pytest.fixture
def by(app, place):
    def make(role):
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {place[2][role]}"
        return client

    return make


def test_records_come_newest_first_with_all_that_their_hashes_cover(by):
    rows = by(Role.AUDITOR).get(f"{BASE}?limit=3&subject=thing:").json
    assert [row["subject"] for row in rows] == ["thing:4", "thing:3", "thing:2"]
    for row in rows:
        covered = {name: value for name, value in row.items() if name != "hash"}
        assert sha256(rfc8785.dumps(covered)).hexdigest() == row["hash"]
    assert rows[0]["prev_hash"] == rows[1]["hash"]


def test_records_are_found_by_who_what_and_when(by, place):
    client = by(Role.AUDITOR)
    assert len(client.get(f"{BASE}?actor_id={place[1]}&action=thing.do").json) == 5
    assert client.get(f"{BASE}?action=nothing").json == []
    assert client.get(f"{BASE}?until=2001-01-01T00:00:00Z").json == []
    assert len(client.get(f"{BASE}?since=2001-01-01T00:00:00%2B08:00&subject=thing").json) == 5
    assert client.get(f"{BASE}?since=2001-01-01T00:00:00").status_code == 422


def test_the_verdict_gives_the_head_to_keep(by, place, services):
    told = by(Role.AUDITOR).get(f"{BASE}/verdict").json
    with services.database.session(place[0]) as session:
        last = head(session)
    assert told["holds"]
    assert told["broken"] is None
    assert (told["number"], told["hash"]) == (last.number, last.hash)


def test_who_may_not_audit_is_refused(by):
    for rest in ("", "/verdict"):
        assert by(Role.BUREAU_ADMIN).get(BASE + rest).status_code == 403
