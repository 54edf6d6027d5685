import sys

import pytest

from core.contract import BusinessFormat, Misdeclared, Service, Terms, declared_formats

FILE = """
version = "1"
[[format]]
id = "shop"
zh = "商店"
en = "Shop"
slot = "yi_dian"
can_host = true
words = ["商店"]
not_words = ["批发"]
codes = ["0602"]
not_codes = ["060201"]
tags = ["shop=yes", "shop=mall+level=0"]
[[format.service]]
id = "copying"
zh = "复印"
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Give a way to write the file of a package and read it."""
    folder = tmp_path / "packaged_formats"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    def written(text):
        declared_formats.cache_clear()
        (folder / "formats.toml").write_text(text, "utf-8")
        return declared_formats("packaged_formats", "formats.toml")

    yield written
    sys.modules.pop("packaged_formats", None)
    declared_formats.cache_clear()


def test_a_file_becomes_formats(write):
    assert write(FILE) == (
        BusinessFormat(
            key="shop",
            name="商店",
            english="Shop",
            slot="yi_dian",
            can_host=True,
            services=(Service(key="copying", name="复印"),),
            terms=Terms(
                words=("商店",),
                not_words=("批发",),
                codes=("0602",),
                not_codes=("060201",),
                tags=("shop=yes", "shop=mall+level=0"),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('slot = "yi_dian"', 'slot = "yi_er"'),
        ('codes = ["0602"]', 'codes = ["!0602"]'),
        ('"shop=yes"', '"shop"'),
        ('words = ["商店"]', 'word = ["商店"]'),
        ('zh = "商店"', ""),
        ('version = "1"', "version = "),
    ],
)
def test_what_is_misspelt_is_refused_with_the_files_name(write, old, new):
    with pytest.raises(Misdeclared, match=r"packaged_formats:formats.toml"):
        write(FILE.replace(old, new, 1))


def test_a_format_named_twice_is_refused(write):
    again = FILE.partition("[[format]]")[2]
    with pytest.raises(Misdeclared, match="named twice: shop"):
        write(f"{FILE}\n[[format]]{again}")
