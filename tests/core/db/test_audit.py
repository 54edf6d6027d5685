"""The audit chain: appended in the mutation's transaction, and any change of it is noticed."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, select, text

from core.db import AuditEvent, Tenant, audit

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def tenant_id(database):
    """Make a tenant without any record."""
    slug = f"x-{uuid4().hex[:8]}"
    with database.unbound() as session:
        tenant = Tenant(level="city", slug=slug, name="某市", path=f"/{slug}/")
        session.add(tenant)
        session.flush()
        return tenant.id


@pytest.fixture
def as_superuser(database_urls):
    """Give a function that tampers with the database as nobody in the product could."""

    def run(statement, **values):
        url = database_urls.superuser_url.replace(
            "/postgres?",
            database_urls.app_url[database_urls.app_url.rindex("/") :].split("?")[0] + "?",
        )
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("SET session_replication_role = replica"))
            changed = connection.execute(text(statement), values).rowcount
        engine.dispose()
        assert changed == 1

    return run


def write(database, tenant_id, count=3):
    for number in range(count):
        with database.session(tenant_id, UUID(int=7)) as session:
            audit.record(
                session,
                action="thing.do",
                subject=f"thing:{number}",
                details={"at": 1.5, "words": ["一", None], "number": number},
            )


def test_records_are_numbered_and_chained_and_carry_their_actor(database, tenant_id):
    write(database, tenant_id)
    with database.session(tenant_id) as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.number)).all()
        assert [event.number for event in events] == [1, 2, 3]
        assert [event.prev_hash for event in events[1:]] == [event.hash for event in events[:-1]]
        assert events[0].prev_hash == "0" * 64
        assert {event.actor_id for event in events} == {UUID(int=7)}
        assert audit.first_broken(session) is None


def test_two_records_of_one_transaction_follow_each_other(database, tenant_id):
    with database.session(tenant_id) as session:
        first = audit.record(session, action="a.b", subject="c:1")
        second = audit.record(session, action="a.b", subject="c:2")
        assert (first.number, second.number) == (1, 2)
        assert second.prev_hash == first.hash


def test_an_empty_chain_holds(database, tenant_id):
    with database.session(tenant_id) as session:
        assert audit.first_broken(session) is None


def test_a_record_rolls_back_with_its_mutation(database, tenant_id):
    def fail():
        with database.session(tenant_id) as session:
            audit.record(session, action="a.b", subject="c:1")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    write(database, tenant_id, 1)
    with database.session(tenant_id) as session:
        assert [event.number for event in session.scalars(select(AuditEvent))] == [1]


def test_a_record_without_a_tenant_is_refused(database):
    with (
        pytest.raises(ValueError, match="belongs to a tenant"),
        database.unbound() as session,
    ):
        audit.record(session, action="a.b", subject="c:1")


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_events SET action = 'thing.undo'",
        "UPDATE audit_events SET actor_id = NULL",
        "UPDATE audit_events SET details = '{}'",
        "UPDATE audit_events SET at = at + interval '1 second'",
        "UPDATE audit_events SET prev_hash = repeat('1', 64)",
        "DELETE FROM audit_events",
    ],
)
def test_a_changed_or_missing_record_is_found(database, tenant_id, as_superuser, tampering):
    write(database, tenant_id)
    as_superuser(f"{tampering} WHERE number = 2 AND tenant_id = :tenant", tenant=tenant_id)
    with database.session(tenant_id) as session:
        assert audit.first_broken(session) == 2


def test_chains_of_two_tenants_do_not_touch(database, tenant_id):
    slug = f"x-{uuid4().hex[:8]}"
    with database.unbound() as session:
        other = Tenant(level="city", slug=slug, name="另一市", path=f"/{slug}/")
        session.add(other)
        session.flush()
        other_id = other.id
    write(database, tenant_id, 2)
    write(database, other_id, 1)
    with database.session(other_id) as session:
        assert [event.number for event in session.scalars(select(AuditEvent))] == [1]
        assert audit.first_broken(session) is None
