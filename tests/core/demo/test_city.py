import json
from collections import Counter

import numpy as np
import osmium
import pytest
import shapely

from core.demo.city import FEWEST_RESIDENTS, generate
from core.demo.trades import read_trades

SMALL = 60_000


def test_the_same_seed_gives_the_same_bytes_of_every_file(tmp_path):
    first = generate(5, "某市", (117.0, 36.65), tmp_path / "first", residents=SMALL)
    again = generate(5, "某市", (117.0, 36.65), tmp_path / "again", residents=SMALL)
    names = sorted(path.name for path in first.folder.iterdir())
    assert names == sorted(path.name for path in again.folder.iterdir())
    assert len(names) == 5
    for name in names:
        assert (first.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


def test_another_seed_gives_another_city(tmp_path):
    one = generate(5, "某市", (117.0, 36.65), tmp_path / "one", residents=SMALL)
    other = generate(6, "某市", (117.0, 36.65), tmp_path / "other", residents=SMALL)
    for name in ("streets.osm.pbf", "outlets.csv", "residents.csv.gz", "areas.geojson"):
        assert (one.folder / name).read_bytes() != (other.folder / name).read_bytes(), name


def test_a_second_call_overwrites_the_first(tmp_path):
    generate(5, "某市", (117.0, 36.65), tmp_path, residents=SMALL)
    city = generate(6, "某市", (117.0, 36.65), tmp_path, residents=SMALL)
    assert len(list(tmp_path.iterdir())) == 5
    assert "seed: 6" in (city.folder / "README.txt").read_text("utf-8")


def test_too_few_residents_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match="at least"):
        generate(1, "某市", (117.0, 36.65), tmp_path / "none", residents=FEWEST_RESIDENTS - 1)
    assert not (tmp_path / "none").exists()


def test_the_city_has_the_size_that_the_demo_promises(full):
    people = [int(home["people"]) for home in full.homes]
    assert sum(people) == full.city.counts["residents"] >= 100_000
    assert min(people) >= 1
    assert len(full.homes) == full.city.counts["homes"] >= 15_000
    assert len(full.outlets) == full.city.counts["outlets"] >= 3_000
    nodes = len(full.walkable.streets.x)
    assert 15_000 <= full.city.counts["nodes"] <= nodes <= 40_000


def test_keys_do_not_repeat(full):
    for rows, key in ((full.homes, "编号"), (full.outlets, "编号")):
        assert len({row[key] for row in rows}) == len(rows)
    assert len({area["properties"]["key"] for area in full.areas}) == len(full.areas)


def test_everything_says_that_it_is_sample_data(full):
    assert all(row["备注"] == "示例数据" and "示例" in row["名称"] for row in full.outlets)
    assert all(row["备注"] == "示例数据" for row in full.homes)
    assert all(area["properties"]["note"] == "示例数据" for area in full.areas)
    assert all("示例" in area["properties"]["name"] for area in full.areas)
    assert "示例数据" in (full.city.folder / "README.txt").read_text("utf-8")
    assert "示例数据" in json.loads(full.city.areas.read_text("utf-8"))["note"]
    processor = osmium.FileProcessor(str(full.city.streets))
    assert "示例数据" in processor.header.get("generator")
    unsaid = [w.id for w in processor if w.is_way() and w.tags.get("source") != "示例数据"]
    assert unsaid == []


def test_commerce_is_as_dense_as_the_ministry_counts_it(full):
    trades = read_trades()
    counted = Counter(row["业态"] for row in full.outlets)
    commerce = sum(counted[trade.name] for trade in trades.commerce)
    assert commerce == full.city.counts["commerce"]
    residents = full.city.counts["residents"]
    assert commerce / residents * 1000 == pytest.approx(11.6, abs=0.01)
    wanted = trades.wanted(residents)
    missed = {
        trade.key: (counted[trade.name], wanted[trade.key])
        for trade in trades.every
        if trade.key != "park_green" and counted[trade.name] != wanted[trade.key]
    }
    assert missed == {}
    assert 1 <= counted["公园绿地"] <= wanted["park_green"]


def test_ages_are_parts_of_the_people_and_near_the_nation(full):
    columns = ("people", "people_60+", "people_65+", "people_0-3", "people_0-6")
    people, over_60, over_65, below_4, below_7 = np.array(
        [[int(home[name]) for name in columns] for home in full.homes]
    ).T
    assert (over_65 <= over_60).all()
    assert (below_4 <= below_7).all()
    assert (over_60 + below_7 <= people).all()
    total = people.sum()
    assert 0.16 < over_60.sum() / total < 0.26
    assert 0.11 < over_65.sum() / total < 0.19
    assert 0.045 < below_7.sum() / total < 0.085
    assert 0.02 < below_4.sum() / total < 0.045


def test_every_home_stands_in_one_circle_and_every_outlet_in_the_boundary(full):
    shapes = {
        kind: [
            shapely.from_geojson(json.dumps(area["geometry"]))
            for area in full.areas
            if area["properties"]["kind"] == kind
        ]
        for kind in ("boundary", "street", "circle")
    }
    homes = shapely.points([(float(h["lon"]), float(h["lat"])) for h in full.homes])
    for kind in ("boundary", "street", "circle"):
        held = sum(shapely.contains(shape, homes).astype(int) for shape in shapes[kind])
        assert (held == 1).all(), kind
    outlets = shapely.points([(float(o["经度"]), float(o["纬度"])) for o in full.outlets])
    assert shapely.contains(shapes["boundary"][0], outlets).all()
    assert len(shapes["boundary"]) == 1
    assert 6 <= len(shapes["circle"]) <= 12
    assert all(shape.is_valid for kind in shapes.values() for shape in kind)


def test_circles_carry_a_survey(full):
    circles = [a["properties"] for a in full.areas if a["properties"]["kind"] == "circle"]
    for circle in circles:
        assert 0.5 <= circle["satisfaction"] <= 1
        assert circle["satisfaction_n"] >= 139
    assert len({circle["satisfaction"] for circle in circles}) > 1


def test_there_are_gaps_to_find(full):
    circles = [
        shapely.from_geojson(json.dumps(area["geometry"]))
        for area in full.areas
        if area["properties"]["kind"] == "circle"
    ]
    places = shapely.points([(float(o["经度"]), float(o["纬度"])) for o in full.outlets])

    def without(*words):
        found = np.array(
            [any(word in o["业态"] + o["兼营"] for word in words) for o in full.outlets]
        )
        return [n for n, c in enumerate(circles) if not shapely.contains(c, places[found]).any()]

    assert without("菜市场")
    assert without("日间照料")
    assert set(without("维修", "工坊", "配钥匙")) & set(without("托育", "托管"))


def test_a_workshop_offers_much_and_a_clinic_opens_at_night(full):
    workshops = [o for o in full.outlets if o["业态"] == "社区工坊(一坊多能)"]
    assert workshops
    assert all(len(o["兼营"].split("、")) >= 5 for o in workshops)
    assert all(o["营业时间"] for o in workshops)
    night = [o for o in full.outlets if o["营业时间"] == "18:00-21:00"]
    assert len(night) >= 2
    assert {o["业态"] for o in night} == {"诊所/中医馆"}


def test_a_tenth_of_the_hours_is_unknown(full):
    unknown = sum(1 for outlet in full.outlets if not outlet["营业时间"])
    assert 0.07 < unknown / len(full.outlets) < 0.13
