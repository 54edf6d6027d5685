import csv
import io
import zipfile

import openpyxl
import pytest

from core.contract import Head, Source, Unreadable
from core.contract.reading import decode
from plugins.sheets import lifecircle_importers
from plugins.sheets.outlets import SheetOptions, read_outlets

HEADER = ["网点名称", "经度", "纬度", "业态", "营业时间", "兼营"]
ROW = ["高台便利店", "117.0203", "36.6512", "便利店", "07:00-22:00", "收发快递、配钥匙"]
MANY = "社区菜市场在魏家庄街道，早上六点开门，卖新鲜的蔬菜和水果，居民都说方便"


@pytest.fixture
def sheet(tmp_path):
    def write(rows, name="a.csv", encoding="utf-8"):
        stream = io.StringIO(newline="")
        csv.writer(stream).writerows(rows)
        path = tmp_path / name
        path.write_bytes(stream.getvalue().encode(encoding))
        return Source(path=path, filename=name)

    return write


def book(path, rows, before=()):
    workbook = openpyxl.Workbook()
    workbook.active.title = "说明"
    tab = workbook.create_sheet("网点")
    for row in (*before, *rows):
        tab.append(row)
    workbook.save(path)
    workbook.close()
    return Source(path=path, filename=path.name)


def read(source, **options):
    return read_outlets(source, SheetOptions().load(options))


def words(raw):
    return raw.tables["offers"]["raw_format"].tolist()


def code_of(source, **options):
    with pytest.raises(Unreadable) as refused:
        read(source, **options)
    assert "什么都没有写入" in refused.value.message
    assert "Nothing was written" in refused.value.english or "nothing" in refused.value.english
    return refused.value.code


def test_a_row_becomes_an_outlet_with_its_offer_and_the_hosted_ones(sheet):
    raw = read(sheet([HEADER, ROW]))
    outlets, offers = raw.tables["outlets"], raw.tables["offers"]
    assert outlets["name"].tolist() == ["高台便利店"]
    assert (outlets["lon"].tolist(), outlets["lat"].tolist()) == ([117.0203], [36.6512])
    assert outlets["raw_row"].tolist() == [2]
    assert words(raw) == ["便利店", "收发快递", "配钥匙"]
    assert offers["outlet"].tolist() == [0, 0, 0]
    assert offers["hours"].tolist() == ["07:00-22:00"] * 3
    assert (raw.rows, list(raw.problems)) == (1, [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_usual_encodings_are_read(sheet, encoding):
    raw = read(sheet([HEADER, ROW, [MANY, *ROW[1:]]], encoding=encoding))
    assert raw.tables["outlets"]["name"].tolist() == ["高台便利店", MANY]
    warned = [(problem.code, problem.severity) for problem in raw.problems]
    assert warned == ([] if encoding.startswith("utf-8") else [("encoding_guessed", "warning")])


def test_a_big5_file_is_refused_and_not_read_as_nonsense(sheet):
    row = ["便利商店與菜市場營業時間說明", "120.2", "23.1", "超級市場", "", ""]
    assert code_of(sheet([["網點名稱", "經度", "緯度"], row], encoding="big5")) == "encoding"


def test_bytes_of_no_encoding_are_refused():
    with pytest.raises(Unreadable):
        decode(b"\xff\xff\x80\x80\xfe")


def test_a_header_is_found_below_title_rows_and_by_its_synonyms(sheet):
    rows = [
        ["市中区网点台账"],
        [],
        ["店名*", "LNG", "Lat（度）", "行业"],
        ["小店", 117, 36.6, "超市"],
    ]
    raw = read(sheet(rows))
    assert raw.tables["outlets"]["raw_row"].tolist() == [4]
    assert words(raw) == ["超市"]


def test_a_header_can_be_mapped(sheet):
    rows = [["招牌", "东", "北"], ["小店", "117.0", "36.6"]]
    assert code_of(sheet(rows)) == "no_header"
    raw = read(sheet(rows), columns={"name": "招牌", "lon": "东", "lat": "北"}, format="超市")
    assert words(raw) == ["超市"]


def test_semicolons_and_tabs_separate_too(sheet, tmp_path):
    for mark in ";\t":
        path = tmp_path / "b.csv"
        path.write_text(f"名称{mark}经度{mark}纬度\n小店{mark}117{mark}36.6\n", encoding="utf-8")
        raw = read(Source(path=path, filename="b.csv"))
        assert raw.tables["outlets"]["lon"].tolist() == [117.0]


@pytest.mark.parametrize("value", ["", "东经117度", "NaN", "inf", "1e999", "1_17"])
def test_a_coordinate_that_is_no_number_is_a_problem_with_its_row_and_column(sheet, value):
    raw = read(sheet([HEADER, ROW, ["坏店", value, *ROW[2:]]]))
    (problem,) = raw.problems
    assert (problem.row, problem.column, problem.code) == (3, "经度", "not_a_number")
    assert problem.value == value
    assert "请填写" in problem.message
    assert raw.tables["outlets"]["name"].tolist() == ["高台便利店"]
    assert raw.rows == 2


def test_an_unknown_mode_is_a_problem(sheet):
    header = ["名称", "经度", "纬度", "服务方式"]
    raw = read(sheet([header, ["甲", 117, 36, "上门"], ["乙", 117, 36, "飞来"]]))
    assert raw.tables["offers"]["mode"].tolist() == ["at_home"]
    assert [(problem.row, problem.code) for problem in raw.problems] == [(3, "unknown_mode")]


def test_a_workbook_is_read_from_the_sheet_that_has_the_header(tmp_path):
    source = book(tmp_path / "a.xlsx", [HEADER, [*ROW[:1], 117.0203, 36.6512, *ROW[3:]]])
    raw = read(source)
    assert raw.tables["outlets"]["lon"].tolist() == [117.0203]
    assert code_of(source, sheet="没有") == "no_such_sheet"


def test_a_workbook_of_another_kind_inside_is_refused(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 but no more [Content_Types] xl/")
    assert code_of(Source(path=path, filename="a.xlsx")) == "damaged"
    path.write_bytes(b"not a workbook at all")
    assert code_of(Source(path=path, filename="a.xlsx")) == "damaged"


def test_a_workbook_that_unpacks_too_far_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/sharedStrings.xml", b"0" * (64 * 1024 * 1024))
    assert path.stat().st_size < 100_000
    assert code_of(Source(path=path, filename="bomb.xlsx")) == "bomb"


def test_a_workbook_of_too_many_parts_is_refused(tmp_path):
    path = tmp_path / "parts.xlsx"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        for number in range(2001):
            packed.writestr(f"xl/{number}.xml", "")
    assert code_of(Source(path=path, filename="parts.xlsx")) == "bomb"


def test_an_empty_file_and_a_binary_one_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"")
    assert code_of(Source(path=path, filename="a.csv")) == "empty"
    path.write_bytes("名称,经度,纬度\0".encode())
    assert code_of(Source(path=path, filename="a.csv")) == "not_text"


def test_a_quote_that_never_closes_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('名称,经度,纬度\n"小店,117,36\n', encoding="utf-8")
    assert code_of(Source(path=path, filename="a.csv")) == "not_a_table"


def test_sheets_are_known_by_their_words_and_bytes(tmp_path):
    (importer,) = lifecircle_importers({})
    start = book(tmp_path / "a.xlsx", [HEADER]).path.read_bytes()
    assert importer.sniff(Head(filename="a", start=start)) > 0.5
    csv_start = "名称,经度,纬度,业态\n".encode("gbk")
    assert importer.sniff(Head(filename="a.csv", start=csv_start)) > 0.5
    assert importer.sniff(Head(filename="a.csv", start=b"lon,lat,people\n")) < 0.5
    assert importer.sniff(Head(filename="a.osm.pbf", start=b"\0\0OSMHeader")) == 0.0
