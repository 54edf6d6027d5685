"""Let records that were kept long enough go, from a chain's beginning, leaving an anchor.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
NOTHING = sa.text("repeat('0', 64)")
OLD = "at < now() - interval '184 days'"  # the law's six months; a setting may only ask for more
DISPATCHER = "lc_dispatcher"

# Whoever deletes, the database itself looks whether they may, and writes where the chain begins
# from now on; a deletion that leaves no anchor cannot be.
PRUNE = """
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE cut record;
    BEGIN
        FOR cut IN SELECT {chain} max(number) AS number, max(at) AS at,
                   (array_agg(hash ORDER BY number DESC))[1] AS hash FROM removed {grouped}
        LOOP
            CONTINUE WHEN cut.number IS NULL;
            IF current_user <> 'lc_dispatcher' OR NOT cut.{old} OR EXISTS (
                SELECT FROM {table} e WHERE {same} e.number <= cut.number)
            THEN
                RAISE EXCEPTION 'a record of {table} is never changed; only the sweep takes the'
                    ' oldest, without a gap, after 184 days'
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            {leave}
        END LOOP;
        RETURN NULL;
    END$$"""
TENANTS = PRUNE.format(
    name="lifecircle_prune",
    chain="tenant_id,",
    grouped="GROUP BY tenant_id",
    old=OLD,
    table="audit_events",
    same="e.tenant_id = cut.tenant_id AND",
    leave="""INSERT INTO audit_anchors (tenant_id, id, number, hash, at)
             VALUES (cut.tenant_id, gen_random_uuid(), cut.number, cut.hash, cut.at);""",
)
INSTALLATION = PRUNE.format(
    name="lifecircle_prune_installation",
    chain="",
    grouped="",
    old=OLD,
    table="installation_events",
    same="",
    leave="""UPDATE installation_chain SET
             anchor_number = cut.number, anchor_hash = cut.hash, anchor_at = cut.at;""",
)
BEGINS_ELSEWHERE = """
    CREATE FUNCTION lifecircle_begin_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM audit_events e WHERE e.tenant_id = NEW.tenant_id) THEN
            RAISE EXCEPTION 'an anchor is left by a sweep, or comes before a chain''s records'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END$$"""


def upgrade() -> None:
    op.create_table(
        "audit_anchors",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="RESTRICT"),
        sa.UniqueConstraint("tenant_id", "number"),
    )
    number = sa.Column(
        "anchor_number", sa.BigInteger(), nullable=False, server_default=sa.text("0")
    )
    op.add_column("installation_chain", number)
    op.add_column(
        "installation_chain",
        sa.Column("anchor_hash", sa.Text(), nullable=False, server_default=NOTHING),
    )
    op.add_column(
        "installation_chain", sa.Column("anchor_at", sa.DateTime(timezone=True), nullable=True)
    )
    _walls()
    _triggers()


def _walls() -> None:
    op.execute("ALTER TABLE audit_anchors ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_anchors FORCE ROW LEVEL SECURITY")
    for name, role in (("own", "lc_app"), ("leaving", "lc_owner")):
        op.execute(
            f"CREATE POLICY {name} ON audit_anchors TO {role}"
            " USING (tenant_id = (SELECT lifecircle_tenant()))"
        )
    # An archive of a tenant brings its anchors along; the trigger lets no others in.
    op.execute("GRANT SELECT, INSERT ON audit_anchors TO lc_app")
    op.execute(f"GRANT INSERT (tenant_id, id, number, hash, at) ON audit_anchors TO {DISPATCHER}")
    op.execute(
        f"CREATE POLICY left_by_sweep ON audit_anchors FOR INSERT TO {DISPATCHER} WITH CHECK (true)"
    )
    for table, key in (("audit_events", "tenant_id, "), ("installation_events", "")):
        op.execute(f"GRANT SELECT ({key}number, at, hash), DELETE ON {table} TO {DISPATCHER}")
        op.execute(f"CREATE POLICY to_prune ON {table} FOR SELECT TO {DISPATCHER} USING (true)")
        op.execute(f"CREATE POLICY long_kept ON {table} FOR DELETE TO {DISPATCHER} USING ({OLD})")
    anchor = "anchor_number, anchor_hash, anchor_at"
    op.execute(f"GRANT UPDATE ({anchor}) ON installation_chain TO {DISPATCHER}")


def _triggers() -> None:
    for function in (TENANTS, INSTALLATION, BEGINS_ELSEWHERE):
        op.execute(function)
    op.execute("DROP TRIGGER events_stay ON installation_events")
    for table, name, function in (
        ("audit_events", "records", "lifecircle_prune"),
        ("installation_events", "events", "lifecircle_prune_installation"),
    ):
        op.execute(f"""
            CREATE TRIGGER {name}_stay BEFORE UPDATE ON {table} FOR EACH ROW
            EXECUTE FUNCTION lifecircle_refuse('a record')""")
        op.execute(f"""
            CREATE TRIGGER {name}_go_in_order AFTER DELETE ON {table}
            REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION {function}()""")
    op.execute("""
        CREATE TRIGGER all_records_stay BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT
        EXECUTE FUNCTION lifecircle_refuse('a record')""")
    op.execute("""
        CREATE TRIGGER anchors_are_left BEFORE INSERT ON audit_anchors FOR EACH ROW
        WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION lifecircle_begin_elsewhere()""")
    op.execute("""
        CREATE TRIGGER anchors_stay BEFORE UPDATE OR DELETE ON audit_anchors FOR EACH ROW
        EXECUTE FUNCTION lifecircle_refuse('an anchor')""")
    op.execute("""
        CREATE TRIGGER all_anchors_stay BEFORE TRUNCATE ON audit_anchors FOR EACH STATEMENT
        EXECUTE FUNCTION lifecircle_refuse('an anchor')""")
    op.execute("""
        CREATE TRIGGER anchor_is_left BEFORE UPDATE ON installation_chain FOR EACH ROW
        WHEN (pg_trigger_depth() = 0 AND (OLD.anchor_number <> NEW.anchor_number
          OR OLD.anchor_hash <> NEW.anchor_hash OR OLD.anchor_at IS DISTINCT FROM NEW.anchor_at))
        EXECUTE FUNCTION lifecircle_refuse('the anchor')""")


def downgrade() -> None:
    _refuse_to_forget()
    op.execute("DROP TRIGGER anchor_is_left ON installation_chain")
    op.execute("DROP TRIGGER all_records_stay ON audit_events")
    for table, name, function in (
        ("audit_events", "records", "lifecircle_prune"),
        ("installation_events", "events", "lifecircle_prune_installation"),
    ):
        op.execute(f"DROP TRIGGER {name}_go_in_order ON {table}")
        op.execute(f"DROP TRIGGER {name}_stay ON {table}")
        op.execute(f"DROP FUNCTION {function}()")
        op.execute(f"DROP POLICY long_kept ON {table}")
        op.execute(f"DROP POLICY to_prune ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM {DISPATCHER}")
    op.execute("""
        CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE ON installation_events FOR EACH ROW
        EXECUTE FUNCTION lifecircle_refuse('a record')""")
    op.drop_table("audit_anchors")
    op.execute("DROP FUNCTION lifecircle_begin_elsewhere()")
    for column in ("anchor_number", "anchor_hash", "anchor_at"):
        op.drop_column("installation_chain", column)


def _refuse_to_forget() -> None:
    """Refuse where records went: the release before would call their chains broken, for ever."""
    op.execute("ALTER TABLE audit_anchors NO FORCE ROW LEVEL SECURITY")
    left = sa.text("""
        SELECT EXISTS (SELECT FROM audit_anchors)
            OR EXISTS (SELECT FROM installation_chain WHERE anchor_number > 0)""")
    context = op.get_context()
    emptying = context.config is not None and context.config.attributes.get("emptying")
    if not emptying and op.get_bind().execute(left).scalar_one():
        raise RuntimeError(
            "已有审计记录到期移除，降级会丢失链的起点，没有改动。请改用升级前的备份。"
            " Audit records were removed after their time, and going back would lose where their"
            " chains begin; nothing was changed. Restore the backup from before the upgrade."
        )
