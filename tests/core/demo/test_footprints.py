import csv

import osmium
import pytest
import shapely

from core.demo.footprints import (
    DWELLING_PART_OF_FLOOR,
    DWELLING_SQUARE_METRES_PER_PERSON,
    footprint,
    lived_in,
    read_footprints,
    stated_levels,
    write_footprints,
)

LON, LAT = 24.94, 60.17
STEP = 0.0005  # about 28 m east, 56 m north


def square(west, south, size=STEP):
    return [
        (west, south),
        (west + size, south),
        (west + size, south + size),
        (west, south + size),
    ]


def write_extract(path, buildings, box=None):
    """Write closed ways with their tags: (corners, tags) each."""
    header = osmium.io.Header()
    if box is not None:
        header.add_box(box)
    node = 0
    with osmium.SimpleWriter(str(path), header=header) as writer:
        rings = []
        for corners, _ in buildings:
            ids = []
            for where in corners:
                node += 1
                writer.add_node(osmium.osm.mutable.Node(id=node, location=where))
                ids.append(node)
            rings.append([*ids, ids[0]])
        for number, (ring, (_, tags)) in enumerate(zip(rings, buildings, strict=True), start=1):
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=ring, tags=tags))
    return path


def test_people_are_floor_over_floor_per_person():
    outline = shapely.Polygon(square(LON, LAT))
    one = footprint("w1", {"building": "apartments", "building:levels": "3"}, outline)
    metres = 1544  # 27.7 m by 55.7 m at this latitude, computed by hand from the radii
    assert one.square_metres == pytest.approx(metres, rel=0.01)
    assert one.levels_stated
    expected = one.square_metres * 3 * DWELLING_PART_OF_FLOOR / DWELLING_SQUARE_METRES_PER_PERSON
    assert one.people == pytest.approx(expected)


def test_a_courtyard_houses_nobody():
    yard = square(LON + STEP / 4, LAT + STEP / 4, STEP / 2)
    tags = {"building": "apartments"}
    whole = footprint("w1", tags, shapely.Polygon(square(LON, LAT)))
    ring = footprint("w2", tags, shapely.Polygon(square(LON, LAT), [yard]))
    assert ring.people == pytest.approx(whole.people * 3 / 4, rel=1e-3)
    assert not shapely.Polygon(yard).contains(shapely.Point(ring.lon, ring.lat))


def test_a_building_of_unknown_use_is_half_lived_in_and_one_of_another_use_not_at_all():
    assert lived_in({"building": "yes"}) == 0.5
    assert lived_in({"building": "apartments", "shop": "convenience"}) == 1.0
    assert lived_in({"building": "yes", "amenity": "library"}) == 0.0
    assert lived_in({"building": "church"}) == 0.0


def test_levels_that_are_no_levels_are_not_believed():
    assert stated_levels("3.5") == 3.5
    assert [stated_levels(word) for word in ("", "5;6", "0", "-1", "500", "nan", "inf")] == [
        None
    ] * 7


def test_a_shed_houses_nobody():
    shed = shapely.Polygon(square(LON, LAT, STEP / 8))
    assert footprint("w1", {"building": "yes"}, shed).people == 0


def test_buildings_are_read_from_an_extract_within_its_box(tmp_path):
    path = write_extract(
        tmp_path / "town.osm.pbf",
        [
            (square(LON, LAT), {"building": "apartments"}),
            (square(LON + 0.01, LAT), {"building": "apartments"}),  # beyond the box
            (square(LON, LAT + 0.001), {"building": "church"}),
            (square(LON, LAT + 0.002), {"landuse": "residential"}),
            (square(LON, LAT), {"building:part": "yes", "building:levels": "5"}),
        ],
        box=osmium.osm.Box(LON, LAT, LON + 0.005, LAT + 0.005),
    )
    found = list(read_footprints(path))
    assert [one.key for one in found] == ["w1"]
    assert LON < found[0].lon < LON + STEP
    assert LAT < found[0].lat < LAT + STEP


def test_the_same_buildings_give_the_same_bytes_and_each_row_says_modelled(tmp_path):
    one = footprint("w1", {"building": "block"}, shapely.Polygon(square(LON, LAT)))
    for name in ("a.csv", "b.csv"):
        write_footprints(tmp_path / name, [one, one])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["note"] for row in rows} == {"模型估计 modelled"}
    assert {row["levels_from"] for row in rows} == {"assumed"}
    assert float(rows[0]["people"]) == pytest.approx(one.people, abs=1e-3)
