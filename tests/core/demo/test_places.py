import csv
import gzip

import pytest

from core.demo.places import PLACES


def test_each_place_comes_after_the_one_above_it():
    seen = set()
    for place in PLACES:
        assert place.parent in seen or place.parent == ""
        seen.add(place.code)
    assert [place.level for place in PLACES[:4]] == ["nation", "province", "city", "district"]


def test_two_places_in_two_provinces_have_a_city_of_their_own():
    sampled = [place for place in PLACES if place.sample is not None]
    assert len(sampled) == 2
    assert len({place.code[:2] for place in sampled}) == 2
    assert len({place.sample.seed for place in sampled}) == 2


@pytest.mark.data
def test_codes_and_names_are_the_official_ones(starter):
    names = {}
    for table, length in (("provinces", 2), ("cities", 4), ("areas", 6)):
        path = starter / "admin_cn" / f"{table}.csv.gz"
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            names |= {row["code"]: row["name"] for row in csv.DictReader(file)}
        assert all(len(code) in (2, 4, 6) for code in names)
        assert any(len(code) == length for code in names)
    for place in PLACES[1:]:
        code = place.code
        short = code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
        assert names[short] == place.name
