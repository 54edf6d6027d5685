"""Supply agrees with the run's coverage, adds up, and is told by area and by home."""

from __future__ import annotations

import pytest

from tests.core.api.conftest import TOWN

SLOT = "slot:yi_cai"


@pytest.fixture
def base(town):
    return f"/api/v1/tenants/{TOWN}/runs/{town[2]}"


@pytest.fixture
def supply(client, base):
    return client.get(f"{base}/supply", query_string={"format": SLOT}).json


def test_people_with_an_offer_are_the_people_covered(client, base, supply):
    assert len(supply["areas"]) > 1
    for area in supply["areas"]:
        rows = client.get(f"{base}/coverage", query_string={"area": area["area"]}).json
        covered = {row["minutes"]: row["covered"] for row in rows if row["format_key"] == SLOT}
        for choice in area["choice"]:
            some = area["people"] - choice["none"]
            assert some == choice["one"] + choice["two"] + choice["three_or_more"]
            assert some == covered[choice["minutes"]]


def test_what_is_shared_out_adds_up_and_says_what_it_rests_on(supply):
    assert "设" in supply["basis"]
    assert "assumed" in supply["basis_en"]
    assert [one["key"] for one in supply["sharings"]] == ["two_step", "enhanced"]
    for one in supply["sharings"]:
        assert one["summed"] == pytest.approx(one["shared"], rel=1e-12)
        assert one["shared"] + one["left"] == supply["offers"] > 0
        assert one["note"]
    whole = supply["areas"][0]
    for one, reach in zip(supply["sharings"], whole["per_thousand_in_reach"], strict=True):
        told = reach["per_thousand"] * whole["people"] / 1000
        assert told == pytest.approx(one["summed"], abs=whole["people"] * 1e-7)


def test_homes_are_columns_that_sum_up_to_the_whole(client, base, supply):
    query = {"format": SLOT, "minutes": 10}
    homes = client.get(f"{base}/supply/homes", query_string=query).json
    columns = ("lon", "lat", "people", "offers", "third_minutes", "two_step", "enhanced")
    assert len({len(homes[name]) for name in columns}) == 1
    whole = supply["areas"][0]
    assert sum(homes["people"]) == whole["people"]
    pairs = list(zip(homes["people"], homes["offers"], strict=True))
    assert sum(people for people, offers in pairs if offers == 0) == whole["choice"][1]["none"]
    drawn = client.get(f"{base}/homes", query_string={"format": SLOT}).json
    assert (drawn["lon"], drawn["lat"]) == (homes["lon"], homes["lat"])


def test_a_slower_walker_has_no_more_to_choose_from(client, base, supply):
    slow = client.get(f"{base}/supply", query_string={"format": SLOT, "walker": "elder"}).json
    assert slow["walker"] == "elder"
    for quick, other in zip(supply["areas"], slow["areas"], strict=True):
        for a, b in zip(quick["choice"], other["choice"], strict=True):
            assert a["none"] <= b["none"]
            assert a["three_or_more"] >= b["three_or_more"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 422),
        ({"format": "nothing"}, 404),
        ({"format": SLOT, "walker": "ghost"}, 404),
        ({"format": SLOT, "group": "100+"}, 404),
        ({"format": SLOT, "walkr": "elder"}, 422),
    ],
)
def test_what_cannot_be_asked_is_told(client, base, query, status):
    for name in ("supply", "supply/homes"):
        answer = client.get(f"{base}/{name}", query_string=query)
        assert answer.status_code == status
        assert answer.json["detail_en"]
    late = {"format": SLOT, "minutes": 7}
    assert client.get(f"{base}/supply/homes", query_string=late).status_code == 422
