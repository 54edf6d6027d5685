"""What the map is drawn from: columns of equal length that agree with the run's own figures."""

from __future__ import annotations

import pytest

from tests.core.api.conftest import OTHER, TOWN, member_token

SLOT = "slot:yi_cai"
NAMES = ("homes", "outlets", "gaps", "streets", "areas")


@pytest.fixture
def base(town):
    return f"/api/v1/tenants/{TOWN}/runs/{town[2]}"


@pytest.fixture
def homes(client, base):
    return client.get(f"{base}/homes", query_string={"format": SLOT}).json


def test_homes_are_columns_of_one_length(homes):
    lengths = {len(homes[name]) for name in ("lon", "lat", "people", "minutes")}
    assert len(lengths) == 1
    assert (homes["format"], homes["name"]) == (SLOT, "一菜")


def test_the_people_drawn_are_the_people_covered(client, base, homes):
    rows = client.get(f"{base}/coverage").json
    (row,) = [row for row in rows if (row["format_key"], row["minutes"]) == (SLOT, 15.0)]
    assert sum(homes["people"]) == row["population"]
    near = zip(homes["people"], homes["minutes"], strict=True)
    drawn = sum(people for people, minutes in near if minutes is not None and minutes <= 15.0)
    assert drawn == pytest.approx(row["covered"], rel=0.01)  # minutes are drawn with one decimal


def test_one_home_agrees_with_its_row(client, base, homes):
    one = client.get(f"{base}/homes/5").json
    assert one["people"] == homes["people"][5]
    walks = {each["key"]: each["minutes"] for each in one["nearest"]}
    assert walks[SLOT] == homes["minutes"][5]


def test_outlets_of_a_slot_are_those_of_its_formats(client, base):
    def drawn(key):
        found = client.get(f"{base}/outlets", query_string={"format": key}).json
        assert len(found["lon"]) == len(found["lat"]) == len(found["name"])
        return set(zip(found["lon"], found["lat"], found["name"], strict=True))

    both = drawn("wet_market") | drawn("fresh_store")
    assert both
    assert both <= drawn(SLOT)


def test_gaps_are_ranked_and_outlined(client, base):
    gaps = client.get(f"{base}/gaps", query_string={"format": "slot:yi_lao"}).json
    assert gaps["rank"] == list(range(1, len(gaps["rank"]) + 1))
    assert gaps["people"] == sorted(gaps["people"], reverse=True)
    for groups, people in zip(gaps["groups"], gaps["people"], strict=True):
        assert 0 <= groups["60+"] <= people
    assert all(ring[0] == ring[-1] for ring in gaps["outline"])


def test_streets_name_rows_of_their_nodes(client, base):
    streets = client.get(f"{base}/streets").json
    assert max(*streets["u"], *streets["v"]) < len(streets["lon"]) == len(streets["lat"])
    assert len(streets["u"]) == len(streets["v"]) == len(streets["rank"])
    assert set(streets["rank"]) <= {0, 1, 2, 3}


def test_areas_are_polygons_with_names(client, base):
    answer = client.get(f"{base}/areas")
    assert answer.mimetype == "application/geo+json"
    kinds = {one["properties"]["kind"] for one in answer.json["features"]}
    assert "circle" in kinds
    assert all(one["geometry"]["type"].endswith("Polygon") for one in answer.json["features"])


def test_what_was_not_measured_and_what_was_not_named_are_told(client, base):
    missing = client.get(f"{base}/homes", query_string={"format": "nothing"})
    assert missing.status_code == 404
    assert "没有测量" in missing.json["detail"]
    assert client.get(f"{base}/homes").status_code == 422
    assert client.get(f"{base}/homes/99999999").status_code == 404


def test_another_tenant_gets_none_of_it(app, services, base, town):
    _, token = member_token(services, OTHER)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    for name in (*NAMES, "homes/0"):
        for place in (TOWN, OTHER):
            address = f"/api/v1/tenants/{place}/runs/{town[2]}/{name}"
            answer = client.get(address, query_string={"format": SLOT})
            assert answer.status_code == 404, address
