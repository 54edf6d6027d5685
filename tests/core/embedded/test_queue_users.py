"""On the embedded queue the service may do its own work, the operator all, others nothing."""

from __future__ import annotations

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from core.refusals import eviction_of

FORBIDDEN = [
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("CONFIG", "GET", "*"),
    ("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"),
    ("KEYS", "*"),
    ("ACL", "LIST"),
    ("MODULE", "LIST"),
    ("REPLICAOF", "NO", "ONE"),
    ("SAVE",),
    ("BGREWRITEAOF",),
    ("MONITOR",),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("SET", "another", "1"),
    ("GET", "another"),
    ("EVAL", "return redis.call('SET', 'another', '1')", "0"),
]


@pytest.mark.parametrize("words", FORBIDDEN, ids=lambda words: " ".join(words[:2]))
def test_the_service_may_not_empty_set_list_or_stop_nor_touch_others_keys(redis_url, words):
    with Redis.from_url(redis_url) as service:
        with pytest.raises(Exception, match=r"(?i)permission|NOPERM|No permissions") as refused:
            service.execute_command(*words)
        assert isinstance(refused.value, NoPermissionError) or words[0] == "EVAL"


def test_the_service_may_do_its_own_work(redis_url):
    with Redis.from_url(redis_url) as service:
        service.rpush("lifecircle:nudge", 1)
        service.hset("rq:job:x", "data", "1")
        assert service.eval("return redis.call('LLEN', KEYS[1])", 1, "lifecircle:nudge") == 1
    assert eviction_of(redis_url) == "noeviction"


def test_whoever_gives_no_name_or_a_wrong_word_may_do_nothing(redis_url):
    socket = redis_url.split("@")[1]
    for address in (f"unix://{socket}", f"unix://lifecircle:wrong@{socket}"):
        with Redis.from_url(address) as stranger, pytest.raises(AuthenticationError):
            stranger.ping()


def test_the_operator_may_all(servers):
    with Redis.from_url(servers.redis_admin_url) as operator:
        assert operator.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_the_two_words_differ_and_are_long(servers):
    words = {
        url.split("@")[0].rpartition(":")[2] for url in (servers.redis_url, servers.redis_admin_url)
    }
    assert len(words) == 2
    assert min(map(len, words)) >= 43
