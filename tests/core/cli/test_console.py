"""A command uses the operator's servers where they are named, and its own where they are not."""

from __future__ import annotations

from core.cli.console import kept_secret, with_embedded
from core.config import Config
from core.db.init import current, head


def test_a_named_queue_is_kept_when_only_the_database_is_missing(servers, template):
    filled = with_embedded(Config(redis_url="redis://operator:6379"), servers)
    assert filled.redis_url == "redis://operator:6379"
    assert filled.database_url == servers.app_url
    assert current(servers.owner_url) == head()


def test_a_named_database_is_never_replaced_by_the_embedded_one(servers):
    given = Config(
        database_url="postgresql://app@operator/lifecircle", owner_url="postgresql://o@operator/x"
    )
    filled = with_embedded(given, servers)
    assert filled.database_url == given.database_url
    assert filled.owner_url == given.owner_url
    assert filled.redis_url == servers.redis_url


def test_the_secret_of_an_installation_is_made_once_and_only_its_owner_reads_it(tmp_path):
    first = kept_secret(tmp_path)
    assert len(first) >= 32
    assert kept_secret(tmp_path) == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
