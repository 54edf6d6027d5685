"""Secrets: long, stored as a digest, read back from a header or not at all."""

from __future__ import annotations

from uuid import UUID

import pytest

from tenants.people import tokens

TENANT = UUID("01890000-0000-7000-8000-000000000001")


def test_a_secret_is_256_bits_and_never_the_same():
    assert len(tokens.fresh()) >= 43
    assert tokens.fresh() != tokens.fresh()


def test_what_is_stored_does_not_give_the_secret():
    assert (
        tokens.stored("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_a_bearer_is_read_as_it_was_written():
    assert tokens.read_bearer(f"Bearer {tokens.bearer(TENANT, 'secret')}") == (TENANT, "secret")
    assert tokens.read_bearer(f"bearer {TENANT}.a.b") == (TENANT, "a.b")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", f"Bearer {TENANT}", f"Bearer {TENANT}.", "Bearer x.y",
               f"Basic {TENANT}.x", "Bearer .x", "Bearer \ud800.x"]
)  # fmt: skip
def test_anything_else_is_no_bearer(header):
    assert tokens.read_bearer(header) is None
