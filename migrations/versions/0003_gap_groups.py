"""Let a gap say how many of its people belong to each age group.

Revision ID: 0003
Revises: 0002
Create Date: 2026-12-02
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # The default lets the release before write gaps still: it knows no groups.
    groups = sa.Column("groups", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb"))
    op.add_column("run_gaps", groups)


def downgrade() -> None:
    op.drop_column("run_gaps", "groups")
