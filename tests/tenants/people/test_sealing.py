"""Secrets at rest: what opens them and what does not."""

from __future__ import annotations

import base64

import pytest

from core.errors import Misconfigured
from tenants.people.sealing import seal, unseal

KEY = "k" * 40


def test_what_was_sealed_opens_for_its_owner_with_its_key():
    assert unseal(KEY, seal(KEY, "JBSWY3DP", owner="a"), owner="a") == "JBSWY3DP"


def test_the_text_is_not_in_what_is_kept_and_no_two_are_alike():
    first, second = (seal(KEY, "JBSWY3DP", owner="a") for _ in range(2))
    assert first != second
    assert b"JBSWY3DP" not in base64.b64decode(first)


def test_another_key_another_owner_and_changed_bytes_open_nothing():
    sealed = seal(KEY, "JBSWY3DP", owner="a")
    bytes_ = bytearray(base64.b64decode(sealed))
    bytes_[-1] ^= 1
    assert unseal("other" * 10, sealed, owner="a") is None
    assert unseal(KEY, sealed, owner="b") is None
    assert unseal(KEY, base64.b64encode(bytes_).decode(), owner="a") is None
    assert unseal(KEY, "no base64!", owner="a") is None
    assert unseal(KEY, "", owner="a") is None


def test_without_a_secret_key_nothing_is_sealed():
    with pytest.raises(Misconfigured):
        seal("", "JBSWY3DP", owner="a")
