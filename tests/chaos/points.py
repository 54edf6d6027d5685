"""Every point of this process where the world outside may fail: statement, write, sync, call."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self
from unittest.mock import patch

import psycopg
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as QueueGone
from sqlalchemy import event
from sqlalchemy.engine import Engine

from core.db.session import Database

WRITING = frozenset("wxa+")
CALLS = {"fsync": "fsync", "replace": "rename", "mkdir": "mkdir", "fchmod": "chmod"}


class Points:
    """Counts the points that are passed and fails at one of them; counts those of its thread only.

    Parameters
    ----------
    fail_at
        Which point fails, from 1; none where 0.
    """

    def __init__(self, fail_at: int = 0) -> None:
        self.fail_at = fail_at
        self.passed: Counter[str] = Counter()
        self.failed = ""
        self.on = True
        self._thread = threading.get_ident()

    def fails(self, kind: str) -> bool:
        """Pass a point, and tell whether it is the one that fails."""
        if not self.on or threading.get_ident() != self._thread:
            return False
        self.passed[kind] += 1
        if self.passed.total() != self.fail_at:
            return False
        self.failed = kind
        return True


@contextmanager
def watched(points: Points, databases: list[Database]) -> Iterator[Points]:
    """Have every point of these databases, of files, queue and children go through ``points``."""
    with ExitStack() as stack:
        for database in databases:
            for engine in database._engines():
                stack.enter_context(_statements(points, engine))
        for name, kind in CALLS.items():
            stack.enter_context(patch.object(os, name, _failing(points, kind, getattr(os, name))))
        stack.enter_context(patch.object(io, "open", _opening(points, io.open)))
        for owner, name in ((Redis, "execute_command"), (Pipeline, "execute")):
            call = getattr(owner, name)
            gone = QueueGone("the queue's server went away")
            stack.enter_context(patch.object(owner, name, _failing(points, "queue", call, gone)))
        born = _failing(points, "child", subprocess.Popen)
        stack.enter_context(patch.object(subprocess, "Popen", born))
        try:
            yield points
        finally:
            points.on = False


def _failing(
    points: Points, kind: str, call: Callable[..., Any], error: Exception | None = None
) -> Callable[..., Any]:
    def failing(*words: Any, **options: Any) -> Any:
        if points.fails(kind):
            raise error or OSError(errno.EIO, f"{kind} failed")
        return call(*words, **options)

    return failing


@contextmanager
def _statements(points: Points, engine: Engine) -> Iterator[None]:
    """Fail a statement before it is sent, a commit before it, or its answer after it."""

    def before(*words: Any) -> None:
        if points.fails("statement"):
            raise psycopg.OperationalError("the connection was lost")

    commit = engine.dialect.do_commit

    def committing(connection: Any) -> None:
        if points.fails("commit"):
            raise psycopg.OperationalError("the connection was lost before the commit")
        commit(connection)
        if points.fails("commit's answer"):
            raise psycopg.OperationalError("the connection was lost after the commit")

    names = ("do_execute", "do_executemany", "do_execute_no_params")
    for name in names:
        event.listen(engine, name, before)
    try:
        with patch.object(engine.dialect, "do_commit", committing):
            yield
    finally:
        for name in names:
            event.remove(engine, name, before)


def _opening(points: Points, call: Callable[..., Any]) -> Callable[..., Any]:
    def opening(path: Any, mode: str = "r", *words: Any, **options: Any) -> Any:
        if not WRITING & set(mode):
            return call(path, mode, *words, **options)
        if points.fails("open"):
            raise OSError(errno.ENOSPC, "no space left")
        return Paper(points, call(path, mode, *words, **options))

    return opening


class Paper:
    """A file whose writes may fail halfway, as on a disk that is full."""

    def __init__(self, points: Points, file: Any) -> None:
        self._points = points
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, content: Any) -> int:
        """Write all, or half and fail."""
        if self._points.fails("write"):
            self._file.write(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "no space left")
        return int(self._file.write(content))
