import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from core.store import Blobs, Derived
from core.store.derived import packed, unpacked

KEY = {"streets": "a" * 64, "bound": 9000}
ARRAYS = {
    "first": np.arange(5, dtype=np.int32),
    "times": np.array([[1, 2], [3, 65535]], dtype=np.uint16),
    "empty": np.zeros((0, 4), dtype=np.float64),
}


@pytest.fixture
def derived(tmp_path):
    return Derived(Blobs(tmp_path / "blobs"))


def test_what_was_kept_comes_back_read_only(derived):
    derived.put(KEY, ARRAYS)
    found = derived.get(dict(reversed(KEY.items())))
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
        with pytest.raises(ValueError, match="read-only"):
            found[name].reshape(-1)[:1] = 0


def test_another_key_finds_nothing(derived):
    assert derived.get(KEY) is None
    derived.put(KEY, ARRAYS)
    assert derived.get({**KEY, "bound": 18000}) is None


def test_a_swept_blob_is_as_good_as_never_kept(derived):
    digest = derived.put(KEY, ARRAYS)
    derived.blobs.drop(digest)
    assert derived.get(KEY) is None


def test_damaged_bytes_are_not_used_and_can_be_kept_anew(derived):
    path = derived.blobs.open(derived.put(KEY, ARRAYS))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert derived.get(KEY) is None
    derived.put(KEY, ARRAYS)
    assert np.array_equal(derived.get(KEY)["first"], ARRAYS["first"])


def test_equal_arrays_have_equal_bytes_in_any_order():
    assert packed(ARRAYS) == packed(dict(reversed(ARRAYS.items())))


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        arrays_of.arrays(
            st.sampled_from([np.int8, np.uint16, np.int32, np.float64]),
            arrays_of.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5),
        ),
        max_size=4,
    )
)
def test_any_arrays_come_back_byte_for_byte(arrays):
    found = unpacked(np.frombuffer(packed(arrays), dtype=np.uint8))
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }
    assert {name: array.shape for name, array in found.items()} == {
        name: array.shape for name, array in arrays.items()
    }


def test_an_entry_that_nobody_asks_for_is_forgotten_and_one_in_use_is_not(derived):
    used, idle = (
        derived.put(KEY, ARRAYS),
        derived.put({"of": "another"}, ARRAYS | {"n": ARRAYS["first"]}),
    )
    entries = {path.read_text(): path for path in (derived.blobs.root / "derived").iterdir()}
    for entry in entries.values():
        os.utime(entry, (1, 1))
    assert derived.get(KEY) is not None
    (derived.blobs.root / "derived" / "x.unfinished").write_text("")
    assert derived.sweep(idle_seconds=3600, unfinished_seconds=3600) == (1, {used})
    assert not entries[idle].exists()
    assert derived.sweep(idle_seconds=3600, unfinished_seconds=-1) == (1, {used})
