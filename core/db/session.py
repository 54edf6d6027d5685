"""Database: engines of the roles, and the unit of work that commits once and acts afterwards."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import URL, Engine, PoolResetState, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from typing_extensions import override

from core.db import patience
from core.db.installation import append_waiting, forget_waiting
from core.db.scope import guard
from core.errors import Misconfigured

# A statement of a page or a worker that takes longer is a fault; so is a wait for a lock.
OPTIONS = "-c timezone=UTC -c statement_timeout=60s -c lock_timeout=10s"
WEB_OPTIONS = (
    "-c timezone=UTC -c statement_timeout=5s -c lock_timeout=2s"
    " -c idle_in_transaction_session_timeout=10s"
)
POOL_SECONDS = 4  # how long a request waits for a connection that others hold


class Work(Session):
    """A session that only its unit of work commits: operations never do."""

    @override
    def commit(self) -> None:
        """Refuse: the unit of work commits once, at its end."""
        raise RuntimeError("operations do not commit; the unit of work does, once, at its end")


class TenantWork(Work):
    """A unit of work of the application's role, held to one tenant by ``scope.guard``."""


guard(TenantWork)
event.listen(TenantWork, "before_commit", append_waiting)
event.listen(TenantWork, "after_soft_rollback", forget_waiting)


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Have ``act`` called after this unit of work has committed; a rollback forgets it.

    An act must bear its own failures: the rows are committed and stay.
    """
    session.info["after_commit"].append(act)


class Database:
    """The product's PostgreSQL, reached as the roles that need it.

    Parameters
    ----------
    app_url
        Address of the application's role, which owns nothing and is held by row level security.
    owner_url
        Address of the tables' owner; kept for whoever migrates, never connected to here.
    dispatch_url
        Address of the dispatcher's role, which sees only the jobs' own columns.
    pool_size
        Connections kept open for each role and process; ten more may open for a while.
    options
        The server's time limits for each statement: a worker's, or ``WEB_OPTIONS``.
    """

    def __init__(
        self,
        app_url: str,
        *,
        owner_url: str = "",
        dispatch_url: str = "",
        pool_size: int = 5,
        options: str = OPTIONS,
    ) -> None:
        self.app_url = app_url
        self.owner_url = owner_url
        self.dispatch_url = dispatch_url
        self._app = _engine(app_url, pool_size, options)
        self._dispatch = _engine(dispatch_url, pool_size, options) if dispatch_url else None
        _all.add(self)

    @contextmanager
    def session(self, tenant_id: UUID, actor_id: UUID | None = None) -> Iterator[Session]:
        """Work within one tenant: commit at the end, or roll back when the block raises.

        Parameters
        ----------
        tenant_id
            The tenant whose rows are seen and written.
        actor_id
            Who is acting, for policies by person and for the audit.
        """
        with _work(TenantWork(self._app, info={"tenant_id": tenant_id, "actor_id": actor_id})) as s:
            yield s

    @contextmanager
    def unbound(self, actor_id: UUID | None = None) -> Iterator[Session]:
        """Work where no tenant is known yet: users, sessions, tenants, one's own memberships."""
        with _work(TenantWork(self._app, info={"tenant_id": None, "actor_id": actor_id})) as s:
            yield s

    @contextmanager
    def dispatcher(self) -> Iterator[Session]:
        """Work as the dispatcher: the jobs' own columns, of all tenants, and nothing else.

        Raises
        ------
        Misconfigured
            No address for the dispatcher's role is set.
        """
        if self._dispatch is None:
            raise Misconfigured(
                "未设置 LIFECIRCLE_DISPATCH_URL，任务无法派发，数据未改动。请设置后再启动。",
                english="LIFECIRCLE_DISPATCH_URL is not set, so no job can be dispatched; nothing "
                "was changed. Set it and start again.",
            )
        with _work(Work(self._dispatch, info={"tenant_id": None, "actor_id": None})) as session:
            yield session

    def check_role(self) -> None:
        """Refuse an application role that row level security would not hold.

        Raises
        ------
        Misconfigured
            The role is a superuser, bypasses row level security, or owns a table.
        """
        with self._app.connect() as connection:
            role, free, owns = connection.execute(text(_ROLE)).one()
        if free or owns:
            raise Misconfigured(
                f"数据库角色 {role} 不受行级安全约束（超级用户、BYPASSRLS 或拥有表），未启动。"
                "请运行 lifecircle db init，并用 lc_app 连接。",
                english=f"Row level security does not hold the application's role {role} (it is a "
                "superuser, has BYPASSRLS or owns tables), so nothing starts. Run lifecircle db "
                "init and connect as lc_app.",
            )

    def close(self) -> None:
        """Close every pooled connection; the next session opens new ones."""
        for engine in self._engines():
            engine.dispose()

    def _engines(self) -> Iterator[Engine]:
        yield self._app
        if self._dispatch is not None:
            yield self._dispatch


_ROLE = """
SELECT current_user,
       (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user),
       EXISTS (SELECT FROM pg_tables
               WHERE tableowner = current_user AND schemaname !~ '^pg_')
"""


@contextmanager
def _work(session: Work) -> Iterator[Session]:
    acts: list[Callable[[], None]] = []
    session.info["after_commit"] = acts
    with session:
        yield session
        Session.commit(session)
    for act in acts:
        act()


def psycopg_url(address: str) -> URL:
    """Read an address as operators write it; whichever dialect it names, psycopg speaks.

    Raises
    ------
    Misconfigured
        It is not the address of a PostgreSQL.
    """
    url = make_url(address)
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise Misconfigured(
            "数据库地址应以 postgresql:// 开头。未连接任何数据库。请检查 LIFECIRCLE_DATABASE_URL。",
            english="A database's address begins with postgresql://. Nothing was connected. "
            "Check LIFECIRCLE_DATABASE_URL.",
        )
    return url.set(drivername="postgresql+psycopg")


def _engine(address: str, pool_size: int, options: str) -> Engine:
    engine = create_engine(
        psycopg_url(address),
        pool_size=pool_size,
        pool_pre_ping=True,
        pool_reset_on_return=None,
        hide_parameters=True,  # an error's text goes to the log; what people sent does not
        pool_timeout=POOL_SECONDS if options == WEB_OPTIONS else 30,
        connect_args={"options": options, "application_name": "lifecircle"},
    )
    event.listen(engine, "reset", _reset)
    event.listen(engine, "do_connect", _connect)
    return engine


def _connect(dialect: Any, record: Any, arguments: Any, words: Any) -> DBAPIConnection:  # noqa: ARG001 - the event's signature
    return patience.connect(arguments, words)


def _reset(connection: DBAPIConnection, record: Any, state: PoolResetState) -> None:  # noqa: ARG001 - the event's signature
    """Give a connection back without its transaction and without any setting left on it."""
    if not state.terminate_only:
        connection.rollback()
        connection.autocommit = True
        connection.cursor().execute("RESET ALL")
        connection.autocommit = False


_all: weakref.WeakSet[Database] = weakref.WeakSet()


def _forget_in_child() -> None:
    """Leave the parent's connections alone in a forked child, which opens its own."""
    for database in _all:
        for engine in database._engines():  # noqa: SLF001 - the same module
            engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_in_child)
