from __future__ import annotations

import pytest
from sqlalchemy import select

from core.db import Job
from core.db.held import Fenced
from core.jobs.claim import cancel, claim
from core.jobs.progress import Progress, job_progress


@pytest.fixture
def held(database, town):
    tenant, ask = town
    tenant_id = tenant()
    _, job_id = ask(tenant_id)
    with database.session(tenant_id) as session:
        return claim(session, job_id).held


def told(database, held):
    with database.session(held.tenant_id) as session:
        return job_progress(session.scalars(select(Job).where(Job.id == held.job_id)).one())


def test_stages_go_from_waiting_to_done(database, held, monkeypatch):
    monkeypatch.setattr("core.jobs.progress.STAGES_EVERY_SECONDS", 0.0)
    progress = Progress(database, held, ("load", "reach", "record"))
    progress.stage("load")
    progress.stage("reach")
    told_now = told(database, held)
    assert [stage["state"] for stage in told_now["stages"]] == ["done", "now", "wait"]
    assert told_now["stages"][0]["seconds"] is not None
    assert told_now["percent"] == 33
    assert told_now["state"] == "running"


def test_short_stages_are_told_together_with_the_last(database, held):
    progress = Progress(database, held, ("load", "snap", "reach", "record"))
    for key in ("load", "snap", "reach"):
        progress.stage(key)
    assert told(database, held)["stages"][0]["state"] == "now"
    progress.stage("record")
    states = [stage["state"] for stage in told(database, held)["stages"]]
    assert states == ["done", "done", "done", "now"]


def test_ticks_say_how_far_a_stage_is(database, held):
    progress = Progress(database, held, ("load", "reach"))
    progress.stage("reach")
    progress._written = 0.0  # as if the last words were older than half a second
    progress.tick(11309, 18539)
    stage = told(database, held)["stages"][1]
    assert stage["note"] == "11,309 / 18,539"


def test_ticks_in_quick_succession_write_once(database, held):
    progress = Progress(database, held, ("load",))
    progress.stage("load")
    for done in range(100):
        progress.tick(done, 100)
    assert told(database, held)["stages"][0]["note"] == ""


def test_a_cancelled_job_stops_its_work_at_the_next_stage(database, held):
    progress = Progress(database, held, ("load", "reach"))
    progress.stage("load")
    with database.session(held.tenant_id) as session:
        cancel(session, held.job_id)
    with pytest.raises(Fenced):
        progress.stage("reach")
    assert told(database, held)["state"] == "cancelled"


def test_a_done_job_is_at_a_hundred(database, held):
    Progress(database, held, ("load",)).stage("load")
    with database.session(held.tenant_id) as session:
        session.scalars(select(Job).where(Job.id == held.job_id)).one().state = "done"
    told_now = told(database, held)
    assert told_now["percent"] == 100
    assert told_now["stages"][0]["state"] == "done"
