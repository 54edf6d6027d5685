import json

import pytest

from tests.bench.parts import read_parts
from tests.bench.trust import keep, trust_text


def test_a_long_test_keeps_its_figures_and_the_part_shows_them(tmp_path):
    report = tmp_path / "RESULTS.md"
    places = {"results": tmp_path / "results", "output": report}
    keep("chaos", seconds=12.3, figures={"lost": 0, "faults": {"web": 3}}, defects=0, **places)
    keep("fuzz", seconds=1, figures={"uploads": 10_000}, defects=2, **places)
    text = read_parts(report)["trust"]
    assert "| lost | 0 |" in text
    assert "| faults | web 3 |" in text
    assert "| uploads | 10,000 |" in text
    assert text.index("| `chaos`") < text.index("| `fuzz`")
    kept = json.loads((tmp_path / "results/fuzz.json").read_text("utf-8"))
    assert kept["defects"] == 2


def test_figures_that_are_not_measured_again_stay(tmp_path):
    places = {"results": tmp_path / "results", "output": tmp_path / "RESULTS.md"}
    keep("chaos", seconds=1, figures={"controls": {"fence": {"red": 9}}}, defects=0, **places)
    keep("chaos", seconds=1, figures={"lost": 0}, defects=0, **places)
    text = trust_text(places["results"])
    assert "### controls" in text
    assert "| fence | 9 |" in text
    assert "| lost | 0 |" in text


def test_an_unknown_long_test_is_refused(tmp_path):
    with pytest.raises(ValueError, match="none of"):
        keep("other", seconds=1, figures={}, defects=0, results=tmp_path)
