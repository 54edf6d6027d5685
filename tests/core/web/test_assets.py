import re
from pathlib import Path

import pytest

from core.web import assets

TEMPLATES = assets.STATIC.parent / "templates"
SHEETS = sorted(path for path in assets.STATIC.glob("*.css") if path.name != "tokens.css")
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b(?!\s*\{)|\b(?:rgb|hsl|oklch|lab)a?\(", re.IGNORECASE)
ROOMS = Path(assets.STATIC).parents[2]
PAGES = sorted([*TEMPLATES.glob("**/*.html"), *ROOMS.glob("tenants/**/templates/**/*.html")])


def test_an_address_changes_with_the_bytes(chinese, tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    (tmp_path / "a.css").write_text("one")
    first = assets.asset("a.css")
    (tmp_path / "a.css").write_text("other")
    assert first.startswith("/static/a.css?v=")
    assert assets.asset("a.css") != first


def test_a_missing_file_is_told_and_not_linked_blindly(chinese):
    assert not assets.has_asset("dist/never.js")
    with pytest.raises(FileNotFoundError):
        assets.asset("never.css")


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_no_colour_and_no_size_of_type_stands_outside_the_tokens(sheet):
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert COLOUR.findall(text) == []
    assert re.findall(r"font(?:-size)?:[^;]*\d(?:px|rem|em)\b", text) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_token_that_a_sheet_reads_is_written(sheet):
    tokens = set(re.findall(r"(--[\w-]+):", (assets.STATIC / "tokens.css").read_text()))
    assert set(re.findall(r"var\((--[\w-]+)\)", sheet.read_text(encoding="utf-8"))) <= tokens


def test_icons_take_their_colour_from_the_page():
    assert COLOUR.findall((assets.STATIC / "icons.svg").read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_no_template_writes_a_style_a_script_or_a_colour_inline(page):
    text = re.sub(r"\{#.*?#\}", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"\sstyle=|<style|\son[a-z]+=|javascript:|<script(?![^>]*\bsrc=)", text) == []
    assert COLOUR.findall(re.sub(r"&#\w+;|href=\"[^\"]*\"", "", text)) == []
    assert "|safe" not in text.replace(" ", "")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_icon_that_a_template_names_is_drawn(page):
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (assets.STATIC / "icons.svg").read_text()))
    assert set(re.findall(r'icon\("([\w-]+)"', page.read_text(encoding="utf-8"))) <= drawn
