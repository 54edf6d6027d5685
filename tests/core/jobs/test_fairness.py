"""One tenant's ten thousand waiting runs, and another's single one."""

from __future__ import annotations

from uuid import uuid4

import pytest
from redis import Redis
from sqlalchemy import select, update

from core.config import Config
from core.db import Job
from core.db.many import insert_many
from core.errors import Misconfigured
from core.jobs.claim import claim
from core.jobs.dispatch import dispatch_once
from core.jobs.queues import queue, take_hint
from core.jobs.worker import run_worker
from tests.core.runs.small_town import make_tenant

MANY = 10_000
SLOTS = 2  # how far one tenant's crowd may put another's single run back


@pytest.fixture
def hints(redis_url):
    with Redis.from_url(redis_url) as connection:
        yield queue(connection)


@pytest.fixture
def tenants(database, request):
    """Give a function that makes a tenant with waiting jobs; they end with the test."""
    made = []

    def make(name, count):
        tenant_id = make_tenant(database, f"fair-{name}-{uuid4().hex[:6]}")
        made.append(tenant_id)
        add(database, tenant_id, count)
        return tenant_id

    yield make
    for tenant_id in made:
        with database.session(tenant_id) as session:
            session.execute(update(Job).values(state="cancelled"))


def add(database, tenant_id, count):
    row = {
        "kind": "run",
        "payload": {},
        "result": {},
        "state": "queued",
        "attempt": 0,
        "stage": "",
        "percent": 0,
        "stages": [],
        "error_class": "",
        "message": "",
        "english": "",
    }
    rows = [row | {"idempotency_key": f"run:{uuid4()}"} for _ in range(count)]
    with database.session(tenant_id) as session:
        insert_many(session, Job, rows, subject_id=uuid4())


class Line:
    """Workers that take wake-ups as they come; each job is one slot of a worker."""

    def __init__(self, database, hints, workers, quota) -> None:
        self.database, self.hints, self.quota = database, hints, quota
        self.busy = [None] * workers
        self.began = []  # tenants, in the order in which their jobs began

    def begin(self):
        """Wake workers for what waits, and let those that are free take what they are woken for."""
        dispatch_once(self.database, self.hints.connection, quota=self.quota)
        for place in range(len(self.busy)):
            while self.busy[place] is None and (hint := take_hint(self.hints)) is not None:
                tenant_id, job_id = hint.row()
                with self.database.session(tenant_id) as session:
                    claimed = claim(session, job_id)
                if claimed is not None:
                    self.began.append(tenant_id)
                    self.busy[place] = claimed.held

    def end(self):
        """End one job: the one that has been at work longest."""
        at_work = [held for held in self.busy if held is not None]
        oldest = min(at_work, key=self.order)
        with self.database.session(oldest.tenant_id) as session:
            done = update(Job).where(Job.id == oldest.job_id).values(state="done")
            session.execute(done)
        self.busy[self.busy.index(oldest)] = None

    def order(self, held):
        with self.database.session(held.tenant_id) as session:
            return session.scalar(select(Job.started_at).where(Job.id == held.job_id))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_ten_thousand_waiting_runs_put_anothers_single_run_back_by_two_slots_at_most(
    database, tenants, hints, workers
):
    many = tenants("many", MANY)
    line = Line(database, hints, workers, quota=2)
    for _ in range(3):  # the crowd is at work already
        line.begin()
        line.end()
    line.begin()
    assert set(line.began) == {many}
    few = tenants("few", 1)
    before = len(line.began)
    for _ in range(20):
        line.begin()
        if few in line.began:
            break
        line.end()
    assert few in line.began
    assert line.began.index(few) - before <= SLOTS


def test_many_tenants_take_turns_beside_the_crowd(database, tenants, hints):
    tenants("many", MANY)
    line = Line(database, hints, 2, quota=2)
    line.begin()
    others = [tenants(f"other{number}", 3) for number in range(4)]
    for _ in range(12):
        line.begin()
        line.end()
    assert set(others) <= set(line.began)  # each has begun once before any has done all


@pytest.mark.parametrize("quota", [1, 3])
def test_a_tenant_has_as_many_at_work_as_the_setting_says(database, tenants, hints, quota):
    many = tenants("many", 20)
    line = Line(database, hints, 5, quota=quota)
    line.begin()
    line.begin()
    assert line.began == [many] * quota


def test_no_jobs_at_all_is_no_setting():
    with pytest.raises(Misconfigured, match="LIFECIRCLE_TENANT_JOBS"):
        run_worker(
            Config(
                database_url="postgresql://x",
                dispatch_url="postgresql://x",
                redis_url="redis://x",
                tenant_jobs=0,
            )
        )
