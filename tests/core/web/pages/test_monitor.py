"""What a monitor asks: readiness by its parts, and figures that name nobody."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from core import metrics
from core.app import create_app
from core.web.pages import monitor
from tenants import ROOM
from tests.proxy import listening_nowhere

LINE = re.compile(r'[a-z_]+(\{([a-z_]+="[^"\n]*",?)+\})? -?[0-9.e+-]+')


@pytest.fixture
def client(app):
    return app.test_client()


def with_settings(services, **changes):
    opened = replace(services, config=replace(services.config, **changes))
    return create_app(opened.config, [ROOM], replace(opened, policy=ROOM.policy(opened)))


def test_a_process_with_all_its_parts_is_ready(client, services):
    services.config.blobs.mkdir(exist_ok=True)
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.text
    parts = dict.fromkeys(("database", "migrations", "queue", "disk"), "ok")
    assert answer.json == {"status": "ready", "parts": parts}


def test_a_missing_queue_is_told_and_hides_nothing_else(services):
    app = with_settings(services, redis_url=f"redis://127.0.0.1:{listening_nowhere()}/0")
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json["parts"]["queue"] == "missing"
    assert answer.json["parts"]["database"] == "ok"


def test_a_full_disk_is_told(client, monkeypatch):
    full = shutil.disk_usage("/")._replace(free=1)
    monkeypatch.setattr(monitor.shutil, "disk_usage", lambda _: full)
    assert client.get("/readyz").json["parts"]["disk"] == "missing"


@pytest.mark.parametrize(("revision", "part"), [("0001", "missing"), ("9999", "ok")])
def test_earlier_tables_are_told_and_on_a_later_releases_this_one_works_on(
    client, database_urls, revision, part
):
    engine = create_engine(database_urls.owner_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        [head] = connection.execute(text("SELECT version_num FROM alembic_version")).one()
        told = text("UPDATE alembic_version SET version_num = :it")
        connection.execute(told, {"it": revision})
        try:
            parts = client.get("/readyz").json["parts"]
        finally:
            connection.execute(told, {"it": head})
    engine.dispose()
    assert parts["migrations"] == part
    assert parts["database"] == "ok"


def test_figures_are_lines_that_a_monitor_reads(client):
    client.get("/sign-in")
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type == metrics.MEDIA
    lines = answer.text.splitlines()
    assert all(line.startswith(("# HELP ", "# TYPE ")) or LINE.fullmatch(line) for line in lines)
    counted = 'lifecircle_requests_total{route="/sign-in",method="GET",status="2xx"}'
    assert any(line.startswith(counted) for line in lines)
    assert any(line.startswith("lifecircle_disk_free_bytes ") for line in lines)


def test_a_histogram_rises_to_its_count(client):
    client.get("/sign-in")
    told = client.get("/metrics").text
    buckets = re.findall(r'request_seconds_bucket\{route="/sign-in",le="([^"]+)"\} (\d+)', told)
    assert [float(bound) for bound, _ in buckets] == sorted(float(bound) for bound, _ in buckets)
    counts = [int(count) for _, count in buckets]
    assert counts == sorted(counts)
    assert buckets[-1][0] == "+Inf"
    assert f'request_seconds_count{{route="/sign-in"}} {counts[-1]}' in told


@pytest.mark.parametrize(
    ("environ", "headers", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, {}, 200),
        ({"REMOTE_ADDR": "::1"}, {}, 200),
        ({"REMOTE_ADDR": "10.0.0.9"}, {}, 404),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"X-Forwarded-For": "10.0.0.9"}, 404),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"Forwarded": "for=10.0.0.9"}, 404),
    ],
)
def test_without_a_token_figures_are_for_this_machine(client, environ, headers, status):
    answer = client.get("/metrics", environ_base=environ, headers=headers)
    assert answer.status_code == status


def test_with_a_token_figures_are_for_whoever_has_it(services):
    client = with_settings(services, metrics_token="a token of the monitor").test_client()
    far = {"REMOTE_ADDR": "10.0.0.9"}
    right = {"Authorization": "Bearer a token of the monitor"}
    assert client.get("/metrics", environ_base=far, headers=right).status_code == 200
    for wrong in ({}, {"Authorization": "Bearer another"}, {"Authorization": "Bearer 令牌"}):
        assert client.get("/metrics", headers=wrong).status_code == 404


def test_what_is_counted_while_the_queue_is_away_is_handed_on_later(redis_url):
    counted = metrics.Counted()
    counted.count("lifecircle_limited_total", kind="x")
    counted.hand_on(f"redis://127.0.0.1:{listening_nowhere()}/0", at_once=True)
    counted.count("lifecircle_limited_total", kind="x")
    counted.hand_on(redis_url, at_once=True)
    counted.hand_on(redis_url, at_once=True)
    assert metrics.summed(redis_url) == {'lifecircle_limited_total{kind="x"}': 2.0}
