"""Ask staff for a second factor; keep invitations, parts of places and the place's own tokens.

Revision ID: 0005
Revises: 0004
Create Date: 2026-12-04
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NOW = sa.text("now()")
EMPTY = sa.text("''")
ROLES = (
    "role IN ('bureau_admin', 'bureau_staff', 'street_officer', 'community_worker',"
    " 'operator', 'surveyor', 'reviewer', 'auditor')"
)
EDITED = "SELECT, INSERT, UPDATE, DELETE"


def moment(name: str, *, default: Any = None) -> sa.Column[Any]:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=default is None, server_default=default
    )


def words(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=EMPTY)


def stamps() -> list[sa.Column[Any]]:
    return [moment("created_at", default=NOW), moment("updated_at", default=NOW)]


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("totp_secret", sa.Text(), nullable=False, server_default=EMPTY)
    )
    op.add_column("users", moment("totp_since"))
    op.add_column(
        "users",
        sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.add_column("sessions", words("device"))
    op.add_column("memberships", sa.Column("scope_area", sa.Text(), nullable=True))
    op.add_column("memberships", sa.Column("granted_by", sa.Uuid(), nullable=True))
    op.add_column(
        "api_tokens",
        sa.Column("kind", sa.Text(), nullable=False, server_default=sa.text("'personal'")),
    )
    op.create_check_constraint("kind", "api_tokens", "kind IN ('personal', 'service')")
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        moment("used_at"),
        *stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("user_id", "code_hash"),
    )
    op.create_table(
        "sign_in_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("awaits", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        moment("used_at"),
        *stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
        sa.CheckConstraint("awaits IN ('code', 'enrol')", name="awaits"),
    )
    op.create_table(
        "invitations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scope_area", sa.Text(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        moment("accepted_at"),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        moment("revoked_at"),
        *stamps(),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="RESTRICT"),
        sa.UniqueConstraint("tenant_id", "token_hash"),
        sa.CheckConstraint(ROLES, name="role"),
    )
    op.execute("ALTER TABLE invitations ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE invitations FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own ON invitations TO lc_app"
        " USING (tenant_id = (SELECT lifecircle_tenant()))"
    )
    for table in ("invitations", "recovery_codes", "sign_in_steps"):
        op.execute(f"GRANT {EDITED} ON {table} TO lc_app")


def downgrade() -> None:
    for table in ("invitations", "sign_in_steps", "recovery_codes"):
        op.drop_table(table)
    for table, column in (
        ("api_tokens", "kind"),
        ("memberships", "granted_by"),
        ("memberships", "scope_area"),
        ("sessions", "device"),
        ("users", "totp_step"),
        ("users", "totp_since"),
        ("users", "totp_secret"),
    ):
        op.drop_column(table, column)
