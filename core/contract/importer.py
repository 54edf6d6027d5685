"""Importer: a file as tables of checked columns, with a list of problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from marshmallow import Schema
from numpy.typing import NDArray

from core.contract.business_format import BusinessFormat
from core.contract.manifest import Settings
from core.contract.tables import TableKind

Columns = Mapping[str, NDArray[Any]]  # text columns are object arrays of str, wkb of bytes


class Crs(StrEnum):
    """The datum of a file's coordinates; China's maps are shifted on purpose."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"  # within centimetres of WGS 84: treated as equal
    GCJ02 = "gcj02"
    BD09 = "bd09"


class Severity(StrEnum):
    """What a problem does to its row."""

    REFUSED = "refused"  # the row is left out, or the file refused
    WARNING = "warning"  # the row is kept as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a file: where, what is written there, and what to do.

    ``row`` counts as the person sees it (the header of a sheet is row 1); 0 is the whole file.
    """

    row: int
    column: str
    code: str
    message: str
    english: str
    value: str = ""
    severity: Severity = Severity.REFUSED


class Unreadable(Exception):
    """The file as a whole cannot be read: why, and what to do."""

    def __init__(self, code: str, message: str, english: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.english = english


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What sniffing may look at: the name and the first 64 KiB."""

    filename: str
    start: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A received file, and what the tenant's catalogue knows.

    ``progress(done, total)`` may be called as often as wished.
    """

    path: Path
    filename: str
    formats: Sequence[BusinessFormat] = ()
    progress: Callable[[int, int], None] = lambda _done, _total: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What an importer read: tables by name as in ``TABLES[kind]``, and the problems met.

    Residents' ``people`` may still be fractional (f8): intake rounds once, keeping the total.
    Outlets' ``format`` may hold the source's own word in ``raw_format``/``raw_code``/``raw_tags``
    columns of the offers table instead: intake classifies those. A ``raw_row`` column of any table
    tells the row as the person sees it, for the problems that intake finds. ``rows`` counts what
    the file held, accepted or not. ``attribution`` must be shown wherever the data are.
    """

    tables: Mapping[str, Columns]
    rows: int
    problems: Sequence[Problem] = ()
    crs: Crs = Crs.WGS84
    attribution: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """A reader of one kind of file.

    ``sniff`` tells from 0 to 1 how surely a file is for this importer; ``read`` is called in a
    child process with limits and must not write or reach the network.
    """

    key: str
    name: str
    english: str
    gives: TableKind
    media: tuple[str, ...]
    sniff: Callable[[Head], float]
    read: Callable[[Source, Mapping[str, Any]], Raw]
    options: type[Schema] = field(default=Settings)


def text(values: Sequence[str]) -> NDArray[Any]:
    """Make a text column."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
