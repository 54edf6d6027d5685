"""What somebody is given who is responsible for one circle of the town, against the whole's."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from sqlalchemy import select

from core.contract import TableKind
from core.db import Run, RunCoverage, RunGap, RunLine, RunScore
from core.runs.part import gaps_of, open_part
from core.runs.terms import SLOT
from core.store import thaw
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user, make_token
from tenants.people.roles import LEFT_TO_A_PART
from tests.core.api.conftest import TOWN


@pytest.fixture(scope="module")
def rows(services, town):
    """Give a way to read the run's rows."""

    def read(model, *where):
        with services.database.session(town[0]) as session:
            found = session.scalars(select(model).where(model.run_id == town[2], *where)).all()
            session.expunge_all()
            return found

    return read


@pytest.fixture(scope="module")
def circle(rows):
    """Name the circle with the most people."""
    circles = rows(RunScore, RunScore.area_kind == "circle")
    return max(circles, key=lambda row: row.people).area_key


@pytest.fixture(scope="module")
def run(services, town):
    with services.database.session(town[0]) as session:
        found = session.scalars(select(Run).where(Run.id == town[2])).one()
        session.expunge_all()
        return found


@pytest.fixture(scope="module")
def part(services, run, circle):
    return open_part(services.blobs, run, [circle])


@pytest.fixture(scope="module")
def officer(app, services, town, circle):
    """Give a client of somebody who is responsible for the circle."""
    with services.database.unbound() as session:
        user_id = create_user(session, login="officer", name="街道干部").id
    with services.database.session(town[0], user_id) as session:
        add_member(session, user_id, Role.STREET_OFFICER, scope_area=circle)
        token = make_token(session, user_id, name="x", scopes=LEFT_TO_A_PART)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


@pytest.fixture(scope="module")
def get(officer, town):
    def ask(rest, **query):
        address = f"/api/v1/tenants/{TOWN}/runs/{town[2]}{rest}"
        answer = officer.get(address, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    return ask


def test_who_lacks_what_in_the_circle_sums_to_those_who_are_not_covered(part, rows, circle):
    seen = 0
    for row in rows(RunCoverage, RunCoverage.area_key == circle, RunCoverage.group_key == "all"):
        assert row.people == part.people
        assert part.reaching([row.format_key], row.minutes) == row.covered
        if part.limits.get(row.format_key) == row.minutes:
            gaps = list(gaps_of(part, row.format_key, {}))
            assert sum(gap.lacking.people for gap in gaps) == row.people - row.covered
            seen += bool(gaps)
    assert seen >= 3


def test_a_gap_that_lies_in_the_circle_alone_is_the_runs_own(services, run, part, rows):
    """The homes fall into the same cells; so what touches nobody beyond is the same group."""
    same = 0
    for key in part.limits:
        whole = {row.rank: row for row in rows(RunGap, RunGap.format_key == key)}
        kept = {(row.people, row.homes, row.lon, row.lat): row for row in whole.values()}
        for gap in gaps_of(part, key, {}):
            told = gap.lacking
            row = kept.get((told.people, told.homes, told.lon, told.lat))
            if row is not None:
                assert (told.worst_minutes, told.median_minutes) == (
                    row.worst_minutes,
                    row.median_minutes,
                )
                assert told.groups == row.groups
                same += 1
    assert same >= 1


def test_a_part_of_every_circle_holds_its_own_homes_and_outlets(services, run, rows):
    table = thaw(services.blobs, run.plan["inputs"][TableKind.AREAS]).tables["areas"]
    homes = thaw(services.blobs, run.plan["inputs"][TableKind.RESIDENTS]).tables["homes"]
    for row in rows(RunScore, RunScore.area_kind == "circle"):
        part = open_part(services.blobs, run, [row.area_key])
        (at,) = np.flatnonzero(table["key"] == row.area_key)
        inside = shapely.intersects_xy(
            shapely.from_wkb(table["wkb"][at]), homes["lon"], homes["lat"]
        )
        assert part.rows.tolist() == np.flatnonzero(inside).tolist()
        assert part.people == row.people


def test_two_areas_together_count_nobody_twice(services, run, rows):
    circles = rows(RunScore, RunScore.area_kind == "circle")
    keys = [row.area_key for row in circles]
    each = [open_part(services.blobs, run, [key]) for key in keys]
    together = open_part(services.blobs, run, keys)
    assert set(together.rows.tolist()) == set().union(*(one.rows.tolist() for one in each))
    key = f"{SLOT}yi_xiu"
    named = [gap.lacking.area for gap in gaps_of(together, key, {})]
    assert set(named) <= set(keys)
    lacking = together.people - together.reaching([key], together.limits[key])
    assert sum(gap.lacking.people for gap in gaps_of(together, key, {})) == lacking


def test_scores_lines_and_coverage_are_the_circles(get, rows, circle):
    assert [row["area_key"] for row in get("/scores")] == [circle]
    lines = get("/lines")
    assert [row["line_key"] for row in lines] == [
        row.line_key
        for row in sorted(rows(RunLine, RunLine.area_key == circle), key=lambda row: row.position)
    ]
    assert {row["area_key"] for row in get("/coverage")} == {circle}


def test_homes_come_with_their_rows_and_lead_to_the_home(get, part):
    homes = get("/homes", format=f"{SLOT}yi_cai")
    assert homes["row"] == part.rows.tolist()
    assert sum(homes["people"]) == part.people
    at = len(homes["row"]) // 2
    one = get(f"/homes/{homes['row'][at]}")
    assert one["people"] == homes["people"][at]
    (walk,) = [each["minutes"] for each in one["nearest"] if each["key"] == f"{SLOT}yi_cai"]
    assert walk == homes["minutes"][at]


def test_gaps_lie_in_the_circle_with_a_ring_around_their_homes(get, part):
    gaps = get("/gaps", format=f"{SLOT}yi_xiu")
    assert gaps["people"] == sorted(gaps["people"], reverse=True)
    assert gaps["outline"]
    found = list(gaps_of(part, f"{SLOT}yi_xiu", {}))
    for ring, gap in zip(gaps["outline"], found, strict=True):
        assert ring[0] == ring[-1]
        drawn = shapely.Polygon(ring)
        lon, lat = (part.homes[name][gap.homes] for name in ("lon", "lat"))
        assert shapely.intersects_xy(drawn, lon, lat).all()
    geojson = get("/gaps.geojson", format=f"{SLOT}yi_xiu")["features"]
    assert [each["properties"]["people"] for each in geojson] == gaps["people"]


def test_outlets_and_borders_are_the_circles(get, client, town, part, circle):
    whole = client.get(
        f"/api/v1/tenants/{TOWN}/runs/{town[2]}/outlets", query_string={"format": f"{SLOT}yi_dian"}
    ).json
    outlets = get("/outlets", format=f"{SLOT}yi_dian")
    (border,) = get("/areas")["features"]
    assert border["properties"]["key"] == circle
    inside = part.holds(np.array(whole["lon"]), np.array(whole["lat"])).tolist()
    assert outlets["lon"] == [whole["lon"][row] for row in inside]
    assert 0 < len(inside) < len(whole["lon"])


def test_of_the_run_itself_what_it_rests_on_and_nothing_of_the_whole(get, client, town):
    whole = client.get(f"/api/v1/tenants/{TOWN}/runs/{town[2]}").json
    told = get("")
    assert told["plan"] == whole["plan"]
    assert (told["population"], told["grade"], told["summary"]) == (None, None, {})
    assert whole["population"]
