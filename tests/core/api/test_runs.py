"""A run over HTTP: scores, lines, coverage, gaps and tables that fit together."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.core.api.conftest import TOWN

BASE = f"/api/v1/tenants/{TOWN}"


@pytest.fixture
def run(client, town):
    return client.get(f"{BASE}/runs/{town[2]}").json


def test_a_run_names_everything_that_it_depends_on(run):
    assert run["state"] == "done"
    assert set(run["plan"]["inputs"]) == {"streets", "residents", "outlets", "areas"}
    assert run["plan"]["ruleset"]["digest"] == run["ruleset_digest"]
    assert len(run["fingerprint"]) == 64
    assert set(run["stage_seconds"]) >= {"load", "snap", "reach", "coverage", "judge", "gaps"}


def test_the_lines_add_up_to_the_score(client, run):
    lines = [row["line"] for row in client.get(f"{BASE}/runs/{run['id']}/lines?area=whole").json]
    assert sum(line["out_of"] for line in lines) == pytest.approx(100, abs=0.02)
    assert sum(line["points"]["low"] for line in lines) == pytest.approx(
        run["points_low"], abs=0.05
    )
    assert sum(line["points"]["high"] for line in lines) == pytest.approx(
        run["points_high"], abs=0.05
    )
    for line in lines:
        assert line["source"]
        assert line["status"] in {"official", "derived", "assumed"}
        assert line["value"] is not None or line["why"]


def test_every_circle_is_judged_and_its_people_are_part_of_the_whole(client, run):
    scores = client.get(f"{BASE}/runs/{run['id']}/scores").json
    circles = [score for score in scores if score["area_kind"] == "circle"]
    assert len(circles) >= 2
    assert sum(score["population"] for score in circles) <= run["population"]


def test_longer_walks_cover_no_fewer_people(client, run):
    rows = client.get(f"{BASE}/runs/{run['id']}/coverage").json
    covered = {(row["format_key"], row["minutes"]): row["covered"] for row in rows}
    keys = {key for key, _minutes in covered}
    assert "slot:yi_cai" in keys
    for key in keys:
        assert covered[key, 5.0] <= covered[key, 10.0] <= covered[key, 15.0] <= run["population"]


def test_gaps_are_ranked_by_people_within_a_format(client, run):
    answer = client.get(f"{BASE}/runs/{run['id']}/gaps.geojson?format=slot:yi_lao")
    assert answer.mimetype == "application/geo+json"
    people = [one["properties"]["people"] for one in answer.json["features"]]
    assert people == sorted(people, reverse=True)
    assert people
    for one in answer.json["features"]:
        groups = one["properties"]["groups"]
        assert 0 <= groups["65+"] <= groups["60+"] <= one["properties"]["people"]


def test_the_table_is_the_same_as_arrow_and_as_parquet(client, run):
    arrow = client.get(f"{BASE}/runs/{run['id']}/minutes.arrow")
    parquet = client.get(f"{BASE}/runs/{run['id']}/minutes.parquet")
    left = pa.ipc.open_file(pa.BufferReader(arrow.data)).read_all()
    right = pq.read_table(io.BytesIO(parquet.data))
    arrow.close()
    parquet.close()
    assert left.to_pydict() == right.to_pydict()
    assert sum(left.column("people").to_pylist()) == run["population"]


def test_an_unknown_ruleset_and_a_wrong_parameter_are_told_by_name(client):
    missing = client.post(f"{BASE}/runs", json={"ruleset": "nobody-knows"})
    wrong = client.post(
        f"{BASE}/runs",
        json={"ruleset": "jinan", "params": {"report_minutes": [-1], "unheard": 1}},
    )
    assert missing.status_code == 404
    assert wrong.status_code == 422
    assert "report_minutes" in wrong.text
    assert "unheard" in wrong.text


def test_a_place_without_data_is_told_what_to_import(client, app, services):
    from tests.core.api.conftest import member_token  # noqa: PLC0415 - a second place, here only

    _tenant_id, token = member_token(services, "x-empty")
    answer = app.test_client().post(
        "/api/v1/tenants/x-empty/runs",
        json={"ruleset": "jinan"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert "街道" in answer.json["detail"]
    assert "streets" in answer.json["detail_en"]
