"""Requests that start work and name themselves: done once, answered alike."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from core.db import AuditEvent, Job, RequestKey, Upload
from core.keeping.sweep import KEEP, sweep
from core.store import Blobs
from tests.core.api.conftest import TOWN
from tests.uploading import upload

BASE = f"/api/v1/tenants/{TOWN}"
SHEET = "编号,经度,纬度,人口\na,117.001,36.6501,40\n"
_numbers = iter(range(100))


@pytest.fixture
def rows(services, town):
    """Give a function that counts what a repeated request must not add to."""

    def count():
        with services.database.session(town[0]) as session:
            kinds = (Job, Upload, AuditEvent, RequestKey)
            return [session.scalar(select(func.count()).select_from(kind)) for kind in kinds]

    return count


@pytest.fixture
def new():
    """Give a body for a run that nobody has asked for."""
    minutes = 21 + next(_numbers) / 8
    return {"ruleset": "national-2023-plan", "params": {"limit_minutes": minutes}}


def ask(client, body, key, **headers):
    return client.post(f"{BASE}/runs", json=body, headers={"Idempotency-Key": key, **headers})


def same(first, second):
    assert first.status_code == second.status_code
    assert first.get_data() == second.get_data()
    assert first.headers["Location"] == second.headers["Location"]


def test_a_run_asked_for_twice_under_one_key_is_one_run_with_one_answer(client, rows, new):
    first = ask(client, new, "once")
    assert first.status_code == 202
    before = rows()
    same(first, ask(client, new, "once"))
    assert rows() == before
    assert client.get(first.headers["Location"]).json["id"] == first.json["id"]


def test_the_same_key_with_another_body_is_refused_with_a_sentence(client, rows, new):
    ask(client, new, "other body")
    before = rows()
    answer = ask(client, {**new, "label": "x"}, "other body")
    assert answer.status_code == 409
    assert "什么都没有做" in answer.json["detail"]
    assert rows() == before


def test_a_key_counts_within_one_place_only(app, client, services, new):
    from tests.core.api.conftest import member_token  # noqa: PLC0415 - beside its one use

    tenant_id, token = member_token(services, "x-elsewhere")
    assert ask(client, new, "mine").status_code == 202
    other = app.test_client()
    other.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    answer = other.post(
        "/api/v1/tenants/x-elsewhere/runs", json=new, headers={"Idempotency-Key": "mine"}
    )
    assert answer.status_code == 422  # it has no data: its own answer, not the other's
    with services.database.session(tenant_id) as session:
        assert session.scalar(select(func.count()).select_from(RequestKey)) == 0


def test_a_refused_request_may_be_mended_and_sent_again_under_its_key(client, new):
    assert ask(client, {**new, "ruleset": "nobodys"}, "mended").status_code == 404
    assert ask(client, new, "mended").status_code == 202


def test_a_file_sent_twice_under_one_key_is_one_upload(client, rows, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(SHEET)
    named = SimpleNamespace(open=client.open, environ_base=client.environ_base | KEY)
    first = upload(named, TOWN, "residents", path)
    assert first.status_code == 202
    before = rows()
    same(first, upload(named, TOWN, "residents", path))
    assert rows() == before
    path.write_text(SHEET.replace("40", "41"))
    assert upload(named, TOWN, "residents", path).status_code == 409
    path.write_text(SHEET)
    other = upload(named, TOWN, "residents", path, {"as_of": "2026-01-01"})
    assert other.status_code == 409
    assert rows() == before
    upload(client, TOWN, "residents", path)  # without a key the file is kept once more
    assert rows()[1] == before[1] + 1


KEY = {"HTTP_IDEMPOTENCY_KEY": "a file"}


def test_of_many_who_send_one_key_at_once_one_is_done(app, client, rows, new):
    start, answers = threading.Barrier(5), []

    def send():
        mine = app.test_client()
        mine.environ_base.update(client.environ_base)
        start.wait()
        answers.append(ask(mine, new, "at once"))

    before = rows()
    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        same(answers[0], answer)
    assert answers[0].status_code == 202
    assert [after - was for after, was in zip(rows(), before, strict=True)] == [1, 0, 1, 1]


@pytest.mark.parametrize("key", ["x" * 201, "x\x01y"])
def test_a_key_that_cannot_be_kept_is_refused(client, rows, new, key):
    before = rows()
    assert ask(client, new, key).status_code == 422
    assert rows() == before


def test_who_does_not_wait_is_told_that_nobody_has_to(client, new):
    answer = ask(client, new, "later", Prefer="wait=1, respond-async")
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert "Preference-Applied" not in ask(client, new, "").headers


def test_an_answer_is_kept_for_seven_days_and_then_swept(services, town, tmp_path):
    tenant_id = town[0]
    with services.database.session(tenant_id) as session:
        for key, days in (("kept", KEEP.answers - 0.01), ("gone", KEEP.answers + 0.01)):
            session.add(
                RequestKey(
                    tenant_id=tenant_id, key=key, digest="0" * 64, status=202, location="x",
                    answer="{}", created_at=datetime.now(UTC) - timedelta(days=days),
                )
            )  # fmt: skip
    counts = sweep(services.database, Blobs(tmp_path / "blobs"))
    assert (KEEP.answers, counts["answers"]) == (7.0, 1)
    with services.database.session(tenant_id) as session:
        asked = select(RequestKey.key).where(RequestKey.key.in_(["kept", "gone"]))
        assert session.scalars(asked).all() == ["kept"]
        told = select(AuditEvent.details).where(AuditEvent.action == "rows.sweep")
        assert session.scalars(told).one()["answers"] == 1
