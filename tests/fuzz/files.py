"""Hostile files, drawn: sheets of text, workbooks, GeoJSON, extracts, and what is none of them."""

from __future__ import annotations

import csv
import functools
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.broken import WORDS, encoded, flipped
from tests.journeys.bad_files import PARTS, SHEET
from tests.journeys.small_place import square, write_streets

KINDS = ("residents", "outlets", "areas", "streets")
HEADS = {
    "residents": ("编号", "经度", "纬度", "人口"),
    "outlets": ("编号", "名称", "经度", "纬度", "业态", "营业时间"),
}
SUFFIXES = (
    *(".csv", ".CSV", ".txt", ".csv.gz", ".xlsx", ".xls", ".ods", ".geojson", ".json"),
    *(".osm.pbf", ".pbf", ".zip", ".exe", "", ".csv.exe", ".tar.gz", ".gpx", ".kml"),
)
NAMES = (
    "a",
    "居民",
    "..\\..\\a",
    "../../etc/passwd",
    "a\u202e",
    "=cmd|calc",
    "长" * 300,
    "%00",
    "-rf",
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file to send, and as what."""

    family: str
    kind: str
    filename: str
    content: bytes
    options: dict[str, Any]


def _cell(rng: Random, head: str, row: int) -> str:
    if rng.random() < 0.06:
        return rng.choice(WORDS)
    good = {
        "编号": f"n{row}",
        "名称": f"店{row}",
        "经度": f"{117 + rng.random() / 100:.5f}",
        "纬度": f"{36.65 + rng.random() / 100:.5f}",
        "人口": str(rng.randrange(500)),
        "业态": rng.choice(("便利店", "菜市场", "早餐店")),
        "营业时间": "07:00-22:00",
    }
    return good[head]


def _table(rng: Random, kind: str) -> list[list[str]]:
    heads = list(HEADS[kind])
    if rng.random() < 0.15:
        rng.shuffle(heads)
    rows = [[_cell(rng, head, row) for head in heads] for row in range(rng.choice((0, 1, 3, 30)))]
    if rng.random() < 0.15:
        heads[rng.randrange(len(heads))] = rng.choice((*WORDS, *HEADS["outlets"]))
    if rng.random() < 0.1:
        rows.insert(rng.randrange(len(rows) + 1), [rng.choice(WORDS)] * rng.choice((1, 3, 40)))
    if rng.random() < 0.04:
        heads += [f"列{number}" for number in range(rng.choice((50, 3000)))]
    return [heads, *rows] if rng.random() < 0.95 else rows


def sheet(rng: Random, kind: str) -> bytes:
    """Write a table as text, of some dialect and encoding."""
    written = io.StringIO(newline="")
    writer = csv.writer(
        written,
        delimiter=rng.choice((",", ",", ",", "\t", ";", "|", "，")),
        lineterminator=rng.choice(("\n", "\r\n", "\r")),
        quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
        escapechar="\\",
    )
    writer.writerows(_table(rng, kind))
    content = encoded(rng, written.getvalue())
    return flipped(rng, content) if rng.random() < 0.4 else content


def _xml(word: str) -> str:
    kept = "".join(each for each in word if each.isprintable())
    return kept.replace("&", "&amp;").replace("<", "&lt;")


def _book_cell(rng: Random, word: str, row: int, column: int) -> str:
    names = ("XFD1048576", "A0", "ZZZZ9", "A1", "A99999999999", "", "１")
    at = rng.choice(names) if rng.random() < 0.02 else f"{chr(65 + column % 26)}{row + 1}"
    match rng.randrange(10):
        case 0:
            return f'<c r="{at}"><v>{_xml(word)}</v></c>'
        case 1:
            kind = rng.choice(("s", "e", "b", "d", "zz"))
            return f'<c r="{at}" t="{kind}"><v>{rng.randrange(-1, 9999)}</v></c>'
        case 2:
            return f'<c r="{at}"><f>{_xml(word)}</f></c>'
        case _:
            return f'<c r="{at}" t="inlineStr"><is><t>{_xml(word)}</t></is></c>'


def book(rng: Random, kind: str) -> bytes:
    """Pack a table as a workbook whose parts, cells, names and zip may all be wrong."""
    rows = "".join(
        f'<row r="{number + 1}">'
        + "".join(_book_cell(rng, word[:3000], number, at) for at, word in enumerate(row[:60]))
        + "</row>"
        for number, row in enumerate(_table(rng, kind))
    )
    parts: dict[str, str | bytes] = dict(PARTS)
    parts["xl/worksheets/sheet1.xml"] = SHEET.format(f"<sheetData>{rows}</sheetData>")
    if rng.random() < 0.15:
        del parts[rng.choice(list(parts))]
    if rng.random() < 0.2:
        name = rng.choice(list(parts))
        kept = parts.get(name, "")
        parts[name] = flipped(rng, kept.encode() if isinstance(kept, str) else kept)
    if rng.random() < 0.1:
        names = ("../../evil.sh", "/etc/cron.d/x", "xl\\..\\x", "a" * 5000, "xl/sharedStrings.xml")
        parts[rng.choice(names)] = "<sst>" + "<si>" * rng.choice((1, 9000))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as z:
        for name, content in parts.items():
            z.writestr(name, content)
    content = packed.getvalue()
    return flipped(rng, content) if rng.random() < 0.4 else content


def ods(rng: Random, kind: str) -> bytes:
    """Pack an OpenDocument sheet whose rows and cells may say they are repeated."""
    times = ("1", "1", "1", "3", "1048576", "99999999999999", "-1", "x")

    def repeated(what: str) -> str:
        said = rng.choice(times) if rng.random() < 0.05 else "1"
        return f'table:number-{what}-repeated="{said}"'

    rows = "".join(
        f"<table:table-row {repeated('rows')}>"
        + "".join(
            f'<table:table-cell {repeated("columns")} office:value-type="string">'
            f"<text:p>{_xml(word[:3000])}</text:p></table:table-cell>"
            for word in row[:60]
        )
        + "</table:table-row>"
        for row in _table(rng, kind)
    )
    words = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
        f'<office:spreadsheet><table:table table:name="s">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    ).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        z.writestr("META-INF/manifest.xml", "<manifest/>")
        z.writestr("content.xml", flipped(rng, words) if rng.random() < 0.3 else words)
    return packed.getvalue()


def xls(rng: Random, kind: str) -> bytes:
    """Give what begins like an old workbook."""
    del kind
    rest = rng.randbytes(rng.choice((0, 10, 504, 4096)))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + rest


def geojson(rng: Random, kind: str) -> bytes:
    """Write areas as GeoJSON with values that are none."""
    del kind
    good = json.loads(square())
    good["features"] *= rng.choice((1, 1, 3, 60))
    words = json.dumps(good, ensure_ascii=False)
    if rng.random() < 0.5:
        for _ in range(rng.choice((1, 2, 5))):
            old = rng.choice(
                ("117.0", "36.65", "36.662", '"Polygon"', '"Feature"', '"boundary"', "[[")
            )
            new = (
                *("NaN", "Infinity", "1e999", "null", "[]", "{}", '"x"', "-1e308", "9" * 5000),
                *('"Point"', '"MultiPolygon"', '"GeometryCollection"', '"圈"', "[" * 9000, "true"),
                *('"\\ud800"', '"\\u0000"', "1e-320", "[[[["),
            )
            words = words.replace(old, rng.choice(new), rng.choice((1, 1, 50)))
    content = encoded(rng, words) if rng.random() < 0.3 else words.encode("utf-8", "replace")
    return flipped(rng, content) if rng.random() < 0.4 else content


@functools.cache
def _extract() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_streets(Path(folder) / "streets.osm.pbf").read_bytes()


def extract(rng: Random, kind: str) -> bytes:
    """Give an extract with wrong sizes, blocks or bytes."""
    del kind
    good = _extract()
    if rng.random() < 0.1:
        return good
    if rng.random() < 0.4:  # the four bytes of a length
        size = rng.choice((0, 1, 64 * 1024, 2**31 - 1, 2**32 - 1, len(good)))
        return size.to_bytes(4, "big") + good[4:]
    return flipped(rng, good)


def polyglot(rng: Random, kind: str) -> bytes:
    """Join two files into one, or begin one like another."""
    makers: list[Callable[[Random, str], bytes]] = [sheet, book, ods, geojson, extract, xls]
    first, second = rng.choice(makers), rng.choice(makers)
    table = kind if kind in HEADS else "residents"
    starts = (b"GIF89a", b"%PDF-1.7\n", b"PK\x03\x04", b"\x1f\x8b\x08", b"MZ", b"{", b"\0" * 64)
    start = rng.choice(starts) if rng.random() < 0.5 else first(rng, table)
    return start + second(rng, table)


FAMILIES: dict[str, tuple[Callable[[Random, str], bytes], tuple[str, ...], str, int]] = {
    "sheet": (sheet, ("residents", "outlets"), ".csv", 38),
    "book": (book, ("residents", "outlets"), ".xlsx", 17),
    "ods": (ods, ("residents", "outlets"), ".ods", 6),
    "xls": (xls, ("residents", "outlets"), ".xls", 3),
    "geojson": (geojson, ("areas",), ".geojson", 16),
    "extract": (extract, ("streets",), ".osm.pbf", 12),
    "polyglot": (polyglot, KINDS, ".csv", 8),
}


def draw(seed: int, number: int) -> Hostile:
    """Draw one file; the same for the same seed and number."""
    rng = Random(f"{seed}:{number}")  # noqa: S311 - drawn, not secret
    weights = [weight for *_, weight in FAMILIES.values()]
    [family] = rng.choices(list(FAMILIES), weights)
    make, kinds, suffix, _ = FAMILIES[family]
    kind = rng.choice(kinds)
    content = make(rng, kind)
    if rng.random() < 0.07:
        kind = rng.choice(KINDS)
    if rng.random() < 0.12:
        suffix = rng.choice(SUFFIXES)
    options: dict[str, Any] = {}
    if rng.random() < 0.3:
        options["skip_bad_rows"] = True
    if rng.random() < 0.05:
        options["crs"] = rng.choice(("gcj02", "bd09", "wgs84", "mars"))
    name = rng.choice(NAMES) if rng.random() < 0.2 else f"f{number}"
    return Hostile(family, kind, f"{name}{suffix}", content, options)
