"""How long a request may wait for the database: a budget that every wait draws from."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Any, TypeVar, cast

import psycopg
from psycopg.errors import OperationalError
from sqlalchemy.engine.interfaces import DBAPIConnection
from typing_extensions import override

_left: ContextVar[list[float] | None] = ContextVar("seconds left to wait", default=None)
Given = TypeVar("Given")
LEAST_SECONDS = 0.05
CONNECT_SECONDS = 2.5  # with less left no connection is begun: psycopg waits 2 seconds at least


def allow(seconds: float | None) -> None:
    """Let what this thread does next wait so long for the database in all; ``None``: for ever."""
    _left.set(None if seconds is None else [seconds])


def left() -> float | None:
    """Tell how many seconds are left to wait; ``None`` where nobody counts."""
    budget = _left.get()
    return None if budget is None else max(budget[0], 0.0)


def spend(seconds: float) -> None:
    """Take seconds that were waited off the budget."""
    budget = _left.get()
    if budget is not None:
        budget[0] -= seconds


class PatientConnection(psycopg.Connection[Any]):
    """A connection that stops waiting when the budget is spent.

    A server's own ``statement_timeout`` ends what is slow there; only the client notices that
    nothing comes back any more. Such a connection is closed: what it did is not known.
    """

    @override
    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server, no longer than what is left."""
        patience = left()
        if patience is None:
            return super().wait(gen, interval, timeout)
        began = time.monotonic()
        bound = max(patience, LEAST_SECONDS)
        try:
            return super().wait(gen, interval, bound if timeout is None else min(timeout, bound))
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 - what wait says that it raises
            self.pgconn.finish()
            raise OperationalError("the database did not answer in time") from None
        finally:
            spend(time.monotonic() - began)


def connect(arguments: Any, words: dict[str, Any]) -> DBAPIConnection:
    """Open a connection within the budget; for SQLAlchemy's ``do_connect``."""
    patience = left()
    if patience is not None:
        if patience < CONNECT_SECONDS:
            raise OperationalError("the database did not answer in time")
        words = {**words, "connect_timeout": int(patience)}
    began = time.monotonic()
    try:
        return cast("DBAPIConnection", PatientConnection.connect(*arguments, **words))
    finally:
        spend(time.monotonic() - began)
