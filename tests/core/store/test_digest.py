import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store.digest import canonical, digest_of, sha256_file, sha256_hex

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_empty_bytes_have_their_well_known_digest():
    assert sha256_hex(b"").startswith("e3b0c44298fc1c14")


def test_a_file_has_the_digest_of_its_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc" * 100_000)
    assert sha256_file(tmp_path / "x") == sha256_hex(b"abc" * 100_000)


@given(st.dictionaries(st.text(), VALUES, min_size=2))
def test_the_order_of_keys_does_not_matter(value):
    assert digest_of(value) == digest_of(dict(reversed(value.items())))


def test_canonical_json_sorts_keys_and_leaves_out_spaces():
    assert canonical({"b": [1.0, None], "a": "圈"}) == '{"a":"圈","b":[1,null]}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, object(), {1: 2}, "\ud800"])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(ValueError):  # noqa: PT011 - rfc8785's own error is a ValueError
        canonical([value])
