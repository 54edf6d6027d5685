"""Sites asked for over HTTP: the answer holds together, and every fault is told by its field."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.core.api.conftest import OTHER, TOWN, member_token

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def address(town):
    return f"/api/v1/tenants/{TOWN}/runs/{town[2]}/siting"


@pytest.fixture
def lacking(client, town):
    """Give the format with a limit of 15 minutes that most people lack."""
    base = f"/api/v1/tenants/{TOWN}/runs/{town[2]}"
    rows = client.get(f"{base}/coverage").json
    rows = [one for one in rows if one["minutes"] == 15 and ":" not in one["format_key"]]
    return max(rows, key=lambda one: one["population"] - one["covered"])


def solutions(answer):
    return {each["way"]: each for each in answer["solutions"]}


def test_sites_add_to_what_the_run_counted(client, address, lacking):
    asked = {"format": lacking["format_key"], "at_most": 4, "minutes": 15, "seconds": 2}
    answer = client.post(address, json=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json
    assert (told["people"], told["covered"]) == (lacking["population"], lacking["covered"])
    found = solutions(told)
    assert list(found) == ["hosts", "new", "both"]
    for one in found.values():
        assert one["covered_before"] == told["covered"]
        assert one["covered_after"] - one["covered_before"] == one["people"]
        assert one["groups_after"]["all"] == one["covered_after"]
        gains = [each["people"] for each in one["sites"]]
        assert list(itertools.accumulate(gains)) == [each["cumulative"] for each in one["sites"]]
        assert one["curve"]["people"][-1] == one["people"] <= one["upper_bound"]
        assert one["proven"] == (one["people"] == one["upper_bound"])
        assert ("已证明最优" in one["sentence"]["zh"]) == one["proven"]
        assert (one["within_percent"] == 0) == one["proven"]
        for site in one["sites"]:
            assert site["people"] == site["groups"]["all"]
            assert site["area"] is None or site["area"]["name"]
            assert (site["kind"] == "host") == (site["outlet"] is not None)
    assert any(site["area"] for site in found["both"]["sites"])
    assert all(site["outlet"]["offers"] for site in found["hosts"]["sites"])
    assert found["both"]["upper_bound"] >= found["hosts"]["people"]
    assert str(found["both"]["people"]) in told["comparison"]["zh"]
    assert told["candidates"]["host"] > 0 < told["candidates"]["street"]


@pytest.mark.parametrize("way", ["hosts", "new", "both"])
def test_a_scenario_with_the_chosen_sites_gains_the_people_told(client, address, lacking, way):
    key = lacking["format_key"]
    asked = {"format": key, "at_most": 4, "minutes": 15, "fixed": [{"outlet": 3}]}
    told = client.post(address, json=asked).json
    one = solutions(told)[way]
    assert len(one["edits"]) == 1 + len(one["sites"])
    whatif = address.replace("/siting", "/whatif")
    answer = client.post(whatif, json={"edits": one["edits"]})
    assert answer.status_code == 200, answer.text
    [found] = [
        each for each in answer.json["coverage"] if (each["key"], each["minutes"]) == (key, 15)
    ]
    assert found["before"]["all"] == told["covered"]
    assert found["after"]["all"] == one["covered_after"]
    assert found["after"] == one["groups_after"]


def test_premises_hosts_decided_sites_and_costs_are_told_back(client, address, lacking):
    base = {"format": lacking["format_key"], "at_most": 1, "minutes": 15}
    first = solutions(client.post(address, json=base).json)
    best = first["new"]["sites"][0]
    where = {name: best[name] for name in ("lon", "lat")}
    premises = [
        {**where, "key": "p1", "name": "空铺", "cost": 3.25},
        {"lon": 117.9, "lat": 36.65, "key": "far"},
    ]
    asked = {**base, "candidates": {"premises": premises}, "costs": {"open": 9}, "budget": 4}
    told = client.post(address, json=asked).json
    [one] = told["solutions"]
    assert [(site["key"], site["name"], site["cost"]) for site in one["sites"]] == [
        ("p1", "空铺", 3.25)
    ]
    assert abs(one["people"] - best["people"]) <= 0.02 * best["people"]
    [lost] = told["unattached"]["listed"]
    assert (lost["key"], told["unattached"]["count"]) == ("far", 1)
    assert lost["access_metres"] > 10_000
    decided = client.post(address, json={**base, "fixed": [where, {"outlet": 0}]}).json
    gained = [each["people"] for each in decided["fixed"]]
    assert gained[0] == one["people"]
    assert decided["solutions"][0]["covered_before"] == decided["covered"] + sum(gained)


def test_excluded_polygons_keep_candidates_out(client, address, lacking):
    corners = [[116, 36], [118, 36], [118, 37], [116, 37], [116, 36]]
    asked = {
        "format": lacking["format_key"],
        "exclude_areas": {"type": "Polygon", "coordinates": [corners]},
    }
    told = client.post(address, json=asked).json
    assert told["candidates"]["host"] == told["candidates"]["street"] == 0
    assert told["candidates"]["excluded"] > 0
    assert all(not one["sites"] and one["proven"] for one in told["solutions"])


def test_the_same_question_has_the_same_bytes(client, address, lacking):
    asked = {"format": lacking["format_key"], "at_most": 6, "group": "60+", "walker": "elder"}
    first, again = (client.post(address, json=asked) for _ in range(2))
    assert first.status_code == 200, first.text
    assert first.data == again.data


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at_most": 0}, "at_most"),
        ({"at_most": 31}, "at_most"),
        ({"at_most": 2.5}, "at_most"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": "inf"}, "minutes"),
        ({"seconds": 6}, "seconds"),
        ({"budget": -1}, "budget"),
        ({"budget": 1.005}, "budget"),
        ({"apart_metres": "nan"}, "apart_metres"),
        ({"candidates": {}}, "candidates"),
        ({"candidates": {"premises": []}}, "candidates"),
        ({"candidates": {"premises": [{"lon": 200, "lat": 36}]}}, "lon"),
        ({"candidates": {"premises": [{"lon": 117, "lat": 36}] * 3001}}, "premises"),
        ({"candidates": {"streets": {"spacing_metres": 20}}}, "spacing_metres"),
        ({"candidates": {"moon": {}}}, "moon"),
        ({"candidates": {"hosts": {"formats": ["ghost"]}}}, "candidates.hosts.formats"),
        ({"budget": 5}, "costs.host"),
        ({"budget": 5, "costs": {"host": 1}}, "costs.open"),
        ({"group": "ghost"}, "group"),
        ({"fixed": [{}]}, "fixed"),
        ({"fixed": [{"outlet": 0, "lon": 117}]}, "fixed"),
        ({"fixed": [{"outlet": 10**9}]}, "fixed.0.outlet"),
        ({"exclude_areas": {"type": "Point", "coordinates": [117, 36]}}, "exclude_areas"),
        (
            {"exclude_areas": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}},
            "exclude_areas",
        ),
        (
            {
                "exclude_areas": {
                    "type": "Polygon",
                    "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]],
                }
            },
            "exclude_areas",
        ),
        (
            {
                "exclude_areas": {
                    "type": "Polygon",
                    "coordinates": [[[0, 0], [1e300, 1], [1, 0], [0, 0]]],
                }
            },
            "exclude_areas",
        ),
    ],
)
def test_a_field_that_cannot_be_used_is_named(client, address, lacking, change, field):
    answer = client.post(address, json={"format": lacking["format_key"], **change})
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == PROBLEM
    assert answer.json["detail"].endswith("。")
    assert answer.json["detail_en"] != answer.json["detail"]
    assert field in json.dumps(answer.json["errors"])


@pytest.mark.parametrize("change", [{"format": "ghost"}, {"walker": "ghost"}])
def test_who_and_what_is_not_there_is_told(client, address, lacking, change):
    answer = client.post(address, json={"format": lacking["format_key"], **change})
    assert answer.status_code == 404
    assert "ghost" in answer.json["detail"]


def test_another_tenants_run_cannot_be_asked(app, services, town, address):
    _, token = member_token(services, f"{OTHER}-siting")
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    own = f"/api/v1/tenants/{OTHER}-siting/runs/{town[2]}/siting"
    for where in (address, own):
        assert client.post(where, json={"format": "convenience_store"}).status_code == 404
