from __future__ import annotations

import threading
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from redis import Redis
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError

from core.db import Job
from core.jobs.claim import claim
from core.jobs.dispatch import LOOK_SECONDS, dispatch_loop, dispatch_once, waiting
from core.jobs.queues import nudge, queue
from tests.proxy import Proxy


@pytest.fixture
def connection(redis_url):
    with Redis.from_url(redis_url) as connection:
        yield connection


def sent(connection):
    """Give the ids that the queued wake-ups carry, in order."""
    return [tuple(hint.args) for hint in queue(connection).get_jobs()]


def test_tenants_take_turns_and_none_exceeds_its_quota(database, town, connection):
    tenant, ask = town
    many, few = tenant(), tenant()
    theirs = [ask(many, number)[1] for number in range(4)]
    ours = [ask(few, number)[1] for number in range(2)]
    assert dispatch_once(database, connection) == 4
    assert sorted(sent(connection)[:2]) == sorted(
        [(str(many), str(theirs[0])), (str(few), str(ours[0]))]
    )
    assert sorted(sent(connection)[2:]) == sorted(
        [(str(many), str(theirs[1])), (str(few), str(ours[1]))]
    )
    assert dispatch_once(database, connection) == 0


def test_jobs_at_work_count_towards_the_quota(database, town, connection):
    tenant, ask = town
    tenant_id = tenant()
    jobs = [ask(tenant_id, number)[1] for number in range(3)]
    for job_id in jobs[:2]:
        with database.session(tenant_id) as session:
            claim(session, job_id)
    assert dispatch_once(database, connection) == 0
    with database.session(tenant_id) as session:
        session.execute(update(Job).where(Job.id == jobs[0]).values(state="cancelled"))
    assert dispatch_once(database, connection) == 1
    assert sent(connection) == [(str(tenant_id), str(jobs[2]))]


def test_a_wake_up_that_nobody_followed_is_sent_again(database, town, connection, empty_queue):
    tenant, ask = town
    tenant_id = tenant()
    ask(tenant_id)
    assert dispatch_once(database, connection) == 1
    empty_queue()
    assert dispatch_once(database, connection) == 0
    with database.session(tenant_id) as session:
        session.execute(update(Job).values(dispatched_at=func.now() - timedelta(seconds=9)))
    assert dispatch_once(database, connection) == 1
    assert len(sent(connection)) == 1


def test_a_job_whose_lease_ran_out_is_woken_again(database, town, connection):
    tenant, ask = town
    tenant_id = tenant()
    _, job_id = ask(tenant_id)
    with database.session(tenant_id) as session:
        claim(session, job_id)
        session.execute(update(Job).values(lease_until=func.now() - timedelta(seconds=1)))
    assert dispatch_once(database, connection) == 1
    with database.session(tenant_id) as session:
        assert claim(session, job_id).held.attempt == 2


def test_dispatchers_beside_each_other_send_each_row_once(database, town, connection):
    tenant, ask = town
    for tenant_id in [tenant() for _ in range(4)]:
        for number in range(2):
            ask(tenant_id, number)
    start, counts = threading.Barrier(3), []

    def dispatch():
        start.wait()
        counts.append(dispatch_once(database, connection))

    threads = [threading.Thread(target=dispatch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    dispatch_once(database, connection)  # rows that one skipped while another had them locked
    assert len(sent(connection)) == len(set(sent(connection))) == 8


def test_the_dispatcher_sees_the_jobs_own_columns_and_nothing_else(database, town):
    tenant, ask = town
    ask(tenant())
    assert waiting(database) == 1
    for words in ("payload FROM jobs", "message FROM jobs", "* FROM jobs", "* FROM runs"):
        with pytest.raises(ProgrammingError), database.dispatcher() as session:
            session.execute(text(f"SELECT {words}"))
    with pytest.raises(ProgrammingError), database.dispatcher() as session:
        session.execute(text("UPDATE jobs SET message = ''"))


def test_the_loop_looks_when_it_is_nudged_and_survives_a_lost_queue(
    database, town, connection, redis_url, wait_for, empty_queue
):
    tenant, ask = town
    tenant_id = tenant()
    over = threading.Event()
    loop = threading.Thread(target=dispatch_loop, args=(database, redis_url, over))
    loop.start()
    try:
        ask(tenant_id)
        nudge(redis_url)
        wait_for(lambda: sent(connection))
        empty_queue()
        with database.session(tenant_id) as session:
            session.execute(update(Job).values(dispatched_at=None))
        wait_for(lambda: sent(connection))
    finally:
        over.set()
        loop.join()
    with database.session(tenant_id) as session:
        assert session.scalars(select(Job.dispatched_at)).one() is not None


def test_the_loop_gives_up_a_queue_that_falls_silent_and_asks_it_anew(
    database, town, connection, redis_url, wait_for
):
    tenant, ask = town
    told, over = urlsplit(redis_url), threading.Event()
    with Proxy(told.path) as proxy:
        far = f"redis://{told.username}:{told.password}@127.0.0.1:{proxy.port}"
        loop = threading.Thread(target=dispatch_loop, args=(database, far, over), daemon=True)
        loop.start()
        try:
            ask(tenant())
            wait_for(lambda: sent(connection))
            proxy.turn("silent")
            time.sleep(2 * LOOK_SECONDS)  # what it asks meanwhile is never answered
            proxy.turn("well")
            ask(tenant())
            wait_for(lambda: len(sent(connection)) > 1)
        finally:
            over.set()
            loop.join(10)
    assert not loop.is_alive()
