from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from core.db import Job, Run, RunCoverage, RunLine
from core.errors import Conflict, NotFound
from core.runs.execute import run
from core.runs.plan import ask_run
from core.runs.verify import difference, verify


@pytest.fixture
def done(database, blobs, host, tenant_id, catalogue, versions):
    with database.session(tenant_id) as session:
        one, _ = ask_run(session, catalogue, ruleset_key="small.rules")
        job = session.scalars(select(Job)).one()
        job.state, job.attempt = "running", 1
        job.lease_until = func.now() + timedelta(minutes=1)
        run_id, job_id = one.id, job.id
    run(database, blobs, host, tenant_id, job_id, 1)
    return run_id


def flip(blobs, digest, offset):
    path = blobs.open(digest)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


def digests_of(database, tenant_id):
    with database.session(tenant_id) as session:
        one = session.scalars(select(Run)).one()
        return one.result_digest, one.minutes_digest, one.plan["inputs"]


def test_an_honest_run_verifies(database, blobs, host, tenant_id, done):
    verdict = verify(database, blobs, host, tenant_id, done)
    assert verdict.first_difference == ""
    assert verdict.same


def test_a_flipped_byte_in_the_result_is_found(database, blobs, host, tenant_id, done):
    result, _, _ = digests_of(database, tenant_id)
    at = blobs.open(result).read_bytes().index(b'"people":4210') + len(b'"people":4')
    flip(blobs, result, at)
    verdict = verify(database, blobs, host, tenant_id, done)
    assert not verdict.same
    assert verdict.first_difference.startswith("result.areas[0].people: kept 4")


def test_a_flipped_byte_in_the_minutes_is_found(database, blobs, host, tenant_id, done):
    _, minutes, _ = digests_of(database, tenant_id)
    whole = blobs.open(minutes).read_bytes()
    flip(blobs, minutes, len(whole) // 2)
    verdict = verify(database, blobs, host, tenant_id, done)
    assert not verdict.same
    assert verdict.first_difference.startswith("minutes")


def test_a_flipped_byte_in_an_input_is_found(database, blobs, host, tenant_id, done):
    _, _, inputs = digests_of(database, tenant_id)
    flip(blobs, inputs["outlets"], 10)
    verdict = verify(database, blobs, host, tenant_id, done)
    assert not verdict.same
    assert verdict.first_difference.startswith("inputs")


def test_a_changed_row_is_found_by_name(database, blobs, host, tenant_id, done):
    with database.session(tenant_id) as session:
        row = session.scalars(
            select(RunCoverage).where(
                RunCoverage.area_key == "west",
                RunCoverage.format_key == "small.repair",
                RunCoverage.minutes == 10,
            )
        ).one()
        row.covered -= 1
    verdict = verify(database, blobs, host, tenant_id, done)
    assert not verdict.same
    assert "west" in verdict.first_difference
    assert "small.repair" in verdict.first_difference


def test_a_missing_row_is_found(database, blobs, host, tenant_id, done):
    with database.session(tenant_id) as session:
        row = session.scalars(
            select(RunLine).where(RunLine.area_key == "east", RunLine.line_key == "line_3")
        ).one()
        session.delete(row)
    verdict = verify(database, blobs, host, tenant_id, done)
    assert verdict.first_difference == "run_lines['east', 'line_3']: only now"


def test_a_changed_plan_is_found(database, blobs, host, tenant_id, done):
    with database.session(tenant_id) as session:
        one = session.scalars(select(Run)).one()
        one.plan = one.plan | {"gap_cell_metres": 1.0}
    verdict = verify(database, blobs, host, tenant_id, done)
    assert verdict.first_difference == "plan: its digest is not the fingerprint"


def test_only_a_finished_run_can_be_verified(database, blobs, host, tenant_id, done):
    with pytest.raises(NotFound):
        verify(database, blobs, host, tenant_id, uuid4())
    with database.session(tenant_id) as session:
        session.execute(update(Run).values(state="running"))
    with pytest.raises(Conflict):
        verify(database, blobs, host, tenant_id, done)


@pytest.mark.parametrize(
    ("kept", "now", "said"),
    [
        ({"a": 1}, {"a": 1}, ""),
        ({"a": [1, 2]}, {"a": [1, 3]}, ".a[1]: kept 2, now 3"),
        ({"a": 1}, {}, ".a: only kept"),
        ([1], [1, 2], ": kept 1 entries, now 2"),
        (None, {"a": 1}, ": kept null"),
    ],
)
def test_the_first_difference_is_named_by_its_path(kept, now, said):
    assert difference(kept, now).startswith(said)
