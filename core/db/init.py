"""Roles, the database and its migrations: what an operator runs before the first start."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import core
from core.db.installation import append_waiting, record
from core.db.session import psycopg_url
from core.db.tenant import Tenant
from core.errors import Misconfigured

DATABASE = "lifecircle"
ROLES = {  # none is a superuser; only the backup's reads past row level security
    "lc_owner": "LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    "lc_app": "LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    "lc_dispatcher": "LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    "lc_backup": "LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS",
}


def roles_sql(database: str = DATABASE) -> str:
    """Give the SQL that ``create_roles`` runs, for a server whose superuser is somebody else.

    It sets no passwords: the operator does, as the server's rules want it.
    """
    statements = [*_roles(), f"CREATE DATABASE {database} OWNER lc_owner", *_grants(database)]
    return "".join(f"{statement};\n" for statement in statements)


def create_roles(superuser_url: str, database: str = DATABASE) -> None:
    """Make the four roles and the database where they are missing; safe to run again.

    Raises
    ------
    Misconfigured
        The user of ``superuser_url`` may not do that; ``roles_sql`` gives the SQL for one who may.
    """
    engine = create_engine(psycopg_url(superuser_url), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in _roles():
                connection.execute(text(statement))
            known = text("SELECT count(*) FROM pg_database WHERE datname = :name")
            if not connection.execute(known, {"name": database}).scalar_one():
                connection.execute(text(f"CREATE DATABASE {database} OWNER lc_owner"))
            for statement in _grants(database):
                connection.execute(text(statement))
    except DBAPIError as error:
        raise Misconfigured(
            f"无法建立数据库角色：{error.orig}。请不带选项运行 lifecircle db init，"
            "把打印的 SQL 交给数据库管理员执行。",
            english=f"The database's roles cannot be made: {error.orig}. Run lifecircle db init "
            "without options and have the server's administrator execute what it prints.",
        ) from error
    finally:
        engine.dispose()


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the database's tables to ``revision``; several processes may ask at once.

    Each step is a transaction of its own and leaves an event of the installation, once somebody
    works there. A step that fails changes nothing; those before it stay, and the next try goes on.
    """
    command.upgrade(_alembic(owner_url), revision)


def downgrade(owner_url: str, revision: str, *, emptying: bool = False) -> None:
    """Take the database's tables back to ``revision``; ``base`` drops them all.

    A step back that would lose what the earlier tables cannot hold is refused with a sentence,
    unless the rows are not wanted anyway (``emptying``).
    """
    config = _alembic(owner_url)
    config.attributes["emptying"] = emptying
    command.downgrade(config, revision)


def current(owner_url: str) -> str | None:
    """Tell which revision the database is at; ``None`` before the first."""
    engine = create_engine(psycopg_url(owner_url))
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def head() -> str:
    """Tell the newest revision that this release knows."""
    revision = ScriptDirectory(str(scripts())).get_current_head()
    if revision is None:
        raise RuntimeError("there are no migrations")
    return revision


def revisions() -> frozenset[str]:
    """Tell every revision that this release knows."""
    known = ScriptDirectory(str(scripts())).walk_revisions()
    return frozenset(script.revision for script in known)


def scripts() -> Path:
    """Find the migration scripts: a checkout's own, else those that the wheel carries."""
    root = Path(core.__file__).parents[1]
    checkout = root / "migrations"
    if (root / "pyproject.toml").exists() and (checkout / "env.py").exists():
        return checkout
    return root / "lifecircle" / "_migrations"


def _alembic(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["url"] = psycopg_url(owner_url)
    config.attributes["told"] = _tell
    return config


def _tell(*, ctx: MigrationContext, step: MigrationInfo, **_more: object) -> None:
    """Record a step in its own transaction, where there is a chain and somebody to read it."""
    connection = ctx.connection
    if connection is None or not inspect(connection).has_table("installation_chain"):
        return
    with Session(connection, join_transaction_mode="rollback_only") as session:
        if session.scalar(select(Tenant.id).limit(1)) is None:
            return
        record(
            session,
            action="database.upgrade" if step.is_upgrade else "database.downgrade",
            subject=f"revision:{step.up_revision_id}",
            details={"release": core.__version__},
        )
        append_waiting(session)


def _roles() -> list[str]:
    return [
        f"DO $$BEGIN CREATE ROLE {name} {powers};"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END$$"
        for name, powers in ROLES.items()
    ] + [f"ALTER ROLE {name} {powers}" for name, powers in ROLES.items()]


def _grants(database: str) -> list[str]:
    connecting = ", ".join(ROLES)
    return [
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {connecting}",
        f"GRANT TEMPORARY ON DATABASE {database} TO lc_app",
    ]
