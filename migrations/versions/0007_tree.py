"""Keep what places were, the national list of codes, and let words on plugins be inherited.

Revision ID: 0007
Revises: 0006
Create Date: 2026-12-04
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

NOW = sa.text("now()")
LEVELS = "('nation', 'province', 'city', 'district', 'street')"
CHANGES = "('created', 'renamed', 'moved', 'merged', 'absorbed', 'split')"


def stamps() -> list[sa.Column[sa.DateTime]]:
    return [
        sa.Column(at, sa.DateTime(timezone=True), nullable=False, server_default=NOW)
        for at in ("created_at", "updated_at")
    ]


def upgrade() -> None:
    op.create_table(
        "official_codes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        *stamps(),
        sa.PrimaryKeyConstraint("code"),
        sa.CheckConstraint(f"level IN {LEVELS}", name="level"),
    )
    op.create_index(None, "official_codes", ["name"])
    op.execute("GRANT SELECT, INSERT, UPDATE ON official_codes TO lc_app")
    op.create_table(
        "place_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("english", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("other_id", sa.Uuid(), nullable=True),
        sa.Column("by", sa.Uuid(), nullable=True),
        *stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["place_id"], ["tenants.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["parent_id"], ["tenants.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["other_id"], ["tenants.id"], ondelete="RESTRICT"),
        sa.CheckConstraint(f"change IN {CHANGES}", name="change"),
    )
    op.create_index(None, "place_history", ["place_id", "created_at"])
    op.create_index(None, "place_history", ["name"])
    op.execute("GRANT SELECT, INSERT ON place_history TO lc_app")
    op.execute("""
        INSERT INTO place_history
               (id, place_id, change, name, english, code, slug, parent_id, created_at, updated_at)
        SELECT gen_random_uuid(), id, 'created', name, english, code, slug, parent_id,
               created_at, created_at
        FROM tenants""")
    # The release before reads copies of a parent's words; this one reads the parent's own. A copy
    # that says what the nearest word above says is marked and no longer heard.
    op.add_column(
        "tenant_plugins",
        sa.Column("inherited", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.execute("ALTER TABLE tenant_plugins NO FORCE ROW LEVEL SECURITY")
    op.execute("""
        UPDATE tenant_plugins SET inherited = true WHERE (tenant_id, id) IN (
            SELECT w.tenant_id, w.id
            FROM tenant_plugins w JOIN tenants t ON t.id = w.tenant_id
            CROSS JOIN LATERAL (
                SELECT a.state, a.settings, a.locked_for_children
                FROM tenant_plugins a JOIN tenants u ON u.id = a.tenant_id
                WHERE a.plugin_key = w.plugin_key AND u.id <> t.id
                  AND starts_with(t.path, u.path)
                ORDER BY length(u.path) DESC LIMIT 1) near
            WHERE (w.state, w.settings, w.locked_for_children)
                = (near.state, near.settings, near.locked_for_children))""")
    op.execute("ALTER TABLE tenant_plugins FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE FUNCTION lifecircle_above() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
        BEGIN ATOMIC
            WITH RECURSIVE up AS (
                SELECT id, parent_id FROM tenants WHERE id = lifecircle_tenant()
                UNION SELECT t.id, t.parent_id FROM tenants t JOIN up ON t.id = up.parent_id)
            SELECT coalesce(array_agg(id), '{}') FROM up;
        END""")
    op.execute("""
        CREATE POLICY from_above ON tenant_plugins FOR SELECT TO lc_app
        USING (tenant_id = ANY ((SELECT lifecircle_above())::uuid[]))""")


def downgrade() -> None:
    op.execute("DROP POLICY from_above ON tenant_plugins")
    op.execute("DROP FUNCTION lifecircle_above()")
    op.drop_column("tenant_plugins", "inherited")
    op.drop_table("place_history")
    op.drop_table("official_codes")
