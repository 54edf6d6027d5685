"""Official codes: what they say by their shape."""

from __future__ import annotations

import pytest

from core.db import Level
from core.errors import Invalid
from tenants.tree.codes import official_name, read_code


@pytest.mark.parametrize(
    ("text", "code", "level", "step", "above"),
    [
        ("cn", "cn", Level.NATION, "cn", ()),
        ("37", "370000", Level.PROVINCE, "37", ("cn",)),
        ("370000", "370000", Level.PROVINCE, "37", ("cn",)),
        ("3701", "370100", Level.CITY, "3701", ("370000", "cn")),
        ("370100", "370100", Level.CITY, "3701", ("370000", "cn")),
        (" 370103 ", "370103", Level.DISTRICT, "370103", ("370100", "370000", "cn")),
        ("370103001", "370103001", Level.STREET, "370103001", ("370103", "370100", "370000", "cn")),
        ("370103001000", "370103001", Level.STREET, "370103001", None),
        ("370103000000", "370103", Level.DISTRICT, "370103", None),
        ("370000000000", "370000", Level.PROVINCE, "37", None),
        ("820002", "820002", Level.DISTRICT, "820002", None),
    ],
)
def test_a_code_says_its_level_and_what_is_above(text, code, level, step, above):
    read = read_code(text)
    assert (read.code, read.level, read.step) == (code, level, step)
    if above is not None:
        assert read.above == above


@pytest.mark.parametrize(
    "text",
    [
        *("", "3", "370", "37010", "3701031", "000000", "00", "370003", "370103001001"),
        *("山东", "３７", "3 7", "370103'--", "9" * 40),
    ],
)
def test_another_shape_is_refused(text):
    with pytest.raises(Invalid):
        read_code(text)


def test_known_codes_have_names_and_others_none():
    assert official_name("370103") == ("市中区", "Shizhong")
    assert official_name("999999") == ("", "")


@pytest.mark.data
def test_our_names_are_those_of_the_published_tables(starter):
    import csv  # noqa: PLC0415 - read here alone
    import gzip  # noqa: PLC0415 - read here alone

    for file, width in (("provinces", 2), ("cities", 4), ("areas", 6)):
        with gzip.open(starter / "admin_cn" / f"{file}.csv.gz", "rt", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                ours = official_name(row["code"].ljust(6, "0"))[0]
                if ours and len(row["code"]) == width and row["name"] != "市辖区":
                    assert ours == row["name"]
