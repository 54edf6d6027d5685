"""Scenarios over HTTP: edits, undo and redo, two people at once, answers that fit the run."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select

from core.db import AuditEvent, Scenario
from core.runs.verify import verify
from tests.core.api.conftest import TOWN

SLOT = "slot:yi_cai"
MARKET = "wet_market"


@pytest.fixture
def base(town):
    return f"/api/v1/tenants/{TOWN}/runs/{town[2]}"


@pytest.fixture
def scenario(client, base):
    made = client.post(f"{base}/scenarios", json={"name": "新增一处菜市场"})
    assert made.status_code == 201, made.text
    return made.json


@pytest.fixture
def homes(client, base):
    return client.get(f"{base}/homes", query_string={"format": SLOT}).json


@pytest.fixture
def far(homes):
    """Give the home that has the longest way to fresh food and a street at hand."""
    rows = range(len(homes["lon"]))
    walked = [row for row in rows if homes["minutes"][row] is not None]
    row = max(walked, key=lambda row: (homes["minutes"][row], row))
    return homes["lon"][row], homes["lat"][row]


def market(place, **more):
    offers = [{"format": MARKET, "hours": "06:00-19:00"}]
    return {
        "kind": "add_outlet", "name": "新菜场", "lon": place[0], "lat": place[1], "offers": offers,
        **more,
    }  # fmt: skip


def send(client, address, **body):
    answer = client.post(address, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_market_where_the_way_is_longest_helps_and_is_told_alike_everywhere(
    client, base, scenario, far
):
    address = f"{base}/scenarios/{scenario['id']}"
    done = send(client, f"{address}/edits", edit=market(far), version=scenario["version"])
    assert (done["scenario"]["version"], done["scenario"]["count"]) == (2, 1)
    found = done["answer"]
    assert found["people"]["gaining"]["all"] > 0 == found["people"]["losing"]["all"]
    assert {one["key"] for one in found["coverage"]} == {MARKET, SLOT}
    rows = {
        (row["format_key"], row["minutes"]): row["covered"]
        for row in client.get(f"{base}/coverage").json
    }
    for one in found["coverage"]:
        assert one["before"]["all"] == rows[one["key"], one["minutes"]]
        assert one["after"]["all"] == one["before"]["all"] + one["gained"]["all"]
    scores = {row["area_key"]: row for row in client.get(f"{base}/scores").json}
    assert found["scores"]
    for one in found["scores"]:
        assert one["before"]["points_low"] == scores[one["area"]]["points_low"]
        assert one["after"]["points_high"] >= one["before"]["points_high"]
    assert client.get(f"{address}/answer").json == found
    less = client.get(f"{address}/answer", query_string={"key": SLOT}).json
    assert {one["key"] for one in less["coverage"]} == {SLOT}
    columns = client.get(f"{address}/homes", query_string={"format": SLOT}).json
    for before, after in zip(columns["before"], columns["after"], strict=True):
        assert after is not None
        assert before is None or after <= before
    free = send(client, f"{base}/whatif", edits=[market(far)])
    assert free == found


def test_undo_and_redo_give_the_same_answers(client, base, scenario, far):
    address, version = f"{base}/scenarios/{scenario['id']}", 1
    told = [client.get(f"{address}/answer").json]
    for edit in (
        market(far),
        {"kind": "close_outlet", "outlet": 0},
        {"kind": "move_outlet", "outlet": "new:1", "lon": far[0] + 0.002, "lat": far[1]},
        {"kind": "add_path", "from": list(far), "to": [far[0] + 0.004, far[1]]},
    ):
        told.append(send(client, f"{address}/edits", edit=edit, version=version)["answer"])
        version += 1
    for before in reversed(told[:-1]):
        undone = send(client, f"{address}/undo", version=version)
        assert undone["answer"] == before
        version += 1
    assert client.post(f"{address}/undo", json={"version": version}).status_code == 409
    for after in told[1:]:
        redone = send(client, f"{address}/redo", version=version)
        assert redone["answer"] == after
        version += 1
    empty = client.post(f"{address}/redo", json={"version": version})
    assert (empty.status_code, "重做" in empty.json["detail"]) == (409, True)
    send(client, f"{address}/undo", version=version)
    more = send(client, f"{address}/edits", edit=market(far), version=version + 1)
    assert more["scenario"]["undone"] == []
    assert more["scenario"]["count"] == 4


def test_who_saw_an_older_version_is_told_and_loses_nothing(client, base, scenario, far):
    address = f"{base}/scenarios/{scenario['id']}"
    send(client, f"{address}/edits", edit=market(far), version=1)
    stale = client.post(f"{address}/edits", json={"edit": market(far), "version": 1})
    assert stale.status_code == 409
    assert "第 2 版" in stale.json["detail"]
    assert stale.json["errors"] == [{"seen": 1, "version": 2}]
    for way in ("undo", "redo"):
        assert client.post(f"{address}/{way}", json={"version": 1}).status_code == 409
    assert client.patch(address, json={"name": "x", "version": 1}).status_code == 409
    kept = client.get(address).json
    assert (kept["version"], kept["count"], kept["name"]) == (2, 1, "新增一处菜市场")


def test_a_wrong_edit_is_told_by_number_and_field_and_is_not_kept(client, base, scenario, far):
    address = f"{base}/scenarios/{scenario['id']}"
    send(client, f"{address}/edits", edit=market(far), version=1)
    for edit, field in (
        ({"kind": "close_outlet", "outlet": 10**6}, "outlet"),
        (market((far[0], far[1] + 1)), "lon"),
        (market(far, offers=[{"format": "dragons"}]), "offers"),
        (market(far, offers=[{"format": MARKET, "hours": "sometimes"}]), "offers"),
        ({"kind": "open_gate", "lon": 0, "lat": 0}, "lon"),
        ("close everything", "kind"),
    ):
        refused = client.post(f"{address}/edits", json={"edit": edit, "version": 2})
        assert refused.status_code == 422
        assert refused.json["errors"][0]["edit"] == 2
        assert refused.json["errors"][0]["field"] == field
        assert "没有改变" in refused.json["detail"]
    assert client.get(address).json["count"] == 1


def test_scenarios_are_listed_renamed_compared_and_deleted(client, base, scenario, far):
    address = f"{base}/scenarios/{scenario['id']}"
    send(client, f"{address}/edits", edit=market(far), version=1)
    other = client.post(f"{base}/scenarios", json={"name": "关一家"}).json
    edit = {"kind": "close_outlet", "outlet": 0}
    send(client, f"{base}/scenarios/{other['id']}/edits", edit=edit, version=1)
    named = client.patch(address, json={"name": "两处", "version": 2}).json
    assert (named["name"], named["version"]) == ("两处", 3)
    listed = client.get(f"{base}/scenarios", query_string={"limit": 2}).json
    assert [one["id"] for one in listed] == [other["id"], scenario["id"]]
    ids = f"{scenario['id']},{other['id']}"
    compared = client.get(f"{base}/scenarios/compare", query_string={"with": ids}).json
    assert [one["name"] for one in compared["scenarios"]] == ["两处", "关一家"]
    assert len(compared["score"]["after"]) == 2
    for row in compared["coverage"]:
        assert row["after"][0] >= row["before"] >= row["after"][1]
    assert any(row["after"][0] > row["before"] for row in compared["coverage"])
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    gone = client.get(f"{base}/scenarios/compare", query_string={"with": ids})
    assert gone.status_code == 404
    five = ",".join(str(uuid4()) for _ in range(5))
    for words in ("", "x", five):
        assert (
            client.get(f"{base}/scenarios/compare", query_string={"with": words}).status_code == 422
        )


def test_every_change_is_audited_and_the_run_stays_what_it_was(
    client, base, scenario, far, services, town
):
    tenant_id, _, run_id = town
    before = client.get(base).json
    address = f"{base}/scenarios/{scenario['id']}"
    send(client, f"{address}/edits", edit=market(far), version=1)
    send(client, f"{address}/undo", version=2)
    send(client, f"{address}/redo", version=3)
    client.patch(address, json={"name": "改名", "version": 4})
    client.delete(address)
    with services.database.session(tenant_id) as session:
        events = session.scalars(
            select(AuditEvent.action)
            .where(AuditEvent.subject == f"scenario:{scenario['id']}")
            .order_by(AuditEvent.number)
        ).all()
    deeds = ("create", "edit", "undo", "redo", "rename", "delete")
    assert events == [f"scenario.{deed}" for deed in deeds]
    assert client.get(base).json == before
    assert verify(services.database, services.blobs, services.host, tenant_id, run_id).same


def test_who_may_only_read_may_ask_and_not_keep(app, services, town, base, scenario, far):
    from core.policy import Permission  # noqa: PLC0415 - here only
    from tenants.people.models import Role  # noqa: PLC0415 - here only
    from tenants.people.operations import add_member, create_user, make_token  # noqa: PLC0415 - here only

    with services.database.unbound() as session:
        user_id = create_user(session, login=f"reader-{uuid4()}", name="读者").id
    with services.database.session(town[0], user_id) as session:
        add_member(session, user_id, Role.COMMUNITY_WORKER)
        scopes = frozenset({Permission.TENANT_READ, Permission.RUN_READ})
        token = make_token(session, user_id, name="r", scopes=scopes)
    reader = app.test_client()
    reader.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    assert reader.post(f"{base}/whatif", json={"edits": [market(far)]}).status_code == 200
    address = f"{base}/scenarios/{scenario['id']}"
    assert reader.get(f"{address}/answer").status_code == 200
    assert reader.post(f"{base}/scenarios", json={"name": "x"}).status_code == 403
    edit = {"edit": market(far), "version": 1}
    assert reader.post(f"{address}/edits", json=edit).status_code == 403
    assert reader.delete(address).status_code == 403


def test_limits_are_told(client, base, services, town, monkeypatch, scenario):
    tenant_id, _, run_id = town
    with services.database.session(tenant_id) as session:
        row = session.scalars(select(Scenario).where(Scenario.id == scenario["id"])).one()
        row.edits = [{"kind": "close_outlet", "outlet": n} for n in range(500)]
    full = client.post(
        f"{base}/scenarios/{scenario['id']}/edits",
        json={"edit": {"kind": "close_outlet", "outlet": 500}, "version": 1},
    )
    assert (full.status_code, "500" in full.json["detail"]) == (409, True)
    with services.database.session(tenant_id) as session:
        session.add_all(Scenario(tenant_id=tenant_id, run_id=run_id, name="x") for _ in range(200))
    many = client.post(f"{base}/scenarios", json={"name": "一个太多"})
    assert (many.status_code, "200" in many.json["detail"]) == (409, True)
