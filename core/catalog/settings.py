"""Settings: validate what a tenant set for a plugin, and describe what may be set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, ValidationError

from core.errors import Invalid


def load(schema: type[Schema], values: Mapping[str, Any], what: str = "插件设置") -> dict[str, Any]:
    """Validate settings and fill in their defaults.

    Raises
    ------
    Invalid
        With one detail a field: its name and what is wrong with it.
    """
    try:
        loaded: dict[str, Any] = schema().load(values)
    except ValidationError as wrong:
        flat = list(_flat(wrong.messages))
        named = "、".join(dict.fromkeys(name for name, _ in flat))
        raise Invalid(
            f"{what}不可用：{named}。什么都没有改变，请改正后再试。",
            english=f"Unusable settings: {named}. Nothing changed; correct and try again.",
            details=[{"field": name, "message": message} for name, message in flat],
        ) from wrong
    return loaded


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, each in messages.items():
            yield from _flat(each, f"{path}.{name}" if path else str(name))
    elif isinstance(messages, list):
        for each in messages:
            yield from _flat(each, path)
    else:
        yield path or "_schema", str(messages)


def plain(schema: type[Schema], loaded: Mapping[str, Any]) -> dict[str, Any]:
    """Write loaded settings as JSON values again, for a digest or a form."""
    dumped: dict[str, Any] = schema().dump(loaded)
    return dumped


def describe(schema: type[Schema]) -> dict[str, Any]:
    """Give the JSON Schema of settings: types, bounds, defaults, Chinese titles."""
    marshmallow = MarshmallowPlugin()
    APISpec(title="settings", version="1", openapi_version="3.1.0", plugins=[marshmallow])
    converter = marshmallow.converter
    if converter is None:  # set by init_spec above; said for the type checker
        raise RuntimeError("apispec made no converter")
    described: dict[str, Any] = converter.schema2jsonschema(schema())  # type: ignore[no-untyped-call]  # apispec types it not
    return described
