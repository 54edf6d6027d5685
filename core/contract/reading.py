"""Reading aids for importers of text tables: bytes, encodings, headers, numbers."""

from __future__ import annotations

import csv
import gzip
import io
import math
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.contract.importer import Problem, Severity, Unreadable

READ_BYTES = 512 * 1024 * 1024  # unpacked; a city of ten million points stays far below
CHUNK = 1024 * 1024
HEADER_ROWS = 20  # a header stands below at most this many rows of titles
PLAUSIBLE = 0.6  # share of common characters: right guesses score 0.96–1.00, wrong ones ≤ 0.16
GZIP = b"\x1f\x8b"
# Lead bytes of GB 2312: punctuation, full-width forms and the commonest 3,755 characters.
COMMON = frozenset(range(0xA1, 0xA4)) | frozenset(range(0xB0, 0xD8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where a table's header stands and which of its columns mean what.

    ``row`` counts from 0; ``columns`` maps a meaning to a column's index, ``names`` to the
    words written there.
    """

    row: int
    columns: Mapping[str, int]
    names: Mapping[str, str]


def read_bytes(path: Path, limit: int = READ_BYTES) -> bytes:
    """Read a file, unpacking gzip, never more than ``limit`` bytes.

    Raises
    ------
    Unreadable
        When the file is empty, damaged, or unpacks to more than the limit.
    """
    raw = path.read_bytes()
    if raw.startswith(GZIP):
        try:
            raw = _unpacked(raw, limit + 1)
        except (OSError, EOFError, zlib.error) as cause:
            raise Unreadable(
                "damaged",
                "压缩文件已损坏或不完整，什么都没有写入。请重新导出后再上传。",
                "The compressed file is damaged or cut short. Nothing was written. Export again.",
            ) from cause
    if len(raw) > limit:
        raise Unreadable(
            "too_large",
            f"文件解开后超过 {limit // 2**20} MiB，什么都没有写入。请拆成几份再上传。",
            f"The file unpacks to more than {limit // 2**20} MiB. Nothing was written. Split it.",
        )
    if not raw.strip():
        raise Unreadable(
            "empty",
            "文件是空的，什么都没有写入。请检查导出是否成功。",
            "The file is empty. Nothing was written. Check the export.",
        )
    return raw


def _unpacked(packed: bytes, most: int) -> bytes:
    """Unpack gzip, ``most`` bytes at most; asked for all at once, it would set aside that much."""
    whole = io.BytesIO()
    with gzip.open(io.BytesIO(packed)) as stream:
        while piece := stream.read(min(CHUNK, most - whole.tell())):
            whole.write(piece)
    return whole.getvalue()


def decode(raw: bytes) -> tuple[str, str]:
    """Decode a text: UTF-8 strictly, UTF-16 with its mark, else GB 18030 where it is plausible.

    Big5 decodes as GB 18030 without an error, into nonsense; the share of common characters
    tells the two apart.

    Returns
    -------
    tuple
        The text, and the encoding's name.

    Raises
    ------
    Unreadable
        When no encoding fits.
    """
    try:
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            return _checked(raw.decode("utf-16")), "utf-16"
        return _checked(raw.decode("utf-8-sig")), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    if not text or _plausibility(text) < PLAUSIBLE:
        raise Unreadable(
            "encoding",
            "认不出文件的文字编码，什么都没有写入。请在 Excel 或 WPS 中另存为“CSV UTF-8”后再上传。",
            "The text encoding is neither UTF-8 nor GBK. Nothing was written. Save as CSV UTF-8.",
        )
    return _checked(text), "gb18030"


def encoding_said(encoding: str) -> tuple[Problem, ...]:
    """Warn that a text was not in UTF-8, so that a person looks whether it reads well."""
    if encoding == "utf-8":
        return ()
    return (
        Problem(
            row=0,
            column="",
            code="encoding_guessed",
            message=f"文件不是 UTF-8，按 {encoding.upper()} 读取。请核对文字是否正确。",
            english=f"The file is not UTF-8 and was read as {encoding.upper()}. Check its text.",
            value=encoding,
            severity=Severity.WARNING,
        ),
    )


def records(text: str) -> Iterator[list[str]]:
    """Give the rows of a CSV text, finding whether ``,``, ``;`` or a tab separates them.

    Raises
    ------
    Unreadable
        When a quote never closes or a cell is absurdly long.
    """
    top = text[: 64 * 1024].splitlines()[:HEADER_ROWS]
    separator = max(",\t;", key=lambda mark: sum(line.count(mark) for line in top))
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    except csv.Error as cause:
        raise Unreadable(
            "not_a_table",
            f"表格读不下去（{cause}），什么都没有写入。请检查引号是否成对，或重新导出。",
            f"The table cannot be read ({cause}). Nothing was written. Check the quotes.",
        ) from cause


def find_header(
    rows: Sequence[Sequence[str]],
    synonyms: Mapping[str, Sequence[str]],
    required: Sequence[str],
    mapping: Mapping[str, str],
) -> Header | None:
    """Find the first of the given rows that names every required meaning.

    Parameters
    ----------
    rows
        The top of the table.
    synonyms
        For each meaning the words that a header may say for it.
    required
        The meanings that must be there.
    mapping
        For a meaning the very header that the user chose; it wins over the synonyms.
    """
    wanted = {
        meaning: {plain(mapping[meaning])} if meaning in mapping else {plain(w) for w in words}
        for meaning, words in synonyms.items()
    }
    for number_, row in enumerate(rows):
        cells = [plain(cell) for cell in row]
        columns = {
            meaning: next(index for index, cell in enumerate(cells) if cell in words)
            for meaning, words in wanted.items()
            if words.intersection(cells)
        }
        if all(meaning in columns for meaning in required):
            names = {meaning: row[index].strip() for meaning, index in columns.items()}
            return Header(row=number_, columns=columns, names=names)
    return None


def plain(words: str) -> str:
    """Reduce a header to what is compared: no width, case, spaces, stars or units in brackets."""
    flat = unicodedata.normalize("NFKC", words).lower()
    return "".join(flat.split("(")[0].replace("*", "").replace("_", "").split())


def number(cell: str) -> float | None:
    """Read a finite number; ``None`` where there is none."""
    flat = unicodedata.normalize("NFKC", cell).strip()
    if "_" in flat:
        return None
    try:
        value = float(flat)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _checked(text: str) -> str:
    if "\0" in text:
        raise Unreadable(
            "not_text",
            "这不是文本表格，什么都没有写入。请确认文件类型后再上传。",
            "This is not a text table. Nothing was written. Check the kind of file.",
        )
    return text


def _plausibility(text: str) -> float:
    foreign = [character for character in text[:200_000] if ord(character) > 0x7F]  # noqa: PLR2004 - ASCII's end
    if not foreign:
        return 1.0
    coded = [character.encode("gb2312", "ignore") for character in foreign]
    return sum(1 for code in coded if code and code[0] in COMMON) / len(foreign)
