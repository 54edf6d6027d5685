"""Files made to use up memory, time or space; every run sends all of them."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator

from tests.fuzz.files import Hostile
from tests.journeys.bad_files import (
    BAD_FILES,
    book,
    cells,
    greedy_pbf,
    laughing_book,
    ratio_book,
    sparse_book,
)
from tests.journeys.small_place import RESIDENTS

HEAD = "编号,名称,经度,纬度,业态,营业时间"
MIB = 2**20


def _zip(parts: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in parts.items():
            z.writestr(name, content)
    return packed.getvalue()


def many_rows(number: int = 400_000) -> bytes:
    """Pack a sheet of many small cells, within the ratio that is allowed."""
    row = "".join(f'<c r="{letter}{{0}}"><v>{{1}}</v></c>' for letter in "ABCDEF")
    rows = "".join(
        f'<row r="{at}">{row.format(at, at * 7919 % 104729)}</row>' for at in range(1, number)
    )
    return book(f"<sheetData>{rows}</sheetData>")


def sparse_rows(number: int = 20_000) -> bytes:
    """Pack rows of two cells each at the ends of the sheet."""
    rows = "".join(
        f'<row r="{at}"><c r="A{at}"><v>{at}</v></c><c r="XFD{at}"><v>1</v></c></row>'
        for at in range(1, number)
    )
    return book(f"<sheetData>{rows}</sheetData>")


def deep_book(depth: int = 1_000_000) -> bytes:
    """Pack elements in elements in elements."""
    return book("<sheetData>" + "<row>" * depth)


def shared_strings() -> bytes:
    """Pack one shared string of 200 MiB, and millions of empty ones."""
    sound = cells(HEAD)
    with zipfile.ZipFile(io.BytesIO(book(sound))) as z:
        parts = {name: z.read(name) for name in z.namelist()}
    parts["xl/sharedStrings.xml"] = b"<sst><si><t>" + b"x" * 200 * MIB + b"</t></si></sst>"
    return _zip(parts)


def many_strings() -> bytes:
    """Pack two million empty shared strings."""
    with zipfile.ZipFile(io.BytesIO(book(cells(HEAD)))) as z:
        parts = {name: z.read(name) for name in z.namelist()}
    parts["xl/sharedStrings.xml"] = b"<sst>" + b"<si/>" * 2_000_000 + b"</sst>"
    return _zip(parts)


def repeated_ods() -> bytes:
    """Say that one row of one cell stands there a million times, a thousand cells wide."""
    words = (
        b'<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        b'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        b'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
        b'<office:spreadsheet><table:table table:name="s"><table:table-row '
        b'table:number-rows-repeated="1048576"><table:table-cell '
        b'table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p>'
        b"</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>"
        b"</office:document-content>"
    )
    return _zip(
        {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": words}
    )


def nested_zip(levels: int = 6) -> bytes:
    """Pack a zip in a zip in a zip."""
    inner = b"\0" * 10 * MIB
    for level in range(levels):
        inner = _zip({f"xl/{level}.zip": inner, f"xl/{level}b.zip": inner})
    return inner


def packed_csv(mebibytes: int = 1024) -> bytes:
    """Pack a gibibyte of one row."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as z:
        z.write(RESIDENTS.encode())
        for _ in range(mebibytes):
            z.write(b"a,117.001,36.65,5\n" * (MIB // 18))
    return packed.getvalue()


def wide_csv(columns: int = 1_000_000) -> bytes:
    """Write a header of a million columns."""
    return (",".join(f"c{at}" for at in range(columns)) + "\n" + "," * columns + "\n").encode()


def one_field(mebibytes: int = 60) -> bytes:
    """Write one quoted field that does not end."""
    return RESIDENTS.encode() + b'"' + b"x" * mebibytes * MIB


def big_ring(corners: int = 400_000) -> bytes:
    """Write one polygon that crosses itself at random in hundreds of thousands of corners."""
    ring = ",".join(
        f"[{117 + at * 7919 % 9973 / 1e6},{36.65 + at * 104729 % 9967 / 1e6}]"
        for at in range(corners)
    )
    return (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"kind":"boundary"}'
        f',"geometry":{{"type":"Polygon","coordinates":[[{ring}]]}}}}]}}'
    ).encode()


def many_areas(number: int = 200_000) -> bytes:
    """Write very many tiny features of nothing."""
    one = b'{"type":"Feature","properties":{},"geometry":null}'
    return b'{"type":"FeatureCollection","features":[' + b",".join([one] * number) + b"]}"


def bombs(*, heavy: bool = True) -> Iterator[Hostile]:
    """Give every bomb; ``heavy`` ones take seconds each to pack or to refuse."""
    for bad in BAD_FILES:
        yield Hostile("corpus", bad.kind, bad.filename, bad.make(), {})
    light = [
        ("outlets", "sparse.xlsx", sparse_book),
        ("outlets", "ratio.xlsx", ratio_book),
        ("outlets", "laugh.xlsx", laughing_book),
        ("streets", "greedy.osm.pbf", greedy_pbf),
        ("outlets", "repeated.ods", repeated_ods),
        ("outlets", "sparse-rows.xlsx", sparse_rows),
    ]
    slow = [
        ("outlets", "rows.xlsx", many_rows),
        ("outlets", "deep.xlsx", deep_book),
        ("outlets", "strings.xlsx", shared_strings),
        ("outlets", "many-strings.xlsx", many_strings),
        ("residents", "nested.xlsx", nested_zip),
        ("residents", "gib.csv.gz", packed_csv),
        ("residents", "wide.csv", wide_csv),
        ("residents", "field.csv", one_field),
        ("areas", "ring.geojson", big_ring),
        ("areas", "many.geojson", many_areas),
    ]
    for kind, name, make in light + (slow if heavy else []):
        yield Hostile("bomb", kind, name, make(), {})
