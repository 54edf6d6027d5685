import gzip

import pytest

from core.contract import Head, Source, Unreadable
from plugins.grid import GridOptions, lifecircle_importers, read_residents


@pytest.fixture
def table(tmp_path):
    def write(words, name="a.csv", *, pack=False):
        path = tmp_path / name
        path.write_bytes(gzip.compress(words.encode()) if pack else words.encode())
        return Source(path=path, filename=name)

    return write


def read(source, **options):
    return read_residents(source, GridOptions().load(options))


def code_of(source, **options):
    with pytest.raises(Unreadable) as refused:
        read(source, **options)
    assert "什么都没有写入" in refused.value.message
    return refused.value.code


def test_people_keep_their_fractions_and_rows_their_numbers(table):
    homes = read(table("经度,纬度,人口\n117.0,36.6,12.5\n\n117.1,36.7,3\n")).tables["homes"]
    assert homes["people"].tolist() == [12.5, 3.0]
    assert homes["raw_row"].tolist() == [2, 4]
    assert "people_60+" not in homes


def test_age_groups_and_keys_are_read_by_their_names(table):
    words = "编号,经度,纬度,居民数,60岁以上,0-3岁\nA,117.0,36.6,10,3,1\n"
    homes = read(table(words)).tables["homes"]
    assert homes["key"].tolist() == ["A"]
    assert homes["people_60+"].tolist() == [3.0]
    assert homes["people_0-3"].tolist() == [1.0]


def test_rows_can_be_chosen_by_a_column(table):
    source = table("lon,lat,people,inside\n1,2,5,1\n1,2,6,0\n1,2,7,1\n")
    raw = read(source, only={"inside": "1"})
    assert raw.tables["homes"]["people"].tolist() == [5.0, 7.0]
    assert raw.rows == 2
    assert code_of(source, only={"outside": "1"}) == "no_such_column"
    assert code_of(source, only={"inside": "7"}) == "no_rows"


@pytest.mark.parametrize("value", ["", "many", "nan", "inf"])
def test_people_that_are_no_number_are_a_problem(table, value):
    raw = read(table(f"lon,lat,people\n1,2,5\n1,2,{value}\n"))
    (problem,) = raw.problems
    assert (problem.row, problem.column, problem.value) == (3, "people", value)
    assert raw.tables["homes"]["people"].tolist() == [5.0]
    assert raw.rows == 2


def test_a_gzipped_table_is_read_and_a_damaged_one_refused(table, tmp_path):
    source = table("lon,lat,people\n1,2,5\n" * 50, "a.csv.gz", pack=True)
    assert read(table("lon,lat,people\n1,2,5\n", "b.csv.gz", pack=True)).rows == 1
    source.path.write_bytes(source.path.read_bytes()[:-12])
    assert code_of(source) == "damaged"


def test_a_gzip_bomb_is_refused(table, tmp_path, monkeypatch):
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=9) as packed:
        for _ in range(33):
            packed.write(bytes(16 * 1024 * 1024))
    assert path.stat().st_size < 1_000_000
    assert code_of(Source(path=path, filename=path.name)) == "too_large"


def test_a_table_without_its_header_or_rows_is_refused(table):
    assert code_of(table("1,2,3\n")) == "no_header"
    assert code_of(table("lon,lat,people\n")) == "no_rows"
    assert code_of(table("")) == "empty"


def test_a_table_of_people_is_known_by_its_header(table):
    (importer,) = lifecircle_importers({})
    people = Head(filename="a.csv", start="经度,纬度,人口\n".encode("gbk"))
    outlets = Head(filename="a.csv", start="名称,经度,纬度,业态\n".encode())
    assert importer.sniff(people) > 0.8
    assert importer.sniff(outlets) < 0.5
    assert importer.sniff(Head(filename="a.geojson", start=b"{}")) == 0.0


@pytest.mark.data
def test_a_real_city_keeps_its_people(starter):
    path = starter / "las_palmas" / "demand.csv.gz"
    raw = read(Source(path=path, filename=path.name), only={"in_municipality": "1"})
    people = raw.tables["homes"]["people"]
    assert len(people) == 18_539
    assert people.sum() == pytest.approx(377_997.8)
