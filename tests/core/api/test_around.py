"""The way from one home, and rings, agree with what the run says."""

from __future__ import annotations

import pytest
import shapely
import shapely.geometry

from tests.core.api.conftest import OTHER, TOWN, member_token

SLOT = "slot:yi_cai"


@pytest.fixture
def base(town):
    return f"/api/v1/tenants/{TOWN}/runs/{town[2]}"


def test_the_way_from_a_home_takes_the_minutes_of_the_run(client, base):
    one = client.get(f"{base}/homes/5").json
    said = next(each["minutes"] for each in one["nearest"] if each["key"] == SLOT)
    way = client.get(f"{base}/homes/5/way", query_string={"format": SLOT}).json
    assert way["minutes"] == pytest.approx(said, abs=0.051)
    assert len(way["lon"]) == len(way["lat"]) >= 2
    homes = client.get(f"{base}/homes", query_string={"format": SLOT}).json
    assert (way["lon"][0], way["lat"][0]) == (homes["lon"][5], homes["lat"][5])
    assert (way["lon"][-1], way["lat"][-1]) == (way["outlet"]["lon"], way["outlet"]["lat"])
    outlets = client.get(f"{base}/outlets", query_string={"format": SLOT}).json
    assert way["outlet"]["name"] in outlets["name"]


def test_a_slot_that_is_not_there_is_told(client, base):
    plain = client.get(f"{base}/homes/5/way", query_string={"format": "slot:nothing"})
    assert plain.status_code == 404
    assert plain.json["detail"].endswith("。")


def test_rings_lie_in_each_other_and_count_people(client, base):
    way = client.get(f"{base}/homes/5/way", query_string={"format": SLOT}).json
    answer = client.get(f"{base}/outlets/{way['outlet']['row']}/rings")
    assert answer.mimetype == "application/geo+json"
    rings = answer.json["features"]
    assert answer.json["attached"]
    assert [ring["properties"]["minutes"] for ring in rings] == [5, 10, 15]
    people = [ring["properties"]["people"] for ring in rings]
    assert people == sorted(people)
    assert people[-1] > 0
    five, ten, fifteen = (shapely.geometry.shape(ring["geometry"]) for ring in rings)
    assert 0 < five.area < ten.area < fifteen.area
    at = {name: way["outlet"][name] for name in ("lon", "lat")}
    placed = client.get(f"{base}/rings", query_string={**at, "minutes": [5, 10, 15]}).json
    assert [ring["properties"]["people"] for ring in placed["features"]] == people


def test_far_from_any_street_there_are_no_rings(client, base):
    answer = client.get(f"{base}/rings", query_string={"lon": 117.9, "lat": 36.65}).json
    assert (answer["attached"], answer["features"]) == (False, [])
    assert answer["access_metres"] > 10_000


@pytest.mark.parametrize(
    ("address", "query", "status"),
    [
        ("rings", {}, 422),
        ("rings", {"lon": "nan", "lat": "36.65"}, 422),
        ("rings", {"lon": "117", "lat": "36.65", "minutes": "0"}, 422),
        ("rings", {"lon": "117", "lat": "36.65", "direction": "up"}, 422),
        ("rings", {"lon": "117", "lat": "36.65", "walker": "ghost"}, 404),
        ("outlets/100000/rings", {}, 404),
        ("homes/1000000/way", {"format": SLOT}, 404),
        ("homes/5/way", {}, 422),
    ],
)
def test_what_cannot_be_asked_is_told(client, base, address, query, status):
    answer = client.get(f"{base}/{address}", query_string=query)
    assert answer.status_code == status
    assert answer.json["detail_en"]


def test_another_tenants_run_is_not_there(app, services, town):
    _, token = member_token(services, f"{OTHER}-around")
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    for slug in (TOWN, f"{OTHER}-around"):
        answer = client.get(f"/api/v1/tenants/{slug}/runs/{town[2]}/outlets/0/rings")
        assert answer.status_code == 404
