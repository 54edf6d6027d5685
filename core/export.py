"""Tables that leave: CSV and workbooks in which no cell can be a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

# What a spreadsheet computes instead of shows; the last four are the full-width forms.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
NOTE = (
    "a text that begins with = + - @ (also full-width), tab or return has an apostrophe before it"
)
BOM = "\ufeff"  # without it spreadsheets take UTF-8 for the machine's own encoding
MOST_CHARACTERS = 32_767  # of a workbook's cell
MOST_TITLE = 31
Cell = str | int | float | None


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Write a table as CSV for a spreadsheet: texts quoted and harmless, numbers as numbers.

    >>> csv_text(["name"], [["=1+1"]]).splitlines()[1] == '"' + "'" + '=1+1"'
    True
    """
    sheet = io.StringIO()
    sheet.write(BOM)
    writer = csv.writer(sheet, quoting=csv.QUOTE_NONNUMERIC)
    for row in (head, *rows):
        writer.writerow(["" if cell is None else shown(cell) for cell in row])
    return sheet.getvalue()


def xlsx_bytes(sheets: Mapping[str, tuple[Sequence[str], Iterable[Sequence[Cell]]]]) -> bytes:
    """Write tables as a workbook: each text a text, whatever it begins with.

    Parameters
    ----------
    sheets
        By title: the head and the rows.
    """
    book = Workbook(write_only=True)
    for title, (head, rows) in sheets.items():
        sheet = book.create_sheet(_title(title))
        for row in (head, *rows):
            sheet.append([_cell(sheet, value) for value in row])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def shown(value: Cell) -> Cell:
    """Give a cell of a CSV as no spreadsheet takes it for a formula; numbers stay as they are.

    Blanks before the sign do not help: some programs take them off before they look.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    text = str(value).replace("\0", "")
    if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA):
        return f"'{text}"
    return text


def _cell(sheet: object, value: Cell) -> object:
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", str(value))[:MOST_CHARACTERS]
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"  # a text that begins with = would else be a formula
    return cell


def _title(title: str) -> str:
    return "".join("_" if char in "[]:*?/\\" else char for char in title)[:MOST_TITLE] or "1"
