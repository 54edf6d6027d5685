"""The long tests run from a checkout, and say so where there is none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.cli.dev import LONG, checkout, dev
from core.errors import Misconfigured

TOP = Path(__file__).resolve().parents[3]


def test_this_is_a_checkout():
    assert checkout() == TOP


def test_an_installation_without_tests_says_that_it_needs_a_checkout(tmp_path, monkeypatch):
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").touch()
    elsewhere = importlib.util.spec_from_file_location(
        "core",
        tmp_path / "core" / "__init__.py",
        submodule_search_locations=[str(tmp_path / "core")],
    )
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: elsewhere)
    with pytest.raises(Misconfigured, match="源代码仓库"):
        checkout()


@pytest.mark.parametrize("name", LONG)
def test_every_long_test_is_there(name):
    assert (TOP / "tests" / name / "__main__.py").is_file()


def test_words_and_the_exit_status_pass_through():
    told = CliRunner().invoke(dev, ["chaos", "--no-such-word"])
    assert told.exit_code == 2
