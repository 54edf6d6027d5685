"""Catalogue: the formats, rulesets and importers that one tenant sees; frozen, with a digest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from core.catalog import settings as plugin_settings
from core.catalog.guard import call
from core.catalog.host import Host, Record, State
from core.contract import (
    BusinessFormat,
    Demand,
    Facts,
    Head,
    Importer,
    Raw,
    Ruleset,
    Scorecard,
    Source,
    TableKind,
    checks,
)
from core.errors import Conflict, LifecircleError, NotFound, PluginFault
from core.store.digest import digest_of

Kind = Literal["format", "ruleset", "importer"]
Value = TypeVar("Value", BusinessFormat, Ruleset, Importer)
KINDS: Mapping[Kind, tuple[str, Callable[..., checks.Faults], str]] = {
    "format": ("lifecircle_business_formats", checks.formats_faults, "业态"),
    "ruleset": ("lifecircle_rulesets", checks.rulesets_faults, "办法"),
    "importer": ("lifecircle_importers", checks.importers_faults, "导入器"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Enabled:
    """A plugin that works for a tenant, with the settings it was given."""

    key: str
    version: str
    settings: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Name it with its version, as messages do."""
        return f"{self.key} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What one tenant's plugins give.

    Every call into a plugin goes through here, guarded and checked: ``PluginFault`` where the
    plugin fails. ``faults`` are those met while building; what a faulty plugin would have
    given is missing. ``digest`` covers plugins, versions, settings, and every ruleset's text.
    """

    formats: Mapping[str, BusinessFormat]
    rulesets: Mapping[str, Ruleset]
    importers: Mapping[str, Importer]
    plugins: Mapping[str, Enabled]
    faults: tuple[PluginFault, ...]
    digest: str
    formats_digest: str
    owners: Mapping[tuple[Kind, str], str] = field(repr=False)

    def owner(self, kind: Kind, key: str) -> Enabled:
        """Give the plugin that something comes from."""
        return self.plugins[self.owners[kind, key]]

    def ruleset(self, key: str) -> Ruleset:
        """Find a ruleset; ``NotFound`` names those there are."""
        return _found(self.rulesets, key, KINDS["ruleset"][2])

    def importer(self, key: str) -> Importer:
        """Find an importer; ``NotFound`` names those there are."""
        return _found(self.importers, key, KINDS["importer"][2])

    def demands(self, ruleset: str) -> tuple[Demand, ...]:
        """Ask a ruleset what it needs to be told."""
        rules, owner = self.ruleset(ruleset), self.owner("ruleset", ruleset)
        check = checks.demands_faults
        return tuple(call(owner.label, "demands", rules.demands, owner.settings, check=check))

    def judge(self, ruleset: str, facts: Facts) -> Scorecard:
        """Have a ruleset judge one area."""
        rules, owner = self.ruleset(ruleset), self.owner("ruleset", ruleset)
        check = checks.scorecard_faults
        return call(owner.label, "judge", rules.judge, facts, owner.settings, check=check)

    def recognise(
        self, head: Head, kind: TableKind | None = None
    ) -> tuple[tuple[Importer, float], ...]:
        """Ask the importers how surely a file is theirs: the surest first, none without a claim."""
        claims = []
        for key, importer in self.importers.items():
            if kind in (None, importer.gives):
                label = self.owner("importer", key).label
                sure = call(label, "sniff", importer.sniff, head, check=checks.sniff_faults)
                claims.append((importer, float(sure)))
        claims.sort(key=lambda claim: (-claim[1], claim[0].key))
        return tuple(claim for claim in claims if claim[1] > 0)

    def read(self, importer: str, source: Source, options: Mapping[str, Any]) -> Raw:
        """Have an importer read a file; ``Unreadable`` and, for its options, ``Invalid`` pass."""
        reader, owner = self.importer(importer), self.owner("importer", importer)
        loaded = plugin_settings.load(reader.options, options, "导入选项")
        check = partial(checks.raw_faults, kind=reader.gives)
        return call(owner.label, "read", reader.read, source, loaded, check=check)


def _found(values: Mapping[str, Value], key: str, what: str) -> Value:
    if key not in values:
        raise NotFound(
            f"没有名为 {key} 的{what}，什么都没有改变。"
            f"请从现有的中选择：{'、'.join(values) or '无'}。",
            english=f"There is none named {key}; nothing changed. Choose one of: "
            f"{', '.join(values) or 'none'}.",
        )
    return values[key]


def catalogue_for(host: Host, enabled: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """Give the catalogue of a tenant that has these plugins on, with these settings.

    Built once a process for each such choice, and anew while a plugin of it fails.

    Raises
    ------
    Conflict
        When two plugins give the same key, naming both.
    """
    key = json.dumps(enabled, sort_keys=True, default=repr)
    kept: Catalogue | None = host.kept.get(key)
    if kept is None:
        kept = _built(host, enabled)
        if not kept.faults:
            host.kept[key] = kept
    return kept


def _built(host: Host, enabled: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    faults: list[PluginFault] = []
    records = {record.key: record for record in _records(host, enabled, faults)}
    plugins: dict[str, Enabled] = {}
    told: dict[str, dict[str, Any]] = {}
    for key, record in records.items():
        try:
            schema = _schema(record)
            loaded = plugin_settings.load(schema, enabled[key])
            told[key] = plugin_settings.plain(schema, loaded)
        except LifecircleError as wrong:
            faults.append(PluginFault(record.label, "settings", wrong.message))
        else:
            settings = MappingProxyType(loaded)
            plugins[key] = Enabled(key=key, version=record.version, settings=settings)
    given: dict[Kind, dict[str, Any]] = {"format": {}, "ruleset": {}, "importer": {}}
    owners: dict[tuple[Kind, str], str] = {}
    for kind in KINDS:
        for plugin in plugins.values():
            for value in _values(records[plugin.key], plugin, kind, faults):
                _claim(kind, value.key, plugin.key, owners)
                given[kind][value.key] = _later(given[kind].get(value.key), value)
    return Catalogue(
        formats=MappingProxyType(given["format"]),
        rulesets=MappingProxyType(given["ruleset"]),
        importers=MappingProxyType(given["importer"]),
        plugins=MappingProxyType(plugins),
        faults=tuple(faults),
        digest=_digest(plugins, told, given["ruleset"]),
        formats_digest=_formats_digest(given["format"]),
        owners=MappingProxyType(owners),
    )


def _records(
    host: Host, enabled: Mapping[str, Mapping[str, Any]], faults: list[PluginFault]
) -> Iterator[Record]:
    """Give the records of enabled plugins in the host's order; note those that do not work."""
    there = {record.key: record for record in host.records}
    unknown = sorted(set(enabled) - set(there))
    faults.extend(PluginFault(key, "load", "没有安装") for key in unknown)
    for key, record in there.items():
        if key not in enabled:
            continue
        if record.state is State.READY:
            yield record
        else:
            reason = record.error or "管理员没有提供此插件"
            faults.append(PluginFault(record.label, "load", reason))


def _schema(record: Record) -> Any:
    if record.manifest is None:
        raise NotFound(f"插件 {record.key} 没有清单。", english="The plugin has no manifest.")
    return record.manifest.settings


def _values(
    record: Record, plugin: Enabled, kind: Kind, faults: list[PluginFault]
) -> tuple[Any, ...]:
    """Call one hook of one plugin; a fault leaves the others alone."""
    hook, check, _ = KINDS[kind]
    function = record.functions.get(hook)
    if function is None:
        return ()
    checked = partial(check, plugin=record.key, built_in=record.built_in)
    try:
        return tuple(call(plugin.label, hook, function, settings=plugin.settings, check=checked))
    except PluginFault as fault:
        faults.append(fault)
        return ()


def _claim(kind: Kind, key: str, plugin: str, owners: dict[tuple[Kind, str], str]) -> None:
    other = owners.setdefault((kind, key), plugin)
    if other != plugin:
        what = KINDS[kind][2]
        raise Conflict(
            f"插件 {other} 与 {plugin} 都提供{what}“{key}”，不能同时启用。请停用其中一个。",
            english=f"Plugins {other} and {plugin} both give {kind} {key!r}. Turn one of them off.",
        )


def _later(one: Any, other: Any) -> Any:
    """Keep the ruleset that took effect last; of two with one date, the greater version."""
    if not isinstance(one, Ruleset):
        return other
    return max(one, other, key=lambda each: (each.effective, each.version))


def _formats_digest(formats: Mapping[str, BusinessFormat]) -> str:
    return digest_of({key: _plain(asdict(one)) for key, one in formats.items()})


def _plain(value: Any) -> Any:
    """Turn what a format is made of into JSON's own types."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, Enum) else value


def _digest(
    plugins: Mapping[str, Enabled],
    settings: Mapping[str, Mapping[str, Any]],
    rulesets: Mapping[str, Ruleset],
) -> str:
    return digest_of(
        {
            "plugins": {
                key: {"version": each.version, "settings": settings[key]}
                for key, each in plugins.items()
            },
            "rulesets": {
                key: {"version": each.version, "digest": each.digest}
                for key, each in rulesets.items()
            },
        }
    )
