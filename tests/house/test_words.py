"""Names say what a thing is: words that fit anything are used for nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
FILES = sorted(
    path
    for room in ("core", "tenants", "plugins")
    for path in (TOP / room).rglob("*.py")
    if "node_modules" not in path.parts
)
BANNED = {
    *("manager", "helper", "util", "utils", "utilities", "handler", "processor", "process"),
    *("data", "info", "misc", "common", "wrapper", "impl", "service", "stuff"),
}
ALLOWED = {
    "Service": "the house's word for what is finer than a format (配钥匙)",
    "_ServiceTable": "the same, as a table of TOML",
    "Services": "what one process has opened; named so in the map of the house",
    "services": "the same, of the running app",
    "open_services": "the same, being opened",
    "_register_error_handlers": "flask-smorest's method, overridden",
}
DEFINED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def words_of(name):
    """Split a name at underscores and capitals, plurals taken as the singular."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    return {part.lower().removesuffix("s") for part in parts} | {part.lower() for part in parts}


def says_nothing(tree):
    """Give the names of classes and functions that hold a banned word."""
    names = [node.name for node in ast.walk(tree) if isinstance(node, DEFINED)]
    return [name for name in names if words_of(name) & BANNED]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_no_class_or_function_has_a_name_that_says_nothing(path):
    assert not [name for name in says_nothing(ast.parse(path.read_text())) if name not in ALLOWED]


def test_no_module_and_no_folder_has_a_name_that_says_nothing():
    parts = {part for path in FILES for part in path.relative_to(TOP).with_suffix("").parts}
    assert not [part for part in parts - {"services"} if words_of(part) & BANNED]


def test_every_allowed_name_is_still_used():
    used = {name for path in FILES for name in says_nothing(ast.parse(path.read_text()))}
    assert used == set(ALLOWED)


@pytest.mark.parametrize(
    "code",
    ["class RunManager: ...", "def load_data(): ...", "def handlers(): ...", "class HTTPUtil: ..."],
)
def test_the_check_sees_such_names(code):
    assert says_nothing(ast.parse(code))
