"""Log lines: JSON with ids, and nothing that somebody wrote."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
import structlog

from core import logs


@pytest.fixture
def lines():
    """Have this process log as the service does; gives a way to read the lines."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    stream = io.StringIO()
    logs.configure(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = before, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_is_json_with_its_time_level_and_the_requests_ids(lines):
    logs.begin(request="abcdefgh")
    logs.say_also(tenant="t-1")
    structlog.get_logger("lifecircle.x").info("done", ms=3)
    [line] = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "done", "level": "info", "logger": "lifecircle.x",
        "ms": 3, "request": "abcdefgh", "tenant": "t-1",
    }  # fmt: skip


def test_the_next_request_carries_nothing_of_the_one_before(lines):
    logs.begin(request="abcdefgh", tenant="t-1")
    logs.begin(request="ijklmnop")
    structlog.get_logger("x").info("done")
    assert "tenant" not in lines()[0]


def test_a_librarys_line_is_json_too_and_its_error_keeps_its_words(lines):
    try:
        int("canary-3f7a")
    except ValueError:
        logging.getLogger("rq.worker").warning("failed", exc_info=True)
    [line] = lines()
    assert line["logger"] == "rq.worker"
    assert "ValueError" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert "canary" not in json.dumps(line)


def test_where_errors_came_from_is_told_along_the_chain():
    def first():
        raise KeyError("canary")

    try:
        try:
            first()
        except KeyError as error:
            raise RuntimeError("canary") from error
    except RuntimeError as error:
        told = logs.told(error)
    assert "RuntimeError" in told
    assert "KeyError" in told
    assert "first" in told
    assert "canary" not in told


@pytest.mark.parametrize("key", ["password", "token", "Authorization", "cookie", "secret", "login"])
def test_what_is_called_a_secret_is_hidden(lines, key):
    structlog.get_logger("x").info("done", **{key: "canary"})
    assert lines()[0][key] == "…"


def test_addresses_of_servers_lose_their_passwords(lines):
    structlog.get_logger("x").info("away", at="redis://me:canary@queue:6379/0")
    assert lines()[0]["at"] == "redis://…@queue:6379/0"


@pytest.mark.parametrize(
    "words",
    [
        "Error handling request /sign-in/link/canary?a=1",
        "Error handling request GET /sign-in/link/canary?a=1",
        "Invalid request from ip=10.0.0.1: Invalid HTTP header name: 'canary'",
        "Exception during worker exit:\nTraceback\n  canary",
    ],
)
def test_the_web_servers_own_words_lose_who_asked_and_for_what(lines, words):
    logging.getLogger("gunicorn.error").error(words)
    [line] = lines()
    assert words.startswith(line["event"])
    assert not {"canary", "10.0.0.1"} & set(re.split(r"[\s/?'=:]", line["event"]))
    assert len(line["event"]) > 10, "that something happened is told"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abcdefgh-1", True),
        ("a" * 64, True),
        ("short", False),
        ("a" * 65, False),
        ("a b c d e f g", False),
        ("line\nbreak-1", False),
        ('{"json": 1}', False),
        (None, False),
    ],
)
def test_a_callers_request_id_is_kept_where_it_is_harmless(given, kept):
    assert (logs.request_id(given) == given) == kept
    assert logs.REQUEST_ID.fullmatch(logs.request_id(given))
