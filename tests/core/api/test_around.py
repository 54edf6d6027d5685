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
    assert way["line"]["type"] == "LineString"
    assert way["line"]["coordinates"] == list(map(list, zip(way["lon"], way["lat"], strict=True)))
    assert [part["part"] for part in way["parts"]] == ["home", "street", "outlet"]
    corners = [(part["first"], part["last"]) for part in way["parts"]]
    assert corners == [(0, 1), (1, len(way["lon"]) - 2), (len(way["lon"]) - 2, len(way["lon"]) - 1)]
    assert way["along"] == sorted(way["along"])
    assert way["along"][-1] == pytest.approx(sum(part["metres"] for part in way["parts"]), abs=0.2)
    assert way["offers"]
    assert (way["why"], way["walker"]) == ("", "adult_1_2")


def test_every_walker_that_is_listed_can_be_asked_about(client, base):
    walkers = client.get(f"{base}/walkers").json
    assert {"adult_1_2", "elder", "pushchair", "wheelchair"} <= {one["key"] for one in walkers}
    minutes = {}
    for one in walkers:
        assert one["name"]
        assert one["english"]
        assert "米/秒" in one["note"]
        query = {"format": SLOT, "walker": one["key"]}
        minutes[one["key"]] = client.get(f"{base}/homes/5/way", query_string=query).json["minutes"]
    assert minutes["elder"] > minutes["adult_1_2"] > 0


def test_only_what_is_known_to_be_open_is_walked_to(client, base):
    query = {"format": "convenience_store"}
    plain = client.get(f"{base}/homes/5/way", query_string=query).json
    for hours in ("03:00-04:00", "22:30-02:00", "12:00"):
        known = client.get(f"{base}/homes/5/way", query_string={**query, "open": hours}).json
        maybe = {**query, "open": hours, "unsure": "true"}
        perhaps = client.get(f"{base}/homes/5/way", query_string=maybe).json
        if known["minutes"] is not None:
            assert all(each["hours"] for each in known["offers"])
            assert plain["minutes"] <= perhaps["minutes"] <= known["minutes"]
        else:
            assert known["why"].endswith("。")
            assert known["line"] is None


def test_where_there_is_no_way_the_reason_is_told(client, base):
    keys = {one["key"] for one in client.get(f"/api/v1/tenants/{TOWN}/formats").json}
    measured = {each["key"] for each in client.get(f"{base}/homes/5").json["nearest"]}
    missing = sorted(keys - measured)
    assert missing
    way = client.get(f"{base}/homes/5/way", query_string={"format": missing[0]}).json
    assert (way["outlet"], way["minutes"], way["lon"], way["parts"]) == (None, None, [], [])
    assert "登记" in way["why"]
    assert "registered" in way["why_en"]


def test_a_slot_that_is_not_there_is_told(client, base):
    plain = client.get(f"{base}/homes/5/way", query_string={"format": "slot:nothing"})
    assert plain.status_code == 404
    assert plain.json["detail"].endswith("。")


def test_rings_lie_in_each_other_and_count_people(client, base):
    way = client.get(f"{base}/homes/5/way", query_string={"format": SLOT}).json
    answer = client.get(f"{base}/outlets/{way['outlet']['row']}/rings")
    assert answer.mimetype == "application/geo+json"
    rings = answer.json["features"]
    assert "设" in answer.json["counted"]
    assert [ring["properties"]["minutes"] for ring in rings] == [5, 10, 15]
    people = [ring["properties"]["people"] for ring in rings]
    assert people == sorted(people)
    assert people[-1] > 0
    five, ten, fifteen = (shapely.geometry.shape(ring["geometry"]) for ring in rings)
    assert 0 < five.area < ten.area < fifteen.area
    at = {name: way["outlet"][name] for name in ("lon", "lat")}
    placed = client.get(f"{base}/rings", query_string={**at, "minutes": "5,10,15"}).json
    assert [ring["properties"]["people"] for ring in placed["features"]] == people


def test_far_from_any_street_rings_are_refused_with_the_distance(client, base):
    answer = client.get(f"{base}/rings", query_string={"lon": 117.9, "lat": 36.65})
    assert answer.status_code == 422
    assert "超过 150 米的上限" in answer.json["detail"]


@pytest.mark.parametrize(
    ("address", "query", "status"),
    [
        ("rings", {}, 422),
        ("rings", {"lon": "nan", "lat": "36.65"}, 422),
        ("rings", {"lon": "117", "lat": "36.65", "minutes": "0"}, 422),
        ("rings", {"lon": "117", "lat": "36.65", "direction": "up"}, 422),
        ("rings", {"lon": "117", "lat": "36.65", "minutes": "1,2,3,4,5"}, 422),
        ("rings", {"lon": "117", "lat": "36.65", "minutes": "5,,15"}, 422),
        ("rings", {"lon": "117", "lat": "36.65", "minute": "5"}, 422),
        ("outlets/0/rings", {"minutes": "59"}, 422),
        ("homes/5/way", {"format": SLOT, "open": "25:00"}, 422),
        ("homes/5/way", {"format": SLOT, "open": "08:00-"}, 422),
        ("homes/5/way", {"format": SLOT, "walkr": "elder"}, 422),
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
