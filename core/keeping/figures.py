"""Figures of a database: each table's hash over its rows, and the shape of its walls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    Numeric,
    Text,
    Uuid,
    cast,
    column,
    func,
    literal,
    select,
    table,
    text,
)

ROW = "the whole row"  # no column has this name, which would come before the row's own
PUBLIC = text("""
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    ORDER BY c.relname COLLATE "C"
""")
REVISION = text("SELECT version_num FROM alembic_version")
SETTINGS = text("""
    SELECT set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
           set_config('intervalstyle', 'iso_8601', true), set_config('bytea_output', 'hex', true),
           set_config('extra_float_digits', '1', true)
""")
WALLS = {
    "security": text("""
        SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, r.rolname
        FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    """),
    "policies": text("""
        SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check
        FROM pg_policies WHERE schemaname = 'public'
    """),
    "grants": text("""
        SELECT c.relname, r.rolname, a.privilege_type FROM pg_class c
        CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE c.relnamespace = 'public'::regnamespace
    """),
    "grants on columns": text("""
        SELECT c.relname, n.attname, r.rolname, a.privilege_type FROM pg_class c
        JOIN pg_attribute n ON n.attrelid = c.oid AND NOT n.attisdropped
        CROSS JOIN LATERAL aclexplode(n.attacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE c.relnamespace = 'public'::regnamespace
    """),
    "columns": text("""
        SELECT table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public'
    """),
    "constraints": text("""
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """),
    "indexes": text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"),
    "triggers": text("""
        SELECT t.tgrelid::regclass::text, t.tgname, t.tgenabled::text, pg_get_triggerdef(t.oid)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
    """),
    "functions": text("""
        SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
    """),
    "sequences": text("""
        SELECT sequencename, last_value, increment_by FROM pg_sequences
        WHERE schemaname = 'public'
    """),
}


def tables(connection: Connection) -> list[str]:
    """Name the tables, in order."""
    return list(connection.execute(PUBLIC).scalars())


def row_hashes(connection: Connection) -> dict[str, dict[str, Any]]:
    """Count each table's rows and hash them, whatever order they lie in.

    The hash is the sum of two 64-bit hashes of every row's text: it tells that rows are the same,
    it is no signature. Only rows that the connection's role sees are counted.
    """
    connection.execute(SETTINGS)
    return {name: hash_of(connection, name) for name in tables(connection)}


def walls(connection: Connection) -> dict[str, list[list[Any]]]:
    """Give everything that says who may do what with which rows, and the tables' form."""
    return {
        kind: sorted([list(row) for row in connection.execute(asked)], key=repr)
        for kind, asked in WALLS.items()
    }


def first_difference(kept: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Name the first key whose value differs; '' when all are the same."""
    for key in sorted({*kept, *found}):
        if kept.get(key) != found.get(key):
            return key
    return ""


def hash_of(connection: Connection, name: str, tenant_id: UUID | None = None) -> dict[str, Any]:
    """Count and hash one table's rows, or one tenant's in it; ``SETTINGS`` come first."""
    rows = table(name, column("tenant_id", Uuid())).alias(ROW)
    row = cast(rows.table_valued(), Text)
    sums = [
        func.sum(cast(func.hashtextextended(row, literal(seed, BigInteger)), Numeric))
        for seed in (0, 1)
    ]
    asked = select(func.count(), *sums).select_from(rows)
    if tenant_id is not None:
        asked = asked.where(rows.c.tenant_id == tenant_id)
    count, *found = connection.execute(asked).one()
    return {"rows": count, "hash": ":".join(str(each or 0) for each in found)}
