"""Let each place say how few people are too few to be told above.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tenants", sa.Column("fewest", sa.Integer(), server_default=sa.text("10"), nullable=False)
    )
    op.create_check_constraint("fewest", "tenants", "fewest >= 5 AND fewest % 5 = 0")


def downgrade() -> None:
    op.drop_column("tenants", "fewest")
