"""Keep scenarios: edits on top of a finished run's inputs.

Revision ID: 0004
Revises: 0003
Create Date: 2026-12-03
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

NOW = sa.text("now()")
NO_EDITS = sa.text("'[]'::jsonb")


def upgrade() -> None:
    op.create_table(
        "scenarios",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("edits", JSONB(), nullable=False, server_default=NO_EDITS),
        sa.Column("undone", JSONB(), nullable=False, server_default=NO_EDITS),
        sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="RESTRICT"
        ),
        sa.CheckConstraint("version > 0", name="version"),
    )
    op.create_index(None, "scenarios", ["tenant_id", "run_id", "created_at"])
    op.execute("ALTER TABLE scenarios ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE scenarios FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own ON scenarios TO lc_app USING (tenant_id = (SELECT lifecircle_tenant()))"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON scenarios TO lc_app")


def downgrade() -> None:
    op.drop_table("scenarios")
