"""Passwords: what is too weak, and what fits a hash."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from tenants.people import passwords

GOOD = "correct horse battery"


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevenchars",
        "x" * 257,
        "password1234",
        "PassWord1234",
        "123456789012",
        "aabbaabbaabb",
        "wangming-2026",
        "correct horse \ud800",
        "我是WangMing在济南市中区",
        "qwertyuiop[]12",
        "P4ssw0rd12345",
        "iloveyou2forever",
        "lifecirclelifecircle",
    ],
)
def test_a_weak_password_is_refused(password):
    with pytest.raises(Invalid):
        passwords.check(password, login="wangming")


@pytest.mark.parametrize("password", [GOOD, "一刻钟便民生活圈真方便啊", "seven grey herons " * 10])
def test_a_long_uncommon_password_is_taken(password):
    passwords.check(password, login="wangming")


def test_a_hash_is_argon2id_salted_and_fits_only_its_password():
    stored = passwords.hashed(GOOD)
    assert stored.startswith("$argon2id$")
    assert stored != passwords.hashed(GOOD)
    assert passwords.matches(stored, GOOD)
    assert not passwords.matches(stored, GOOD + " ")
    assert not passwords.outdated(stored)


def test_a_longer_password_does_not_fit_by_its_beginning():
    longest = "abcdefgh" * 32
    assert not passwords.matches(passwords.hashed(longest), longest + "x")


def test_nothing_fits_where_there_is_no_password():
    for typed in ("", GOOD, "?" * 256, "?" * 257, "\ud800"):
        assert not passwords.matches("", typed)


def test_a_hash_with_weaker_parameters_is_outdated():
    from argon2 import PasswordHasher  # noqa: PLC0415 - used here alone

    assert passwords.outdated(PasswordHasher(time_cost=1, memory_cost=8192).hash(GOOD))


def test_nobody_is_verified_against_a_hash_of_the_same_cost():
    ours, nobodys = (text.split("$")[1:4] for text in (passwords.hashed(GOOD), passwords._nobody()))
    assert ours == nobodys
