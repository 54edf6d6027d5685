import csv
import gzip
import json
from collections import Counter

import osmium
import pytest
from osmium.osm.mutable import Node, Relation, Way

from core.contract import BusinessFormat, Source, Terms, Unreadable
from plugins.osm.places import PlaceOptions, read_places


def a_format(key, *tags):
    return BusinessFormat(key=key, name=key, english=key, terms=Terms(tags=tags))


FORMATS = [
    a_format("store", "shop=convenience"),
    a_format("market", "amenity=marketplace"),
    a_format("post", "amenity=post_office", "shop=convenience"),
    a_format("care", "amenity=social_facility+social_facility:for=senior"),
    a_format("park", "leisure=park"),
]


@pytest.fixture
def write(tmp_path):
    def to_source(things, formats=FORMATS):
        path = tmp_path / "a.osm.pbf"
        path.unlink(missing_ok=True)
        with osmium.SimpleWriter(str(path)) as writer:
            for thing in things:
                add = {Node: writer.add_node, Way: writer.add_way, Relation: writer.add_relation}
                add[type(thing)](thing)
        return Source(path=path, filename=path.name, formats=formats)

    return to_source


def square(first, west, south, side=0.001):
    """Give four corner nodes; a concave or wrong centroid would show."""
    corners = [(0, 0), (side, 0), (side, side), (0, side)]
    return [
        Node(id=first + number, location=(west + x, south + y))
        for number, (x, y) in enumerate(corners)
    ]


def read(source, **options):
    raw = read_places(source, PlaceOptions().load(options))
    outlets, offers = raw.tables["outlets"], raw.tables["offers"]
    pairs = [
        (outlets["key"][o], f) for o, f in zip(offers["outlet"], offers["format"], strict=True)
    ]
    return raw, pairs


def test_a_node_whose_tags_mean_two_formats_is_one_outlet_with_two_offers(write):
    tags = {"shop": "convenience", "name": "Shop", "name:zh": "小店", "opening_hours": "24/7"}
    raw, pairs = read(write([Node(id=7, location=(117.0, 36.6), tags=tags)]))
    assert pairs == [("n7", "store"), ("n7", "post")]
    assert raw.tables["outlets"]["name"].tolist() == ["小店"]
    assert raw.tables["offers"]["hours"].tolist() == ["24/7", "24/7"]
    assert raw.attribution == "© OpenStreetMap contributors, ODbL"


def test_only_the_first_format_counts_when_asked(write):
    source = write([Node(id=7, location=(117.0, 36.6), tags={"shop": "convenience"})])
    assert read(source, first_format_only=True)[1] == [("n7", "store")]


def test_tags_joined_by_a_plus_must_all_be_there(write):
    one = {"amenity": "social_facility"}
    both = {**one, "social_facility:for": "senior"}
    source = write(
        [
            Node(id=1, location=(117.0, 36.6), tags=one),
            Node(id=2, location=(117.0, 36.6), tags=both),
        ]
    )
    assert read(source)[1] == [("n2", "care")]


def test_a_closed_way_stands_at_its_centroid_and_an_open_one_is_no_place(write):
    source = write(
        [
            *square(1, 117.0, 36.6),
            Way(id=10, nodes=[1, 2, 3, 4, 1], tags={"amenity": "marketplace"}),
            Way(id=11, nodes=[1, 2, 3], tags={"amenity": "marketplace"}),
        ]
    )
    raw, pairs = read(source)
    assert pairs == [("w10", "market")]
    assert raw.tables["outlets"]["lon"] == pytest.approx([117.0005])
    assert raw.tables["outlets"]["lat"] == pytest.approx([36.6005])


def test_a_multipolygon_stands_at_the_centroid_of_its_outer_ring(write):
    source = write(
        [
            *square(1, 117.0, 36.6),
            Way(id=10, nodes=[1, 2, 3]),
            Way(id=11, nodes=[3, 4, 1]),
            Relation(
                id=20,
                members=[("w", 10, "outer"), ("w", 11, "outer")],
                tags={"type": "multipolygon", "leisure": "park"},
            ),
        ]
    )
    raw, pairs = read(source)
    assert pairs == [("r20", "park")]
    assert raw.tables["outlets"]["lon"] == pytest.approx([117.0005])
    assert read(source, relations=False)[1] == []


def test_a_place_that_is_closed_to_people_is_left_out(write):
    tags = {"leisure": "park", "access": "private"}
    source = write([Node(id=7, location=(117.0, 36.6), tags=tags)])
    assert read(source)[1] == []
    assert read(source, not_tags=[])[1] == [("n7", "park")]


def test_a_shape_cut_by_the_edge_of_the_file_is_said_and_left_out(write):
    source = write(
        [
            *square(1, 117.0, 36.6),
            Way(id=10, nodes=[1, 2, 99, 4, 1], tags={"leisure": "park"}),
        ]
    )
    raw, pairs = read(source)
    assert pairs == []
    assert [(problem.code, problem.value) for problem in raw.problems] == [("broken_shapes", "1")]


def test_without_any_format_to_look_for_the_file_is_refused(write):
    source = write([Node(id=7, location=(117.0, 36.6))], formats=[a_format("none")])
    with pytest.raises(Unreadable) as refused:
        read(source)
    assert refused.value.code == "no_tags"


@pytest.mark.data
def test_a_real_city_gives_the_reference_outlets(starter):
    folder = starter / "las_palmas"
    categories = json.loads((starter / "tools" / "category_map.json").read_text())
    formats = [
        a_format(key, *("=".join(tag) for tag in entry["osm"])) for key, entry in categories.items()
    ]
    path = folder / "las_palmas_2023.osm.pbf"
    source = Source(path=path, filename=path.name, formats=formats)
    raw, pairs = read(source, relations=False, first_format_only=True, not_tags=[])
    with gzip.open(folder / "pois.csv.gz", "rt", encoding="utf-8") as file:
        reference = {row["osm"]: row["category"] for row in csv.DictReader(file)}
    ours = dict(pairs)
    assert ours.keys() == reference.keys()
    # A place that is both a restaurant and a pastry shop: first in the map's order or in OSM's.
    assert {key for key in ours if ours[key] != reference[key]} == {"n4377598820"}
    assert sum(hours != "" for hours in raw.tables["offers"]["hours"]) == 101
    with_relations, pairs = read(source, first_format_only=True, not_tags=[])
    extra = Counter(format_ for key, format_ in pairs if key.startswith("r"))
    assert with_relations.rows == 2714
    assert sum(extra.values()) == 22
