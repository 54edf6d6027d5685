"""Workbooks into rows of text: looked over as a zip first, then read by calamine."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from core.contract import Unreadable

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTRIES = 2_000
UNPACKED = 512 * 1024 * 1024
RATIO = 200  # real sheets pack 5 to 30 times; a bomb a thousand times
RATIO_FROM = 8 * 1024 * 1024  # below this much unpacked a high ratio does no harm


def is_book(start: bytes) -> bool:
    """Tell whether the bytes begin a workbook: a zip that names one, or an OLE file."""
    named = b"xl/" in start or b"[Content_Types]" in start or b"opendocument" in start
    return start.startswith(OLE) or (start.startswith(ZIP) and named)


def book_rows(path: Path, sheet: str) -> list[tuple[str, list[list[str]]]]:
    """Read the sheets of a workbook as text, all of them or the one named.

    Raises
    ------
    Unreadable
        When the file is damaged, locked, a bomb, or lacks the sheet.
    """
    _look_over(path)
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            names = [each.name for each in book.sheets_metadata]
            if sheet and sheet not in names:
                raise Unreadable(
                    "no_such_sheet",
                    f"工作簿里没有名为“{sheet}”的工作表，什么都没有写入。"
                    f"可选：{'、'.join(names)}。",
                    f"There is no sheet {sheet!r}. Nothing was written. "
                    f"Choose of: {', '.join(names)}.",
                )
            return [
                (name, _texts(book.get_sheet_by_name(name).to_python(skip_empty_area=False)))
                for name in ([sheet] if sheet else names)
            ]
    except PasswordError as cause:
        raise Unreadable(
            "locked",
            "工作簿有密码，读不了，什么都没有写入。请去掉密码后再上传。",
            "The workbook has a password. Nothing was written. Remove it and upload again.",
        ) from cause
    except (CalamineError, ValueError, OSError) as cause:
        raise _damaged(str(cause)) from cause


def _look_over(path: Path) -> None:
    """Refuse a zip that declares too much, before anything is unpacked."""
    with path.open("rb") as file:
        if file.read(len(OLE)) == OLE:
            return
    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as cause:
        raise _damaged(str(cause)) from cause
    size = sum(entry.file_size for entry in entries)
    bloated = any(
        entry.file_size > RATIO_FROM and entry.file_size > RATIO * max(entry.compress_size, 1)
        for entry in entries
    )
    if len(entries) > ENTRIES or size > UNPACKED or bloated:
        raise Unreadable(
            "bomb",
            f"工作簿声明解开后有 {size // 2**20} MiB、{len(entries)} 个部件，超出限度，没有读取，"
            "什么都没有写入。请另存为 CSV UTF-8 后再上传。",
            f"The workbook declares {size // 2**20} MiB in {len(entries)} parts, beyond the "
            "limits. It was not read; nothing was written. Save it as CSV UTF-8.",
        )


def _damaged(reason: str) -> Unreadable:
    return Unreadable(
        "damaged",
        f"工作簿已损坏或格式不对（{reason[:200]}），什么都没有写入。请重新另存后再上传。",
        f"The workbook is damaged or of another kind ({reason[:200]}). Nothing was written. "
        "Save it again.",
    )


def _texts(rows: list[list[Any]]) -> list[list[str]]:
    return [[_text(cell) for cell in row] for row in rows]


def _text(cell: object) -> str:
    """Write a typed cell as a person would: whole numbers without a point, times as HH:MM."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:  # noqa: PLR2004 - exact in a double
        return str(int(cell))
    if isinstance(cell, dt.time):
        return cell.strftime("%H:%M")
    return str(cell)
