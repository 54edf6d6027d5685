"""What leaves as a table is shown by a spreadsheet and computed by none."""

from __future__ import annotations

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from core.export import FORMULA, csv_text, xlsx_bytes

STARTS = st.sampled_from(["=", "+", "-", "@", "\t", "\r", "＝", "＠", " =", "\n-"])
CELLS = st.one_of(
    st.text(max_size=12),
    st.builds(str.__add__, STARTS, st.text(max_size=6)),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.none(),
)
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5)
HARMFUL = [
    ['=HYPERLINK("http://x")', "+1"],
    ["-2+3", "@SUM(A1)"],
    ["\t=1", "\r=1"],
    ["＝1+1", "＋1"],
    ["－1", "＠x"],
    ["  =1", "\n=1"],
    ['","=1', "a\0=1"],
]


def read(text):
    """Read a CSV as programs do."""
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@example(HARMFUL)
@given(ROWS)
def test_no_text_of_a_csv_begins_as_a_formula(rows):
    head, *told = read(csv_text(["=a", "b"], rows))
    assert head == ["'=a", "b"]
    assert len(told) == len(rows)
    for row, sent in zip(told, rows, strict=True):
        for cell, value in zip(row, sent, strict=True):
            if isinstance(value, (int, float)):
                assert float(cell) == value
            elif value is None:
                assert not cell
            else:
                assert not cell.lstrip().startswith(FORMULA)
                assert not cell.startswith(FORMULA)
                assert cell.removeprefix("'") == value.replace("\0", "").removeprefix("'")


@example(HARMFUL)
@given(ROWS)
def test_no_cell_of_a_workbook_is_a_formula(rows):
    book = load_workbook(io.BytesIO(xlsx_bytes({"a[1]": (["=a", "b"], rows)})))
    [sheet] = book.worksheets
    assert sheet["A1"].value == "=a"
    for cells, sent in zip(sheet.iter_rows(min_row=2), rows, strict=False):
        for cell, value in zip(cells, sent, strict=True):
            assert cell.data_type != "f"
            if isinstance(value, str) and value.isprintable() and value:
                assert cell.value == ILLEGAL_CHARACTERS_RE.sub("", value)
            elif isinstance(value, (int, float)):
                assert cell.data_type == "n"


def test_numbers_stay_numbers_and_signs_of_numbers_stay():
    assert read(csv_text(["n"], [[-3], [2.5]]))[1:] == [["-3"], ["2.5"]]
    assert csv_text(["n"], [[-3]]).splitlines()[1] == "-3"


def test_a_long_text_or_title_fits_a_workbook():
    book = load_workbook(io.BytesIO(xlsx_bytes({"长" * 50: (["a"], [["x" * 40_000]])})))
    assert len(book.worksheets[0].title) == 31
    assert len(book.worksheets[0]["A2"].value) == 32_767
