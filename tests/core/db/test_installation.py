"""The installation's chain: in the same transaction, seen by the right eyes, never mended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import DBAPIError

from core.db import InstallationEvent, new_id, verify_installation
from core.db.audit import Broken, Fault
from core.db.installation import installation_head, record


def count(database):
    with database.unbound() as session:
        return session.scalar(select(func.count()).select_from(InstallationEvent))


def verified(database):
    with database.unbound() as session:
        return verify_installation(session)


def tell(database, **details):
    with database.unbound() as session:
        record(session, action="test.tell", subject="test:1", details=details)


@pytest.fixture
def superuser(servers, database_urls):
    """Give the power that the walls do not hold: it takes the triggers off to forge."""
    name = database_urls.app_url.rsplit("/", 1)[1].split("?")[0]
    engine = create_engine(
        servers.superuser_url.replace("/postgres?", f"/{name}?"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        yield lambda words, **values: connection.execute(text(words), values)
    engine.dispose()


def test_an_empty_chain_holds(database):
    assert count(database) == 0
    assert verified(database) is None


def test_a_record_is_kept_with_its_actor_and_chained(database):
    actor = new_id()
    with database.unbound(actor) as session:
        record(session, action="test.tell", subject="test:1", details={"a": 1})
        record(session, action="test.tell", subject="test:2")
        assert session.scalar(select(func.count()).select_from(InstallationEvent)) == 0
    with database.unbound() as session:
        first, second = session.scalars(
            select(InstallationEvent).order_by(InstallationEvent.number.desc()).limit(2)
        ).all()[::-1]
        assert (first.actor_id, first.subject, first.details) == (actor, "test:1", {"a": 1})
        assert second.prev_hash == first.hash
    assert verified(database) is None


def test_what_is_rolled_back_leaves_no_record(database):
    before = count(database)
    with database.unbound() as session:
        session.execute(text("SELECT 1"))
        record(session, action="test.tell", subject="test:1")
        session.rollback()
    assert count(database) == before


def test_details_that_cannot_be_hashed_are_refused_at_once(database):
    with pytest.raises(ValueError, match="plain JSON"), database.unbound() as session:
        record(session, action="test.tell", subject="test:1", details={"a": object()})


def test_many_writers_at_once_make_one_chain(database):
    before = count(database)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: tell(database, n=n), range(12)))
    assert count(database) == before + 12
    assert verified(database) is None


def test_a_person_sees_nothing_unless_they_audit(database):
    tell(database)
    nobody, auditor, admin = (new_id() for _ in range(3))
    with database.unbound() as session:
        for number, user in enumerate((auditor, admin)):
            session.execute(
                text(
                    "INSERT INTO users (id, login, name, password_hash, failed)"
                    " VALUES (:id, :login, 'x', '', 0)"
                ),
                {"id": user, "login": f"eyes{number}"},
            )
        for user, role in ((auditor, "audit_admin"), (admin, "system_admin")):
            session.execute(
                text("INSERT INTO system_roles (user_id, role) VALUES (:u, :r)"),
                {"u": user, "r": role},
            )
    for eyes, sees in ((nobody, False), (admin, False), (auditor, True), (None, True)):
        with database.unbound(eyes) as session:
            assert bool(session.scalars(select(InstallationEvent)).all()) is sees


@pytest.mark.parametrize(
    "words",
    [
        "UPDATE installation_events SET action = 'x'",
        "DELETE FROM installation_events",
        "TRUNCATE installation_events",
    ],
)
def test_neither_the_application_nor_the_owner_changes_a_record(database, database_urls, words):
    tell(database)
    with pytest.raises(DBAPIError, match="permission denied"), database.unbound() as session:
        session.execute(text(words))
    engine = create_engine(database_urls.owner_url)
    with engine.connect() as connection, pytest.raises(DBAPIError, match="never changed"):
        connection.execute(text(words))
    engine.dispose()


FORGERIES = {
    "changed": "UPDATE installation_events SET details = '{\"x\": 1}' WHERE number = :n",
    "another person": "UPDATE installation_events SET actor_id = gen_random_uuid()"
    " WHERE number = :n",
    "taken out": "DELETE FROM installation_events WHERE number = :n",
    "cut off": "DELETE FROM installation_events WHERE number >= :n",
    "out of order": "UPDATE installation_events SET number = CASE number WHEN :n THEN 1000000"
    " ELSE :n END WHERE number IN (:n, :n + 1)",
}
FAULTS = {
    "changed": "changed",
    "another person": "changed",
    "taken out": "missing",
    "cut off": "cut",
    "out of order": "order",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_each_forgery_is_told_by_its_first_number(database, superuser, forgery):
    for n in range(4):
        tell(database, n=n)
    assert verified(database) is None
    superuser("CREATE TABLE kept AS TABLE installation_events")
    superuser("ALTER TABLE installation_events DISABLE TRIGGER USER")
    n = count(database) - 2
    superuser(FORGERIES[forgery], n=n)
    found = verified(database)
    assert (found.number, found.fault) == (n, FAULTS[forgery])
    superuser("DELETE FROM installation_events")
    superuser("INSERT INTO installation_events TABLE kept")
    superuser("DROP TABLE kept")
    superuser("ALTER TABLE installation_events ENABLE TRIGGER USER")
    assert verified(database) is None


def test_a_head_that_was_written_by_somebody_else_shows(database, superuser):
    tell(database)
    old = superuser("SELECT hash FROM installation_chain").scalar_one()
    superuser("UPDATE installation_chain SET hash = 'x'")
    assert verified(database) == Broken(number=count(database), fault=Fault.REWRITTEN)
    superuser("UPDATE installation_chain SET hash = :old, number = number - 1", old=old)
    assert verified(database) == Broken(number=count(database) - 1, fault=Fault.REWRITTEN)
    superuser("UPDATE installation_chain SET number = number + 1")
    assert verified(database) is None


def test_a_head_that_was_noted_shows_a_tail_that_was_written_anew(database, superuser):
    tell(database)
    with database.unbound() as session:
        noted = installation_head(session)
    superuser("ALTER TABLE installation_events DISABLE TRIGGER USER")
    superuser("DELETE FROM installation_events WHERE number = :n", n=noted.number)
    superuser(
        "UPDATE installation_chain SET number = number - 1,"
        " hash = (SELECT hash FROM installation_events ORDER BY number DESC LIMIT 1)"
    )
    superuser("ALTER TABLE installation_events ENABLE TRIGGER USER")
    with database.unbound() as session:
        assert verify_installation(session) is None
        assert verify_installation(session, [noted]) == Broken(number=noted.number, fault=Fault.CUT)
    tell(database, other=1)
    with database.unbound() as session:
        assert verify_installation(session) is None
        assert verify_installation(session, [noted]) == Broken(
            number=noted.number, fault=Fault.REWRITTEN
        )
