"""Keep how each attempt at a job ended, who holds it, and the answers to named requests.

Revision ID: 0008
Revises: 0007
Create Date: 2026-12-05
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

NOW = sa.text("now()")


def upgrade() -> None:
    # The defaults let the release before ask for jobs still: it knows no attempts.
    op.add_column(
        "jobs", sa.Column("worker", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    attempts = sa.Column("attempts", JSONB(), nullable=False, server_default=sa.text("'[]'::jsonb"))
    op.add_column("jobs", attempts)
    op.execute("GRANT SELECT (worker) ON jobs TO lc_dispatcher")
    op.create_table(
        "request_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="RESTRICT"),
        sa.UniqueConstraint("tenant_id", "key"),
    )
    op.execute("ALTER TABLE request_keys ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE request_keys FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own ON request_keys TO lc_app"
        " USING (tenant_id = (SELECT lifecircle_tenant()))"
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON request_keys TO lc_app")


def downgrade() -> None:
    op.drop_table("request_keys")
    op.drop_column("jobs", "attempts")
    op.drop_column("jobs", "worker")
