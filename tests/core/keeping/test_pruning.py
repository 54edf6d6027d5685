"""Audit records past their time go from the beginning, and the chain proves the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import create_engine, delete, func, insert, make_url, select, text, update
from sqlalchemy.exc import DBAPIError

from core.db import AuditAnchor, AuditEvent, InstallationChain, InstallationEvent, audit, new_id
from core.db.audit import Broken, Fault, Head, announcement, first_broken, head
from core.db.installation import _hash, _head, installation_head, record, verify_installation
from core.errors import Misconfigured
from core.keeping.one_tenant import pack, unpack
from core.keeping.pruning import MOST, SPARE_DAYS, prune
from core.keeping.sweep import sweep
from core.store import Blobs
from tests.core.runs.small_town import make_tenant

DAYS = 200
OLD = DAYS + SPARE_DAYS + 1
_numbers = count()


@pytest.fixture
def tenant_id(database):
    return make_tenant(database, f"pruned-{next(_numbers)}")


@pytest.fixture
def superuser(database_urls):
    """Give the power that no wall holds: nothing of the product has it."""
    url = make_url(database_urls.superuser_url)
    engine = create_engine(url.set(database=make_url(database_urls.app_url).database))

    def run(words, **values):
        with engine.begin() as connection:
            connection.execute(text("SET session_replication_role = replica"))
            connection.execute(text(words), values)

    yield run
    engine.dispose()


def write(database, tenant_id, *ages):
    """Append a record of each age in days, as it would have been written then."""
    for days in ages:
        with database.session(tenant_id) as session:
            last = head(session)
            event = AuditEvent(
                tenant_id=tenant_id,
                number=last.number + 1,
                at=datetime.now(UTC) - timedelta(days=days),
                action="thing.do",
                subject="thing:1",
                details={},
                prev_hash=last.hash,
            )
            event.hash = audit._hash(event)
            session.add(event)


def write_events(database, *ages):
    for days in ages:
        with database.unbound() as session:
            number, prev_hash = _head(session)
            row = {
                "number": number + 1,
                "at": datetime.now(UTC) - timedelta(days=days),
                "actor_id": None,
                "action": "thing.do",
                "subject": "thing:1",
                "details": {},
                "prev_hash": prev_hash,
            }
            row["hash"] = _hash(row)
            session.execute(insert(InstallationEvent.__table__).values(row))
            session.execute(
                update(InstallationChain).values(number=row["number"], hash=row["hash"])
            )


def numbers(database, tenant_id):
    with database.session(tenant_id) as session:
        return list(session.scalars(select(AuditEvent.number).order_by(AuditEvent.number)))


def broken(database, tenant_id, *noted):
    with database.session(tenant_id) as session:
        return first_broken(session, noted)


def events(database):
    with database.unbound() as session:
        asked = select(InstallationEvent.number).order_by(InstallationEvent.number)
        return list(session.scalars(asked))


def events_broken(database, *noted):
    with database.unbound() as session:
        return verify_installation(session, noted)


def test_what_is_past_its_time_goes_with_an_anchor_and_the_rest_holds(database, tenant_id):
    write(database, tenant_id, OLD, OLD, OLD - 2, DAYS - 1, 1)
    with database.session(tenant_id) as session:
        third = session.scalars(select(AuditEvent).where(AuditEvent.number == 3)).one()
        before, third_at = Head(number=3, hash=third.hash), third.at
        noted = head(session)
    assert prune(database, [tenant_id], DAYS)["records"] == 3
    assert numbers(database, tenant_id) == [4, 5, 6]
    with database.session(tenant_id) as session:
        anchor = session.scalars(select(AuditAnchor)).one()
        assert (anchor.number, anchor.hash, anchor.at) == (3, before.hash, third_at)
        told = session.scalars(select(AuditEvent).where(AuditEvent.number == 6)).one()
        assert (told.action, told.details) == ("audit.prune", announcement(before, 3))
    assert broken(database, tenant_id) is None
    assert broken(database, tenant_id, before, noted) is None
    write(database, tenant_id, 0)
    assert broken(database, tenant_id) is None


def test_the_week_before_says_how_many_are_about_to_go_and_keeps_them(database, tenant_id, capsys):
    write(database, tenant_id, DAYS + 1, DAYS + 1, 1)
    assert prune(database, [tenant_id], DAYS) == {"records_due": 2}
    assert "lifecircle audit export" in "".join(capsys.readouterr())
    assert numbers(database, tenant_id) == [1, 2, 3]


def test_nothing_is_written_where_nothing_is_past_its_time(database, tenant_id):
    write(database, tenant_id, DAYS - 1, 1)
    assert prune(database, [tenant_id], DAYS) == {}
    assert numbers(database, tenant_id) == [1, 2]


def test_a_chain_that_is_old_to_its_end_goes_on_from_its_anchor(database, tenant_id):
    write(database, tenant_id, OLD, OLD)
    prune(database, [tenant_id], DAYS)
    assert numbers(database, tenant_id) == [3]
    assert broken(database, tenant_id) is None


def test_what_is_old_behind_a_younger_record_stays(database, tenant_id):
    """A clock that was set back: only what has nothing younger before it goes."""
    write(database, tenant_id, OLD, 1, OLD)
    assert prune(database, [tenant_id], DAYS)["records"] == 1
    assert numbers(database, tenant_id) == [2, 3, 4]
    assert broken(database, tenant_id) is None


def test_a_second_pruning_leaves_a_second_anchor(database, tenant_id):
    write(database, tenant_id, OLD + 9, OLD, OLD, 1)
    prune(database, [tenant_id], DAYS + 9)
    assert numbers(database, tenant_id)[0] == 2
    prune(database, [tenant_id], DAYS)
    assert numbers(database, tenant_id) == [4, 5, 6]
    assert broken(database, tenant_id) is None
    with database.session(tenant_id) as session:
        assert session.scalar(select(func.count()).select_from(AuditAnchor)) == 2


def test_many_go_in_several_sweeps(database, tenant_id, monkeypatch):
    assert MOST >= 10_000
    monkeypatch.setattr("core.keeping.pruning.MOST", 2)
    write(database, tenant_id, OLD, OLD, OLD, 1)
    assert prune(database, [tenant_id], DAYS)["records"] == 2
    assert prune(database, [tenant_id], DAYS)["records"] == 1
    assert broken(database, tenant_id) is None


def test_a_sweep_prunes_when_it_is_told_for_how_long_records_are_kept(
    database, tenant_id, tmp_path
):
    write(database, tenant_id, OLD, 1)
    assert "records" not in sweep(database, Blobs(tmp_path / "blobs"))
    assert sweep(database, Blobs(tmp_path / "blobs"), audit_days=DAYS)["records"] == 1


def test_fewer_days_than_the_law_wants_are_refused(database, tenant_id):
    write(database, tenant_id, OLD, 1)
    with pytest.raises(Misconfigured, match="184"):
        prune(database, [tenant_id], 183)
    assert numbers(database, tenant_id) == [1, 2]


def test_the_installations_events_go_the_same_way(database):
    write_events(database, OLD, OLD, 1)
    with database.unbound() as session:
        noted = installation_head(session)
        hashes = list(session.scalars(select(InstallationEvent.hash)))
    assert prune(database, [], DAYS)["records"] == 2
    assert events(database)[0] == 3
    assert events_broken(database) is None
    assert events_broken(database, noted, Head(number=2, hash=hashes[1])) is None
    forged = Head(number=2, hash="0" * 64)
    assert events_broken(database, forged) == Broken(number=2, fault=Fault.REWRITTEN)
    with database.unbound() as session:
        record(session, action="thing.do", subject="thing:2")
    assert events_broken(database) is None


def as_role(url, words, tenant_id):
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(
                text("SELECT set_config('lifecircle.tenant', :t, true)"), {"t": str(tenant_id)}
            )
            return connection.execute(text(words)).rowcount
    finally:
        engine.dispose()


@pytest.mark.parametrize("table", ["audit_events", "installation_events"])
@pytest.mark.parametrize("role", ["app", "owner", "backup"])
def test_no_other_role_deletes_a_record_however_old(
    database, database_urls, tenant_id, role, table
):
    write(database, tenant_id, OLD, OLD, 1)
    write_events(database, OLD, 1)
    before = numbers(database, tenant_id), events(database)
    with pytest.raises(DBAPIError, match=r"permission denied|never changed"):
        as_role(getattr(database_urls, f"{role}_url"), f"DELETE FROM {table}", tenant_id)
    assert (numbers(database, tenant_id), events(database)) == before


@pytest.mark.parametrize("words", ["UPDATE audit_events SET at = '2000-01-01'", "TRUNCATE {}"])
def test_not_even_the_owner_makes_a_record_older_or_empties_the_table(
    database, database_urls, tenant_id, words
):
    write(database, tenant_id, 1)
    with pytest.raises(DBAPIError, match="never changed"):
        as_role(database_urls.owner_url, words.format("audit_events"), tenant_id)
    assert numbers(database, tenant_id) == [1]


def test_the_sweep_cannot_delete_a_younger_record_nor_leave_a_gap(
    database, database_urls, tenant_id
):
    write(database, tenant_id, 183, 185, 185, 1)
    where = f"DELETE FROM audit_events WHERE tenant_id = '{tenant_id}' AND number"
    assert as_role(database_urls.dispatch_url, f"{where} IN (1, 4)", tenant_id) == 0
    for gap in ("= 2", "= 3", "> 0"):
        with pytest.raises(DBAPIError, match="only the sweep takes the oldest"):
            as_role(database_urls.dispatch_url, f"{where} {gap}", tenant_id)
    assert numbers(database, tenant_id) == [1, 2, 3, 4]


def test_the_sweep_cannot_take_an_event_that_is_younger_nor_leave_a_gap(database, database_urls):
    write_events(database, 1, 185)
    before = events(database)
    where = "DELETE FROM installation_events WHERE number ="
    assert as_role(database_urls.dispatch_url, f"{where} {before[-2]}", "") == 0
    with pytest.raises(DBAPIError, match="only the sweep takes the oldest"):
        as_role(database_urls.dispatch_url, f"{where} {before[-1]}", "")
    assert events(database) == before


ANCHOR = "INSERT INTO audit_anchors (tenant_id, id, number, hash, at) VALUES"


@pytest.mark.parametrize(
    ("role", "words", "refusal"),
    [
        ("app", ANCHOR + " ('{t}', gen_random_uuid(), 9, 'x', now())", "left by a sweep"),
        ("dispatch", ANCHOR + " ('{t}', gen_random_uuid(), 9, 'x', now())", "left by a sweep"),
        ("app", "UPDATE audit_anchors SET number = 9", "permission denied"),
        ("app", "DELETE FROM audit_anchors", "permission denied"),
        ("dispatch", "UPDATE audit_anchors SET number = 9", "permission denied"),
        ("owner", "UPDATE audit_anchors SET number = 9", "never changed"),
        ("owner", "DELETE FROM audit_anchors", "never changed"),
        ("app", "UPDATE installation_chain SET anchor_number = 9", "permission denied"),
        ("dispatch", "UPDATE installation_chain SET anchor_number = 9", "never changed"),
        ("owner", "UPDATE installation_chain SET anchor_number = 9", "never changed"),
        ("dispatch", "SELECT details FROM audit_events", "permission denied"),
    ],
)
def test_nobody_of_the_product_sets_an_anchor_or_reads_beside_it(
    database, database_urls, tenant_id, role, words, refusal
):
    write(database, tenant_id, OLD, 1)
    write_events(database, 1)
    prune(database, [tenant_id], DAYS)
    with pytest.raises(DBAPIError, match=refusal):
        as_role(getattr(database_urls, f"{role}_url"), words.format(t=tenant_id), tenant_id)
    assert broken(database, tenant_id) is None


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE audit_anchors SET hash = repeat('1', 64)", Broken(number=3, fault=Fault.ORDER)),
        ("UPDATE audit_anchors SET number = 1", Broken(number=2, fault=Fault.MISSING)),
        ("UPDATE audit_anchors SET number = 4", Broken(number=1, fault=Fault.MISSING)),
        ("DELETE FROM audit_anchors", Broken(number=1, fault=Fault.MISSING)),
    ],
)
def test_an_anchor_that_was_tampered_with_does_not_fit(
    database, superuser, tenant_id, tampering, found
):
    write(database, tenant_id, OLD, OLD, 1)
    prune(database, [tenant_id], DAYS)
    superuser(f"{tampering} WHERE tenant_id = :t", t=tenant_id)
    assert broken(database, tenant_id) == found


def test_records_that_went_before_their_time_show_by_what_is_not_announced_and_by_a_noted_head(
    database, superuser, tenant_id
):
    """Whoever has the superuser's power takes young records and makes an anchor that fits."""
    write(database, tenant_id, OLD, OLD, 3, 2, 1)
    prune(database, [tenant_id], DAYS)
    with database.session(tenant_id) as session:
        fourth = session.scalars(select(AuditEvent).where(AuditEvent.number == 4)).one()
        noted = Head(number=4, hash=fourth.hash)
    superuser("DELETE FROM audit_events WHERE tenant_id = :t AND number <= 4", t=tenant_id)
    place = "UPDATE audit_anchors SET number = 4, hash = :h WHERE tenant_id = :t"
    superuser(place, t=tenant_id, h=noted.hash)
    assert broken(database, tenant_id) == Broken(number=4, fault=Fault.UNANNOUNCED)
    fake = Head(number=4, hash="1" * 64)
    superuser("DELETE FROM audit_events WHERE tenant_id = :t", t=tenant_id)
    superuser(place, t=tenant_id, h=fake.hash)
    with database.session(tenant_id) as session:
        audit.record(session, action="audit.prune", subject="x:1", details=announcement(fake, 4))
    assert broken(database, tenant_id) is None  # a chain written anew holds in itself
    assert broken(database, tenant_id, noted) == Broken(number=4, fault=Fault.REWRITTEN)


def test_a_sweep_that_was_killed_between_word_and_deed_does_it_the_next_time(
    database, tenant_id, monkeypatch
):
    write(database, tenant_id, OLD, 1)
    with monkeypatch.context() as patch:
        patch.setattr(database, "_dispatch", None)
        with pytest.raises(Misconfigured):
            prune(database, [tenant_id], DAYS)
    assert numbers(database, tenant_id) == [1, 2, 3]
    assert broken(database, tenant_id) is None
    prune(database, [tenant_id], DAYS)
    assert numbers(database, tenant_id) == [2, 3, 4]
    assert broken(database, tenant_id) is None


def test_a_tenants_archive_carries_where_its_chain_begins(
    database, tenant_id, empty, opened, tmp_path
):
    write(database, tenant_id, OLD + 9, OLD, 1)
    prune(database, [tenant_id], DAYS + 9)
    prune(database, [tenant_id], DAYS)
    pack(database, Blobs(tmp_path / "a"), tenant_id, tmp_path / "one")
    there = opened(empty())
    unpack(there, Blobs(tmp_path / "b"), tmp_path / "one", lambda *_: None)
    assert numbers(there, tenant_id)[0] == 3
    assert broken(there, tenant_id) is None
    write(there, tenant_id, 0)
    assert broken(there, tenant_id) is None


def test_an_application_that_would_delete_through_the_rows_is_refused(database, tenant_id):
    write(database, tenant_id, OLD, 1)
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        database.session(tenant_id, new_id()) as session,
    ):
        session.execute(delete(AuditEvent))
    assert numbers(database, tenant_id) == [1, 2]
