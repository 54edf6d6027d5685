"""Residents as points with a number of people: CSV, also gzipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from marshmallow import fields, validate

from core.contract import (
    GROUPS,
    Head,
    Importer,
    Manifest,
    Problem,
    Raw,
    Settings,
    Source,
    TableKind,
    Unreadable,
    hookimpl,
    text,
)
from core.contract.reading import (
    GZIP,
    HEADER_ROWS,
    Header,
    decode,
    encoding_said,
    find_header,
    number,
    plain,
    read_bytes,
    records,
)

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "key": ("编号", "小区编号", "楼栋编号", "id", "key", "osm"),
    "lon": ("经度", "lng", "lon", "long", "longitude", "x"),
    "lat": ("纬度", "lat", "latitude", "y"),
    "people": (
        *("people", "persons", "persons_modelled", "population", "residents"),
        *("人口", "人口数", "人数", "居民数", "常住人口"),
    ),
    "people_60+": ("people_60+", "60岁以上", "60岁及以上", "60+", "老年人口", "老年人"),
    "people_65+": ("people_65+", "65岁以上", "65岁及以上", "65+"),
    "people_0-3": ("people_0-3", "0-3岁", "3岁以下", "0至3岁"),
    "people_0-6": ("people_0-6", "0-6岁", "6岁以下", "0至6岁"),
}
REQUIRED = ("lon", "lat", "people")
AGES = tuple(f"people_{group}" for group in GROUPS)
REPORT_EVERY = 20_000


class GridOptions(Settings):
    """Which header means what, and which rows to take."""

    columns = fields.Dict(
        keys=fields.String(validate=validate.OneOf(tuple(SYNONYMS))),
        values=fields.String(validate=validate.Length(1, 200)),
        load_default=dict,
    )
    chosen = fields.Dict(  # Schema itself has an attribute of the name that users write
        keys=fields.String(validate=validate.Length(1, 200)),
        values=fields.String(),
        load_default=dict,
        data_key="only",
    )


@hookimpl
def lifecircle_manifest() -> Manifest:
    """Say who this is."""
    return Manifest(key="grid", name="居民点导入", version="1.0", api=(1, 0))


@hookimpl
def lifecircle_importers(settings: Mapping[str, Any]) -> Sequence[Importer]:  # noqa: ARG001 - none are needed
    """Give the reader of resident points."""
    return [
        Importer(
            key="resident_points",
            name="居民点（人口）",
            english="Residents as points",
            gives=TableKind.RESIDENTS,
            media=(".csv", ".csv.gz"),
            sniff=_sniff,
            read=read_residents,
            options=GridOptions,
        )
    ]


def _sniff(head: Head) -> float:
    """Know a CSV by its name, and surely by a header that counts people."""
    if not head.filename.lower().endswith((".csv", ".csv.gz", ".txt")):
        return 0.0
    if head.start.startswith(GZIP):
        return 0.6
    for encoding in ("utf-8", "gb18030"):
        lines = head.start[:4096].decode(encoding, "ignore").splitlines()[:HEADER_ROWS]
        words = {plain(word) for line in lines for word in line.replace(";", ",").split(",")}
        if words.intersection(plain(word) for word in SYNONYMS["people"]):
            return 0.9
    return 0.2


@dataclass(slots=True)
class _Columns:
    """Homes being gathered, and what was wrong."""

    key: list[str] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    numbers: dict[str, list[float]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    left_out: int = 0


def read_residents(source: Source, options: Mapping[str, Any]) -> Raw:
    """Read the homes and their people; numbers may have fractions, intake rounds them once.

    Raises
    ------
    Unreadable
        When the file, its header, or a column to choose rows by cannot be read.
    """
    words, encoding = decode(read_bytes(source.path))
    header = find_header(
        list(islice(records(words), HEADER_ROWS)), SYNONYMS, REQUIRED, options["columns"]
    )
    if header is None:
        raise Unreadable(
            "no_header",
            "没有找到表头：前 20 行里应有一行写着经度、纬度、人口，什么都没有写入。"
            "请补上表头，或在列对应里指明各列。",
            "No header found: one of the first 20 rows should name lon, lat and people. "
            "Nothing was written. Add a header or map the columns.",
        )
    gathered = _gather(words, header, options["chosen"], source)
    if gathered.rows == gathered.left_out:
        raise Unreadable(
            "no_rows",
            "表里没有可用的居民行，什么都没有写入。请检查表格和筛选条件。",
            "No row of residents is left. Nothing was written. Check the table and the choice.",
        )
    return Raw(
        tables={"homes": _homes(gathered, header)},
        rows=gathered.rows - gathered.left_out,
        problems=[*encoding_said(encoding), *gathered.problems],
    )


def _gather(words: str, header: Header, only: Mapping[str, str], source: Source) -> _Columns:
    """Go through the rows below the header once."""
    gathered = _Columns()
    measured = [meaning for meaning in (*REQUIRED, *AGES) if meaning in header.columns]
    gathered.numbers = {meaning: [] for meaning in measured}
    rows = records(words)
    titles = list(islice(rows, header.row + 1))
    chosen = _chosen(titles[-1], only)
    for line, row in enumerate(rows, start=header.row + 2):
        if not any(cell.strip() for cell in row):
            continue
        gathered.rows += 1
        if gathered.rows % REPORT_EVERY == 0:
            source.progress(gathered.rows, 0)
        if any(_cell(row, column) != value for column, value in chosen):
            gathered.left_out += 1
            continue
        values = [number(_cell(row, header.columns[meaning])) for meaning in measured]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            gathered.problems.extend(
                _not_a_number(line, header.names[meaning], _cell(row, header.columns[meaning]))
                for meaning, value in zip(measured, values, strict=True)
                if value is None
            )
            continue
        gathered.row.append(line)
        gathered.key.append(_cell(row, header.columns.get("key", len(row))))
        for meaning, value in zip(measured, known, strict=True):
            gathered.numbers[meaning].append(value)
    return gathered


def _chosen(names: Sequence[str], only: Mapping[str, str]) -> list[tuple[int, str]]:
    """Find the columns that the rows are chosen by."""
    cells = [plain(name) for name in names]
    missing = [name for name in only if plain(name) not in cells]
    if missing:
        raise Unreadable(
            "no_such_column",
            f"筛选用的列“{'、'.join(missing)}”不在表头里，什么都没有写入。请检查列名。",
            f"There is no column {', '.join(missing)} to choose rows by. Nothing was written.",
        )
    return [(cells.index(plain(name)), value) for name, value in only.items()]


def _cell(row: Sequence[str], column: int) -> str:
    return row[column].strip() if column < len(row) else ""


def _homes(gathered: _Columns, header: Header) -> dict[str, Any]:
    columns: dict[str, Any] = {
        meaning: np.array(values, dtype=np.float64) for meaning, values in gathered.numbers.items()
    }
    if "key" in header.columns:
        columns["key"] = text(gathered.key)
    columns["raw_row"] = np.array(gathered.row, dtype=np.int32)
    return columns


def _not_a_number(row: int, column: str, value: str) -> Problem:
    return Problem(
        row=row,
        column=column,
        code="not_a_number",
        message=f"第 {row} 行“{column}”的值“{value[:50]}”不是有效的数字。请填写数字。",
        english=f"Row {row}, {column}: {value[:50]!r} is not a finite number. Write a number.",
        value=value[:200],
    )
