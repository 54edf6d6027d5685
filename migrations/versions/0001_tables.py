"""Make the tables of the first wave.

Revision ID: 0001
Create Date: 2026-11-25
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

ID, TEXT, TIME = sa.Uuid(), sa.Text(), sa.DateTime(timezone=True)

TABLES = (  # as they can be made
    "tenants",
    "users",
    "api_tokens",
    "audit_events",
    "datasets",
    "jobs",
    "memberships",
    "runs",
    "sessions",
    "sign_in_links",
    "tenant_plugins",
    "uploads",
    "dataset_versions",
    "import_problems",
    "run_coverage",
    "run_gaps",
    "run_lines",
    "run_scores",
    "submissions",
    "reviews",
    "run_inputs",
)


def must(name: str, kind: Any = TEXT, **more: Any) -> sa.Column[Any]:
    """Give a column that every row fills."""
    return sa.Column(name, kind, nullable=False, **more)


def words(*names: str) -> list[sa.Column[Any]]:
    """Give text columns that every row fills."""
    return [must(name) for name in names]


def may(name: str, kind: Any = TEXT) -> sa.Column[Any]:
    """Give a column that may be empty."""
    return sa.Column(name, kind, nullable=True)


def one_of(column: str, words: str) -> sa.CheckConstraint:
    """Check that a column holds one of the words."""
    return sa.CheckConstraint(f"{column} IN {tuple(words.split())}", name=column)


def refers(column: str, table: str) -> sa.ForeignKeyConstraint:
    """Refer to an owned table by tenant and id together."""
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete="RESTRICT"
    )


def stamps() -> list[sa.Column[Any]]:
    """Give the columns that say when a row was made and last changed."""
    return [must(at, TIME, server_default=sa.text("now()")) for at in ("created_at", "updated_at")]


def table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """Make a table of rows that belong to no tenant."""
    op.create_table(name, must("id", ID), *parts, *stamps(), sa.PrimaryKeyConstraint("id"))


def owned_table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """Make a table of rows that each belong to one tenant."""
    op.create_table(
        name,
        must("tenant_id", ID),
        must("id", ID),
        *parts,
        *stamps(),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="RESTRICT"),
    )


def upgrade() -> None:
    table(
        "tenants",
        may("parent_id", ID),
        must("level"),
        may("code"),
        *words("slug", "name"),
        must("english", server_default=""),
        must("path"),
        must("state", server_default="active"),
        must("parent_sees", server_default="submitted"),
        must("sample", sa.Boolean(), server_default=sa.text("false")),
        one_of("level", "nation province city district street"),
        one_of("parent_sees", "nothing submitted all"),
        one_of("state", "active suspended merged"),
        sa.ForeignKeyConstraint(["parent_id"], ["tenants.id"]),
        sa.UniqueConstraint("path"),
        sa.UniqueConstraint("slug"),
    )
    op.create_index(
        "uq_tenants_code",
        "tenants",
        ["code"],
        unique=True,
        postgresql_where=sa.text("state <> 'merged'"),
    )
    table(
        "users",
        *words("login", "name", "password_hash"),
        must("failed", sa.Integer()),
        may("locked_until", TIME),
        sa.UniqueConstraint("login"),
    )
    owned_table(
        "api_tokens",
        must("user_id", ID),
        *words("name", "token_hash"),
        must("scopes", JSONB(), server_default=sa.text("'[]'")),
        may("expires_at", TIME),
        may("used_at", TIME),
        may("revoked_at", TIME),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("tenant_id", "token_hash"),
    )
    owned_table(
        "audit_events",
        must("number", sa.BigInteger()),
        must("at", TIME, server_default=sa.text("now()")),
        may("actor_id", ID),
        *words("action", "subject"),
        must("details", JSONB()),
        *words("prev_hash", "hash"),
        sa.UniqueConstraint("tenant_id", "number"),
    )
    owned_table(
        "datasets",
        *words("kind", "name"),
        one_of("kind", "streets residents outlets areas"),
        sa.UniqueConstraint("tenant_id", "kind", "name"),
    )
    owned_table(
        "jobs",
        must("kind"),
        must("subject_id", ID),
        must("idempotency_key"),
        must("payload", JSONB()),
        must("result", JSONB()),
        must("state"),
        must("attempt", sa.Integer()),
        may("lease_until", TIME),
        may("dispatched_at", TIME),
        must("stage"),
        must("percent", sa.Integer()),
        must("stages", JSONB()),
        *words("error_class", "message", "english"),
        may("by", ID),
        may("started_at", TIME),
        may("ended_at", TIME),
        one_of("kind", "import run"),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        one_of("state", "queued running done failed cancelled"),
        sa.UniqueConstraint("tenant_id", "idempotency_key"),
    )
    op.create_index("ix_jobs_tenant_id_created_at", "jobs", ["tenant_id", "created_at"])
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["tenant_id", "state", "dispatched_at"],
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    owned_table(
        "memberships",
        must("user_id", ID),
        must("role"),
        may("expires_at", TIME),
        one_of(
            "role",
            "bureau_admin bureau_staff street_officer community_worker"
            " operator surveyor reviewer auditor",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("tenant_id", "user_id", "role"),
    )
    owned_table(
        "runs",
        *words("fingerprint", "label", "ruleset_key", "ruleset_version", "ruleset_digest"),
        must("params", JSONB()),
        must("plan", JSONB()),
        must("state"),
        may("fault_message"),
        may("people", sa.Integer()),
        may("points_low", sa.Double()),
        may("points_high", sa.Double()),
        may("out_of", sa.Double()),
        may("grade"),
        must("grade_name"),
        must("pending", JSONB()),
        must("notes", JSONB()),
        must("summary", JSONB()),
        may("result_digest"),
        may("minutes_digest"),
        must("stage_seconds", JSONB()),
        must("kernel_version"),
        may("by", ID),
        may("started_at", TIME),
        may("finished_at", TIME),
        sa.CheckConstraint("(state = 'failed') = (fault_message IS NOT NULL)", name="fault"),
        one_of("state", "queued running done failed cancelled"),
    )
    op.create_index("ix_runs_tenant_id_created_at", "runs", ["tenant_id", "created_at"])
    op.create_index(
        "uq_runs_tenant_id_fingerprint",
        "runs",
        ["tenant_id", "fingerprint"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running', 'done')"),
    )
    table(
        "sessions",
        must("user_id", ID),
        must("token_hash"),
        must("seen_at", TIME),
        must("expires_at", TIME),
        may("revoked_at", TIME),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    table(
        "sign_in_links",
        must("user_id", ID),
        must("token_hash"),
        must("expires_at", TIME),
        may("used_at", TIME),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
    )
    owned_table(
        "tenant_plugins",
        *words("plugin_key", "state"),
        must("settings", JSONB()),
        must("locked_for_children", sa.Boolean(), server_default=sa.text("false")),
        one_of("state", "on off suspended"),
        sa.UniqueConstraint("tenant_id", "plugin_key"),
    )
    owned_table(
        "uploads",
        *words("filename", "media"),
        must("bytes", sa.BigInteger()),
        must("digest"),
        may("by", ID),
    )
    op.create_index("ix_uploads_tenant_id_digest", "uploads", ["tenant_id", "digest"])
    owned_table(
        "dataset_versions",
        must("dataset_id", ID),
        must("number", sa.Integer()),
        must("digest"),
        must("rows", sa.Integer()),
        must("bbox", JSONB()),
        may("as_of", sa.Date()),
        *words("importer_key", "importer_version"),
        must("options", JSONB()),
        may("upload_id", ID),
        must("quality", JSONB()),
        must("state"),
        may("by", ID),
        one_of("state", "accepted withdrawn"),
        refers("dataset_id", "datasets"),
        refers("upload_id", "uploads"),
        sa.UniqueConstraint("tenant_id", "dataset_id", "digest"),
        sa.UniqueConstraint("tenant_id", "dataset_id", "number"),
    )
    owned_table(
        "import_problems",
        must("job_id", ID),
        must("upload_id", ID),
        must("row_no", sa.Integer()),
        *words("column_name", "code", "message", "english", "value", "severity"),
        refers("job_id", "jobs"),
        refers("upload_id", "uploads"),
    )
    op.create_index(
        "ix_import_problems_tenant_id_job_id_row_no",
        "import_problems",
        ["tenant_id", "job_id", "row_no"],
    )
    owned_table(
        "run_coverage",
        must("run_id", ID),
        *words("area_key", "format_key", "group_key"),
        must("minutes", sa.Double()),
        must("people", sa.Integer()),
        must("covered", sa.Integer()),
        sa.CheckConstraint("0 <= covered AND covered <= people", name="covered"),
        refers("run_id", "runs"),
        sa.UniqueConstraint(
            "tenant_id", "run_id", "area_key", "format_key", "group_key", "minutes"
        ),
    )
    owned_table(
        "run_gaps",
        must("run_id", ID),
        must("format_key"),
        must("rank", sa.Integer()),
        must("area_key"),
        must("people", sa.Integer()),
        must("homes", sa.Integer()),
        must("minutes_limit", sa.Double()),
        may("worst_minutes", sa.Double()),
        may("median_minutes", sa.Double()),
        must("lon", sa.Double()),
        must("lat", sa.Double()),
        may("outline", sa.LargeBinary()),
        sa.CheckConstraint("people >= 0", name="people"),
        refers("run_id", "runs"),
        sa.UniqueConstraint("tenant_id", "run_id", "format_key", "rank"),
    )
    owned_table(
        "run_lines",
        must("run_id", ID),
        *words("area_key", "line_key"),
        must("position", sa.Integer()),
        must("line", JSONB()),
        refers("run_id", "runs"),
        sa.UniqueConstraint("tenant_id", "run_id", "area_key", "line_key"),
    )
    owned_table(
        "run_scores",
        must("run_id", ID),
        *words("area_key", "area_name", "area_kind"),
        must("people", sa.Integer()),
        must("points_low", sa.Double()),
        must("points_high", sa.Double()),
        must("out_of", sa.Double()),
        may("grade"),
        must("grade_name"),
        must("pending", JSONB()),
        must("notes", JSONB()),
        refers("run_id", "runs"),
        sa.UniqueConstraint("tenant_id", "run_id", "area_key"),
    )
    owned_table(
        "submissions",
        must("run_id", ID),
        must("to_tenant_id", ID),
        must("state"),
        must("summary", JSONB()),
        must("summary_digest"),
        may("submitted_by", ID),
        must("submitted_at", TIME, server_default=sa.text("now()")),
        one_of("state", "submitted withdrawn"),
        refers("run_id", "runs"),
        sa.ForeignKeyConstraint(["to_tenant_id"], ["tenants.id"]),
        sa.UniqueConstraint("tenant_id", "run_id", "to_tenant_id"),
    )
    op.create_index(
        "ix_submissions_tenant_id_submitted_at", "submissions", ["tenant_id", "submitted_at"]
    )
    owned_table(
        "reviews",
        must("submission_id", ID),
        must("of_tenant_id", ID),
        *words("verdict", "comment"),
        may("by", ID),
        one_of("verdict", "accepted returned"),
        sa.ForeignKeyConstraint(["of_tenant_id"], ["tenants.id"]),
        sa.ForeignKeyConstraint(
            ["of_tenant_id", "submission_id"], ["submissions.tenant_id", "submissions.id"]
        ),
    )
    op.create_index("ix_reviews_tenant_id_submission_id", "reviews", ["tenant_id", "submission_id"])
    owned_table(
        "run_inputs",
        must("run_id", ID),
        must("role"),
        must("dataset_version_id", ID),
        refers("dataset_version_id", "dataset_versions"),
        refers("run_id", "runs"),
        sa.UniqueConstraint("tenant_id", "run_id", "role"),
    )


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
