import numpy as np
import pytest

from core.contract import BusinessFormat, Service, Terms, text
from core.intake.classify import classify
from core.intake.found import Found

FORMATS = {
    each.key: each
    for each in (
        BusinessFormat(
            key="store",
            name="便利店",
            english="Store",
            terms=Terms(words=("便利店", "便民超市"), codes=("0602",), tags=("shop=convenience",)),
        ),
        BusinessFormat(
            key="market",
            name="菜市场",
            english="Market",
            terms=Terms(
                words=("菜市场", "市场"),
                not_words=("批发",),
                codes=("0607",),
                not_codes=("060799",),
            ),
        ),
        BusinessFormat(
            key="fresh", name="菜店", english="Fresh", terms=Terms(words=("菜店",), codes=("0607",))
        ),
        BusinessFormat(
            key="repair",
            name="维修点",
            english="Repair",
            services=(Service(key="keys", name="配钥匙"),),
            terms=Terms(words=("维修",), tags=("shop=repair", "craft=locksmith+opening=yes")),
        ),
    )
}


@pytest.fixture
def meant():
    """Classify offers of one outlet each; give (format, service) pairs and the problems."""

    def go(*offers, names=None):
        names = names or ["某店"] * len(offers)
        tables = {
            "outlets": {"lon": np.zeros(len(names)), "name": text(names)},
            "offers": {
                "outlet": np.arange(len(offers), dtype=np.int32),
                "mode": text(["on_site"] * len(offers)),
                "hours": text(["24/7"] * len(offers)),
                **{
                    column: text([offer.get(column, "") for offer in offers])
                    for column in ("format", "raw_format", "raw_code", "raw_tags")
                },
            },
        }
        found = Found()
        classify(tables, FORMATS, found)
        table = tables["offers"]
        assert set(table) == {"outlet", "mode", "hours", "format", "service"}
        pairs = list(zip(table["outlet"], table["format"], table["service"], strict=True))
        return pairs, found

    return go


@pytest.mark.parametrize(
    ("words", "meanings"),
    [
        ("便利店", ["store"]),
        ("store", ["store"]),
        ("STORE", ["store"]),
        ("社区便利店（24小时）", ["store"]),
        ("菜市场", ["market"]),
        ("便利店、菜市场", ["store", "market"]),
        ("维修+便利店", ["repair", "store"]),
        ("蔬菜批发市场", []),
        ("火箭", []),
    ],
)
def test_words_mean_formats_by_name_and_by_the_longest_term(meant, words, meanings):
    pairs, _ = meant({"raw_format": words})
    assert [key for _, key, _ in pairs] == meanings


def test_a_service_means_its_format_and_itself(meant):
    assert meant({"raw_format": "配钥匙"})[0] == [(0, "repair", "keys")]
    assert meant({"raw_format": "上门配钥匙服务"})[0] == [(0, "repair", "keys")]


def test_without_words_the_name_is_read(meant):
    assert meant({}, names=["老王维修部"])[0] == [(0, "repair", "")]


def test_codes_mean_by_their_longest_prefix_and_the_name_decides_between_equals(meant):
    assert meant({"raw_code": "060201"})[0] == [(0, "store", "")]
    assert meant({"raw_code": "060703"}, names=["小张菜店"])[0] == [(0, "fresh", "")]
    assert meant({"raw_code": "060703"}, names=["高台菜市场"])[0] == [(0, "market", "")]
    assert meant({"raw_code": "060799"})[0] == [(0, "fresh", "")]
    assert meant({"raw_code": "060200|060703"})[0] == [(0, "store", ""), (0, "market", "")]
    assert meant({"raw_code": "999999"})[0] == []


def test_tags_mean_every_format_that_has_them(meant):
    assert meant({"raw_tags": "shop=convenience;name=x"})[0] == [(0, "store", "")]
    assert meant({"raw_tags": "craft=locksmith"})[0] == []
    assert meant({"raw_tags": "craft=locksmith;opening=yes"})[0] == [(0, "repair", "")]


def test_a_key_that_is_given_must_exist(meant):
    assert meant({"format": "store"})[0] == [(0, "store", "")]
    pairs, found = meant({"format": "gone"})
    assert pairs == []
    assert [(each.row, each.code, each.value) for each in found.problems] == [
        (1, "unknown_format", "gone")
    ]


def test_an_unknown_format_says_what_might_be_meant(meant):
    _, found = meant({"raw_format": "便利點"})
    (problem,) = found.refused
    assert "是否想写“便利店”" in problem.message
    assert "便利點" in problem.message


def test_a_further_offer_that_means_nothing_is_left_out_with_a_warning():
    tables = {
        "outlets": {"lon": np.zeros(1), "name": text(["某店"]), "raw_row": np.array([7])},
        "offers": {
            "outlet": np.array([0, 0]),
            "mode": text(["on_site"] * 2),
            "hours": text([""] * 2),
            "raw_format": text(["便利店", "免费无线网"]),
        },
    }
    found = Found()
    classify(tables, FORMATS, found)
    assert tables["offers"]["format"].tolist() == ["store"]
    assert [(each.row, each.severity) for each in found.problems] == [(7, "warning")]
