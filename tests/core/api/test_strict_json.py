"""A body is read strictly: what would break a database or a number is refused at the door."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api.strict_json import MAX_DEPTH, is_clean, loads

HOSTILE = {
    "nesting in lists": b"[" * 100_000,
    "nesting in objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "one level too deep": b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2),
    "an integer of 5,000 digits": b"9" * 5_000,
    "an integer beyond what scripts count exactly": str(2**53).encode(),
    "NaN": b'{"a": NaN}',
    "Infinity": b"[-Infinity]",
    "a float beyond floats": b"1e400",
    "NUL": b'"\\u0000"',
    "a lone surrogate": b'"\\ud800"',
    "a key with a control character": b'{"\\u0007": 1}',
    "no UTF-8": b'"\xff"',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "nothing": b"",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_body_is_a_value_error_and_nothing_else(body):
    with pytest.raises(ValueError, match=r"."):
        loads(body)


ordinary = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text().filter(is_clean),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(is_clean), inner),
    max_leaves=20,
)


@given(ordinary)
def test_an_ordinary_body_is_read_as_it_was_written(value):
    assert loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize("text", ["店名", "a\tb\nc", "，。", "𠮷野家"])
def test_ordinary_texts_are_clean(text):
    assert is_clean(text)
