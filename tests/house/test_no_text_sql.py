"""SQL is built by SQLAlchemy; where it is written as text, no value is ever put into the text."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
EXEMPT = {
    "core/db/init.py": "names of roles and databases cannot be parameters; they are constants there"
}
FILES = sorted(
    path
    for room in ("core", "tenants", "plugins")
    for path in (TOP / room).rglob("*.py")
    if "node_modules" not in path.parts and str(path.relative_to(TOP)) not in EXEMPT
)
RUNS_SQL = {"execute", "executemany", "exec_driver_sql", "scalar", "scalars", "mogrify", "copy"}
MAKES_SQL = {"text", "literal_column", "DDL"}


def composed(node):
    """Tell whether an expression puts a text together: f-string, %, +, format, join, replace."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        ours = (node.left, node.right)
        texts = any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in ours)
        return texts or any(map(composed, ours))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in {"format", "join", "replace", "format_map", "substitute"}
    return False


def of_sqlalchemy(tree):
    """Give the local names under which SQLAlchemy's makers of text are known."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
        for alias in node.names
        if alias.name in MAKES_SQL
    }


def faults(code):
    """Give the lines on which SQL is put together, or a variable text becomes SQL."""
    tree = ast.parse(code)
    makers = of_sqlalchemy(tree)
    constants = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        first, called = node.args[0], node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        written = isinstance(first, ast.Constant) or getattr(first, "id", None) in constants
        by_sqlalchemy = name in makers or (
            name in MAKES_SQL
            and isinstance(called, ast.Attribute)
            and getattr(called.value, "id", "") in {"sa", "sqlalchemy"}
        )
        if (by_sqlalchemy and not written) or (name in RUNS_SQL and composed(first)):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_no_value_is_put_into_the_text_of_sql(path):
    assert not faults(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "code",
    [
        'session.execute(f"DELETE FROM {table}")',
        'session.execute("SELECT %s" % name)',
        'session.execute("SELECT " + name)',
        'cursor.execute("SELECT {}".format(name))',
        'from sqlalchemy import text\nsession.execute(text(f"SELECT {name}"))',
        "from sqlalchemy import text as t\nsession.execute(t(words))",
        'import sqlalchemy as sa\nsession.scalars(sa.text("SELECT " + name))',
        'connection.exec_driver_sql(" ".join(words))',
    ],
)
def test_the_check_sees_sql_that_is_put_together(code):
    assert faults(code)


@pytest.mark.parametrize(
    "code",
    [
        'from sqlalchemy import text\nsession.execute(text("SELECT :name"), {"name": name})',
        'from sqlalchemy import text\nWORDS = "SELECT 1"\nsession.execute(text(WORDS))',
        "session.execute(select(Run).where(Run.id == run_id))",
    ],
)
def test_the_check_lets_parameters_and_constants_pass(code):
    assert not faults(code)


def test_exempt_files_are_there_and_take_no_persons_words():
    for name in EXEMPT:
        text = (TOP / name).read_text(encoding="utf-8")
        assert "flask" not in text
        assert "request" not in text
