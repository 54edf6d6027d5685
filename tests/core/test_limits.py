"""How often one may ask, counted in a real server."""

from __future__ import annotations

import pytest

from core.errors import Misconfigured, TooMany, Unavailable
from core.limits import PREFIX, USUAL, Limits, read
from tests.proxy import listening_nowhere


@pytest.fixture
def limits(redis_url):
    return Limits(redis_url, {"person": 3, "sign_in": 2})


def test_the_first_are_let_in_and_the_next_is_told_when_to_come_again(limits):
    for _ in range(3):
        limits.count("person", "a")
    with pytest.raises(TooMany) as refused:
        limits.count("person", "a")
    assert 1 <= refused.value.seconds <= 60
    assert refused.value.message.endswith("。")


def test_one_does_not_use_up_anothers_share_nor_one_counter_anothers(limits):
    for _ in range(2):
        limits.count("sign_in", "a")
    limits.count("sign_in", "b")
    limits.count("person", "a")
    with pytest.raises(TooMany):
        limits.count("sign_in", "a")


def test_all_processes_count_together(limits, redis_url):
    other = Limits(redis_url, {"person": 3})
    for each in (limits, other, limits):
        each.count("person", "a")
    with pytest.raises(TooMany):
        other.count("person", "a")


def test_what_has_no_limit_is_not_counted(limits):
    for _ in range(50):
        limits.count("address", "a")


def test_only_keys_of_its_own_are_written(limits, servers):
    from redis import Redis  # noqa: PLC0415 - needed here only

    limits.count("person", "a")
    with Redis.from_url(servers.redis_admin_url) as client:
        assert {key.decode().startswith(PREFIX) for key in client.keys("*")} == {True}


def test_while_the_server_is_away_people_go_on_and_nobody_signs_in():
    away = Limits(f"redis://127.0.0.1:{listening_nowhere()}/0", USUAL)
    away.count("person", "a")
    away.count("address", "a")
    with pytest.raises(Unavailable):
        away.count("sign_in", "a")


def test_the_usual_limits_hold_unless_said_otherwise():
    assert read("") == USUAL
    assert read("person=7") == {**USUAL, "person": 7}
    assert USUAL["sign_in"] < USUAL["person"] < USUAL["tenant"]


def test_signing_in_is_counted_even_where_nothing_else_is():
    assert read("off") == {"sign_in": USUAL["sign_in"]}
    assert read("off, sign_in=3, tenant=5") == {"sign_in": 3, "tenant": 5}
    assert read("person=7,off") == {"sign_in": USUAL["sign_in"], "person": 7}


@pytest.mark.parametrize(
    "words", ["person", "off=1", "sign_in=off", "person=0", "person=-1", "all=3", "person=many"]
)
def test_a_setting_that_cannot_be_read_is_refused(words):
    with pytest.raises(Misconfigured, match="LIFECIRCLE_LIMITS"):
        read(words)
