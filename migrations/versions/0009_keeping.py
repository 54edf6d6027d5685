"""Let one tenant's rows be erased, what ended long ago be swept, and sequences be backed up.

Revision ID: 0009
Revises: 0008
Create Date: 2026-12-08
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

OWNED = sa.text("""
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relforcerowsecurity
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid
                  AND a.attname = 'tenant_id' AND NOT a.attisdropped)
    ORDER BY c.relname""")


def upgrade() -> None:
    # Within a transaction that names a tenant the owner sees that tenant's rows and no other's.
    for table in op.get_bind().execute(OWNED).scalars().all():
        op.execute(
            f"CREATE POLICY leaving ON {table} TO lc_owner"
            " USING (tenant_id = (SELECT lifecircle_tenant()))"
        )
    op.execute("GRANT DELETE ON jobs TO lc_app")
    op.execute("""
        CREATE POLICY only_long_ended ON jobs AS RESTRICTIVE FOR DELETE TO lc_app
        USING (state IN ('done', 'failed', 'cancelled') AND ended_at < now() - interval '30 days')
    """)
    op.execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO lc_backup")
    op.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO lc_backup")


def downgrade() -> None:
    op.execute("ALTER DEFAULT PRIVILEGES REVOKE SELECT ON SEQUENCES FROM lc_backup")
    op.execute("REVOKE SELECT ON ALL SEQUENCES IN SCHEMA public FROM lc_backup")
    op.execute("DROP POLICY only_long_ended ON jobs")
    op.execute("REVOKE DELETE ON jobs FROM lc_app")
    for table in op.get_bind().execute(OWNED).scalars().all():
        op.execute(f"DROP POLICY IF EXISTS leaving ON {table}")
