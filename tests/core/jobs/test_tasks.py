from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from core.catalog.host import Host
from core.db import Job, Run, RunScore
from core.jobs.tasks import Bench, perform


@pytest.fixture
def bench(database, blobs, host, redis_url):
    return Bench(database=database, blobs=blobs, host=host, redis_url=redis_url)


@pytest.fixture
def asked(town):
    tenant, ask = town
    tenant_id = tenant()
    return tenant_id, *ask(tenant_id)


def states(database, tenant_id, run_id, job_id):
    with database.session(tenant_id) as session:
        job = session.scalars(select(Job).where(Job.id == job_id)).one()
        run = session.scalars(select(Run).where(Run.id == run_id)).one()
        scores = session.scalar(
            select(func.count()).select_from(RunScore).where(RunScore.run_id == run_id)
        )
        return job.state, run.state, job.attempt, scores


def test_a_job_is_done_and_shows_its_stages(database, bench, asked):
    tenant_id, _, job_id = asked
    perform(bench, tenant_id, job_id)
    assert states(database, *asked) == ("done", "done", 1, 4)
    with database.session(tenant_id) as session:
        stages = session.scalars(select(Job.stages)).one()
        assert stages[0]["key"] == "load"


def test_a_wake_up_delivered_twice_at_once_gives_one_result(database, bench, asked):
    tenant_id, _, job_id = asked
    start = threading.Barrier(3)

    def deliver():
        start.wait()
        perform(bench, tenant_id, job_id)

    threads = [threading.Thread(target=deliver) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    perform(bench, tenant_id, job_id)  # and once more, much later
    assert states(database, *asked) == ("done", "done", 1, 4)


def test_a_wake_up_for_another_tenant_finds_nothing(database, bench, town, asked):
    tenant, _ = town
    perform(bench, tenant(), asked[2])
    assert states(database, *asked) == ("queued", "queued", 0, 0)


class Wall(Host):
    """A part that breaks in a way that nobody foresaw."""

    def __repr__(self) -> str:
        return "Wall()"

    @property
    def kept(self):
        raise ZeroDivisionError


def test_what_nobody_foresaw_is_tried_three_times_and_then_told(database, bench, asked):
    tenant_id, _, job_id = asked
    broken = replace(bench, host=object.__new__(Wall))
    for attempt in (1, 2):
        with pytest.raises(ZeroDivisionError):
            perform(broken, tenant_id, job_id)
        assert states(database, *asked) == ("queued", "running", attempt, 0)
    with pytest.raises(ZeroDivisionError):
        perform(broken, tenant_id, job_id)
    assert states(database, *asked) == ("failed", "failed", 3, 0)
    with database.session(tenant_id) as session:
        job = session.scalars(select(Job).where(Job.id == job_id)).one()
        assert job.error_class == "crash"
        assert [one["cause"] for one in job.attempts] == ["exception"] * 3
        assert {one["error"] for one in job.attempts} == {"ZeroDivisionError"}
        assert all(one["peak_mib"] > 0 for one in job.attempts)
        assert "意外错误 ZeroDivisionError" in job.message
    perform(bench, tenant_id, job_id)  # no further attempt
    assert states(database, *asked) == ("failed", "failed", 3, 0)


def test_a_mended_crash_completes_at_the_next_attempt(database, bench, asked):
    tenant_id, _, job_id = asked
    with pytest.raises(ZeroDivisionError):
        perform(replace(bench, host=object.__new__(Wall)), tenant_id, job_id)
    perform(bench, tenant_id, job_id)
    assert states(database, *asked) == ("done", "done", 2, 4)
