from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pyarrow.parquet as pq
import pytest
import shapely
from sqlalchemy import func, select

from core.contract import TableKind
from core.db import Job
from core.errors import Conflict, NotFound
from core.runs import maps, summary
from core.runs.execute import run
from core.runs.plan import ask_run
from core.store import canonical


@pytest.fixture
def asked(database, tenant_id, catalogue, versions):
    with database.session(tenant_id) as session:
        one, _ = ask_run(session, catalogue, ruleset_key="small.rules")
        job = session.scalars(select(Job)).one()
        job.state, job.attempt = "running", 1
        job.lease_until = func.now() + timedelta(minutes=1)
        return one.id, job.id


@pytest.fixture
def session(database, blobs, host, tenant_id, asked):
    run(database, blobs, host, tenant_id, asked[1], 1)
    with database.session(tenant_id) as session:
        yield session


@pytest.fixture
def done(session, asked):
    return summary.find_done(session, asked[0])


def test_a_run_without_results_says_so(database, blobs, tenant_id, asked):
    with database.session(tenant_id) as session:
        with pytest.raises(Conflict):
            summary.find_done(session, asked[0])
        with pytest.raises(NotFound):
            summary.find_run(session, uuid4())
        told = summary.run_json(summary.find_run(session, asked[0]))
        assert (told["state"], told["points"], told["finished_at"]) == ("queued", None, None)
        with pytest.raises(NotFound):
            maps.minutes_arrow(blobs, summary.find_run(session, asked[0]))


def test_a_run_is_json_that_can_be_frozen(done):
    told = summary.run_json(done)
    assert canonical(told)
    assert told["population"] == 4210
    assert told["summary"]["totals"]["homes"] == 421
    gap = next(one for one in told["summary"]["gaps"] if one["key"] == "slot:yi_cai")
    assert gap == {
        "key": "slot:yi_cai",
        "minutes": 15,
        "people": 3550,
        "groups": {"60+": 1065},
        "clusters": 2,
        "listed": 2,
    }


def test_scores_begin_with_the_whole_and_lines_keep_their_order(session, done):
    assert next(iter(summary.scores(session, done.id))).key == "whole"
    card = summary.scorecard(session, done.id, "west")
    assert card.name == "西圈"
    assert card.notes == ("示例",)
    assert [line["key"] for line in card.lines] == [f"line_{number}" for number in range(7)]
    with pytest.raises(NotFound):
        summary.scorecard(session, done.id, "north")


def test_coverage_names_slots_first_as_they_are_said(session, done, catalogue):
    rows = summary.coverage(session, done.id, catalogue.formats, "whole")
    names = list(dict.fromkeys(row.name for row in rows))
    assert names[:4] == ["一早", "一菜", "一修", "一老"]
    assert names[4:] == ["早餐店", "养老服务站", "夜间门诊", "维修点", "菜市场"]
    assert [row.minutes for row in rows[:3]] == [5, 10, 15]
    assert rows[0].share == rows[0].covered / 4210
    assert summary.measured_keys(session, done.id)[0] == "slot:yi_zao"


def test_gaps_come_with_the_most_people_first(session, done, catalogue):
    rows = summary.gap_list(session, done.id, catalogue.formats, limit=5)
    assert [row.people for row in rows] == sorted((row.people for row in rows), reverse=True)
    [first, second] = summary.gap_list(session, done.id, catalogue.formats, key="small.wet_market")
    assert (first.rank, second.rank) == (1, 2)


def test_the_job_of_a_run_is_found(session, done, asked):
    assert summary.job_of(session, done.id).id == asked[1]
    assert [one.id for one in summary.list_runs(session)] == [done.id]


def test_homes_are_columns_in_the_order_of_the_residents(blobs, done, catalogue):
    columns = maps.homes_columns(blobs, done, "small.wet_market", catalogue.formats)
    assert {len(columns[name]) for name in ("lon", "lat", "people", "minutes")} == {421}
    assert columns["name"] == "菜市场"
    assert columns["minutes"][0] == 0.7  # fifty metres at 1.2 m/s
    assert columns["minutes"][-1] is None
    assert columns["lon"][0] == round(columns["lon"][0], 6)
    with pytest.raises(NotFound):
        maps.homes_columns(blobs, done, "small.cinema", catalogue.formats)


def test_one_home_tells_its_nearest_of_everything(blobs, done, catalogue):
    told = maps.home(blobs, done, 0, catalogue.formats)
    assert told["people"] == 10
    assert [one["name"] for one in told["nearest"]][:2] == ["一早", "一菜"]
    with pytest.raises(NotFound):
        maps.home(blobs, done, 421, catalogue.formats)


def test_outlets_of_a_slot_are_those_one_walks_to(blobs, done, catalogue):
    repair = maps.outlets_columns(blobs, done, "slot:yi_xiu", catalogue.formats)
    assert repair["name"] == ["修鞋摊"]
    assert maps.outlets_columns(blobs, done, "small.cinema", catalogue.formats)["name"] == []


def test_gaps_streets_and_areas_are_drawn(session, blobs, done, catalogue):
    columns = maps.gaps_columns(session, done.id, "small.wet_market")
    assert columns["rank"] == [1, 2]
    assert columns["outline"][0][0] == columns["outline"][0][-1]
    features = maps.gaps_geojson(session, done.id, catalogue.formats)["features"]
    assert len(features) == sum(gap["listed"] for gap in done.summary["gaps"])
    assert shapely.from_geojson(shapely.to_geojson(shapely.geometry.shape(features[0]["geometry"])))
    streets = maps.streets_columns(blobs, done)
    assert len(streets["u"]) == len(streets["v"]) == len(streets["rank"]) == 840
    areas = maps.areas_geojson(blobs, done)["features"]
    assert [one["properties"]["kind"] for one in areas] == [
        "circle",
        "circle",
        "street",
        "boundary",
    ]


def test_minutes_are_the_same_in_arrow_and_parquet(blobs, done):
    table = maps.minutes_of_run(blobs, done)
    parquet = pq.read_table(BytesIO(maps.minutes_parquet(blobs, done)))
    assert set(parquet.column_names) == set(table)
    column = parquet.column("walk:slot:yi_cai").to_numpy()
    assert (column == table["walk:slot:yi_cai"]).all()
    assert column.min() == -1
    assert table["attached"].sum() == 420


def test_a_run_without_areas_draws_none(blobs, done):
    done.plan = {"inputs": {k: v for k, v in done.plan["inputs"].items() if k != TableKind.AREAS}}
    assert maps.areas_geojson(blobs, done)["features"] == []
