"""Sheets of outlets: CSV, XLSX, XLS and ODS, with columns found by their headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.contract import Head, Importer, Manifest, TableKind, hookimpl
from core.contract.reading import plain
from plugins.sheets.book import is_book
from plugins.sheets.outlets import SYNONYMS, SheetOptions, read_outlets


@hookimpl
def lifecircle_manifest() -> Manifest:
    """Say who this is."""
    return Manifest(key="sheets", name="网点表格导入", version="1.0", api=(1, 0))


@hookimpl
def lifecircle_importers(settings: Mapping[str, Any]) -> Sequence[Importer]:  # noqa: ARG001 - none are needed
    """Give the reader of outlet sheets."""
    return [
        Importer(
            key="outlet_sheet",
            name="网点表格",
            english="Sheet of outlets",
            gives=TableKind.OUTLETS,
            media=(".csv", ".csv.gz", ".xlsx", ".xls", ".ods"),
            sniff=_sniff,
            read=read_outlets,
            options=SheetOptions,
        )
    ]


def _sniff(head: Head) -> float:
    """Know a workbook by its first bytes, a CSV by its name and the words of its top."""
    if is_book(head.start):
        return 0.8
    if not head.filename.lower().endswith((".csv", ".csv.gz", ".txt")):
        return 0.0
    if head.filename.lower().endswith(".gz"):
        return 0.3
    top = head.start[:4096]
    for encoding in ("utf-8", "gb18030"):
        words = plain(top.decode(encoding, "ignore"))
        if any(plain(word) in words for word in SYNONYMS["format"] if len(word) > 1):
            return 0.7
    return 0.3
