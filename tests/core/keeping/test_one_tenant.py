"""A tenant goes to another installation whole, and nobody else's rows go with it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine, func, select, text

from core.db import AuditEvent, InstallationEvent, Job, Run, Tenant, verify_installation
from core.db.audit import first_broken
from core.errors import Conflict, Invalid
from core.keeping import figures
from core.keeping.archive import read_head, read_parts
from core.keeping.one_tenant import carried, owned_tables, pack, unpack
from core.runs.verify import verify
from core.store import Blobs, Damaged
from tenants.people.models import Membership, User
from tenants.people.stubs import stub_people


@pytest.fixture
def filled(lived, database):
    """Give the tenant that has a row in every table, its archive's place and the other's id."""
    with database.unbound() as session:
        ids = dict(session.execute(select(Tenant.slug, Tenant.id)).all())
    return ids["t0"], ids["t1"]


def everything(urls):
    engine = create_engine(urls.backup_url)
    with engine.begin() as connection:
        found = figures.row_hashes(connection)
    engine.dispose()
    return found


def test_a_computed_tenant_is_the_same_elsewhere_and_its_run_verifies(
    lived, database, empty, opened, host, tmp_path
):
    _urls, blobs, tenant_id, run_id = lived
    told = pack(database, blobs, tenant_id, tmp_path / "one", b"a long enough secret")
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    fresh, store = empty(), Blobs(tmp_path / "blobs")
    there = opened(fresh)
    assert unpack(there, store, tmp_path / "one", stub_people, b"a long enough secret") == told
    assert told.blobs == 12
    assert verify(there, store, host, tenant_id, run_id).same
    with database.session(tenant_id) as here, there.session(tenant_id) as session:
        for model in (Run, Job):
            columns = model.__table__.c
            assert session.execute(select(*columns)).all() == here.execute(select(*columns)).all()
        actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.number)).all()
        assert actions[-1] == "tenant.restore"
        assert first_broken(session) is None
    with there.unbound() as session:
        event = session.scalars(select(InstallationEvent)).one()
        assert (event.action, event.subject) == ("tenant.restore", "tenant:town")
        assert verify_installation(session) is None


def test_a_row_of_every_table_goes_along_or_is_said_to_stay(
    lived, database, empty, opened, filled, tmp_path
):
    _urls, blobs, *_ = lived
    mine, other = filled
    told = pack(database, blobs, mine, tmp_path / "one")
    fresh = empty()
    there = opened(fresh)
    assert unpack(there, Blobs(tmp_path / "b"), tmp_path / "one", stub_people) == told
    with there.session(mine) as session:
        for table in owned_tables():
            count = session.execute(
                select(func.count()).select_from(table).where(table.c.tenant_id == mine)
            ).scalar_one()
            assert (count > 0) == (not carried(table)), table.name
            assert (table.name in told.left_out) == bool(carried(table))
    assert {"api_tokens", "invitations", "reviews"} <= set(told.left_out)
    with there.unbound() as session:
        places = dict(session.execute(select(Tenant.id, Tenant.state)).all())
        assert places == {mine: "active", other: "suspended"}
        person = session.scalars(select(User)).one()
        person_id = person.id
        assert (person.name, person.password_hash) == ("", "")
        assert person.login == f"stub-{person.id}"
    with there.session(mine) as session:
        assert session.scalars(select(Membership.user_id)).one() == person_id


def test_no_login_name_token_or_other_tenants_row_is_in_the_archive(
    lived, database, filled, tmp_path
):
    _urls, blobs, *_ = lived
    mine, other = filled
    with database.unbound() as session:
        for user in session.scalars(select(User)):
            user.name, user.login = f"CANARY-{user.login}", f"CANARY-{user.login}"
    with database.session(other) as session:
        session.execute(text("UPDATE runs SET label = 'CANARY'"))
    with database.session(mine) as session:
        session.execute(text("UPDATE api_tokens SET token_hash = 'CANARY'"))
    pack(database, blobs, mine, tmp_path / "one")
    head = read_head(tmp_path / "one")
    assert b"CANARY" not in json.dumps(head).encode()
    names = []
    for name, stream in read_parts(tmp_path / "one"):
        names.append(name)
        assert b"CANARY" not in stream.read()
    assert "others/of-submissions.jsonl" in names
    assert "others/reviews.jsonl" in names


def test_a_tenant_that_is_here_or_whose_place_is_taken_is_refused_and_nothing_changes(
    lived, database, empty, opened, filled, tmp_path
):
    urls, blobs, *_ = lived
    pack(database, blobs, filled[0], tmp_path / "one")
    before = everything(urls)
    with pytest.raises(Conflict, match="t0"):
        unpack(database, blobs, tmp_path / "one", stub_people)
    assert everything(urls) == before
    fresh = empty()
    there = opened(fresh)
    with there.unbound() as session:
        session.add(Tenant(level="city", slug="t1", name="另一个", path="/t1/"))
    before = everything(fresh)
    with pytest.raises(Conflict, match="t1"):
        unpack(there, Blobs(tmp_path / "b"), tmp_path / "one", stub_people)
    assert everything(fresh) == before
    assert not (tmp_path / "b").exists()


def test_a_damaged_archive_or_one_of_other_tables_changes_nothing(
    lived, database, empty, opened, filled, tmp_path
):
    _urls, blobs, *_ = lived
    pack(database, blobs, filled[0], tmp_path / "one")
    fresh = empty()
    there, before = opened(fresh), everything(fresh)
    data = bytearray((tmp_path / "one").read_bytes())
    data[len(data) * 2 // 3] ^= 8
    (tmp_path / "two").write_bytes(data)
    with pytest.raises(Damaged):
        unpack(there, Blobs(tmp_path / "b"), tmp_path / "two", stub_people)
    engine = create_engine(fresh.owner_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    with pytest.raises(Invalid, match="0004"):
        unpack(there, Blobs(tmp_path / "b"), tmp_path / "one", stub_people)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE alembic_version SET version_num = :n"),
            {"n": read_head(tmp_path / "one")["revision"]},
        )
    engine.dispose()
    assert everything(fresh) == before
