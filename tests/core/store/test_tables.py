import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.store.blobs import Damaged
from core.store.tables import NUMBERS, digest_table, read_table, write_table

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 20))
    column = st.one_of(
        *(hnp.arrays(name, rows) for name in NUMBERS),
        hnp.arrays(object, rows, elements=TEXTS),
        hnp.arrays(object, rows, elements=st.binary(max_size=8)),
    )
    return draw(st.dictionaries(TEXTS, column, min_size=1, max_size=5))


@given(table=tables())
@settings(max_examples=150, deadline=None)
def test_any_columns_come_back_as_they_were(table, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "table"
    path.write_bytes(write_table(table))
    back = read_table(path)
    assert list(back) == sorted(table)
    for name, column in table.items():
        np.testing.assert_array_equal(back[name], column)
        assert back[name].dtype == column.dtype
        assert not back[name].flags.writeable
    assert digest_table(back) == digest_table(table)
    assert write_table(back) == path.read_bytes()


def test_numbers_are_views_of_the_mapped_file(tmp_path):
    (tmp_path / "t").write_bytes(write_table({"x": np.arange(200_000, dtype="i4")}))
    column = read_table(tmp_path / "t")["x"]
    assert not column.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 1


def test_many_rows_stay_one_batch(tmp_path):
    (tmp_path / "t").write_bytes(write_table({"x": np.zeros(300_000)}))
    assert len(read_table(tmp_path / "t")["x"]) == 300_000


def test_the_order_of_columns_and_the_kind_of_nan_do_not_matter():
    other_nan = np.array([0x7FF8000000000001], dtype="u8").view("f8")
    one = {"a": np.array([np.nan]), "b": np.array([1], dtype="i4")}
    two = {"b": np.array([1], dtype=">i4"), "a": other_nan}
    assert write_table(one) == write_table(two)
    assert digest_table(one) == digest_table(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"a": np.array([1], "i4")}, {"a": np.array([1], "i8")}),
        ({"a": np.array([1], "i4")}, {"b": np.array([1], "i4")}),
        ({"a": np.array(["ab", "c"], object)}, {"a": np.array(["a", "bc"], object)}),
        ({"a": np.array([b"ab"], object)}, {"a": np.array(["ab"], object)}),
        ({"a": np.array([0.0])}, {"a": np.array([-0.0])}),
    ],
)
def test_different_data_have_different_digests(one, two):
    assert digest_table(one) != digest_table(two)
    assert write_table(one) != write_table(two)


@pytest.mark.parametrize(
    "column",
    [
        np.array([None, "a"], object),
        np.array([1, "a"], object),
        np.array([b"a", "a"], object),
        np.array([1 + 2j]),
        np.array(["2026-01-01"], "M8[D]"),
        np.array([1], "f2"),
    ],
)
def test_a_column_that_no_table_holds_is_named_in_the_refusal(column):
    with pytest.raises(TypeError, match="column wrong"):
        write_table({"wrong": column})


def test_tables_need_columns_of_one_length():
    with pytest.raises(ValueError, match="at least one"):
        write_table({})
    with pytest.raises(ValueError, match="one length"):
        write_table({"a": np.zeros(2), "b": np.zeros(3)})
    with pytest.raises(ValueError, match="one-dimensional"):
        write_table({"a": np.zeros((2, 2))})


@pytest.mark.parametrize("keep", [0, 7, 100, -20])
def test_a_cut_file_is_damaged_not_a_crash(tmp_path, keep):
    (tmp_path / "t").write_bytes(write_table({"x": np.arange(1000.0)})[:keep])
    with pytest.raises(Damaged):
        read_table(tmp_path / "t")
