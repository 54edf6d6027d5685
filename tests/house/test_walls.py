"""Every owned table, one by one: another tenant's rows are not read, referenced or written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import MetaData, UniqueConstraint, create_engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.db import new_id

VALUES = {
    str: lambda: "x",
    datetime: func.now,
    UUID: new_id,
    object: dict,  # JSON
    **{kind: kind for kind in (int, float, bool, bytes)},
}
WIDER = {"submissions", "reviews"}  # both ends see them; the partner's rows may show


@dataclass
class Side:
    """A tenant, the tenant that its submission goes to, and one row of its own in each table."""

    tenant: UUID
    partner: UUID
    user: UUID
    rows: dict[str, dict] = field(default_factory=dict)


@pytest.fixture(scope="module")
def tables(database_urls):
    engine = create_engine(database_urls.owner_url)
    metadata = MetaData()
    metadata.reflect(engine)
    engine.dispose()
    return {table.name: table for table in metadata.sorted_tables}


def is_owned(table):
    return "tenant_id" in table.c


def owned_names():
    """Name the owned tables before a database is there to ask: the scripts name them."""
    from core.db.init import scripts  # noqa: PLC0415 - at collection

    walls = (scripts() / "versions" / "0002_walls.py").read_text()
    later = "".join(p.read_text() for p in scripts().glob("versions/*.py") if p.name > "0003")
    listed = re.findall(r'^    "(\w+)": ', walls.split("OWNED = {")[1].split("}")[0], re.MULTILINE)
    return listed + re.findall(r"ALTER TABLE (\w+) ENABLE ROW LEVEL SECURITY", later)


NAMES = owned_names()


def words_of(table):
    """Give each checked column the first word that its check allows."""
    checks = (str(getattr(constraint, "sqltext", "")) for constraint in table.constraints)
    found = (re.search(r"(\w+) = ANY \(ARRAY\['(\w+)'::text", check) for check in checks)
    return dict(match.groups() for match in found if match)


def unique_columns(table):
    keys = (key for key in table.constraints if isinstance(key, UniqueConstraint))
    return {column.name for key in keys for column in key.columns}


def references(table, side, other):
    """Point at the side's own rows; a review points at the other side's submission."""
    for key in table.foreign_key_constraints:
        target = key.referred_table.name
        for mine, theirs in zip(key.column_keys, key.elements, strict=True):
            if target == "users":
                yield mine, side.user
            elif target != "tenants":
                owner = other if mine in {"of_tenant_id", "submission_id"} else side
                yield mine, owner.rows[target][theirs.column.name]
            elif mine not in {"tenant_id", "of_tenant_id"}:
                yield mine, side.partner


def row_for(table, side, other):
    """Make the least row that the table's checks and references take."""
    needed = {
        column.name: VALUES[column.type.python_type]()
        for column in table.c
        if not column.nullable and column.server_default is None
    }
    return (
        needed
        | words_of(table)
        | dict(references(table, side, other))
        | {"tenant_id": side.tenant, "id": new_id()}
    )


@pytest.fixture(scope="module")
def sides(database, tables):
    """Fill every table for two unrelated pairs of tenants; give one of each pair."""
    ids = [new_id() for _ in range(4)]
    with database.unbound() as session:
        for number, tenant_id in enumerate(ids):
            session.execute(
                insert(tables["tenants"]).values(
                    id=tenant_id, level="city", slug=f"t{number}", name="市", path=f"/t{number}/"
                )
            )
            session.execute(
                insert(tables["users"]).values(
                    id=tenant_id, login=f"u{number}", name="人", password_hash="", failed=0
                )
            )
    pairs = [
        Side(tenant=mine, partner=partner, user=mine)
        for mine, partner in (
            (ids[0], ids[1]),
            (ids[1], ids[0]),
            (ids[2], ids[3]),
            (ids[3], ids[2]),
        )
    ]
    for late in (False, True):  # a review needs the other side's submission first
        for number, side in enumerate(pairs):
            with database.session(side.tenant) as session:
                for table in tables.values():
                    if is_owned(table) and (table.name == "reviews") == late:
                        side.rows[table.name] = row_for(table, side, pairs[number ^ 1])
                        session.execute(insert(table).values(side.rows[table.name]))
    return pairs[0], pairs[2]


def refused(database, tenant, statement, words):
    with pytest.raises(DBAPIError, match=words), database.session(tenant) as session:
        session.execute(statement)


def test_the_list_of_owned_tables_is_whole(tables):
    assert sorted(NAMES) == sorted(name for name, table in tables.items() if is_owned(table))


@pytest.mark.parametrize("name", NAMES)
def test_without_a_tenant_there_are_no_rows_and_none_can_be_written(database, tables, sides, name):
    table = tables[name]
    with database.unbound() as session:
        assert session.scalar(select(func.count()).select_from(table)) == 0
    fresh = sides[0].rows[name] | {"id": new_id()}
    with pytest.raises(DBAPIError, match="row-level security"), database.unbound() as session:
        session.execute(insert(table).values(fresh))


@pytest.mark.parametrize("name", NAMES)
def test_a_tenant_reads_its_own_rows_and_not_anothers(database, tables, sides, name):
    table, (mine, theirs) = tables[name], sides
    with database.session(mine.tenant) as session:
        seen = set(session.scalars(select(table.c.tenant_id)))
        one = session.scalar(
            select(func.count()).select_from(table).where(table.c.id == theirs.rows[name]["id"])
        )
    allowed = {mine.tenant, mine.partner} if name in WIDER else {mine.tenant}
    assert mine.tenant in seen
    assert seen <= allowed
    assert one == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_row_cannot_be_inserted_for_another_tenant(database, tables, sides, name):
    fresh = sides[1].rows[name] | {"id": new_id()}
    refused(database, sides[0].tenant, insert(tables[name]).values(fresh), "row-level security")


@pytest.mark.parametrize("name", NAMES)
def test_another_tenants_rows_are_neither_updated_nor_deleted(database, tables, sides, name):
    table, (mine, theirs) = tables[name], sides
    for statement in (update(table).values(updated_at=func.now()), table.delete()):
        for owner in (theirs.tenant, mine.partner):
            try:
                with database.session(mine.tenant) as session:
                    done = session.execute(statement.where(table.c.tenant_id == owner))
                    assert done.rowcount == 0
            except DBAPIError as error:
                assert "permission denied" in str(error)  # noqa: PT017 - either answer is a wall
    with database.session(theirs.tenant) as session:
        assert session.scalar(
            select(func.count()).select_from(table).where(table.c.tenant_id == theirs.tenant)
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_row_cannot_be_given_to_another_tenant(database, tables, sides, name):
    table, (mine, theirs) = tables[name], sides
    refused(
        database,
        mine.tenant,
        update(table).values(tenant_id=theirs.tenant).where(table.c.id == mine.rows[name]["id"]),
        "row-level security|permission denied|foreign key",
    )


@pytest.mark.parametrize("name", NAMES)
def test_another_tenants_row_cannot_be_referred_to(database, tables, sides, name):
    table, (mine, theirs) = tables[name], sides
    for key in table.foreign_key_constraints:
        target = key.referred_table
        if not is_owned(target):
            continue
        own = dict(zip(key.column_keys, (e.column.name for e in key.elements), strict=True))
        foreign = {m: theirs.rows[target.name][t] for m, t in own.items() if m != "tenant_id"}
        fresh = row_for(table, mine, theirs) | foreign | {"id": new_id(), "tenant_id": mine.tenant}
        pointing = {reference.parent.name for reference in table.foreign_keys}
        free = unique_columns(table) - set(words_of(table)) - pointing
        unique = {n: str(new_id()) if table.c[n].type.python_type is str else 7 for n in free}
        with pytest.raises(DBAPIError) as caught, database.session(mine.tenant) as session:
            session.execute(insert(table).values(fresh | unique))
        words = str(caught.value)
        assert "foreign key" in words or "row-level security" in words, words


def test_both_ends_read_a_submission_and_only_its_owner_changes_its_state(database, tables, sides):
    table, side = tables["submissions"], sides[0]
    mine = table.c.id == side.rows["submissions"]["id"]
    withdrawn = update(table).where(mine).values(state="withdrawn")
    with database.session(side.partner) as session:
        assert session.scalar(select(func.count()).select_from(table).where(mine)) == 1
        assert session.execute(withdrawn).rowcount == 0
    with database.session(side.tenant) as session:
        assert session.execute(withdrawn).rowcount == 1


@pytest.mark.parametrize("column", ["summary", "summary_digest", "run_id", "to_tenant_id"])
def test_nobody_changes_what_was_handed_up(database, database_urls, tables, sides, column):
    table, side = tables["submissions"], sides[0]
    for tenant in (side.tenant, side.partner):
        refused(
            database, tenant, update(table).values({column: table.c[column]}), "permission denied"
        )


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("submissions", "summary", "'[]'"), ("dataset_versions", "digest", "'y'")],
)
def test_not_even_a_superuser_changes_what_is_frozen(database_urls, sides, table, column, value):
    engine = create_engine(database_urls.app_url.replace("lc_app@", "postgres@"))
    with engine.connect() as connection, pytest.raises(IntegrityError, match="is never changed"):
        connection.execute(text(f"UPDATE {table} SET {column} = {value}"))
    engine.dispose()


def test_a_review_answers_only_what_was_handed_to_its_writer(database, tables, sides):
    mine, theirs = sides
    forged = mine.rows["reviews"] | {
        "id": new_id(),
        "of_tenant_id": theirs.tenant,
        "submission_id": theirs.rows["submissions"]["id"],
    }
    refused(database, mine.tenant, insert(tables["reviews"]).values(forged), "row-level security")
    own = forged | {
        "of_tenant_id": mine.tenant,
        "submission_id": mine.rows["submissions"]["id"],
    }
    refused(database, mine.tenant, insert(tables["reviews"]).values(own), "row-level security")


def test_a_review_is_read_by_the_submitter_and_changed_by_nobody(database, tables, sides):
    table, side = tables["reviews"], sides[0]
    mine = table.c.id == side.rows["reviews"]["id"]
    with database.session(side.partner) as session:
        assert session.scalar(select(func.count()).select_from(table).where(mine)) == 1
    for tenant in (side.tenant, side.partner):
        refused(database, tenant, update(table).values(comment="y"), "permission denied")
        refused(database, tenant, table.delete(), "permission denied")


def test_records_are_neither_changed_nor_deleted(database, tables, sides):
    table = tables["audit_events"]
    refused(database, sides[0].tenant, update(table).values(action="y"), "permission denied")
    refused(database, sides[0].tenant, table.delete(), "permission denied")


def test_a_person_sees_where_they_work_before_a_tenant_is_chosen(database, tables, sides):
    table, (mine, theirs) = tables["memberships"], sides
    with database.unbound(mine.user) as session:
        assert set(session.scalars(select(table.c.user_id))) == {mine.user}
        assert session.execute(table.delete()).rowcount == 0
    with database.session(theirs.tenant, mine.user) as session:
        assert set(session.scalars(select(table.c.user_id))) == {mine.user, theirs.user}
