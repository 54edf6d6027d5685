"""The audit chain: appended in the mutation's transaction, and any change of it is noticed."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID, uuid4

import pytest
import rfc8785
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import ProgrammingError

from core.db import AuditEvent, Tenant, audit
from core.errors import Misconfigured

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
    ("tampering", "fault"),
    [
        ("UPDATE audit_events SET action = 'thing.undo'", "changed"),
        ("UPDATE audit_events SET actor_id = NULL", "changed"),
        ("UPDATE audit_events SET details = '{}'", "changed"),
        ("UPDATE audit_events SET at = at + interval '1 second'", "changed"),
        ("UPDATE audit_events SET hash = repeat('1', 64)", "changed"),
        ("UPDATE audit_events SET prev_hash = repeat('1', 64)", "order"),
        ("DELETE FROM audit_events", "missing"),
    ],
)
def test_a_changed_or_missing_record_is_found(database, tenant_id, as_superuser, tampering, fault):
    write(database, tenant_id)
    as_superuser(f"{tampering} WHERE number = 2 AND tenant_id = :tenant", tenant=tenant_id)
    assert broken(database, tenant_id) == (2, fault)


def broken(database, tenant_id, *noted):
    with database.session(tenant_id) as session:
        found = audit.first_broken(session, noted)
        return None if found is None else (found.number, found.fault)


def test_any_letter_of_a_record_that_is_flipped_is_found(database, tenant_id, as_superuser):
    write(database, tenant_id, 6)
    for number, column in [(1, "subject"), (4, "action"), (6, "subject")]:
        words = "WHERE number = :number AND tenant_id = :tenant"
        flip = f"UPDATE audit_events SET {column} = reverse({column}) {words}"
        as_superuser(flip, number=number, tenant=tenant_id)
        assert broken(database, tenant_id) == (number, "changed")
        as_superuser(flip, number=number, tenant=tenant_id)
        assert broken(database, tenant_id) is None


def test_two_records_that_changed_places_are_found(database, tenant_id, as_superuser):
    write(database, tenant_id, 4)
    for old, new in [(2, 99), (3, 2), (99, 3)]:
        as_superuser(
            "UPDATE audit_events SET number = :new WHERE number = :old AND tenant_id = :tenant",
            old=old,
            new=new,
            tenant=tenant_id,
        )
    assert broken(database, tenant_id) == (2, "order")


def test_a_record_put_between_others_is_found_even_with_a_hash_of_its_own(
    database, tenant_id, as_superuser
):
    write(database, tenant_id, 3)
    as_superuser(
        "UPDATE audit_events SET number = 4 WHERE number = 3 AND tenant_id = :t", t=tenant_id
    )
    with database.session(tenant_id) as session:
        second = session.scalars(select(AuditEvent).where(AuditEvent.number == 2)).one()
        forged = AuditEvent(
            tenant_id=tenant_id,
            number=3,
            at=second.at,
            action="thing.do",
            subject="thing:forged",
            details={},
            prev_hash=second.hash,
        )
        forged.hash = audit._hash(forged)
        session.add(forged)
    assert broken(database, tenant_id) == (4, "order")


def test_a_tail_that_was_cut_is_found_by_the_head_that_was_noted(database, tenant_id, as_superuser):
    write(database, tenant_id, 3)
    with database.session(tenant_id) as session:
        noted = audit.head(session)
    assert noted.number == 3
    assert broken(database, tenant_id, noted) is None
    as_superuser("DELETE FROM audit_events WHERE number = 3 AND tenant_id = :t", t=tenant_id)
    assert broken(database, tenant_id) is None  # alone it does not show
    assert broken(database, tenant_id, noted) == (3, "cut")
    write(database, tenant_id, 2)  # and written over, it is another chain
    assert broken(database, tenant_id) is None
    assert broken(database, tenant_id, noted) == (3, "rewritten")


def test_the_head_of_an_empty_chain_is_number_nought(database, tenant_id):
    with database.session(tenant_id) as session:
        assert audit.head(session) == audit.Head(number=0, hash="0" * 64)
    assert broken(database, tenant_id, audit.Head(number=2, hash="1" * 64)) == (1, "cut")


@pytest.mark.parametrize(
    "words",
    [
        "UPDATE audit_events SET action = 'x'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
    ],
)
def test_the_applications_role_may_neither_change_nor_delete_a_record(database, tenant_id, words):
    write(database, tenant_id, 1)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        database.session(tenant_id) as session,
    ):
        session.execute(text(words))
    assert broken(database, tenant_id) is None


def test_an_exported_record_says_all_that_its_hash_covers(database, tenant_id):
    write(database, tenant_id, 1)
    with database.session(tenant_id) as session:
        [event] = audit.records(session)
        told = audit.written(event)
    covered = {name: value for name, value in told.items() if name != "hash"}
    assert sha256(rfc8785.dumps(covered)).hexdigest() == told["hash"]
    assert told.keys() == {c.key for c in AuditEvent.__table__.columns} - {
        "id",
        "created_at",
        "updated_at",
    }


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


def test_of_several_noted_heads_each_is_compared(database, tenant_id, as_superuser):
    heads = []
    for _ in range(3):
        write(database, tenant_id, 1)
        with database.session(tenant_id) as session:
            heads.append(audit.head(session))
    assert broken(database, tenant_id, *heads) is None
    as_superuser("DELETE FROM audit_events WHERE number = 3 AND tenant_id = :t", t=tenant_id)
    as_superuser("DELETE FROM audit_events WHERE number = 2 AND tenant_id = :t", t=tenant_id)
    write(database, tenant_id, 2)
    with database.session(tenant_id) as session:
        new = audit.head(session)  # exported after the deed, it proves nothing
    assert broken(database, tenant_id, new) is None
    assert broken(database, tenant_id, heads[0], heads[1], new) == (2, "rewritten")


def test_keeping_records_for_less_than_184_days_is_refused():
    audit.check_retention(184)
    with pytest.raises(Misconfigured, match="至少保留 184 天，设置为 183 天"):
        audit.check_retention(183)


def test_every_fault_has_its_words():
    assert audit.FAULT_WORDS.keys() == set(audit.Fault)
