from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from marshmallow import fields

import plugins.basics
import plugins.jinan
import plugins.national
from core.catalog.host import load
from core.catalog.view import catalogue_for
from core.contract import (
    BusinessFormat,
    Head,
    Importer,
    Manifest,
    Raw,
    Settings,
    Source,
    TableKind,
    declared_ruleset,
    hookimpl,
)
from core.errors import Conflict, Invalid, NotFound, PluginFault
from core.kit.town import unmeasured

OURS = [("basics", plugins.basics), ("national", plugins.national), ("jinan", plugins.jinan)]
NATIONAL = declared_ruleset("plugins.national", "national-2023-plan.toml")


def plugin(key, version="1", settings=Settings, **given):
    """Make a vendor's plugin that gives these values."""

    @hookimpl
    def lifecircle_manifest():
        return Manifest(key=key, name=key, version=version, api=(1, 0), settings=settings)

    made = SimpleNamespace(lifecircle_manifest=lifecircle_manifest)
    for hook, values in given.items():

        def implementation(settings, values=values):
            return values(settings) if callable(values) else values

        # pluggy would take the captured default for an argument that the hook lacks
        made.__dict__[f"lifecircle_{hook}"] = hookimpl(
            lambda settings, implementation=implementation: implementation(settings)
        )
    return made


def market(key):
    return BusinessFormat(key=key, name="夜市", english="Night market")


def sheet(key, claim=0.5, read=None, gives=TableKind.RESIDENTS):
    return Importer(
        key=key,
        name="表",
        english="Sheet",
        gives=gives,
        media=(".csv",),
        sniff=lambda _head: claim,
        read=read or (lambda _source, _options: Raw(tables={}, rows=0)),
    )


def built(*pairs, **settings):
    host = load(extra=pairs)
    return catalogue_for(host, {name: settings.get(name, {}) for name, _ in pairs})


def test_a_catalogue_holds_what_its_plugins_give():
    catalogue = built(*OURS)
    assert catalogue.faults == ()
    assert len(catalogue.formats) == 56
    assert set(catalogue.rulesets) == {"national-2023-plan", "jinan"}
    assert catalogue.owner("ruleset", "jinan").key == "jinan"
    assert catalogue.owner("format", "repair").label == "basics 1.0.0"


def test_a_plugin_that_is_not_enabled_gives_nothing():
    host = load(extra=OURS)
    assert catalogue_for(host, {}).formats == {}
    assert set(catalogue_for(host, {"national": {}}).rulesets) == {"national-2023-plan"}


def test_nothing_in_a_catalogue_can_be_changed():
    catalogue = built(*OURS)
    with pytest.raises(TypeError):
        catalogue.formats["x"] = None
    with pytest.raises(AttributeError):
        catalogue.digest = ""


def test_two_plugins_with_one_key_are_refused_by_name():
    host = load(extra=[("national", plugins.national)])
    national = host.record("national")
    twin = replace(national, key="twin", name="twin")
    both = replace(host, records=(national, twin))
    with pytest.raises(Conflict, match="插件 national 与 twin 都提供办法“national-2023-plan”"):
        catalogue_for(both, {"national": {}, "twin": {}})


def test_a_faulty_plugin_costs_only_what_it_would_have_given():
    bad = plugin("bad", business_formats=lambda _settings: 1 / 0, importers=[sheet("bad.sheet")])
    catalogue = built(*OURS, ("bad", bad))
    assert len(catalogue.formats) == 56
    assert "bad.sheet" in catalogue.importers
    (fault,) = catalogue.faults
    assert (fault.plugin, fault.hook) == ("bad 1", "lifecircle_business_formats")
    assert "ZeroDivisionError" in fault.reason


@pytest.mark.parametrize(
    ("formats", "word"),
    [
        ([market("market")], "应以“bad.”开头"),
        ([market("bad.market")] * 2, "重复"),
        (["bad.market"], "应全为 BusinessFormat"),
        (None, "NoneType"),
    ],
)
def test_values_that_the_contract_forbids_are_left_out_and_told(formats, word):
    catalogue = built(("bad", plugin("bad", business_formats=lambda _settings: formats)))
    assert catalogue.formats == {}
    assert word in catalogue.faults[0].reason


def test_what_is_enabled_but_broken_or_not_there_is_told():
    host = load(extra=[("bad", SimpleNamespace())])
    faults = catalogue_for(host, {"bad": {}, "gone": {}}).faults
    assert [(fault.plugin, fault.hook) for fault in faults] == [("gone", "load"), ("bad", "load")]
    assert "缺少 lifecircle_manifest" in faults[1].reason


def test_unusable_settings_put_the_plugin_aside_and_are_told():
    catalogue = built(*OURS, jinan={"no_major_incidents": "perhaps"})
    assert set(catalogue.rulesets) == {"national-2023-plan"}
    assert catalogue.faults[0].hook == "settings"
    assert "no_major_incidents" in catalogue.faults[0].reason


def test_settings_reach_the_hooks_with_their_defaults():
    class Names(Settings):
        suffix = fields.Str(load_default="market")

    def formats(settings):
        return [market(f"one.{settings['suffix']}")]

    one = plugin("one", settings=Names, business_formats=formats)
    assert list(built(("one", one)).formats) == ["one.market"]
    assert list(built(("one", one), one={"suffix": "fair"}).formats) == ["one.fair"]


def test_the_digest_tells_versions_settings_and_texts_apart():
    plain = built(*OURS).digest
    assert built(*OURS).digest == plain
    assert built(*reversed(OURS)).digest == plain
    assert built(*OURS, jinan={"no_major_incidents": False}).digest == plain  # the default, said
    others = {
        built(*OURS, jinan={"no_major_incidents": True}).digest,
        built(*OURS[:2]).digest,
        built(*OURS, ("one", plugin("one"))).digest,
        built(*OURS, ("one", plugin("one", version="2"))).digest,
        built(("one", plugin("one", rulesets=[replace(NATIONAL, key="one.x")]))).digest,
        built(("one", plugin("one", rulesets=[replace(NATIONAL, key="one.x", digest="")]))).digest,
    }
    assert len(others | {plain}) == 7


def test_of_several_versions_the_one_in_force_last_is_shown():
    versions = [
        replace(NATIONAL, key="one.x", version="2", effective=date(2024, 1, 1)),
        replace(NATIONAL, key="one.x", version="3", effective=date(2022, 1, 1)),
    ]
    assert built(("one", plugin("one", rulesets=versions))).ruleset("one.x").version == "2"


def test_a_ruleset_is_asked_and_judges_through_the_guard():
    catalogue = built(*OURS)
    assert len(catalogue.demands("national-2023-plan")) == 13
    assert catalogue.judge("jinan", unmeasured()).grade_name == "等级待定"
    bad = replace(NATIONAL, key="bad.x", demands=lambda _: [1], judge=lambda *_: 1 / 0)
    faulty = built(("bad", plugin("bad", rulesets=[bad])))
    with pytest.raises(PluginFault, match="bad 1 在 demands 时出错：应给出 Demand"):
        faulty.demands("bad.x")
    with pytest.raises(PluginFault, match="bad 1 在 judge 时出错：ZeroDivisionError"):
        faulty.judge("bad.x", unmeasured())


def test_an_unknown_ruleset_or_importer_is_not_found_and_names_those_there_are():
    with pytest.raises(NotFound, match="选择：jinan、national-2023-plan"):
        built(*OURS).ruleset("qingdao")
    with pytest.raises(NotFound, match="选择：无"):
        built(*OURS).importer("sheet")


def test_importers_claim_a_file_the_surest_first():
    importers = [sheet("one.a", 0.2), sheet("one.b", 0.9), sheet("one.c", 0)]
    importers.append(sheet("one.d", 1, gives=TableKind.STREETS))
    catalogue = built(("one", plugin("one", importers=importers)))
    head = Head(filename="x.csv", start=b"")
    claims = [(importer.key, sure) for importer, sure in catalogue.recognise(head)]
    assert claims == [("one.d", 1), ("one.b", 0.9), ("one.a", 0.2)]
    residents = catalogue.recognise(head, TableKind.RESIDENTS)
    assert [importer.key for importer, _ in residents] == ["one.b", "one.a"]
    lying = built(("bad", plugin("bad", importers=[sheet("bad.a", 7)])))
    with pytest.raises(PluginFault, match="0 到 1"):
        lying.recognise(head)


def test_what_an_importer_read_is_checked(tmp_path):
    catalogue = built(("one", plugin("one", importers=[sheet("one.a")])))
    source = Source(path=tmp_path / "x.csv", filename="x.csv")
    with pytest.raises(PluginFault, match="缺少表 homes"):
        catalogue.read("one.a", source, {})
    with pytest.raises(Invalid, match="导入选项不可用：colour"):
        catalogue.read("one.a", source, {"colour": "red"})
