"""Files that must be refused, and why: what the list of problems has to say of each."""

from __future__ import annotations

import gzip
import io
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.journeys.small_place import OUTLETS, RESIDENTS, square, write_streets

HEAD = RESIDENTS.splitlines()[0]
SHOPS = OUTLETS.splitlines()[0]
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'
)
PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.sheet.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="网点" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One entry of a list of problems: its code, where it is, and a part of its sentence."""

    code: str
    says: str
    row: int = 0
    column: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Bad:
    """One file, and everything that its list of problems has to say."""

    name: str
    kind: str
    filename: str
    make: Callable[[], bytes]
    wrongs: tuple[Wrong, ...]


def book(sheet: str, prologue: str = "") -> bytes:
    """Pack a workbook of one sheet."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, content in PARTS.items():
            parts.writestr(name, content)
        parts.writestr("xl/worksheets/sheet1.xml", prologue + SHEET.format(sheet))
    return packed.getvalue()


def cells(*rows: str) -> str:
    """Write rows of commas as cells."""
    lines = (
        "".join(f'<c t="inlineStr"><is><t>{word}</t></is></c>' for word in row.split(","))
        for row in rows
    )
    return f"<sheetData>{''.join(f'<row>{line}</row>' for line in lines)}</sheetData>"


def sparse_book() -> bytes:
    """Pack two cells at opposite corners: half a terabyte for who reserves what lies between."""
    return book(
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )


def ratio_book() -> bytes:
    """Pack 64 MiB of nothing into a few kilobytes."""
    return book(cells(SHOPS) + " " * 64 * 2**20)


def laughing_book() -> bytes:
    """Pack entities that double thirty times."""
    entities = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{number} "&a{number - 1};&a{number - 1};">' for number in range(1, 31)
    )
    sheet = "<sheetData><row><c t='inlineStr'><is><t>&a30;</t></is></c></row></sheetData>"
    return book(sheet, f"<!DOCTYPE worksheet [{entities}]>")


def greedy_pbf() -> bytes:
    """Follow a sound header with a block that claims, and unpacks to, a hundred mebibytes."""
    good = _extract()
    (length,) = struct.unpack(">I", good[:4])
    size_at = good.index(b"\x18", 4 + len("OSMHeader"))  # field 3 of BlobHeader: datasize
    header = good[: 4 + length + good[size_at + 1]]
    packed = zlib.compress(b"\0" * 100 * 2**20)
    blob = b"\x10" + _varint(100 * 2**20) + b"\x1a" + _varint(len(packed)) + packed
    head = b"\x0a\x07OSMData" + b"\x18" + _varint(len(blob))
    return header + struct.pack(">I", len(head)) + head + blob


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _extract(kind: str = "residential") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_streets(Path(folder) / "streets.osm.pbf", kind=kind).read_bytes()


def _cut() -> bytes:
    good = _extract()
    return good[: len(good) * 2 // 3]


def _flipped() -> bytes:
    good = bytearray(_extract())
    good[len(good) * 2 // 3] ^= 0xFF
    return bytes(good)


def _streets(name: str, make: Callable[[], bytes], code: str, says: str) -> Bad:
    return Bad(name, "streets", "streets.osm.pbf", make, (Wrong(code, says),))


EXTRACTS = (
    _streets("no pbf", b"<osm version='0.6'></osm>".strip, "invalid", "请"),
    _streets("blanks for a pbf", (b" \n" * 50).lower, "invalid", "请"),
    _streets("a truncated pbf", _cut, "damaged", "请重新下载"),
    _streets("a pbf with a wrong byte", _flipped, "damaged", "请重新下载"),
    _streets("a pbf that unpacks without measure", greedy_pbf, "damaged", "请重新下载"),
    _streets("no walkable way", partial(_extract, "motorway"), "no_walkable_way", "请确认文件"),
)
HOMES = (
    ("117.001,36.65,许多", Wrong("not_a_number", "请填写数字", 0, "人口", "许多")),
    ("117.001,36.65,NaN", Wrong("not_a_number", "请填写数字", 0, "人口", "NaN")),
    ("117.001,36.65,", Wrong("not_a_number", "请填写数字", 0, "人口", "")),
    ("nan,36.65,5", Wrong("not_a_number", "请填写数字", 0, "经度", "nan")),
    ("117.001,1e999,5", Wrong("not_a_number", "请填写数字", 0, "纬度", "1e999")),
    ("117.001,36.65,-5", Wrong("negative_people", "请改正", 0, "人口", "-5")),
    ("117.001,36.65,1e12", Wrong("bad_people", "请改正", 0, "人口", "1e+12")),
    ("117.001,96,5", Wrong("off_earth", "请填写十进制经纬度", 0, "经度", "117.001, 96")),
    ("121.4,31.2,5", Wrong("elsewhere", "请核对坐标", 0, "经度", "121.4, 31.2")),
    ("36.65,117.001,5", Wrong("swapped", "请对调", 0, "经度", "36.65, 117.001")),
)
GOOD_HOMES = 20


def _homes() -> bytes:
    good = "".join(f"g{number},117.001,36.6501,4\n" for number in range(GOOD_HOMES))
    bad = "".join(f"b{number},{line}\n" for number, (line, _) in enumerate(HOMES))
    return f"{HEAD}\n{good}{bad}".encode()


def _traditional() -> bytes:
    rows = "".join(f"臺灣號{number}臺,117.001,36.65,5\n" for number in range(40))
    return f"編號,經度,緯度,人口\n{rows}".encode("big5")


def _residents(name: str, content: str | bytes, wrong: Wrong, filename: str = "homes.csv") -> Bad:
    sent = content if isinstance(content, bytes) else f"{HEAD}\n{content}".encode()
    return Bad(name, "residents", filename, lambda: sent, (wrong,))


TABLES = (
    Bad(
        "homes of every wrong sort",
        "residents",
        "homes.csv",
        _homes,
        tuple(
            replace(wrong, row=GOOD_HOMES + 2 + number) for number, (_, wrong) in enumerate(HOMES)
        ),
    ),
    _residents(
        "all turned round",
        "a,36.6501,117.001,40\nb,36.6541,117.005,60\n",
        Wrong("swapped", "请对调", 0, "经度", "36.6501, 117.001"),
    ),
    _residents(
        "all far away",
        "a,121.4,31.2,40\nb,121.5,31.2,60\n",
        Wrong("elsewhere", "请确认文件属于本地区", 0, "经度", "121.4, 31.2"),
    ),
    _residents(
        "all beyond the earth",
        "a,1170,366,40\nb,1171,366,60\n",
        Wrong("off_earth", "请确认坐标", 0, "经度", "1170, 366"),
    ),
    _residents("only a header", "", Wrong("no_rows", "请检查表格")),
    _residents("no header", b"a,b,c\n1,2,3\n", Wrong("no_header", "请补上表头")),
    _residents("an open quote", '"a,117,36,5\n', Wrong("not_a_table", "请检查引号")),
    _residents("zeros", bytes(5000), Wrong("not_text", "请确认文件类型")),
    _residents("Big5", _traditional(), Wrong("encoding", "另存为“CSV UTF-8”")),
    _residents("noise", bytes(range(128, 256)) * 40, Wrong("encoding", "另存为“CSV UTF-8”")),
    _residents(
        "a cut gzip",
        gzip.compress(RESIDENTS.encode() * 50)[:-20],
        Wrong("damaged", "请重新导出"),
        "homes.csv.gz",
    ),
    Bad(
        "an unknown format",
        "outlets",
        "shops.csv",
        f"{OUTLETS}7,怪店,117.001,36.651,火箭发射场,\n".encode,
        (Wrong("unknown_format", "第 3 行的业态", 3, "业态", "火箭发射场"),),
    ),
)


def _book(name: str, make: Callable[[], bytes], code: str, says: str) -> Bad:
    return Bad(name, "outlets", "shops.xlsx", make, (Wrong(code, says),))


def good_book() -> bytes:
    """Pack the outlets as a sound workbook."""
    return book(cells(*OUTLETS.splitlines()))


BOOKS = (
    _book("two cells far apart", sparse_book, "too_hungry", "请只保留数据区域"),
    _book("a bomb by ratio", ratio_book, "bomb", "请另存为 CSV UTF-8"),
    _book("entities that multiply", laughing_book, "damaged", "请重新另存"),
    _book("half a workbook", lambda: good_book()[:600], "damaged", "请重新另存"),
    _book("a headless workbook", lambda: book(cells("a,b", "1,2")), "no_header", "请补上表头"),
    _book("words called a workbook", OUTLETS.encode, "invalid", "请"),
)
SHAPES = (
    '{"type":"Point","coordinates":[117.001,36.651]}',
    "null",
    '{"type":"Polygon","coordinates":[[["a","b"],["c","d"],["e","f"],["a","b"]]]}',
    '{"type":"Polygon","coordinates":[[[117,36.6],[117.1,36.7],[117,36.6]]]}',
    '{"type":"Polygon","coordinates":[[[117,36.6],[117.1,36.6],[117.1,36.7]]]}',
    '{"type":"Polygon","coordinates":[[[117,36.6],[117.1,36.6],[117.2,36.6],[117,36.6]]]}',
    '{"type":"Polygon","coordinates":[]}',
    '{"type":"Polygon"}',
)
SOUND = '{"type":"Polygon","coordinates":[[[117,36.6],[117.1,36.6],[117.1,36.7],[117,36.6]]]}'


def _broken() -> bytes:
    features = ",".join(
        f'{{"type":"Feature","properties":{{"kind":"{kind}"}},"geometry":{shape}}}'
        for kind, shape in [
            *(("circle", shape) for shape in SHAPES),
            ("火星", SOUND),
            ("圈", SOUND),
        ]
    )
    return f'{{"type":"FeatureCollection","features":[{features}]}}'.encode()


def _areas(name: str, content: str, wrong: Wrong) -> Bad:
    return Bad(name, "areas", "areas.geojson", content.encode, (wrong,))


DEEP = '{"type":"FeatureCollection","features":' + "[" * 100_000
AREAS = (
    Bad(
        "areas broken in every way",
        "areas",
        "areas.geojson",
        _broken,
        (
            *(
                Wrong("no_polygon", f"第 {row} 个区域", row, "geometry")
                for row in range(1, len(SHAPES) + 1)
            ),
            Wrong("unknown_kind", "请填写：边界", len(SHAPES) + 1, "kind", "火星"),
        ),
    ),
    _areas("areas cut short", square()[:-30], Wrong("not_geojson", "请重新导出")),
    _areas("areas nested without end", DEEP, Wrong("not_geojson", "请重新导出")),
    _areas("NaN areas", square().replace("117.0", "NaN", 1), Wrong("not_geojson", "请重新导出")),
    _areas(
        "areas far away",
        square(121.4, 31.2, 0.1),
        Wrong("elsewhere", "请确认文件属于本地区", 0, "", "121.4, 31.2, 121.5, 31.3"),
    ),
    _areas(
        "areas turned round",
        square(36.65, 117.0),
        Wrong("swapped", "请对调", 0, "经度", "36.65, 117"),
    ),
    _areas(
        "areas beyond the earth",
        square(500.0, 36.65),
        Wrong("off_earth", "请确认坐标", 0, "经度", "500, 36.65"),
    ),
)


def _other(name: str, kind: str, filename: str, make: Callable[[], bytes], wrong: Wrong) -> Bad:
    return Bad(name, kind, filename, make, (wrong,))


OTHERS = (
    _other(
        "areas as residents",
        "residents",
        "a.geojson",
        square().encode,
        Wrong("invalid", "不像居民数据"),
    ),
    _other(
        "an extract as residents", "residents", "a.pbf", _extract, Wrong("invalid", "不像居民数据")
    ),
    _other(
        "residents as areas", "areas", "a.csv", RESIDENTS.encode, Wrong("invalid", "不像区域数据")
    ),
    _other(
        "residents as outlets",
        "outlets",
        "a.csv",
        RESIDENTS.encode,
        Wrong("no_header", "请补上表头"),
    ),
    _other("a sheet as streets", "streets", "a.csv", OUTLETS.encode, Wrong("invalid", "不像路网")),
    _other("a program", "outlets", "a.exe", b"MZ\0\0".upper, Wrong("invalid", "不像网点数据")),
)
BAD_FILES = (*EXTRACTS, *TABLES, *BOOKS, *AREAS, *OTHERS)
