"""What no process starts with, each with a sentence that says how to mend it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from core.errors import Misconfigured
from core.refusals import check_plain_http, check_queue, check_queue_address, check_secret
from core.services import open_services
from tests.proxy import listening_nowhere


@pytest.mark.parametrize(
    "secret", ["", "x" * 31, "x" * 64, "abcabc" * 10, "changeme-changeme-0123456789-qwertyuiop"]
)
def test_a_secret_that_can_be_guessed_is_refused(secret):
    with pytest.raises(Misconfigured, match="LIFECIRCLE_SECRET_KEY") as refused:
        check_secret(secret)
    assert "token_urlsafe" in refused.value.english


def test_a_random_secret_is_taken():
    check_secret("q8Zt2vK0pXn5rWm7LcYb4HdJ1sGf6Ae9")


@pytest.mark.parametrize(
    "address", ["redis://queue:6379/0", "redis://10.0.0.7/0", "redis://user@queue:6379/0",
                "rediss://queue:6379/0"]
)  # fmt: skip
def test_a_queue_on_the_network_without_a_password_is_refused(address):
    with pytest.raises(Misconfigured, match="LIFECIRCLE_REDIS_URL"):
        check_queue_address(address)


@pytest.mark.parametrize(
    "address",
    ["redis://127.0.0.1:6379/0", "redis://[::1]:6379/0", "redis://localhost/0",
     "unix:///run/valkey.sock?db=0", "redis://me:word@queue:6379/0", "rediss://:word@queue/0"],
)  # fmt: skip
def test_a_queue_that_only_we_reach_or_that_asks_for_a_password_is_taken(address):
    check_queue_address(address)


def test_a_queue_that_drops_what_does_not_fit_is_refused_before_anything_opens(services, servers):
    with Redis.from_url(servers.redis_admin_url) as operator:
        operator.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with pytest.raises(Misconfigured, match="noeviction"):
                open_services(services.config)
        finally:
            operator.config_set("maxmemory-policy", "noeviction")
    open_services(services.config).close()


def test_a_queue_that_is_away_or_says_nothing_of_itself_hinders_no_start(servers):
    check_queue(f"redis://127.0.0.1:{listening_nowhere()}/0")
    with Redis.from_url(servers.redis_admin_url) as operator:
        operator.execute_command("ACL", "SETUSER", "lifecircle", "-info")
        try:
            check_queue(servers.redis_url)
        finally:
            operator.execute_command("ACL", "SETUSER", "lifecircle", "+info")


@pytest.mark.parametrize("power", ["SUPERUSER", "BYPASSRLS"])
def test_a_database_role_that_no_wall_holds_is_refused(services, servers, power):
    engine = create_engine(servers.superuser_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as operator:
        operator.execute(text(f"CREATE ROLE lc_free LOGIN {power}"))
        operator.execute(text("GRANT lc_app TO lc_free"))
        try:
            free = services.config.database_url.replace("lc_app@", "lc_free@")
            operator.execute(text("ALTER ROLE lc_free SET role TO none"))
            grant = free.split("/")[-1].split("?")[0]
            operator.execute(text(f"GRANT CONNECT ON DATABASE {grant} TO lc_free"))
            with pytest.raises(Misconfigured, match="lc_app"):
                open_services(replace(services.config, database_url=free))
        finally:
            operator.execute(text(f"REVOKE CONNECT ON DATABASE {grant} FROM lc_free"))
            operator.execute(text("DROP ROLE lc_free"))
    engine.dispose()


@pytest.mark.parametrize("bind", ["::", "192.168.1.4", "city.example"])
def test_plain_http_is_for_this_machine_alone(bind):
    with pytest.raises(Misconfigured, match="LIFECIRCLE_INSECURE_HTTP"):
        check_plain_http(bind)
    check_plain_http("127.0.0.1")
