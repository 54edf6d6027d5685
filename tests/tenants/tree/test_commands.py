"""``lifecircle tenant`` as an operator types it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from core.errors import Conflict
from tenants.tree.commands import commands


@pytest.fixture
def type_in(database):
    def run(*words):
        services = SimpleNamespace(database=database)
        return CliRunner().invoke(commands, words, obj=services, catch_exceptions=False)

    return run


def test_places_are_created_from_the_top_and_listed_as_a_tree(type_in):
    assert type_in("create", "--code", "cn").output == "cn\t全国\tnation\t/cn/\n"
    assert type_in("create", "--code", "370000").exit_code == 0
    made = type_in("create", "--code", "370103", "--sample")
    assert made.output == "370103\t市中区\tdistrict\t/cn/37/370103/\n"
    elsewhere = type_in("create", "--name", "Las Palmas", "--slug", "las-palmas", "--level", "city")
    assert elsewhere.output == "las-palmas\tLas Palmas\tcity\t/las-palmas/\n"
    assert type_in("create", "--name", "甲", "--slug", "a", "--parent", "las-palmas").exit_code == 0
    assert type_in("list").output.splitlines() == [
        "cn\t全国\tnation",
        "  370000\t山东省\tprovince",
        "    370103\t市中区\tdistrict\t示例数据",
        "las-palmas\tLas Palmas\tcity",
        "  a\t甲\tdistrict",
    ]


def test_what_goes_wrong_is_raised_for_the_console_to_tell(type_in):
    type_in("create", "--name", "乙", "--slug", "b")
    with pytest.raises(Conflict):
        type_in("create", "--name", "乙", "--slug", "b")


def test_an_unknown_level_is_a_usage_error(type_in):
    assert type_in("create", "--name", "丙", "--level", "village").exit_code == 2
