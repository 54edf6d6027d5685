"""The unit of work: one commit, acts after it, one tenant, nothing left on a connection."""

from __future__ import annotations

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from core.db import Database, Dataset, Job, Level, Tenant, after_commit, new_id
from core.errors import Misconfigured


@pytest.fixture(scope="module")
def tenants(database):
    ids = [new_id() for _ in range(3)]
    with database.unbound() as session:
        session.add_all(
            Tenant(id=i, level=Level.CITY, slug=f"c{n}", name=f"市{n}", path=f"/c{n}/")
            for n, i in enumerate(ids)
        )
    for number, tenant_id in enumerate(ids):
        with database.session(tenant_id) as session:
            session.add_all(Dataset(kind="streets", name=f"{number}-{k}") for k in range(5))
    return ids


def names(session):
    return set(session.scalars(select(Dataset.name)))


def test_a_session_sees_its_tenants_rows_and_no_others(database, tenants):
    with database.session(tenants[1]) as session:
        assert names(session) == {f"1-{k}" for k in range(5)}


def test_what_raises_leaves_nothing_and_its_acts_are_not_done(database, tenants):
    done = []

    def fail():
        with database.session(tenants[0]) as session:
            session.add(Dataset(kind="streets", name="half"))
            session.flush()
            after_commit(session, lambda: done.append(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not done
    with database.session(tenants[0]) as session:
        assert "half" not in names(session)


def test_acts_are_done_in_order_when_others_can_see_the_rows(database, tenants):
    seen = []

    def look():
        with database.session(tenants[0]) as other:
            seen.append("late" in names(other))

    with database.session(tenants[0]) as session:
        after_commit(session, look)
        after_commit(session, lambda: seen.append("second"))
        session.add(Dataset(kind="streets", name="late"))
        session.flush()
        look()
        with session.begin_nested():
            pass
    assert seen == [False, True, "second"]


def test_an_operation_cannot_commit(database, tenants):
    with database.session(tenants[0]) as session, pytest.raises(RuntimeError, match="unit of work"):
        session.commit()


def test_tenant_and_actor_are_told_to_postgresql_for_one_transaction(database, tenants):
    actor = new_id()
    asked = select(func.lifecircle_tenant(), func.lifecircle_user())
    with database.session(tenants[2], actor) as session:
        assert session.execute(asked).one() == (tenants[2], actor)
        session.rollback()
        assert session.execute(asked).one() == (tenants[2], actor)
    with database.unbound() as session:
        assert session.execute(asked).one() == (None, None)


def test_a_setting_left_on_a_connection_does_not_reach_the_next_user(database_urls, tenants):
    asked = text("SELECT current_setting('lifecircle.tenant', true), pg_backend_pid()")
    with closing(Database(database_urls.app_url, pool_size=1)) as one:
        with one.unbound() as session:
            session.execute(text(f"SET lifecircle.tenant = '{tenants[0]}'"))
            process = session.execute(asked).one()[1]
        with one._app.connect() as connection:
            left, same = connection.execute(asked).one()
    assert same == process
    assert not left


def test_eight_threads_over_one_pool_never_see_another_tenants_rows(database, tenants):
    start = threading.Barrier(8)

    def work(seed):
        draw = random.Random(seed)  # noqa: S311 - which tenant, no secret
        start.wait()
        leaks = 0
        for _ in range(60):
            number = draw.randrange(3)
            fate = draw.random()
            try:
                with database.session(tenants[number]) as session:
                    rows = names(session) | set(session.scalars(text("SELECT name FROM datasets")))
                    leaks += any(not row.startswith((f"{number}-", "late")) for row in rows)
                    leaks += len(rows) < 5
                    if fate < 0.2:
                        session.execute(text("SELECT 1/0"))
                    elif fate < 0.4:
                        session.rollback()
            except DBAPIError:
                assert fate < 0.2
        return leaks

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 0


# From Python 3.12 a fork beside any thread warns; the arithmetic libraries keep some.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_opens_its_own_connections(database_urls):
    def process_of(database):
        with database.unbound() as session:
            return session.execute(text("SELECT pg_backend_pid()")).scalar_one()

    with closing(Database(database_urls.app_url, pool_size=1)) as one:
        mine = process_of(one)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            os.write(writing, str(process_of(one)).encode())
            os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading) as stream:
            assert int(stream.read()) != mine
        assert process_of(one) == mine


def test_the_dispatcher_sees_its_columns_of_every_tenants_jobs_and_nothing_else(database, tenants):
    for number in (0, 1):
        with database.session(tenants[number]) as session:
            session.add(Job(kind="run", subject_id=new_id(), idempotency_key="k", payload={"x": 1}))
    with database.dispatcher() as session:
        seen = session.execute(
            select(Job.tenant_id, Job.state, Job.attempt).with_for_update(skip_locked=True)
        ).all()
        assert {row.tenant_id for row in seen} == set(tenants[:2])
        session.execute(text("UPDATE jobs SET dispatched_at = now(), attempt = attempt + 1"))
    for forbidden in (
        "SELECT payload FROM jobs",
        "UPDATE jobs SET payload = '{}'",
        "UPDATE jobs SET tenant_id = gen_random_uuid()",
        "INSERT INTO jobs (id) VALUES (gen_random_uuid())",
        "DELETE FROM jobs",
        "SELECT 1 FROM datasets",
        "SELECT 1 FROM users",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), database.dispatcher() as session:
            session.execute(text(forbidden))


def test_without_a_dispatchers_address_the_error_names_the_setting(database_urls):
    with (
        pytest.raises(Misconfigured, match="LIFECIRCLE_DISPATCH_URL"),
        Database(database_urls.app_url).dispatcher(),
    ):
        pass


def test_a_role_that_row_level_security_does_not_hold_is_refused(database, database_urls):
    database.check_role()
    for url, role in (
        (database_urls.superuser_url, "postgres"),
        (database_urls.owner_url, "lc_owner"),
    ):
        with closing(Database(url)) as other, pytest.raises(Misconfigured, match=role):
            other.check_role()


def test_an_address_of_another_database_is_refused():
    with pytest.raises(Misconfigured, match="postgresql://"):
        Database("sqlite:///x")


def test_what_people_sent_is_not_in_the_text_of_an_error(database, tenants):
    with pytest.raises(DBAPIError) as wrong, database.session(tenants[0]) as session:
        session.execute(text("SELECT :word, 1 / 0"), {"word": "a secret"})
    assert "a secret" not in str(wrong.value)
