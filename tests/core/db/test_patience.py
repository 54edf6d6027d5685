"""A request waits for the database as long as it may in all; a broken wait leaves nothing."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.db import Database, patience
from core.db.session import WEB_OPTIONS
from tests.proxy import Proxy


@pytest.fixture
def proxy(database_urls):
    asked = parse_qs(urlsplit(database_urls.app_url).query)
    with Proxy(f"{asked['host'][0]}/.s.PGSQL.{asked['port'][0]}") as proxy:
        yield proxy


@pytest.fixture
def far(database_urls, proxy):
    address = database_urls.app_url.split("?")[0].replace("@/", f"@127.0.0.1:{proxy.port}/")
    database = Database(address, options=WEB_OPTIONS)
    yield database
    patience.allow(None)
    database.close()


def answers(database):
    with database.unbound() as session:
        return session.execute(text("SELECT 1")).scalar() == 1


def test_a_server_that_falls_silent_is_given_up_when_the_patience_is_spent(far, proxy):
    assert answers(far)
    proxy.turn("silent")
    patience.allow(0.5)
    with pytest.raises(OperationalError):
        answers(far)
    assert patience.left() == 0.0
    proxy.turn("well")
    patience.allow(4.5)
    assert answers(far)


def test_with_little_patience_left_no_new_connection_is_begun(far):
    patience.allow(patience.CONNECT_SECONDS - 0.1)
    with pytest.raises(OperationalError):
        answers(far)


def test_waits_draw_from_one_budget(far):
    assert answers(far)
    patience.allow(4.0)
    for _ in range(2):
        with far.unbound() as session:
            session.execute(text("SELECT pg_sleep(0.2)"))
    assert patience.left() < 3.7
    time.sleep(0.2)
    assert patience.left() > 2.0


def test_nobody_counts_where_nobody_said_so(far):
    patience.allow(None)
    assert answers(far)
    assert patience.left() is None


def test_the_server_itself_ends_what_a_page_may_not_take(far):
    with far.unbound() as session:
        told = dict(
            session.execute(
                text(
                    "SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout',"
                    " 'lock_timeout', 'idle_in_transaction_session_timeout')"
                )
            ).all()
        )
    assert told == {
        "statement_timeout": "5000",
        "lock_timeout": "2000",
        "idle_in_transaction_session_timeout": "10000",
    }
