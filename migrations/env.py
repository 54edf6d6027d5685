"""Runs the scripts, each in its own transaction, one process at a time, as the tables' owner."""

from alembic import context
from sqlalchemy import MetaData, create_engine, text

LOCK = 4_210_015  # our advisory lock: two processes that start together migrate in turn
NAMES = {  # of constraints that the scripts leave unnamed; the same as core.db.base's, for ever
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def main() -> None:
    """Migrate the database that ``core.db.init`` names."""
    engine = create_engine(context.config.attributes["url"])
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            # Better to fail than to let every page wait behind a table lock.
            connection.execute(text("SET lock_timeout = '4s'"))
            connection.execute(text("SET statement_timeout = '60s'"))
            connection.commit()
            context.configure(
                connection=connection,
                target_metadata=MetaData(naming_convention=NAMES),
                transaction_per_migration=True,
                on_version_apply=context.config.attributes["told"],
            )
            with context.begin_transaction():
                context.run_migrations()
    finally:
        engine.dispose()  # the lock goes with the connection


main()
