"""The guard of ORM sessions, tried alone: as a superuser, whom row level security does not hold."""

from __future__ import annotations

from contextlib import closing

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import aliased

from core.db import AcrossTenants, Database, Dataset, Level, Tenant, Upload, new_id


@pytest.fixture(scope="module")
def unwalled(database_urls):
    url = database_urls.app_url.replace("lc_app@", "postgres@")
    with closing(Database(url)) as database:
        yield database


@pytest.fixture(scope="module")
def ids(unwalled):
    """Give two tenants, each with a dataset of its name."""
    mine, theirs = new_id(), new_id()
    for name, tenant_id in (("mine", mine), ("theirs", theirs)):
        with unwalled.session(tenant_id) as session:
            session.add(
                Tenant(id=tenant_id, level=Level.CITY, slug=name, name=name, path=f"/{name}/")
            )
            session.flush()
            session.add(Dataset(kind="streets", name=name))
    return mine, theirs


def test_without_the_guard_a_superuser_sees_both(unwalled, ids):
    with unwalled.session(ids[0]) as session:
        assert session.scalar(text("SELECT count(*) FROM datasets")) >= 2


def test_a_select_is_narrowed_however_it_is_written(unwalled, ids):
    other = aliased(Dataset)
    with unwalled.session(ids[0]) as session:
        for statement in (
            select(Dataset.name),
            select(other.name),
            select(other.name).join(Tenant, Tenant.id == other.tenant_id),
            select(Dataset.name).where(Dataset.id.in_(select(other.id))),
            select(Dataset.name).union_all(select(Dataset.name).where(Dataset.name == "theirs")),
        ):
            assert set(session.scalars(statement)) == {"mine"}
        assert session.scalar(select(func.count()).select_from(Dataset)) == 1
        paired = select(Dataset.name, other.name).join(other, other.kind == Dataset.kind)
        assert session.execute(paired).all() == [("mine", "mine")]


def test_another_tenants_row_is_not_there_by_its_key(unwalled, ids):
    with unwalled.session(ids[1]) as session:
        key = session.scalars(select(Dataset)).one().id
    with unwalled.session(ids[0]) as session:
        assert session.get(Dataset, (ids[1], key)) is None


def test_two_tenants_in_turn_each_see_their_own(unwalled, ids):
    for tenant_id, name in (*zip(ids, ("mine", "theirs"), strict=True),) * 3:
        with unwalled.session(tenant_id) as session:
            assert session.scalars(select(Dataset.name)).all() == [name]


def test_updates_and_deletes_are_narrowed(unwalled, ids):
    with unwalled.session(ids[0]) as session:
        assert session.execute(update(Dataset).values(kind="streets")).rowcount == 1
        assert session.execute(delete(Dataset).where(Dataset.name == "theirs")).rowcount == 0


def test_new_rows_get_the_sessions_tenant(unwalled, ids):
    with unwalled.session(ids[0]) as session:
        row = Upload(filename="a", media="", bytes=1, digest="d")
        session.add(row)
        session.flush()
        assert row.tenant_id == ids[0]
        session.execute(insert(Upload), [{"filename": "b", "media": "", "bytes": 1, "digest": "d"}])
        assert set(session.scalars(select(Upload.filename))) == {"a", "b"}


def test_a_row_of_another_tenant_is_neither_added_nor_inserted(unwalled, ids):
    with pytest.raises(AcrossTenants), unwalled.session(ids[0]) as session:
        session.add(Dataset(tenant_id=ids[1], kind="streets", name="x"))
    with pytest.raises(AcrossTenants), unwalled.session(ids[0]) as session:
        session.execute(insert(Dataset), [{"tenant_id": ids[1], "kind": "streets", "name": "x"}])


def test_a_row_does_not_change_hands(unwalled, ids):
    with pytest.raises(AcrossTenants), unwalled.session(ids[0]) as session:
        session.scalars(select(Dataset)).one().tenant_id = ids[1]


def test_a_row_carried_over_from_another_session_is_neither_changed_nor_deleted(unwalled, ids):
    def carried():
        with unwalled.session(ids[1]) as session:
            return session.scalars(select(Dataset)).one()

    changed, deleted = carried(), carried()
    changed.name = "taken"
    with pytest.raises(AcrossTenants), unwalled.session(ids[0]) as session:
        session.add(changed)
    with pytest.raises(AcrossTenants), unwalled.session(ids[0]) as session:
        session.delete(deleted)


def test_a_session_of_no_tenant_neither_reads_nor_writes_owned_rows(unwalled, ids):
    with pytest.raises(AcrossTenants, match="Dataset"), unwalled.unbound() as session:
        session.scalars(select(Dataset))
    with pytest.raises(AcrossTenants), unwalled.unbound() as session:
        session.add(Dataset(tenant_id=ids[0], kind="streets", name="x"))
    with unwalled.unbound() as session:
        assert set(ids) <= set(session.scalars(select(Tenant.id)))
