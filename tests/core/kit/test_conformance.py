"""The kit must fail on a plugin that is wrong, and say what is wrong with it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from marshmallow import Schema, fields

from core.catalog.host import load
from core.catalog.view import catalogue_for
from core.contract import (
    BusinessFormat,
    Demand,
    Importer,
    Manifest,
    Raw,
    Settings,
    Span,
    TableKind,
    Terms,
    declared_ruleset,
    hookimpl,
)
from core.kit.conformance import PluginConformance

RULESET = replace(declared_ruleset("plugins.national", "national-2023-plan.toml"), key="acme.rules")
MARKET = BusinessFormat(key="acme.market", name="夜市", english="Night market")


class Untitled(Settings):
    minutes = fields.Float(load_default=1.0)


class Lax(Schema):
    class Meta:
        unknown = "include"


def sheet(read=None, sniff=None, options=Settings):
    return Importer(
        key="acme.sheet",
        name="表",
        english="Sheet",
        gives=TableKind.RESIDENTS,
        media=(".csv",),
        sniff=sniff or (lambda _head: 0.5),
        read=read or (lambda _source, _options: 1 / 0),
        options=options,
    )


def kit(formats=(), rulesets=(), importers=(), **manifest):
    """Give the inherited tests of a plugin that gives these, as functions to call."""
    said = {"key": "acme", "name": "某厂", "version": "1.0", "api": (1, 0)} | manifest
    plugin = SimpleNamespace(
        lifecircle_manifest=hookimpl(lambda: Manifest(**said)),
        lifecircle_business_formats=hookimpl(lambda: formats),
        lifecircle_rulesets=hookimpl(lambda: rulesets),
        lifecircle_importers=hookimpl(lambda: importers),
    )
    host = load(extra=[("acme", plugin)])
    given = SimpleNamespace(host=host, record=host.record("acme"), test=PluginConformance())
    given.catalogue = catalogue_for(host, {"acme": {}})
    return given


def test_a_sound_plugin_passes():
    sound = kit([MARKET], [RULESET])
    sound.test.test_the_manifest_is_sane(sound.record)
    sound.test.test_what_it_gives_passes_the_checks(sound.catalogue)
    sound.test.test_a_missing_fact_widens_and_never_moves(sound.catalogue)


def failing(words):
    return pytest.raises(pytest.fail.Exception, match=words)


def test_a_bare_key_is_caught():
    bad = kit([replace(MARKET, key="market")])
    with failing("应以“acme.”开头"):
        bad.test.test_what_it_gives_passes_the_checks(bad.catalogue)


def test_a_strange_version_is_caught():
    bad = kit([MARKET], version="春节版")
    with failing("PEP 440"):
        bad.test.test_the_manifest_is_sane(bad.record)


def test_untitled_and_lax_settings_are_caught():
    bad = kit(settings=Untitled)
    with failing("缺少标题"):
        bad.test.test_every_setting_has_a_title(bad.record)
    bad = kit(settings=Lax)
    with failing("没有被拒绝"):
        bad.test.test_its_settings_refuse_what_they_do_not_know(bad.record)


@pytest.mark.parametrize(
    "terms", [Terms(codes=("!06",)), Terms(tags=("shop",)), Terms(words=("",))]
)
def test_terms_that_can_never_hold_are_caught(terms):
    bad = kit([replace(MARKET, terms=terms)])
    with failing("写法有误"):
        bad.test.test_the_terms_of_formats_are_well_formed(bad.catalogue)


def test_a_ruleset_that_asks_differently_each_time_is_caught():
    turns = iter(range(1, 60))
    fickle = replace(RULESET, demands=lambda _: [Demand(formats=("shop",), minutes=next(turns))])
    bad = kit(rulesets=[fickle])
    with failing("两次的需求不同"):
        bad.test.test_every_ruleset_asks_the_same_twice(bad.catalogue)


def test_a_ruleset_that_scores_what_is_missing_as_nought_is_caught():
    def harsh(facts, settings):
        card = RULESET.judge(facts, settings)
        lines = tuple(
            replace(line, value=Span(0, 0), points=Span(0, 0), why="")
            if line.value is None
            else line
            for line in card.lines
        )
        low, high = (sum(getattr(line.points, end) for line in lines) for end in ("low", "high"))
        return replace(card, lines=lines, points=Span(low, high))

    bad = kit(rulesets=[replace(RULESET, judge=harsh)])
    with failing("没有数据时扣了分"):
        bad.test.test_nothing_measured_is_the_whole_range(bad.catalogue)
    with failing("得分移动了"):
        bad.test.test_a_missing_fact_widens_and_never_moves(bad.catalogue)


def test_a_ruleset_that_looks_at_what_it_never_asked_for_is_caught():
    def curious(facts, settings):
        facts[Demand(formats=("casino",), minutes=5)]
        return RULESET.judge(facts, settings)

    bad = kit(rulesets=[replace(RULESET, judge=curious)])
    with failing("没有提出的需求"):
        bad.test.test_every_ruleset_looks_only_at_what_it_asked_for(bad.catalogue)


def test_a_ruleset_that_raises_is_caught_in_our_words():
    bad = kit(rulesets=[replace(RULESET, judge=lambda *_: 1 / 0)])
    with failing("acme 1.0 在 judge 时出错"):
        bad.test.test_every_ruleset_judges_the_same_twice(bad.catalogue)


def test_an_importer_that_breaks_on_garbage_or_swallows_it_is_caught(tmp_path):
    bad = kit(importers=[sheet()])
    with failing("ZeroDivisionError"):
        bad.test.test_importers_refuse_garbage_in_words(bad.catalogue, tmp_path)
    swallow = kit(importers=[sheet(read=lambda *_: Raw(tables={}, rows=3))])
    with failing("缺少表 homes"):
        swallow.test.test_importers_refuse_garbage_in_words(swallow.catalogue, tmp_path)


def test_an_importer_that_claims_too_much_or_takes_any_option_is_caught():
    bad = kit(importers=[sheet(sniff=lambda _head: 2, options=Lax)])
    with failing("0 到 1"):
        bad.test.test_importers_sniff_anything_without_raising(bad.catalogue)
    with failing("接受未知的选项"):
        bad.test.test_importers_options_refuse_what_they_do_not_know(bad.catalogue)
