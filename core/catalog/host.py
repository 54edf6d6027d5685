"""Host: load plugins one by one; a broken one becomes a record and not a crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pluggy

from core.catalog.guard import call
from core.contract import Manifest, checks, specs
from core.errors import NotFound, PluginFault

GROUP = "lifecircle.plugins"
MANIFEST = "lifecircle_manifest"
PREFIX = "plugins."  # the package that our own entry points name
OURS = Path(__file__).resolve().parents[2] / "plugins"


class State(StrEnum):
    """How loading went."""

    READY = "ready"
    BROKEN = "broken"  # it raised, misspelt a hook, or speaks another contract
    BLOCKED = "blocked"  # installed, but the operator does not offer it


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What became of one entry point.

    ``name`` is the entry point's, ``key`` the manifest's (the name where there is none).
    ``hooks`` names what it implements; ``error`` is what its author needs to know.
    """

    name: str
    key: str
    title: str = ""
    version: str = ""
    state: State
    error: str = ""
    hooks: tuple[str, ...] = ()
    built_in: bool = False
    manifest: Manifest | None = None
    functions: Mapping[str, Callable[..., Any]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def contact(self) -> str:
        """Whom to ask about it."""
        return self.manifest.contact if self.manifest else ""

    @property
    def label(self) -> str:
        """Name it with its version, as messages do."""
        return f"{self.key} {self.version}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The plugins of this process, built-ins first, then by key.

    ``kept`` holds the catalogues made of them, by what was enabled: plugins do not change while
    the process lives.
    """

    records: tuple[Record, ...]
    kept: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def ready(self) -> tuple[Record, ...]:
        """List the plugins that work."""
        return tuple(record for record in self.records if record.state is State.READY)

    def record(self, key: str) -> Record:
        """Find a plugin by its key.

        Raises
        ------
        NotFound
            When none has this key.
        """
        for record in self.records:
            if record.key == key:
                return record
        raise NotFound(
            f"没有名为 {key} 的插件。请检查名称，或请管理员安装。",
            english=f"There is no plugin {key}. Check the name, or have it installed.",
        )

    def built_in(self) -> dict[str, dict[str, Any]]:
        """Give what a tenant has before it says anything: built-ins with default settings."""
        return {record.key: {} for record in self.ready if record.built_in}


def load(allowed: Sequence[str] = (), extra: Sequence[tuple[str, object]] = ()) -> Host:
    """Load every installed plugin, each on its own.

    Parameters
    ----------
    allowed
        Names of entry points that are offered, each maybe ``name==version``; empty: all.
    extra
        Further plugins as ``(name, module or object)``, as tests have; never blocked. One of
        the same name takes the place of an installed one.
    """
    offered = dict(name.partition("==")[::2] for name in allowed)
    manager = pluggy.PluginManager(specs.PROJECT)
    manager.add_hookspecs(specs)
    given = dict(extra)
    found = {each.name: _Found(each.load, each.value.startswith(PREFIX)) for each in _installed()}
    for name, plugin in given.items():
        found[name] = _Found(partial(given.__getitem__, name), _is_ours(plugin))
    records: list[Record] = []
    for name in sorted(found, key=lambda name: (not found[name].ours, name)):
        if offered and name not in offered and name not in given:
            records.append(Record(name=name, key=name, state=State.BLOCKED))
        else:
            wanted = offered.get(name, "")
            records.append(_record(manager, name, found[name].bring, wanted, records))
    records.sort(key=lambda record: (not record.built_in, record.key))
    return Host(records=tuple(records))


class _Found(NamedTuple):
    """How to bring a plugin, and whether it is ours: those load first and so keep their keys."""

    bring: Callable[[], Any]
    ours: bool


def _installed() -> EntryPoints:
    return entry_points(group=GROUP)


def _record(
    manager: pluggy.PluginManager,
    name: str,
    bring: Callable[[], Any],
    wanted: str,
    others: Sequence[Record],
) -> Record:
    """Import, register, check and ask one plugin; whatever goes wrong becomes its record."""
    try:
        plugin = call(name, "import", bring)
        functions = call(name, "register", _functions, manager, plugin, name)
        manifest = call(name, MANIFEST, functions[MANIFEST], check=checks.manifest_faults)
        call(name, MANIFEST, _check_manifest, name, manifest, wanted, others)
    except PluginFault as fault:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        return Record(name=name, key=name, state=State.BROKEN, error=fault.reason)
    return Record(
        name=name,
        key=manifest.key,
        title=manifest.name,
        version=manifest.version,
        state=State.READY,
        hooks=tuple(sorted(functions)),
        built_in=_is_ours(plugin),
        manifest=manifest,
        functions=functions,
    )


def _functions(
    manager: pluggy.PluginManager,
    plugin: Any,
    name: str,
) -> dict[str, Callable[..., Any]]:
    """Register a plugin and give its hooks, each callable with all arguments of its spec.

    Raises
    ------
    ValueError
        When it implements no manifest, or forgot to mark a hook.
    pluggy.PluginValidationError
        When it marked a hook that does not exist, or named an unknown argument.
    """
    unmarked = sorted(
        each
        for each in dir(plugin)
        if each.startswith("lifecircle_")
        and callable(getattr(plugin, each))
        and not hasattr(getattr(plugin, each), f"{specs.PROJECT}_impl")
    )
    if unmarked:
        raise ValueError(f"函数 {'、'.join(unmarked)} 没有 @hookimpl 标记")
    manager.register(plugin, name=name)
    manager.check_pending()
    functions = {}
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if implementation.plugin is plugin:
                functions[caller.name] = _narrowed(implementation)
    if MANIFEST not in functions:
        raise ValueError(f"缺少 {MANIFEST}")
    return functions


def _narrowed(implementation: pluggy.HookImpl) -> Callable[..., Any]:
    """Let an implementation name fewer arguments than its spec."""

    def narrowed(**arguments: Any) -> Any:
        wanted = {name: arguments[name] for name in implementation.argnames}
        return implementation.function(**wanted)

    return narrowed


def _check_manifest(name: str, manifest: Manifest, wanted: str, others: Sequence[Record]) -> None:
    if wanted and manifest.version != wanted:
        raise ValueError(f"管理员指定版本 {wanted}，安装的是 {manifest.version}")
    for other in others:
        if other.state is State.READY and other.key == manifest.key:
            raise ValueError(f"键“{manifest.key}”已被插件 {other.name} 使用，{name} 未加载")


def _is_ours(plugin: Any) -> bool:
    file = getattr(plugin, "__file__", None) if isinstance(plugin, ModuleType) else None
    return file is not None and Path(file).resolve().is_relative_to(OURS)
