"""A sheet's rows as outlets and offers; what a row's own words mean is left to intake."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from marshmallow import fields, validate

from core.contract import OfferMode, Problem, Raw, Settings, Source, Unreadable, text
from core.contract.reading import (
    HEADER_ROWS,
    Header,
    decode,
    encoding_said,
    find_header,
    number,
    read_bytes,
    records,
)
from plugins.sheets.book import book_rows, is_book

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "name": ("名称", "店名", "网点名称", "门店名称", "店铺名称", "商户名称", "name"),
    "lon": ("经度", "lng", "lon", "long", "longitude", "x", "坐标x", "x坐标"),
    "lat": ("纬度", "lat", "latitude", "y", "坐标y", "y坐标"),
    "format": (
        *("业态", "类别", "行业", "业态类别", "业态类型", "类型", "分类", "行业类别"),
        *("format", "category", "type"),
    ),
    "code": ("类型编码", "分类编码", "高德编码", "typecode"),
    "hours": ("营业时间", "开放时间", "服务时间", "openinghours", "hours"),
    "address": ("地址", "详细地址", "门店地址", "address"),
    "key": ("编号", "序号", "网点编号", "门店编号", "id", "key", "no"),
    "hosted": ("兼营", "其他服务", "兼营服务", "兼营业态", "附加服务", "services"),
    "mode": ("服务方式", "方式", "mode"),
}
REQUIRED = ("name", "lon", "lat")
MODES: Mapping[str, OfferMode] = {
    "": OfferMode.ON_SITE,
    **{mode.value: mode for mode in OfferMode},
    "到店": OfferMode.ON_SITE,
    "现场": OfferMode.ON_SITE,
    "固定": OfferMode.ON_SITE,
    "定时": OfferMode.SCHEDULED,
    "定期": OfferMode.SCHEDULED,
    "上门": OfferMode.AT_HOME,
    "流动": OfferMode.MOBILE,
    "自提柜": OfferMode.LOCKER,
    "智能柜": OfferMode.LOCKER,
    "配送": OfferMode.DELIVERY,
    "外卖": OfferMode.DELIVERY,
}
SEPARATORS = re.compile(r"[、;；,，/|+]+")
REPORT_EVERY = 10_000


class SheetOptions(Settings):
    """How to read a sheet: which header means what, which sheet, which format for every row."""

    columns = fields.Dict(
        keys=fields.String(validate=validate.OneOf(tuple(SYNONYMS))),
        values=fields.String(validate=validate.Length(1, 200)),
        load_default=dict,
    )
    sheet = fields.String(load_default="")
    format = fields.String(load_default="")


@dataclass(slots=True)
class _Columns:
    """Outlets and offers being gathered."""

    key: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)
    address: list[str] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    outlet: list[int] = field(default_factory=list)
    mode: list[str] = field(default_factory=list)
    hours: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)

    def offer(self, mode: str, hours: str, words: str, code: str = "") -> None:
        """Add an offer to the outlet added last."""
        self.outlet.append(len(self.key) - 1)
        self.mode.append(mode)
        self.hours.append(hours)
        self.words.append(words)
        self.code.append(code)


def read_outlets(source: Source, options: Mapping[str, Any]) -> Raw:
    """Read the outlets of a CSV or a workbook.

    The header is sought below at most twenty rows of titles. A row's business format may be a
    format's key or name, or any words: intake classifies them. Hosted offers (兼营) stand in one
    cell, separated by 、 or ；.

    Raises
    ------
    Unreadable
        When the file or its header cannot be read.
    """
    encoding, rows, header = _table(source, options)
    gathered, problems = _Columns(), [*encoding_said(encoding)]
    count = 0
    for index in range(header.row + 1, len(rows)):
        if not any(cell.strip() for cell in rows[index]):
            continue
        count += 1
        if count % REPORT_EVERY == 0:
            source.progress(index, len(rows))
        row = _Row(rows[index], header, index + 1)
        found = row.problems()
        if found:
            problems.extend(found)
        else:
            _take(gathered, row, options["format"])
    return Raw(tables=_tables(gathered), rows=count, problems=problems)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row, asked by meaning."""

    cells: Sequence[str]
    header: Header
    number: int

    def __getitem__(self, meaning: str) -> str:
        column = self.header.columns.get(meaning, len(self.cells))
        return self.cells[column].strip() if column < len(self.cells) else ""

    def problems(self) -> list[Problem]:
        """Find what keeps the row from being an outlet."""
        found = [
            self._problem(
                meaning,
                "not_a_number",
                "不是有效的数字。请填写十进制度数，例如 117.020359。",
                "is not a finite number. Write decimal degrees, such as 117.020359.",
            )
            for meaning in ("lon", "lat")
            if number(self[meaning]) is None
        ]
        if self["mode"] not in MODES:
            choices = "到店、定时、上门、流动、自提柜、配送"
            found.append(
                self._problem(
                    "mode",
                    "unknown_mode",
                    f"不是已知的服务方式。请填写：{choices}。",
                    "is no known mode. Write on_site, scheduled, at_home, mobile, locker or "
                    "delivery.",
                )
            )
        return found

    def _problem(self, meaning: str, code: str, message: str, english: str) -> Problem:
        value, column = self[meaning], self.header.names[meaning]
        return Problem(
            row=self.number,
            column=column,
            code=code,
            message=f"第 {self.number} 行“{column}”的值“{value[:50]}”{message}",
            english=f"Row {self.number}, {column}: {value[:50]!r} {english}",
            value=value[:200],
        )


def _table(source: Source, options: Mapping[str, Any]) -> tuple[str, list[list[str]], Header]:
    """Find the table: its text's encoding, its rows and its header."""
    with source.path.open("rb") as file:
        start = file.read(64 * 1024)
    if is_book(start) or source.filename.lower().endswith((".xlsx", ".xls", ".ods")):
        encoding, sheets = "utf-8", book_rows(source.path, options["sheet"])
    else:
        words, encoding = decode(read_bytes(source.path))
        sheets = [("", list(records(words)))]
    for _, rows in sheets:
        header = find_header(rows[:HEADER_ROWS], SYNONYMS, REQUIRED, options["columns"])
        if header is not None:
            return encoding, rows, header
    raise Unreadable(
        "no_header",
        "没有找到表头：前 20 行里应有一行写着名称、经度、纬度，什么都没有写入。"
        "请补上表头，或在列对应里指明各列。",
        "No header found: one of the first 20 rows should name name, lon and lat. "
        "Nothing was written. Add a header or map the columns.",
    )


def _take(gathered: _Columns, row: _Row, format_: str) -> None:
    lon, lat = number(row["lon"]), number(row["lat"])
    if lon is None or lat is None:
        return
    gathered.key.append(row["key"] or f"row{row.number}")
    gathered.name.append(row["name"])
    gathered.lon.append(lon)
    gathered.lat.append(lat)
    gathered.address.append(row["address"])
    gathered.row.append(row.number)
    mode, hours = MODES[row["mode"]].value, row["hours"]
    gathered.offer(mode, hours, format_ or row["format"], row["code"])
    for words in SEPARATORS.split(row["hosted"]):
        if words.strip():
            gathered.offer(mode, hours, words.strip())


def _tables(gathered: _Columns) -> dict[str, dict[str, Any]]:
    count = len(gathered.outlet)
    return {
        "outlets": {
            "key": text(gathered.key),
            "name": text(gathered.name),
            "lon": np.array(gathered.lon, dtype=np.float64),
            "lat": np.array(gathered.lat, dtype=np.float64),
            "address": text(gathered.address),
            "raw_row": np.array(gathered.row, dtype=np.int32),
        },
        "offers": {
            "outlet": np.array(gathered.outlet, dtype=np.int32),
            "format": text([""] * count),
            "service": text([""] * count),
            "mode": text(gathered.mode),
            "hours": text(gathered.hours),
            "raw_format": text(gathered.words),
            "raw_code": text(gathered.code),
        },
    }
