import copy
import sys

import pytest

from core.contract import Misdeclared, declared_ruleset
from core.contract.declared import merge, read, ruleset_of
from core.kit.town import unmeasured

PARENT = """
[ruleset]
id = "parent"
version = "2"
title_zh = "上级办法"
title_en = "Parent"
issuer = "部"
doc_no = "一号"
issued = 2023-01-01
jurisdiction = "CN"
status = "assumed"

[defaults]
threshold_minutes = 15
speed_profile = "adult"
population_basis = "常住人口"

[[speed_profile]]
id = "adult"
group = "all"
m_per_s = 1.2
status = "assumed"
source = "设定"

[[dimension]]
id = "a"
zh = "甲"
weight = 100
status = "assumed"

[[indicator]]
id = "shops"
zh = "商店"
dimension = "a"
kind = "coverage"
formats = ["shop"]
unit = "%"
target = 90
floor = 50
curve = "linear"
weight = 100
status = "assumed"
source = "设定"
[indicator.status_parts]
threshold_minutes = "assumed"
target = "assumed"
floor = "assumed"
weight = "assumed"

[[grade]]
id = "good"
zh = "良好"
min_score = 80
status = "assumed"
"""
CHILD = """
[ruleset]
id = "child"
version = "1"
extends = "packaged_rules:parent.toml"
extends_version = "2"
title_zh = "下级办法"
title_en = "Child"
issuer = "局"
doc_no = "二号"
issued = 2024-01-01
jurisdiction = "CN-370100"
status = "assumed"

[[grade]]
id = "best"
zh = "示范"
min_score = 90
status = "assumed"
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Give a package on the path with a parent's and a child's file."""
    folder = tmp_path / "packaged_rules"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "parent.toml").write_text(PARENT, "utf-8")
    (folder / "child.toml").write_text(CHILD, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    sys.modules.pop("packaged_rules", None)
    declared_ruleset.cache_clear()


def test_a_child_inherits_what_it_does_not_say(package):
    child = declared_ruleset("packaged_rules", "child.toml")
    assert (child.key, child.version, child.authority) == ("child", "1", "局")
    card = child.judge(unmeasured(), {})
    assert [line.key for line in card.lines] == ["shops"]
    assert "示范 90、良好 80" in "".join(card.notes)


def test_a_child_pins_its_parents_version(package):
    (package / "parent.toml").write_text(PARENT.replace('version = "2"', 'version = "3"'), "utf-8")
    with pytest.raises(Misdeclared, match=r"extends version 2, but parent.toml is 3"):
        declared_ruleset("packaged_rules", "child.toml")


def test_the_digest_covers_the_parents_words_too(package):
    once = declared_ruleset("packaged_rules", "child.toml").digest
    declared_ruleset.cache_clear()
    assert declared_ruleset("packaged_rules", "child.toml").digest == once
    (package / "parent.toml").write_text(PARENT.replace("target = 90", "target = 91"), "utf-8")
    declared_ruleset.cache_clear()
    assert declared_ruleset("packaged_rules", "child.toml").digest != once


def test_a_file_that_extends_itself_is_refused(package):
    looped = CHILD.replace("parent.toml", "child.toml")
    (package / "child.toml").write_text(looped, "utf-8")
    with pytest.raises(Misdeclared, match="levels deep"):
        declared_ruleset("packaged_rules", "child.toml")


def test_broken_toml_names_its_file(package):
    (package / "child.toml").write_text("[ruleset\n", "utf-8")
    with pytest.raises(Misdeclared, match=r"packaged_rules:child.toml"):
        declared_ruleset("packaged_rules", "child.toml")


def test_a_file_that_is_not_there_is_not_found(package):
    with pytest.raises(FileNotFoundError):
        read("packaged_rules", "none.toml")
    with pytest.raises(ModuleNotFoundError):
        read("no_such_package", "none.toml")


def test_the_childs_dimensions_replace_the_parents(small):
    child = {"ruleset": {"id": "c"}, "dimension": [small["dimension"][1] | {"weight": 100}]}
    merged = merge(small, child)
    assert [row["id"] for row in merged["dimension"]] == ["b"]
    assert [row["id"] for row in merged["indicator"]] == ["happy"]


def test_a_row_of_the_same_id_is_replaced_in_its_place(small):
    shops = copy.deepcopy(small["indicator"][0]) | {"target": 80}
    extra = copy.deepcopy(small["indicator"][1]) | {"id": "more"}
    merged = merge(small, {"ruleset": {"id": "c"}, "indicator": [extra, shops]})
    assert [row["id"] for row in merged["indicator"]] == ["shops", "happy", "more"]
    assert merged["indicator"][0]["target"] == 80
    assert small["indicator"][0]["target"] == 90


def test_what_a_child_goes_without_is_dropped_and_must_have_been_there(small):
    merged = merge(small, {"ruleset": {"id": "c", "without": ["fair"]}})
    assert [row["id"] for row in merged["grade"]] == ["good"]
    with pytest.raises(Misdeclared, match="the parent has no great"):
        merge(small, {"ruleset": {"id": "c", "without": ["great"]}})


def test_demands_that_two_indicators_share_are_asked_once(small):
    small["indicator"][0]["weight"] = 50
    small["indicator"].append(copy.deepcopy(small["indicator"][0]) | {"id": "again"})
    assert len(ruleset_of(small).demands({})) == 1


def test_a_contradiction_names_its_file(package):
    broken = PARENT.replace('"adult"\npopulation', '"runner"\npopulation')
    (package / "parent.toml").write_text(broken, "utf-8")
    with pytest.raises(Misdeclared, match=r"packaged_rules:parent.toml: .*shops: walker: .*runner"):
        declared_ruleset("packaged_rules", "parent.toml")


def test_a_child_may_name_its_walker_either_way(small):
    small["defaults"]["walker"] = "elder"
    child = {"ruleset": small["ruleset"], "defaults": {"speed_profile": "adult"}}
    walkers = {demand.walker.key for demand in ruleset_of(merge(small, child)).demands({})}
    assert walkers == {"adult"}
