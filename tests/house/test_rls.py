"""Row level security: no owned table is without its wall, and no wall is wider than it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

TOP = Path(__file__).resolve().parents[2]

OWNED = """
SELECT c.oid, c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND EXISTS (SELECT FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
"""

# Each gives the names of what is wrong; ``owned`` is the tables that have a tenant_id.
LINTS = {
    "a table whose security is not enabled and forced": """
        SELECT c.relname FROM owned JOIN pg_class c USING (oid)
        WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)""",
    "a table whose tenant may be missing": """
        SELECT o.relname FROM owned o JOIN pg_attribute a ON a.attrelid = o.oid
        WHERE a.attname = 'tenant_id' AND NOT a.attnotnull""",
    "an index that does not begin with the tenant": """
        SELECT i.indexrelid::regclass::text FROM pg_index i
        JOIN owned o ON o.oid = i.indrelid
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE a.attname <> 'tenant_id'""",
    "a reference to an owned row that does not carry its tenant": """
        SELECT k.conname FROM pg_constraint k JOIN owned o ON o.oid = k.confrelid
        WHERE k.contype = 'f' AND NOT EXISTS (
            SELECT FROM unnest(k.confkey) n JOIN pg_attribute a
            ON a.attrelid = k.confrelid AND a.attnum = n WHERE a.attname = 'tenant_id')""",
    "a reference between owned rows that another tenant's row could satisfy": """
        SELECT k.conname FROM pg_constraint k
        JOIN owned mine ON mine.oid = k.conrelid JOIN owned theirs ON theirs.oid = k.confrelid
        WHERE k.contype = 'f' AND NOT EXISTS (
            SELECT FROM ROWS FROM (unnest(k.conkey), unnest(k.confkey)) AS n(m, t)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.m
            JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = n.t
            WHERE a.attname = 'tenant_id' AND b.attname = 'tenant_id')""",
    "a view that runs as its owner, or a materialised view": """
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND (c.relkind = 'm' OR (c.relkind = 'v'
          AND NOT coalesce(c.reloptions::text LIKE '%security_invoker=true%', false)))""",
    "a function that runs as its owner": """
        SELECT p.proname FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef""",
    "a policy that calls a volatile function": """
        SELECT l.polname FROM pg_policy l
        JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = l.oid
        JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
        WHERE p.provolatile = 'v'""",
    "a role of ours that is above the walls": """
        SELECT rolname FROM pg_roles WHERE rolname ~ '^lc_'
          AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication
               OR (rolbypassrls AND rolname <> 'lc_backup'))""",
    "something that the application owns": """
        SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
        WHERE r.rolname IN ('lc_app', 'lc_dispatcher', 'lc_backup')""",
    "a power that nobody should have": """
        SELECT DISTINCT g.table_name || ' ' || g.privilege_type || ' ' || g.grantee
        FROM information_schema.role_table_grants g
        WHERE g.table_schema = 'public' AND g.grantee <> 'lc_owner'
          AND (g.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER') OR g.grantee = 'PUBLIC'
               OR (g.grantee = 'lc_backup' AND g.privilege_type <> 'SELECT'))""",
}
# A review answers another tenant's submission; its policy asks that it was handed up to the writer.
MEANT = {"fk_reviews_of_tenant_id_submission_id"}

DEFECTS = {
    "a table whose security is not enabled and forced": """
        CREATE TABLE bad (tenant_id uuid NOT NULL, id uuid, PRIMARY KEY (tenant_id, id));
        ALTER TABLE bad ENABLE ROW LEVEL SECURITY""",
    "a table whose tenant may be missing": "CREATE TABLE bad (tenant_id uuid)",
    "an index that does not begin with the tenant": "CREATE INDEX bad ON runs (fingerprint)",
    "a reference to an owned row that does not carry its tenant": """
        CREATE UNIQUE INDEX bad_id ON runs (id);
        CREATE TABLE bad (tenant_id uuid, run_id uuid REFERENCES runs (id))""",
    "a reference between owned rows that another tenant's row could satisfy": """
        CREATE TABLE bad (tenant_id uuid, other uuid, run_id uuid,
        FOREIGN KEY (other, run_id) REFERENCES runs (tenant_id, id))""",
    "a view that runs as its owner, or a materialised view": """
        CREATE VIEW bad AS SELECT * FROM runs""",
    "a function that runs as its owner": """
        CREATE FUNCTION bad() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'""",
    "a policy that calls a volatile function": """
        CREATE FUNCTION bad() RETURNS uuid LANGUAGE sql VOLATILE AS 'SELECT NULL::uuid';
        CREATE POLICY bad ON runs FOR SELECT USING (tenant_id = bad())""",
    "a role of ours that is above the walls": "ALTER ROLE lc_app BYPASSRLS",
    "something that the application owns": """
        CREATE TABLE bad (id int); ALTER TABLE bad OWNER TO lc_app""",
    "a power that nobody should have": "GRANT TRUNCATE ON runs TO lc_app",
}


@pytest.fixture
def catalogue(servers, database_urls):
    """Give a superuser's connection to the migrated database; what it changes is undone."""
    name = re.search(r"/(\w+)\?", database_urls.app_url)[1]
    engine = create_engine(servers.superuser_url.replace("/postgres?", f"/{name}?"))
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


def found(catalogue, lint):
    names = catalogue.execute(text(f"WITH owned AS ({OWNED}) {LINTS[lint]}")).scalars()
    return set(names) - MEANT


def readme_table(heading):
    part = (
        (TOP / "migrations" / "README.md").read_text().split(f"## {heading}")[1].split("\n## ")[0]
    )
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


@pytest.mark.parametrize("lint", LINTS)
def test_the_catalogue_holds_nothing_of_this_kind(catalogue, lint):
    assert found(catalogue, lint) == set()


@pytest.mark.parametrize("lint", LINTS)
def test_each_lint_finds_a_defect_made_on_purpose(catalogue, lint):
    catalogue.exec_driver_sql(DEFECTS[lint])
    assert found(catalogue, lint)


@pytest.mark.parametrize(("name", "role"), [("own", "lc_app"), ("leaving", "lc_owner")])
def test_every_owned_table_has_the_policy_of_its_own_rows(catalogue, name, role):
    owned = {row.relname for row in catalogue.execute(text(OWNED))}
    policies = catalogue.execute(
        text(
            "SELECT tablename, permissive, cmd, roles::text, qual, with_check FROM pg_policies"
            " WHERE policyname = :name"
        ),
        {"name": name},
    ).all()
    assert {policy.tablename for policy in policies} == owned
    for policy in policies:
        assert policy[1:4] == ("PERMISSIVE", "ALL", f"{{{role}}}")
        assert " ".join(policy.qual.split()) == (
            "(tenant_id = ( SELECT lifecircle_tenant() AS lifecircle_tenant))"
        )
        assert policy.with_check is None


def test_every_other_policy_is_written_down_with_its_reason(catalogue):
    told = readme_table("Policies beyond `own`")
    there = catalogue.execute(
        text(
            "SELECT tablename, policyname, cmd, roles[1] FROM pg_policies"
            " WHERE policyname NOT IN ('own', 'leaving') AND cardinality(roles) = 1"
        )
    ).all()
    assert {tuple(row[:4]) for row in told} == {tuple(row) for row in there}
    assert all(len(row[4].split()) > 3 for row in told)
    assert "ALL" not in {row[2] for row in told}


def test_every_table_without_a_tenant_is_written_down_with_its_reason(catalogue):
    told = readme_table("Tables without a tenant")
    free = catalogue.execute(
        text(
            f"WITH owned AS ({OWNED}) SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT IN (SELECT relname FROM owned)"
        )
    ).scalars()
    assert {row[0] for row in told} == set(free)
    assert all(len(row[1].split()) > 3 for row in told)
