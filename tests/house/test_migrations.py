"""The scripts lead to what the models say, and back."""

from __future__ import annotations

import importlib
from pathlib import Path
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from core.db import Base
from core.db.init import create_roles, current, downgrade, head, roles_sql, scripts, upgrade

TOP = Path(__file__).resolve().parents[2]

SHAPE = """
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'column', table_name, column_name,
       concat_ws(' ', data_type, is_nullable, column_default)
  FROM information_schema.columns WHERE table_schema = 'public'
"""


@pytest.fixture(scope="module")
def metadata():
    for models in sorted((TOP / "tenants").glob("*/models.py")):
        importlib.import_module(f"tenants.{models.parent.name}.models")
    return Base.metadata


@pytest.fixture(scope="module")
def bare(servers):
    """Give the owner's address of a database without tables."""
    create_roles(servers.superuser_url, "lc_bare")
    yield servers.owner_url.replace("/lifecircle?", "/lc_bare?")
    engine = create_engine(servers.superuser_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE lc_bare WITH (FORCE)"))
    engine.dispose()


def ask(url, work):
    engine = create_engine(url)
    with engine.begin() as connection:
        answer = work(connection)
    engine.dispose()
    return answer


def shape(connection):
    rows = connection.execute(text(SHAPE)).all()
    return {tuple(row) for row in rows if "alembic_version" not in row[1]}


def test_the_newest_revision_is_what_the_models_say(database_urls, metadata):
    def difference(connection):
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert current(database_urls.owner_url) == head()
    assert ask(database_urls.owner_url, difference) == []


def test_every_column_key_check_and_index_is_what_the_models_make(database_urls, bare, metadata):
    ask(bare, metadata.create_all)
    made = ask(bare, shape)
    ask(bare, metadata.drop_all)
    assert made
    assert ask(database_urls.owner_url, shape) == made


def test_the_scripts_lead_down_to_nothing_and_up_again(bare):
    upgrade(bare)
    whole = ask(bare, shape)
    policies = text("SELECT tablename, policyname, cmd, qual FROM pg_policies")
    walls = ask(bare, lambda connection: set(connection.execute(policies).all()))
    downgrade(bare, "0001")  # the walls are 0002
    assert ask(bare, lambda connection: connection.execute(policies).all()) == []
    upgrade(bare)
    assert ask(bare, lambda connection: set(connection.execute(policies).all())) == walls
    downgrade(bare, "base")
    assert current(bare) is None
    assert ask(bare, shape) == set()
    upgrade(bare)
    assert ask(bare, shape) == whole
    downgrade(bare, "base")


def test_a_step_back_that_would_lose_where_a_chain_begins_is_refused(bare, servers):
    upgrade(bare)
    superuser = servers.superuser_url.replace("/postgres?", "/lc_bare?")
    left = (
        "tenants (id, level, slug, name, path) VALUES (:id, 'city', 'x', 'x', '/x/')",
        "audit_anchors (tenant_id, id, number, hash, at) VALUES (:id, :id, 1, 'x', now())",
    )
    for words in left:
        row = text(f"INSERT INTO {words}")
        ask(superuser, lambda c, row=row: c.execute(row, {"id": UUID(int=1)}))
    with pytest.raises(RuntimeError, match=r"降级会丢失链的起点.*Restore the backup"):
        downgrade(bare, "0010")
    assert current(bare) == head()
    downgrade(bare, "base", emptying=True)
    assert current(bare) is None


def test_roles_may_be_made_again_and_are_printed_for_operators(servers):
    create_roles(servers.superuser_url, "lc_bare")
    printed = roles_sql()
    for words in ("lc_owner", "lc_app", "lc_dispatcher", "lc_backup", "CREATE DATABASE lifecircle"):
        assert words in printed


def test_a_checkout_uses_its_own_scripts():
    assert scripts() == TOP / "migrations"


def test_no_core_table_refers_to_a_table_of_a_room(metadata):
    core = {
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("core.")
    }
    assert "runs" in core
    for name in core:
        for key in metadata.tables[name].foreign_keys:
            assert key.column.table.name in core
