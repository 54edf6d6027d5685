from types import SimpleNamespace

import pytest

import plugins.basics
from core.catalog.host import State, load
from core.contract import Manifest, hookimpl
from core.errors import NotFound

TYPO = """
from core.contract import Manifest, hookimpl

@hookimpl
def lifecircle_manifest():
    return Manifest(key="typo", name="错字", version="1", api=(1, 0))

@hookimpl
def lifecircle_rulsets(settings):
    return []
"""
UNKNOWN_ARGUMENT = TYPO.replace("rulsets(settings)", "rulesets(setings)")
UNMARKED = TYPO.replace("@hookimpl\ndef lifecircle_rulsets", "def lifecircle_rulesets")
NO_MANIFEST = "import core.contract\n"
RAISES = """
from core.contract import Manifest, hookimpl

@hookimpl
def lifecircle_manifest():
    return 1 / 0
"""
EXITS = "raise SystemExit(3)\n"


def by_name(host):
    return {record.name: record for record in host.records}


def test_an_installed_plugin_is_ready(install):
    install("acme")
    record = load().record("acme")
    assert (record.state, record.title, record.version) == (State.READY, "某厂", "1.0")
    assert record.hooks == ("lifecircle_business_formats", "lifecircle_manifest")
    assert not record.built_in


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import gdal_is_not_here\n", "ModuleNotFoundError: No module named 'gdal_is_not_here'"),
        ("def broken(:\n", "SyntaxError"),
        (TYPO, "lifecircle_rulsets"),
        (UNKNOWN_ARGUMENT, "setings"),
        (UNMARKED, "lifecircle_rulesets 没有 @hookimpl"),
        (NO_MANIFEST, "缺少 lifecircle_manifest"),
        (RAISES, "ZeroDivisionError"),
        (EXITS, "SystemExit: 3"),
    ],
)
def test_a_broken_plugin_becomes_a_record_and_the_others_load(install, code, told):
    install("broken", code=code)
    install("acme")
    host = load()
    record = host.record("broken")
    assert (record.state, record.hooks) == (State.BROKEN, ())
    assert told in record.error
    assert host.record("acme").state is State.READY


def test_a_plugin_for_another_contract_is_broken(install):
    install("future", api=(1, 7))
    install("past", api=(0, 9))
    host = load()
    assert "需要合约版本 (1, 7)，本系统提供 (1, 0)" in host.record("future").error
    assert host.record("past").state is State.BROKEN


def test_of_two_plugins_with_one_key_the_second_is_broken_and_names_the_first(install):
    install("acme")
    install("other", key="acme")
    other = by_name(load())["other"]
    assert other.state is State.BROKEN
    assert "“acme”已被插件 acme 使用" in other.error


def test_a_vendor_cannot_take_a_built_ins_key(install):
    install("aaa", key="basics", more="")
    host = load(extra=[("basics", plugins.basics)])
    assert host.record("basics").built_in
    assert by_name(host)["aaa"].state is State.BROKEN


def test_what_the_operator_does_not_offer_is_blocked_and_not_imported(install):
    install("acme")
    install("exits", code=EXITS)
    host = load(allowed=["acme"])
    assert host.record("acme").state is State.READY
    assert host.record("exits").state is State.BLOCKED
    assert host.record("exits").error == ""


def test_the_operator_may_pin_a_version(install):
    install("acme", version="1.1")
    assert load(allowed=["acme==1.1"]).record("acme").state is State.READY
    assert "管理员指定版本 1.0，安装的是 1.1" in load(allowed=["acme==1.0"]).record("acme").error


def test_built_ins_come_first_and_are_on_by_default(install):
    install("acme")
    host = load(extra=[("basics", plugins.basics)])
    assert [record.key for record in host.ready if record.key in ("acme", "basics")] == [
        "basics",
        "acme",
    ]
    assert "basics" in host.built_in()
    assert "acme" not in host.built_in()


def test_any_object_may_be_a_plugin_but_none_is_built_in_by_saying_so():
    @hookimpl
    def lifecircle_manifest():
        return Manifest(key="fake", name="假", version="1", api=(1, 0))

    file = plugins.basics.__file__
    fake = SimpleNamespace(lifecircle_manifest=lifecircle_manifest, __file__=file)
    record = load(extra=[("fake", fake)]).record("fake")
    assert record.state is State.READY
    assert not record.built_in


def test_an_unknown_plugin_is_not_found():
    with pytest.raises(NotFound, match="没有名为 nobody 的插件"):
        load().record("nobody")
