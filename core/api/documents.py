"""/api/v1/docs: the API's description as a plain page, without scripts and without strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template, request

from core.access import open_to_all
from core.api.blueprint import PREFIX
from core.policy import Permission

blueprint = Blueprint("documents", __name__)
METHODS = ("get", "post", "put", "patch", "delete")
BOUNDS = (
    ("minimum", "≥ "),
    ("maximum", "≤ "),
    ("minLength", "length ≥ "),
    ("maxLength", "length ≤ "),
    ("minItems", "items ≥ "),
    ("maxItems", "items ≤ "),
)
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value that goes in or comes out; ``shape`` names a described schema, or is empty."""

    name: str
    kind: str
    shape: str
    required: bool
    note: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an operation answers with a status."""

    status: str
    says: str
    media: str
    kind: str
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method at an address: who may, what goes in, what comes out."""

    method: str
    path: str
    summary: str
    permission: str
    inputs: tuple[Field, ...]
    answers: tuple[Answer, ...]

    @property
    def anchor(self) -> str:
        """Name it within the page."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.method}{self.path}".lower()).strip("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Operations on one noun."""

    name: str
    says: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A described schema."""

    name: str
    says: str
    fields: tuple[Field, ...]


@blueprint.route("/docs")
@open_to_all
def docs() -> str:
    """Show the OpenAPI description as a page."""
    spec = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].description()
    groups = groups_of(spec, permissions())
    return render_template(
        "docs.html",
        groups=groups,
        shapes=shapes_of(spec),
        operations=sum(len(group.operations) for group in groups),
        version=spec["info"]["version"],
        site=request.url_root.rstrip("/"),
        prefix=PREFIX,
    )


def permissions() -> dict[tuple[str, str], str]:
    """Tell, by method and described path, what each view declares that it needs."""
    needed = {}
    for rule in current_app.url_map.iter_rules():
        access = getattr(current_app.view_functions[rule.endpoint], "access", "")
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        word = access.value if isinstance(access, Permission) else str(access)
        needed.update({(method.lower(), path): word for method in rule.methods or ()})
    return needed


def groups_of(spec: Mapping[str, Any], needed: Mapping[tuple[str, str], str]) -> tuple[Group, ...]:
    """Give a description's operations by their tags."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in spec.get("tags", ())}
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            operation = _operation(spec, path, method, item, needed.get((method, path), ""))
            for tag in item[method].get("tags", ("",)):
                found.setdefault(tag, []).append(operation)
    says = {tag["name"]: tag.get("description", "") for tag in spec.get("tags", ())}
    return tuple(
        Group(name=name, says=says.get(name, ""), operations=tuple(operations))
        for name, operations in found.items()
        if operations
    )


def shapes_of(spec: Mapping[str, Any]) -> tuple[Shape, ...]:
    """Give a description's schemas, those without named fields left out."""
    schemas: Mapping[str, Schema] = spec.get("components", {}).get("schemas", {})
    return tuple(
        Shape(name=name, says=schema.get("description", ""), fields=tuple(_fields(schema)))
        for name, schema in sorted(schemas.items())
        if schema.get("properties")
    )


def kind_of(schema: Schema) -> tuple[str, str]:
    """Write what a value is, and which described schema it is made of.

    >>> kind_of({"type": "array", "items": {"$ref": "#/components/schemas/Run"}})
    ('array of Run', 'Run')
    """
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return name, name
    for choice in ("allOf", "anyOf", "oneOf"):
        if choice in schema:
            kinds = [kind_of(each) for each in schema[choice]]
            return " | ".join(kind for kind, _ in kinds), next((s for _, s in kinds if s), "")
    kind = schema.get("type", "any")
    if kind == "array":
        inner, shape = kind_of(schema.get("items", {}))
        return f"array of {inner}", shape
    words = " | ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{words} ({schema['format']})" if "format" in schema else words, ""


def _operation(
    spec: Mapping[str, Any], path: str, method: str, item: Mapping[str, Any], permission: str
) -> Operation:
    told = item[method]
    given = [*item.get("parameters", ()), *told.get("parameters", ())]
    inputs = [_parameter(_found(spec, one)) for one in given]
    for media, content in told.get("requestBody", {}).get("content", {}).items():
        kind, shape = kind_of(content["schema"])
        body = Field(name=kind, kind=media, shape=shape, required=True, note="", where="body")
        inputs.append(body)
    return Operation(
        method=method.upper(),
        path=path,
        summary=told.get("summary", ""),
        permission=permission,
        inputs=tuple(inputs),
        answers=tuple(_answers(spec, told["responses"])),
    )


def _answers(spec: Mapping[str, Any], responses: Mapping[str, Any]) -> Iterator[Answer]:
    for status, response in sorted(responses.items()):
        told = _found(spec, response)
        contents = told.get("content", {}) or {"": {}}
        for media, content in contents.items():
            kind, shape = kind_of(content["schema"]) if "schema" in content else ("", "")
            yield Answer(
                status=status, says=told.get("description", ""), media=media, kind=kind, shape=shape
            )


def _parameter(told: Mapping[str, Any]) -> Field:
    schema = told.get("schema", {})
    kind, shape = kind_of(schema)
    return Field(
        name=told["name"],
        kind=kind,
        shape=shape,
        required=told.get("required", False),
        note=_note(schema, told.get("description", "")),
        where=told["in"],
    )


def _fields(schema: Schema) -> Iterator[Field]:
    required: Sequence[str] = schema.get("required", ())
    for name, value in schema["properties"].items():
        kind, shape = kind_of(value)
        yield Field(
            name=name,
            kind=kind,
            shape=shape,
            required=name in required,
            note=_note(value, value.get("description", "")),
        )


def _note(schema: Schema, description: str) -> str:
    """Write a value's bounds, choices and default."""
    words = [description] if description else []
    words += [f"{sign}{schema[bound]}" for bound, sign in BOUNDS if bound in schema]
    choices = schema.get("enum") or schema.get("items", {}).get("enum")
    if choices:
        words.append(" | ".join(str(choice) for choice in choices if choice is not None))
    if schema.get("default") not in (None, {}, "", []):
        words.append(f"= {schema['default']}")
    return "；".join(words)


def _found(spec: Mapping[str, Any], told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference into the description's components."""
    if "$ref" not in told:
        return told
    found: Any = spec
    for part in str(told["$ref"]).removeprefix("#/").split("/"):
        found = found[part]
    described: Mapping[str, Any] = found
    return described
