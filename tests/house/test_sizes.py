"""Every file can be read in one sitting and opens with the sentence that says what it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for room in ("core", "tenants", "plugins", "tests")
    for path in (TOP / room).rglob("*.py")
    if "node_modules" not in path.parts
)
BANNED = {"manager", "helper", "helpers", "utils", "handler", "data", "info", "process", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TOP)))
def test_a_file_has_at_most_400_lines_and_begins_with_its_sentence(path):
    text = path.read_text()
    assert text.count("\n") <= 400
    if path.relative_to(TOP).parts[0] != "tests":  # a test's name is its sentence
        docstring = ast.get_docstring(ast.parse(text))
        assert docstring, f"{path.relative_to(TOP)} does not say what it is"
        assert docstring.split("\n")[0].rstrip().endswith((".", "。", "?", ":")), docstring


def test_no_module_has_a_name_that_says_nothing():
    stems = {path.stem for path in MODULES if path.parts[len(TOP.parts)] != "tests"}
    assert not stems & BANNED, stems & BANNED


def test_the_top_level_holds_what_the_card_names_and_little_more():
    import subprocess  # noqa: PLC0415 - git is asked only here

    names = subprocess.run(
        ["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    tops = {name.split("/")[0] for name in names if name}
    wanted = {
        "core",
        "plugins",
        "tenants",
        "migrations",
        "tests",
        "wsgi.py",
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "constraints.txt",
    }
    assert {top for top in tops if not top.startswith(".")} <= wanted
