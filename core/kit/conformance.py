"""Conformance: what every plugin must hold; a vendor inherits the class and names the plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pytest
from marshmallow import ValidationError

from core.catalog import settings as plugin_settings
from core.catalog.host import Host, Record, State, load
from core.catalog.view import Catalogue, catalogue_for
from core.contract import (
    Demand,
    Fact,
    Figure,
    Head,
    Importer,
    Manifest,
    Scorecard,
    Source,
    Unreadable,
    checks,
)
from core.errors import PluginFault
from core.kit.town import GivenFacts, sample_town, unmeasured

VERSION = re.compile(r"\d+(\.\d+)*((a|b|rc|\.dev|\.post)\d+)?")
CODE, TAG = re.compile(r"\d{2,6}"), re.compile(r"[^=+\s]+=[^=+\s]+(\+[^=+\s]+=[^=+\s]+)*")
FULL = 100.0
GARBAGE: Mapping[str, bytes] = MappingProxyType(
    {
        "empty": b"",
        "zeros": bytes(4096),
        "noise": bytes((index * 197 + 13) % 256 for index in range(4096)),
        "half a zip": b"PK\x03\x04" + bytes(60),
        "half a gzip": b"\x1f\x8b\x08\x00" + bytes(20),
        "open json": b'{"type": "FeatureCollection", "features": [',
        "text in GBK": "名称,经度,纬度\n某店,东经,北纬\n".encode("gbk"),
    }
)


def hold(held: object, sentence: str) -> None:
    """Fail with a sentence of our own: asserts of an installed kit say too little."""
    if not held:
        pytest.fail(sentence, pytrace=False)


class Watched:
    """Facts that remember what they were asked."""

    def __init__(self, facts: GivenFacts) -> None:
        self.area, self.people = facts.area, facts.people
        self.facts = facts
        self.asked: list[Demand] = []

    def __getitem__(self, demand: Demand) -> Fact | None:
        """Answer, and remember the demand."""
        self.asked.append(demand)
        return self.facts[demand]

    def figure(self, key: str) -> Figure | None:
        """Give a stated figure."""
        return self.facts.figure(key)

    def why(self, demand: Demand) -> str:
        """Say why a demand has no answer."""
        return self.facts.why(demand)


class PluginConformance:
    """Inherit in a class whose name begins with Test, and set ``plugin``.

    Attributes
    ----------
    plugin
        The name of the entry point.
    settings
        The settings to test with; the defaults where there are none.
    given
        The plugin itself, where it is not installed.
    """

    plugin: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    given: ClassVar[object] = None

    @pytest.fixture
    def host(self) -> Host:
        """Load what is installed, and what is given."""
        return load(extra=() if self.given is None else ((self.plugin, self.given),))

    @pytest.fixture
    def record(self, host: Host) -> Record:
        """Find the plugin among what was loaded."""
        named = [record for record in host.records if record.name == self.plugin]
        hold(named, f"入口点 {self.plugin} 没有安装")
        hold(named[0].state is State.READY, f"{self.plugin} 未能加载：{named[0].error}")
        return named[0]

    @pytest.fixture
    def catalogue(self, host: Host, record: Record) -> Catalogue:
        """Build the catalogue of a tenant that has this plugin alone."""
        return catalogue_for(host, {record.key: dict(self.settings)})

    def test_the_manifest_is_sane(self, record: Record) -> None:
        """Hold the manifest against the contract, and its version against PEP 440's plain forms."""
        faults = checks.manifest_faults(record.manifest)
        hold(not faults, "；".join(faults))
        hold(VERSION.fullmatch(record.version), f"版本“{record.version}”不是 PEP 440 的写法")

    def test_it_gives_something(self, record: Record) -> None:
        """Hold that there is a hook beside the manifest."""
        hold(len(record.hooks) > 1, "除清单外没有实现任何接口")

    def test_its_settings_can_be_loaded_and_written_again(self, record: Record) -> None:
        """Hold that settings survive the way through the database."""
        schema = _manifest(record).settings
        loaded = plugin_settings.load(schema, self.settings)
        written = plugin_settings.plain(schema, loaded)
        hold(plugin_settings.load(schema, written) == loaded, "设置存取一次后改变了")

    def test_its_settings_refuse_what_they_do_not_know(self, record: Record) -> None:
        """Hold that a misspelt setting is refused."""
        refused = _manifest(record).settings().validate({**self.settings, "no_such_setting": 1})
        hold("no_such_setting" in refused, "未知的设置没有被拒绝：请继承 Settings")

    def test_every_setting_has_a_title(self, record: Record) -> None:
        """Hold that people can read what a setting is."""
        properties = plugin_settings.describe(_manifest(record).settings).get("properties", {})
        untitled = [name for name, each in properties.items() if not each.get("title")]
        hold(not untitled, f"设置缺少标题（metadata.title）：{'、'.join(untitled)}")

    def test_what_it_gives_passes_the_checks(self, catalogue: Catalogue) -> None:
        """Hold types, keys, prefixes and names of all that the hooks give."""
        hold(not catalogue.faults, "；".join(fault.message for fault in catalogue.faults))

    def test_asked_twice_it_gives_the_same(self, host: Host, catalogue: Catalogue) -> None:
        """Hold that keys, formats and rulesets do not change between two calls."""
        again = catalogue_for(host, {key: dict(self.settings) for key in catalogue.plugins})
        hold(dict(again.formats) == dict(catalogue.formats), "两次给出的业态不同")
        hold(again.digest == catalogue.digest, "两次给出的办法不同")
        hold(list(again.importers) == list(catalogue.importers), "两次给出的导入器不同")

    def test_the_terms_of_formats_are_well_formed(self, catalogue: Catalogue) -> None:
        """Hold that codes are digits, tags are key=value and words are not blank."""
        for each in catalogue.formats.values():
            terms = each.terms
            codes = [c for c in (*terms.codes, *terms.not_codes) if not CODE.fullmatch(c)]
            tags = [tag for tag in terms.tags if not TAG.fullmatch(tag)]
            blank = [word for word in (*terms.words, *terms.not_words) if not word.strip()]
            wrong = [*codes, *tags, *blank]
            hold(not wrong, f"业态“{each.key}”的条件写法有误：{wrong}")

    def test_every_ruleset_asks_the_same_twice(self, catalogue: Catalogue) -> None:
        """Hold that demands are checked, stable and named once."""
        for key in catalogue.rulesets:
            once, twice = _ask(catalogue, key), _ask(catalogue, key)
            hold(once == twice, f"办法“{key}”两次的需求不同")
            hold(len(once) == len(set(once)), f"办法“{key}”的需求重复")

    def test_every_ruleset_judges_the_same_twice(self, catalogue: Catalogue) -> None:
        """Hold that judging is pure and that its scorecard passes the checks."""
        for key, facts in _towns(catalogue):
            once, twice = _judge(catalogue, key, facts), _judge(catalogue, key, facts)
            hold(once == twice, f"办法“{key}”对同一事实两次评分不同")

    def test_every_ruleset_looks_only_at_what_it_asked_for(self, catalogue: Catalogue) -> None:
        """Hold that judging reads no fact that was not demanded: it would never be answered."""
        for key, facts in _towns(catalogue):
            watched = Watched(facts)
            _judge(catalogue, key, watched)
            extra = set(watched.asked) - set(_ask(catalogue, key))
            hold(not extra, f"办法“{key}”评分时用到没有提出的需求：{extra}")

    def test_nothing_measured_is_the_whole_range(self, catalogue: Catalogue) -> None:
        """Hold that with no fact at all every line runs from nothing to full, and says why."""
        for key in catalogue.rulesets:
            card = _judge(catalogue, key, unmeasured())
            hold(card.points.low == 0, f"办法“{key}”在没有数据时给了分")
            hold(card.points.high == card.out_of, f"办法“{key}”在没有数据时扣了分")

    def test_a_missing_fact_widens_and_never_moves(self, catalogue: Catalogue) -> None:
        """Hold that the points without a fact include the points with it."""
        for key, facts in _towns(catalogue):
            full = _judge(catalogue, key, facts)
            for demand in _ask(catalogue, key):
                less = _judge(catalogue, key, sample_town().facts(_ask(catalogue, key), [demand]))
                inside = less.points.low <= full.points.low and full.points.high <= less.points.high
                hold(inside, f"办法“{key}”缺少 {demand.formats} 时得分移动了")
                hold(less.grade in (None, full.grade), f"办法“{key}”因缺数据改变了等级")

    def test_the_full_points_are_a_hundred(self, catalogue: Catalogue) -> None:
        """Hold that all lines together are out of a hundred."""
        for key in catalogue.rulesets:
            out_of = _judge(catalogue, key, unmeasured()).out_of
            hold(abs(out_of - FULL) < checks.SLACK, f"办法“{key}”满分为 {out_of}，应为 100")

    def test_every_ruleset_names_its_sources(self, catalogue: Catalogue) -> None:
        """Hold that every line says where it comes from and how sure it is."""
        for key in catalogue.rulesets:
            for line in _judge(catalogue, key, unmeasured()).lines:
                hold(line.source and line.status_note, f"办法“{key}”的“{line.name}”缺少出处或性质")

    def test_importers_sniff_anything_without_raising(self, catalogue: Catalogue) -> None:
        """Hold that a claim on any bytes is a number from 0 to 1."""
        for key, importer in catalogue.importers.items():
            for name in GARBAGE:
                claim = importer.sniff(Head(filename="来件", start=GARBAGE[name]))
                faults = checks.sniff_faults(claim)
                hold(not faults, f"导入器“{key}”识别“{name}”：{'；'.join(faults)}")

    def test_importers_refuse_garbage_in_words(self, catalogue: Catalogue, tmp_path: Path) -> None:
        """Hold that garbage is ``Unreadable``, or yields tables that pass with problems listed."""
        for key, importer in catalogue.importers.items():
            for name, content in GARBAGE.items():
                path = tmp_path / f"来件{importer.media[0]}"
                path.write_bytes(content)
                _read(catalogue, importer, path, f"导入器“{key}”读取“{name}”")

    def test_importers_options_refuse_what_they_do_not_know(self, catalogue: Catalogue) -> None:
        """Hold that a misspelt option is refused."""
        for key, importer in catalogue.importers.items():
            try:
                importer.options().load({"no_such_option": 1})
            except ValidationError:
                continue
            hold(held=False, sentence=f"导入器“{key}”接受未知的选项")


def _manifest(record: Record) -> Manifest:
    if record.manifest is None:
        pytest.fail(f"{record.name} 没有清单", pytrace=False)
    return record.manifest


def _ask(catalogue: Catalogue, key: str) -> tuple[Demand, ...]:
    try:
        return catalogue.demands(key)
    except PluginFault as fault:
        pytest.fail(fault.message, pytrace=False)


def _judge(catalogue: Catalogue, key: str, facts: GivenFacts | Watched) -> Scorecard:
    try:
        return catalogue.judge(key, facts)
    except PluginFault as fault:
        pytest.fail(fault.message, pytrace=False)


def _towns(catalogue: Catalogue) -> Iterator[tuple[str, GivenFacts]]:
    """Give each ruleset the sample town's answers to what it asks."""
    for key in catalogue.rulesets:
        yield key, sample_town().facts(_ask(catalogue, key))


def _read(catalogue: Catalogue, importer: Importer, path: Path, what: str) -> None:
    source = Source(path=path, filename=path.name, formats=tuple(catalogue.formats.values()))
    try:
        raw = catalogue.read(importer.key, source, {})
    except Unreadable as refused:
        hold(refused.message and refused.english, f"{what}：没有说明原因")
    except PluginFault as fault:
        pytest.fail(f"{what}：{fault.message}", pytrace=False)
    else:
        hold(raw.problems or not raw.rows, f"{what}：读出 {raw.rows} 行而没有列出问题")
