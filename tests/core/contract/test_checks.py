from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.contract import (
    PROFILES,
    BusinessFormat,
    Demand,
    Importer,
    Line,
    Manifest,
    Problem,
    Raw,
    Ruleset,
    Scorecard,
    Span,
    Status,
    TableKind,
    Walker,
    Window,
    checks,
    text,
)

MANIFEST = Manifest(key="acme", name="某厂", version="1.0", api=(1, 0))
FORMAT = BusinessFormat(key="acme.night_market", name="夜市", english="Night market")
RULESET = Ruleset(
    key="acme.rules",
    version="1",
    name="办法",
    english="Rules",
    authority="某局",
    document="某号",
    effective=date(2024, 1, 1),
    status=Status.ASSUMED,
    notes="",
    demands=lambda _settings: (),
    judge=lambda _facts, _settings: CARD,
)
IMPORTER = Importer(
    key="acme.sheet",
    name="表格",
    english="Sheet",
    gives=TableKind.OUTLETS,
    media=(".csv",),
    sniff=lambda _head: 0.5,
    read=lambda _source, _options: RAW,
)
LINE = Line(
    key="shops",
    name="商店",
    dimension="a",
    value=Span(0.5, 0.6),
    target=0.9,
    floor=0.5,
    unit="%",
    numerator=None,
    denominator=None,
    points=Span(10, 20),
    out_of=60,
    met=False,
    status=Status.ASSUMED,
    status_note="设",
    source="某号",
)
CARD = Scorecard(
    lines=(LINE,),
    points=Span(10, 20),
    out_of=60,
    grade=None,
    grade_name="等级待定",
    pending=("商店",),
)
HOMES = {"lon": np.zeros(2), "lat": np.zeros(2), "people": np.ones(2)}
RAW = Raw(tables={"homes": HOMES}, rows=2)


def test_good_values_have_no_faults():
    assert checks.manifest_faults(MANIFEST) == ()
    assert checks.formats_faults([FORMAT], "acme", built_in=False) == ()
    assert checks.rulesets_faults((RULESET,), "acme", built_in=False) == ()
    assert checks.importers_faults([IMPORTER], "acme", built_in=False) == ()
    assert checks.scorecard_faults(CARD) == ()
    assert checks.demands_faults([Demand(formats=("shop",), minutes=15)]) == ()
    assert checks.raw_faults(RAW, TableKind.RESIDENTS) == ()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"key": "Acme"}, "小写"),
        ({"name": ""}, "不能为空"),
        ({"settings": dict}, "Schema"),
        ({"api": (1, 7)}, "合约版本 (1, 7)"),
        ({"api": (2, 0)}, "合约版本 (2, 0)"),
    ],
)
def test_a_bad_manifest_is_told(change, word):
    (fault,) = checks.manifest_faults(replace(MANIFEST, **change))
    assert word in fault
    assert "dict" in checks.manifest_faults({})[0]


def test_keys_without_the_plugins_prefix_are_for_built_ins():
    bare = replace(FORMAT, key="night_market")
    assert "“acme.”" in checks.formats_faults([bare], "acme", built_in=False)[0]
    assert checks.formats_faults([bare], "acme", built_in=True) == ()


def test_things_of_another_kind_and_keys_named_twice_are_told():
    assert "str" in checks.formats_faults("abc", "acme", built_in=False)[0]
    assert "None" in checks.formats_faults(None, "acme", built_in=False)[0]
    assert "Ruleset" in checks.formats_faults([RULESET], "acme", built_in=False)[0]
    assert "重复" in checks.formats_faults([FORMAT, FORMAT], "acme", built_in=False)[0]
    later = replace(RULESET, version="2")
    assert checks.rulesets_faults([RULESET, later], "acme", built_in=False) == ()


def test_what_cannot_be_called_is_told():
    assert checks.rulesets_faults([replace(RULESET, judge=None)], "acme", built_in=False)
    assert checks.importers_faults([replace(IMPORTER, read="x")], "acme", built_in=False)
    assert checks.importers_faults([replace(IMPORTER, gives="outlets")], "acme", built_in=False)


@pytest.mark.parametrize("claim", [-0.1, 1.1, None, "1", float("nan")])
def test_a_claim_outside_nought_to_one_is_told(claim):
    assert checks.sniff_faults(claim)


@pytest.mark.parametrize(
    "change",
    [
        {"formats": ()},
        {"formats": ("shop", "shop")},
        {"at_least": 2},
        {"at_least": 0},
        {"minutes": 0},
        {"minutes": 61},
        {"minutes": float("nan")},
        {"group": "6-12"},
        {"walker": None},
        {"walker": Walker(metres_per_second=12)},
        {"walker": Walker(metres_per_second=0.05)},
        {"walker": Walker(metres_per_second=float("nan"))},
        {"walker": Walker(steps=0.5)},
        {"walker": Walker(steps=float("inf"))},
        {"walker": Walker(crossing_seconds=-1)},
        {"walker": Walker(crossing_seconds=float("inf"))},
        {"walker": Walker(uphill=float("nan"))},
        {"window": Window(600, 600)},
        {"window": Window(600, 1500)},
    ],
)
def test_a_demand_that_nothing_can_answer_is_told(change):
    assert (
        len(checks.demands_faults([replace(Demand(formats=("shop",), minutes=15), **change)])) == 1
    )


@pytest.mark.parametrize("walker", [one.walker for one in PROFILES.values()])
def test_every_named_walker_may_be_demanded(walker):
    assert not checks.demands_faults([Demand(formats=("shop",), minutes=15, walker=walker)])


def test_demands_are_a_sequence_of_demands():
    assert checks.demands_faults(None)
    assert checks.demands_faults(["shop"])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"points": Span(float("nan"), 20)}, "有限"),
        ({"points": Span(20, 10)}, "不在 0 与满分"),
        ({"points": Span(-1, 10)}, "不在 0 与满分"),
        ({"points": Span(10, 61)}, "不在 0 与满分"),
        ({"value": None, "points": Span(0, 60)}, "没有说明原因"),
        ({"value": None, "why": "无", "points": Span(10, 60)}, "从 0 到满分"),
        ({"value": Span(0.6, 0.5)}, "有限的区间"),
        ({"value": Span(0, float("inf"))}, "有限的区间"),
        ({"source": ""}, "出处"),
    ],
)
def test_a_bad_line_is_told(change, word):
    assert word in "".join(checks.scorecard_faults(replace(CARD, lines=(replace(LINE, **change),))))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"points": Span(10, 21)}, "各项之和"),
        ({"out_of": 100}, "各项满分之和"),
        ({"grade": "good"}, "又称等级待定"),
        ({"grade_name": ""}, "等级名称"),
        ({"lines": (LINE, LINE), "points": Span(20, 40), "out_of": 120}, "重复"),
    ],
)
def test_a_scorecard_that_does_not_hold_together_is_told(change, word):
    assert word in "".join(checks.scorecard_faults(replace(CARD, **change)))
    assert "NoneType" in checks.scorecard_faults(None)[0]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"lon": np.zeros(3)}, "长度不一"),
        ({"lon": [0.0, 0.0]}, "一维数组"),
        ({"lon": np.zeros((2, 1))}, "一维数组"),
        ({"people": text(["1", "2"])}, "应为数"),
        ({"key": np.array(["a", "b"])}, "对象数组"),
        ({"key": text(["a", None])}, "对象数组"),
    ],
)
def test_a_table_that_does_not_fit_is_told(change, word):
    raw = replace(RAW, tables={"homes": HOMES | change})
    assert word in "".join(checks.raw_faults(raw, TableKind.RESIDENTS))


def test_missing_and_unknown_tables_and_columns_are_told():
    faults = checks.raw_faults(replace(RAW, tables={"house": {}}), TableKind.RESIDENTS)
    assert faults == ("未知的表：house", "缺少表 homes")
    less = {name: HOMES[name] for name in ("lon", "lat")}
    faults = checks.raw_faults(replace(RAW, tables={"homes": less}), TableKind.RESIDENTS)
    assert faults == ("homes 缺少列 people",)
    assert "Problem" not in "".join(checks.raw_faults(RAW, TableKind.RESIDENTS))
    strange = replace(RAW, problems=["坏"])
    assert checks.raw_faults(strange, TableKind.RESIDENTS) == ("问题清单中有 str",)
    told = Problem(row=1, column="lon", code="x", message="坏", english="bad")
    assert checks.raw_faults(replace(RAW, problems=[told]), TableKind.RESIDENTS) == ()
    assert "NoneType" in checks.raw_faults(None, TableKind.RESIDENTS)[0]


def test_offers_may_carry_the_sources_own_words_in_place_of_a_format():
    outlets = {"key": text(["1"]), "name": text(["店"]), "lon": np.zeros(1), "lat": np.zeros(1)}
    offers = {"outlet": np.zeros(1, "i4"), "mode": text(["on_site"]), "hours": text([""])}
    tables = {"outlets": outlets, "offers": offers}
    assert len(checks.raw_faults(Raw(tables=tables, rows=1), TableKind.OUTLETS)) == 2
    tables["offers"] = offers | {"raw_tags": text(["shop=yes"])}
    assert checks.raw_faults(Raw(tables=tables, rows=1), TableKind.OUTLETS) == ()
