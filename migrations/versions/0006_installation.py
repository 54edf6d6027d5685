"""Keep what belongs to no tenant: installation events, system roles, other houses' identities.

Revision ID: 0006
Revises: 0005
Create Date: 2026-12-07
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

NOW = sa.text("now()")
EVENTS = "installation_events"


def stamps() -> list[sa.Column[object]]:
    return [
        sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=NOW)
        for name in ("created_at", "updated_at")
    ]


def upgrade() -> None:
    op.create_table(
        EVENTS,
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", JSONB(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "installation_chain",
        sa.Column("one", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("one"),
        sa.CheckConstraint("one = 1", name="one"),
    )
    op.create_table(
        "system_roles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        *stamps(),
        sa.PrimaryKeyConstraint("user_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.CheckConstraint(
            "role IN ('system_admin', 'security_admin', 'audit_admin')", name="role"
        ),
    )
    op.create_table(
        "identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        *stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("issuer", "subject"),
    )
    op.create_index(None, "identities", ["user_id"])
    # The default lets the release before give roles still: a person gave them.
    by_hand = sa.Column("source", sa.Text(), nullable=False, server_default=sa.text("'hand'"))
    op.add_column("memberships", by_hand)

    op.execute("GRANT SELECT, INSERT, DELETE ON system_roles TO lc_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON identities TO lc_app")
    op.execute("GRANT SELECT, INSERT, UPDATE (number, hash) ON installation_chain TO lc_app")
    op.execute(f"GRANT SELECT, INSERT ON {EVENTS} TO lc_app")
    # Not forced: the owner restores them; nobody else is let past the two policies.
    op.execute(f"ALTER TABLE {EVENTS} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY appended ON {EVENTS} FOR INSERT TO lc_app WITH CHECK (true)")
    op.execute("""
        CREATE POLICY by_audit_admin ON installation_events FOR SELECT TO lc_app USING (
            (SELECT lifecircle_user()) IS NULL OR EXISTS (
                SELECT FROM system_roles held
                WHERE held.user_id = (SELECT lifecircle_user()) AND held.role = 'audit_admin'))""")
    op.execute(f"""
        CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE ON {EVENTS} FOR EACH ROW
        EXECUTE FUNCTION lifecircle_refuse('a record')""")
    op.execute(f"""
        CREATE TRIGGER all_events_stay BEFORE TRUNCATE ON {EVENTS} FOR EACH STATEMENT
        EXECUTE FUNCTION lifecircle_refuse('a record')""")


def downgrade() -> None:
    op.drop_column("memberships", "source")
    for table in (EVENTS, "installation_chain", "identities", "system_roles"):
        op.drop_table(table)
