from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from core.db import AuditEvent, Job, Run
from core.db.held import Fenced
from core.errors import Conflict, NotFound
from core.jobs.claim import Heart, cancel, claim, expire, give_back, renew
from core.jobs.evidence import Cause, Death

KILLED = Death(cause=Cause.SIGNAL, signal="SIGKILL", peak_mib=512)


@pytest.fixture
def asked(town):
    tenant, ask = town
    tenant_id = tenant()
    return tenant_id, *ask(tenant_id)


def job_and_run(database, tenant_id, job_id, run_id):
    with database.session(tenant_id) as session:
        job = session.scalars(select(Job).where(Job.id == job_id)).one()
        run = session.scalars(select(Run).where(Run.id == run_id)).one()
        session.expunge_all()
        return job, run


def claimed_by(database, tenant_id, job_id):
    with database.session(tenant_id) as session:
        return claim(session, job_id)


def run_out(database, tenant_id):
    with database.session(tenant_id) as session:
        session.execute(update(Job).values(lease_until=func.now() - timedelta(seconds=1)))


def test_a_claim_takes_the_job_once(database, asked):
    tenant_id, run_id, job_id = asked
    taken = claimed_by(database, tenant_id, job_id)
    assert (taken.kind, taken.subject_id, taken.held.attempt) == ("run", run_id, 1)
    assert claimed_by(database, tenant_id, job_id) is None
    job, _ = job_and_run(database, tenant_id, job_id, run_id)
    assert job.state == "running"
    assert job.lease_until is not None


def test_of_many_who_claim_at_once_one_gets_it(database, asked):
    tenant_id, _, job_id = asked
    start, taken = threading.Barrier(6), []

    def grab():
        start.wait()
        taken.append(claimed_by(database, tenant_id, job_id))

    threads = [threading.Thread(target=grab) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one is not None for one in taken) == 1


def test_another_tenants_job_cannot_be_claimed(database, town, asked):
    tenant, _ = town
    assert claimed_by(database, tenant(), asked[2]) is None


def test_only_the_holder_renews(database, asked):
    tenant_id, _, job_id = asked
    held = claimed_by(database, tenant_id, job_id).held
    with database.session(tenant_id) as session:
        renew(session, held, 30)
    with database.session(tenant_id) as session:
        give_back(session, held, KILLED)
    with pytest.raises(Fenced), database.session(tenant_id) as session:
        renew(session, held, 30)


def test_a_lease_that_ran_out_gives_the_job_back(database, asked):
    tenant_id, run_id, job_id = asked
    held = claimed_by(database, tenant_id, job_id).held
    with database.session(tenant_id) as session:
        expire(session, held)  # it has not run out: nothing happens
    assert job_and_run(database, tenant_id, job_id, run_id)[0].state == "running"
    run_out(database, tenant_id)
    with database.session(tenant_id) as session:
        expire(session, held)
    job, _ = job_and_run(database, tenant_id, job_id, run_id)
    assert (job.state, job.dispatched_at, job.attempt) == ("queued", None, 1)


def test_after_the_last_attempt_job_and_run_fail_with_a_sentence(database, asked):
    tenant_id, run_id, job_id = asked
    for attempt in (1, 2, 3):
        held = claimed_by(database, tenant_id, job_id).held
        assert held.attempt == attempt
        run_out(database, tenant_id)
        with database.session(tenant_id) as session:
            expire(session, held)
    job, run = job_and_run(database, tenant_id, job_id, run_id)
    assert (job.state, job.error_class, run.state) == ("failed", "crash", "failed")
    assert "3 次，最后一次：进程失去联系" in run.fault_message
    assert "no sign of life" in job.english
    assert [each["cause"] for each in job.attempts] == ["silent"] * 3
    with database.session(tenant_id) as session:
        actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.number)).all()
    assert actions[-2:] == ["run.ask", "job.fail"]
    assert run.fault_message == job.message
    assert claimed_by(database, tenant_id, job_id) is None


@pytest.mark.parametrize("running", [False, True])
def test_cancelling_ends_job_and_run_and_is_recorded(database, asked, running):
    tenant_id, run_id, job_id = asked
    held = claimed_by(database, tenant_id, job_id).held if running else None
    with database.session(tenant_id) as session:
        cancel(session, job_id)
        assert "job.cancel" in session.scalars(select(AuditEvent.action)).all()
    job, run = job_and_run(database, tenant_id, job_id, run_id)
    assert (job.state, run.state, run.fault_message) == ("cancelled", "cancelled", None)
    if held is not None:
        with pytest.raises(Fenced), database.session(tenant_id) as session:
            renew(session, held, 30)


def test_what_has_ended_cannot_be_cancelled(database, asked):
    tenant_id, _, job_id = asked
    with database.session(tenant_id) as session:
        cancel(session, job_id)
    with pytest.raises(Conflict), database.session(tenant_id) as session:
        cancel(session, job_id)
    with pytest.raises(NotFound), database.session(tenant_id) as session:
        cancel(session, uuid4())


def test_the_heart_notices_that_the_job_is_gone(database, asked):
    tenant_id, _, job_id = asked
    with database.session(tenant_id) as session:
        claimed = claim(session, job_id, lease_seconds=0.3)
    with Heart(database, claimed).beating() as heart:
        with database.session(tenant_id) as session:
            before = session.scalars(select(Job.lease_until)).one()
        assert not heart.lost.wait(0.3)
        with database.session(tenant_id) as session:
            assert session.scalars(select(Job.lease_until)).one() > before
            cancel(session, job_id)
        assert heart.lost.wait(10)


def test_each_attempt_is_kept_with_how_it_ended(database, asked):
    tenant_id, run_id, job_id = asked
    with database.session(tenant_id) as session:
        held = claim(session, job_id, worker="here/1/2").held
    with database.session(tenant_id) as session:
        give_back(session, held, KILLED)
    with database.session(tenant_id) as session:
        claim(session, job_id, worker="here/1/3")
    job, _ = job_and_run(database, tenant_id, job_id, run_id)
    first, second = job.attempts
    assert first["began"] < first["ended"] < second["began"]
    told = {name: value for name, value in first.items() if name not in {"began", "ended"}}
    assert told == {
        "number": 1,
        "worker": "here/1/2",
        "cause": "signal",
        "signal": "SIGKILL",
        "peak_mib": 512,
    }
    assert second.keys() == {"number", "worker", "began"}
    assert (job.worker, job.state) == ("here/1/3", "running")
