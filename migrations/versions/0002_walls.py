"""Raise the walls: row level security, what each role may do, and what nobody may change.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-25
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

EDITED = "SELECT, INSERT, UPDATE, DELETE"
KEPT = "SELECT, INSERT, UPDATE"
WRITTEN_ONCE = "SELECT, INSERT"

# What the application may do with each tenant's rows. Row level security says whose.
OWNED = {
    "api_tokens": EDITED,
    "audit_events": WRITTEN_ONCE,
    "dataset_versions": "SELECT, INSERT, UPDATE (state, updated_at)",
    "datasets": KEPT,
    "import_problems": EDITED,
    "jobs": KEPT,
    "memberships": EDITED,
    "reviews": WRITTEN_ONCE,
    "run_coverage": EDITED,
    "run_gaps": EDITED,
    "run_inputs": EDITED,
    "run_lines": EDITED,
    "run_scores": EDITED,
    "runs": KEPT,
    "submissions": "SELECT, INSERT, UPDATE (state, updated_at)",
    "tenant_plugins": EDITED,
    "uploads": WRITTEN_ONCE,
}
SHARED = {
    "alembic_version": "SELECT",
    "sessions": EDITED,
    "sign_in_links": EDITED,
    "tenants": KEPT,
    "users": KEPT,
}

TENANT = "(SELECT lifecircle_tenant())"
DISPATCHED = "tenant_id, kind, subject_id, state, attempt, lease_until, dispatched_at"

# Policies beyond a tenant's own rows, each for one command; their reasons are in the README.
WIDER = {
    ("memberships", "by_person"): (
        "FOR SELECT TO lc_app USING (user_id = (SELECT lifecircle_user()))"
    ),
    ("submissions", "by_addressee"): f"FOR SELECT TO lc_app USING (to_tenant_id = {TENANT})",
    ("reviews", "by_submitter"): f"FOR SELECT TO lc_app USING (of_tenant_id = {TENANT})",
    ("jobs", "to_dispatch"): "FOR SELECT TO lc_dispatcher USING (true)",
    ("jobs", "when_dispatched"): "FOR UPDATE TO lc_dispatcher USING (true)",
}
# A policy that narrows: only who was handed a submission may answer it.
NARROWER = {
    ("reviews", "of_what_was_handed_up"): f"""
        AS RESTRICTIVE FOR INSERT TO lc_app WITH CHECK (EXISTS (
            SELECT FROM submissions s
            WHERE s.tenant_id = of_tenant_id AND s.id = submission_id
              AND s.to_tenant_id = {TENANT}))""",
}


def upgrade() -> None:
    for function, setting in (("tenant", "tenant"), ("user", "user")):
        op.execute(f"""
            CREATE FUNCTION lifecircle_{function}() RETURNS uuid
            LANGUAGE sql STABLE PARALLEL SAFE
            RETURN NULLIF(current_setting('lifecircle.{setting}', true), '')::uuid""")
    op.execute("GRANT USAGE ON SCHEMA public TO lc_app, lc_dispatcher, lc_backup")
    for table, powers in OWNED.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} TO lc_app USING (tenant_id = {TENANT})")
        op.execute(f"GRANT {powers} ON {table} TO lc_app")
    for table, powers in SHARED.items():
        op.execute(f"GRANT {powers} ON {table} TO lc_app")
    for (table, name), words in (WIDER | NARROWER).items():
        op.execute(f"CREATE POLICY {name} ON {table} {words}")
    op.execute(f"GRANT SELECT (id, {DISPATCHED}) ON jobs TO lc_dispatcher")
    op.execute(
        "GRANT UPDATE (state, attempt, lease_until, dispatched_at, updated_at)"
        " ON jobs TO lc_dispatcher"
    )
    op.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO lc_backup")
    op.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO lc_backup")
    # Grants hold the application; this holds everyone, the tables' owner too.
    op.execute("""
        CREATE FUNCTION lifecircle_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% of % is never changed', TG_ARGV[0], TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END$$""")
    op.execute("""
        CREATE TRIGGER digest_stays BEFORE UPDATE ON dataset_versions FOR EACH ROW
        WHEN (OLD.digest IS DISTINCT FROM NEW.digest)
        EXECUTE FUNCTION lifecircle_refuse('digest')""")
    op.execute("""
        CREATE TRIGGER summary_stays BEFORE UPDATE ON submissions FOR EACH ROW
        WHEN ((OLD.summary, OLD.summary_digest) IS DISTINCT FROM (NEW.summary, NEW.summary_digest))
        EXECUTE FUNCTION lifecircle_refuse('summary')""")


def downgrade() -> None:
    for table, trigger in (
        ("submissions", "summary_stays"),
        ("dataset_versions", "digest_stays"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.execute("DROP FUNCTION lifecircle_refuse()")
    op.execute("ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM lc_backup")
    op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM lc_app, lc_dispatcher, lc_backup")
    for table, name in reversed((*WIDER, *NARROWER)):
        op.execute(f"DROP POLICY {name} ON {table}")
    for table in OWNED:
        op.execute(f"DROP POLICY own ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("REVOKE USAGE ON SCHEMA public FROM lc_app, lc_dispatcher, lc_backup")
    op.execute("DROP FUNCTION lifecircle_tenant()")
    op.execute("DROP FUNCTION lifecircle_user()")
