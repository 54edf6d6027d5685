"""What vendors build on changes on purpose only; ``python tests/house/test_contract.py`` renews."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import sys
from enum import Enum
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(TOP))

from core import contract  # noqa: E402 - as a script the path is told first
from core.contract import specs  # noqa: E402 - the same

OF_LIBRARIES = {"Meta", "opts"}  # marshmallow's own on every schema
COMMITTED = Path(__file__).with_name("contract.txt")


CHANGED = "The contract that vendors build on has changed:"
REMEDY = (
    "Raise API in core/contract/version.py: the minor number when something was added, the major "
    "when something was removed or means something else (before the first release it stays 1.0). "
    "Say it in CHANGELOG.md and core/contract/README.md. Then: python tests/house/test_contract.py"
)


def default_of(field):
    """Write a field's default; what is made anew for each value is named by its maker."""
    if field.default is not dataclasses.MISSING:
        return f" = {told(field.default)}"
    if field.default_factory is not dataclasses.MISSING:
        return f" = {field.default_factory.__name__}()"
    return ""


def told(value):
    """Write a default without addresses of memory, alike on every Python."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, type) or inspect.isroutine(value):
        return value.__name__
    return repr(value)


def signature(function):
    """Write a function's arguments and answer with their types."""
    parts, star = [], False
    for one in inspect.signature(function).parameters.values():
        if one.name == "self":
            continue
        if one.kind is one.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        default = "" if one.default is one.empty else f" = {told(one.default)}"
        parts.append(f"{one.name}: {one.annotation}{default}")
    returns = inspect.signature(function).return_annotation
    gives = "" if returns in {inspect.Signature.empty, "None"} else f" -> {returns}"
    return f"({', '.join(parts)}){gives}"


def of_class(name, kind):
    """Write a class: a value's fields, an enumeration's members, another's public methods."""
    bases = ", ".join(base.__name__ for base in kind.__bases__)
    lines = [f"class {name}({bases})"]
    if issubclass(kind, Enum):
        lines += [f"    {member.name} = {member.value!r}" for member in kind]
    elif dataclasses.is_dataclass(kind):
        for field in dataclasses.fields(kind):
            only = "" if not field.kw_only else "*"
            lines.append(f"    {only}{field.name}: {field.type}{default_of(field)}")
    else:
        wanted = "__getitem__" if hasattr(kind, "_is_protocol") else "__init__"
        for key, part in sorted(vars(kind).items()):
            if key == wanted or (not key.startswith("_") and key not in OF_LIBRARIES):
                lines.append(f"    {key}{signature(part) if inspect.isfunction(part) else ''}")
    return lines


def of_tables():
    """Write the columns of every table: vendors fill them."""
    lines = ["TABLES"]
    for kind, tables in contract.TABLES.items():
        for table, columns in tables.items():
            lines.append(f"    {kind}.{table}")
            for column in columns:
                optional = " optional" if column.optional else ""
                unit = f" [{column.unit}]" if column.unit else ""
                lines.append(f"        {column.name}: {column.dtype}{unit}{optional}")
    return lines


def snapshot():
    """Write the whole contract as lines."""
    lines = [f"API {'.'.join(map(str, contract.API))}", ""]
    for name in sorted(set(contract.__all__) - {"API"}):
        lines += of_tables() if name == "TABLES" else of_name(name, getattr(contract, name))
    lines.append("")
    for name, function in sorted(vars(specs).items()):
        if hasattr(function, "lifecircle_spec"):
            lines.append(f"hook {name}{signature(function)}")
    return lines


def of_name(name, value):
    """Write a class, a function, a tuple; of an alias or a marker the name."""
    if inspect.isclass(value):
        return of_class(name, value)
    if isinstance(value, tuple):
        return [f"{name} = ({', '.join(told(part) for part in value)})"]
    if inspect.isfunction(inspect.unwrap(value)):
        return [f"def {name}{signature(value)}"]
    return [name]


def test_the_contract_is_the_committed_one():
    committed = COMMITTED.read_text(encoding="utf-8").splitlines()
    difference = list(difflib.unified_diff(committed, snapshot(), "committed", "now", lineterm=""))
    assert not difference, "\n".join([CHANGED, *difference, REMEDY])


def test_every_public_name_is_in_the_snapshot():
    text = COMMITTED.read_text(encoding="utf-8")
    assert not [name for name in contract.__all__ if name not in text]


if __name__ == "__main__":
    COMMITTED.write_text("\n".join(snapshot()) + "\n", encoding="utf-8")
