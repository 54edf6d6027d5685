"""Log lines: JSON with ids; no names, no bodies, no secrets, not even what an error said."""

from __future__ import annotations

import logging
import re
import secrets
import sys
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.stdlib import ProcessorFormatter

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
SECRET_KEYS = re.compile(r"pass(word)?|secret|token|authorization|cookie|login|code", re.IGNORECASE)
IN_ADDRESS = re.compile(r"(?<=://)[^/@\s]+@")  # user and password of a server's address
# gunicorn tells who asked for what address, which may hold a link's secret, in which words.
ADDRESSED = re.compile(r"(?<=request)\b.*|\n.*", re.DOTALL)
HIDDEN = "…"
Event = MutableMapping[str, Any]


def request_id(given: str | None) -> str:
    """Take over a caller's id where it is harmless, or make one."""
    return given if given and REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def begin(**ids: str) -> None:
    """Begin the lines of one request or job: each of them carries these ids."""
    clear_contextvars()
    bind_contextvars(**ids)


def say_also(**ids: str) -> None:
    """Have the following lines carry more ids."""
    bind_contextvars(**ids)


def told(error: BaseException) -> str:
    """Tell where an error came from, and not what it said: that may quote what people sent.

    >>> try:
    ...     int("a name")
    ... except ValueError as error:
    ...     "a name" in told(error), "ValueError" in told(error)
    (False, True)
    """
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)
        ]
        parts.append("\n".join([type(current).__qualname__, *frames]))
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return "\n-- after --\n".join(parts)


def hidden(_logger: Any, _method: str, event: Event) -> Event:
    """Take secrets out of a line, by their keys and by their form."""
    for key, value in list(event.items()):
        if key != "event" and SECRET_KEYS.fullmatch(key):
            event[key] = HIDDEN
        elif isinstance(value, str):
            event[key] = IN_ADDRESS.sub(f"{HIDDEN}@", value)
    error = event.pop("exc_info", None)
    if error:
        found = (
            sys.exc_info()[1] if error is True else error[1] if isinstance(error, tuple) else error
        )
        if isinstance(found, BaseException):
            event["exception"] = told(found)
    if event.get("logger") == "gunicorn.error":
        event["event"] = ADDRESSED.sub("", str(event["event"]))
    return event


def _shared() -> list[Callable[[Any, str, Event], Any]]:
    return [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def configure(stream: Any = None) -> None:
    """Have every line of this process, also the libraries', written as JSON to standard error."""
    formatter = ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            hidden,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in ("gunicorn.error", "gunicorn.access", "rq.worker", "rq.job"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for name in ("alembic", "rq.worker", "gunicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_shared(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
