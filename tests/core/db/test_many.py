from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select

from core.db import AcrossTenants, Run, RunGap, RunScore, Tenant
from core.db.many import insert_many

ODD = 'a "quoted", {braced} \\ NULL 圈\n\t\''


@pytest.fixture
def tenant_id(database):
    with database.unbound() as session:
        slug = f"many-{uuid4().hex[:8]}"
        tenant = Tenant(level="district", slug=slug, name=slug, path=f"/{slug}/")
        session.add(tenant)
        session.flush()
        return tenant.id


@pytest.fixture
def run_id(database, tenant_id):
    with database.session(tenant_id) as session:
        run = Run(
            fingerprint="f",
            ruleset_key="r",
            ruleset_version="1",
            ruleset_digest="d",
            params={},
            plan={},
            kernel_version="1",
        )
        session.add(run)
        session.flush()
        return run.id


def gap(rank, **other):
    return {
        "format_key": ODD,
        "rank": rank,
        "area_key": "NULL",
        "people": 3,
        "groups": {"60+": 1, ODD: [ODD, None]},
        "homes": 2,
        "minutes_limit": 15,
        "worst_minutes": None,
        "median_minutes": 0.1,
        "lon": -1.5e-300,
        "lat": 1 / 3,
        "outline": bytes(range(256)),
    } | other


def test_what_was_given_is_what_is_there(database, tenant_id, run_id):
    rows = [gap(1), gap(2, outline=None, worst_minutes=1e21, groups={}), gap(3, area_key="")]
    with database.session(tenant_id) as session:
        insert_many(session, RunGap, rows, run_id=run_id)
    with database.session(tenant_id) as session:
        found = session.scalars(select(RunGap).order_by(RunGap.rank)).all()
        assert [{name: getattr(one, name) for name in rows[0]} for one in found] == rows
        assert {one.tenant_id for one in found} == {tenant_id}
        assert [one.id for one in found] == sorted({one.id for one in found})
        assert all(one.created_at for one in found)


def test_lists_are_one_value_and_not_a_second_dimension(database, tenant_id, run_id):
    score = {"area_name": "圈", "area_kind": "circle", "people": 1, "grade": None}
    score |= {"points_low": 0, "points_high": 1, "out_of": 2, "grade_name": ""}
    rows = [
        score | {"area_key": "a", "pending": ["x", ODD], "notes": []},
        score | {"area_key": "b", "pending": [["y"]], "notes": [1, None]},
    ]
    with database.session(tenant_id) as session:
        insert_many(session, RunScore, rows, run_id=run_id)
        found = session.scalars(select(RunScore).order_by(RunScore.area_key)).all()
        assert [(one.pending, one.notes) for one in found] == [
            (["x", ODD], []),
            ([["y"]], [1, None]),
        ]


def test_nothing_is_asked_of_the_database_for_no_rows(database, tenant_id, run_id):
    with database.session(tenant_id) as session:
        insert_many(session, RunGap, [], run_id=run_id)
        assert not session.in_transaction()


def test_a_session_without_a_tenant_writes_none(database, tenant_id, run_id):
    with pytest.raises(AcrossTenants), database.unbound() as session:
        insert_many(session, RunGap, [gap(1)], run_id=run_id)


@pytest.mark.parametrize("name", ["tenant_id", "id", "run_id"])
def test_a_row_does_not_say_whose_it_is(database, tenant_id, run_id, name):
    with database.session(tenant_id) as session, pytest.raises(ValueError, match="row by row"):
        insert_many(session, RunGap, [gap(1, **{name: uuid4()})], run_id=run_id)


def test_rows_of_different_columns_are_refused(database, tenant_id, run_id):
    other = gap(2)
    del other["outline"]
    with database.session(tenant_id) as session, pytest.raises(ValueError, match="same columns"):
        insert_many(session, RunGap, [gap(1), other], run_id=run_id)
