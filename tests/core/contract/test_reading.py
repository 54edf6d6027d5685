import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Unreadable
from core.contract.reading import (
    decode,
    encoding_said,
    find_header,
    number,
    plain,
    read_bytes,
    records,
)

WORDS = "名称,业态\n社区便利店,便利店\n高台菜市场,菜市场\n"


def code_of(function, *args):
    with pytest.raises(Unreadable) as refused:
        function(*args)
    assert "什么都没有写入" in refused.value.message
    return refused.value.code


def test_bytes_are_unpacked_up_to_a_limit(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(b"x" * 100))
    assert read_bytes(path, 100) == b"x" * 100
    assert code_of(read_bytes, path, 99) == "too_large"
    path.write_bytes(gzip.compress(b"x" * 100)[:-9])
    assert code_of(read_bytes, path) == "damaged"
    path.write_bytes(b" \n")
    assert code_of(read_bytes, path) == "empty"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("gbk", "gb18030"),
        ("gb18030", "gb18030"),
    ],
)
def test_usual_encodings_are_told_apart(encoding, name):
    assert decode(WORDS.encode(encoding)) == (WORDS, name)


def test_only_what_is_not_utf_8_is_said():
    assert encoding_said("utf-8") == ()
    (problem,) = encoding_said("gb18030")
    assert (problem.code, problem.severity, problem.value) == (
        "encoding_guessed",
        "warning",
        "gb18030",
    )


@pytest.mark.parametrize(
    "raw",
    [
        "便利商店與菜市場營業時間說明".encode("big5"),
        WORDS.encode()[:-1] + b"\xff",
        "コンビニエンスストア".encode("euc_jp"),
        b"\x80",
    ],
)
def test_what_no_encoding_fits_is_refused_and_not_guessed(raw):
    assert code_of(decode, raw) == "encoding"


def test_bytes_that_are_no_text_are_refused():
    assert code_of(decode, b"a\0b") == "not_text"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_rows_are_cut_at_whatever_separates_them(mark):
    assert list(records(f'a{mark}"b{mark}\n2"\nc{mark}d\n')) == [["a", f"b{mark}\n2"], ["c", "d"]]


def test_a_table_with_an_open_quote_is_refused():
    assert code_of(lambda: list(records('a,b\n"c,d\n'))) == "not_a_table"


def test_a_header_is_the_first_row_with_all_that_is_required():
    rows = [["台账"], [], ["店名*", " LNG ", "纬度（度）"], ["名称", "lng", "lat"]]
    synonyms = {"name": ("名称", "店名"), "lon": ("lng",), "lat": ("纬度", "lat"), "key": ("编号",)}
    header = find_header(rows, synonyms, ("name", "lon", "lat"), {})
    assert header.row == 2
    assert header.columns == {"name": 0, "lon": 1, "lat": 2}
    assert header.names["lat"] == "纬度（度）"
    assert find_header(rows, synonyms, ("key",), {}) is None
    assert find_header(rows, synonyms, ("name",), {"name": "台账"}).row == 0


@pytest.mark.parametrize(
    ("cell", "value"),
    [(" 1.5 ", 1.5), ("１１７", 117.0), ("-0", 0.0), ("1e3", 1000.0)]
    + [(cell, None) for cell in ("", "x", "nan", "inf", "1e999", "1_0", "1,000", "0x10", "117°")],
)
def test_only_finite_numbers_are_numbers(cell, value):
    assert number(cell) == value


@pytest.mark.parametrize("words", ["经度", " 经 度 ", "经度（°）", "经度(deg)", "*经度", "経度"])
def test_headers_are_compared_without_width_spaces_stars_and_units(words):
    assert (plain(words) == "经度") is (words != "経度")


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(raw):
    try:
        words, _ = decode(raw)
    except Unreadable:
        return
    assert "\0" not in words
