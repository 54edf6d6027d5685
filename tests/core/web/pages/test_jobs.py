"""The jobs' pages: what is at work, who asked, what may be cancelled, how attempts ended."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select

from core.db import Job
from core.jobs.claim import claim, give_back
from core.jobs.evidence import Cause, Death
from tenants.people.models import Role

KILLED = Death(cause=Cause.SIGNAL, signal="SIGKILL", peak_mib=512)


@pytest.fixture(scope="module")
def desk(sign_in):
    return sign_in("x-jobs")


@pytest.fixture
def ask(desk):
    """Give a function that puts a job there."""

    def make(by=None, kind="run", **values):
        with desk.services.database.session(desk.tenant_id) as session:
            job = Job(kind=kind, subject_id=uuid4(), idempotency_key=str(uuid4()), by=by, **values)
            session.add(job)
            session.flush()
            return job.id

    yield make
    with desk.services.database.session(desk.tenant_id) as session:
        for job in session.scalars(select(Job)):
            job.state = "cancelled"


def test_jobs_are_listed_with_who_asked_and_may_be_cancelled(desk, ask):
    ask(by=desk.user_id)
    ask(by=None, kind="import", payload={"kind": "outlets"})
    html = desk.see("jobs")
    assert "2 项排队中或进行中" in html
    assert "王敏" in html
    assert "命令行" in html
    assert html.count(">取消</button>") == 2
    assert "没有这样的任务" in desk.see("jobs?state=failed")
    assert desk.see("jobs?state=nonsense").count("排队中</td>") >= 2


def test_attempts_are_shown_with_their_evidence(desk, ask):
    job_id = ask(by=desk.user_id)
    database = desk.services.database
    for _ in range(3):
        with database.session(desk.tenant_id) as session:
            held = claim(session, job_id, worker="here/1/2").held
        with database.session(desk.tenant_id) as session:
            give_back(session, held, KILLED)
    html = desk.see(f"jobs/{job_id}")
    assert html.count("进程被 SIGKILL 终止，内存峰值 512 MiB") >= 3
    assert "here/1/2" in html
    assert "进程异常中止，已重试" in html
    desk.client.set_cookie("lc-language", "en")
    assert "killed by SIGKILL, peak memory 512 MiB" in desk.see(f"jobs/{job_id}")
    desk.client.delete_cookie("lc-language")


def test_a_job_that_is_not_here_is_not_found(desk):
    desk.see(f"jobs/{uuid4()}", 404)


def test_who_may_not_see_data_sees_no_jobs(sign_in):
    worker = sign_in("x-worker", Role.COMMUNITY_WORKER)
    worker.see("jobs", 403)
    assert "/t/x-worker/jobs" not in worker.see()
