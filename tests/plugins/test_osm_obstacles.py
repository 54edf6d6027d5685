import math

import numpy as np
import osmium
import pytest
from osmium.osm.mutable import Node, Way

from core.contract import Source
from plugins.osm.obstacles import gate_of, one_way_of
from plugins.osm.streets import StreetOptions, read_streets

PATH = {"highway": "footway"}
ROAD = {"highway": "residential"}
SIGNALS = {"highway": "crossing", "crossing": "traffic_signals"}
GATE = {"barrier": "gate", "access": "private"}


def edges(tmp_path, ways, tags, places=None):
    """Read ways over nodes on a line; give edges by their two OSM nodes, and the columns."""
    path = tmp_path / "a.osm.pbf"
    places = places or {number: (117.0 + number / 1000, 36.6) for number in range(1, 10)}
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in places.items():
            writer.add_node(Node(id=number, location=place, tags=tags.get(number, {})))
        for number, (refs, way) in enumerate(ways, start=100):
            writer.add_way(Way(id=number, nodes=refs, tags=way))
    raw = read_streets(Source(path=path, filename=path.name), StreetOptions().load({}))
    used = sorted({node for refs, _ in ways for node in refs})
    table = raw.tables["edges"]
    ends = [(used[u], used[v]) for u, v in zip(table["u"], table["v"], strict=True)]
    return ends, table


def where(tmp_path, column, ways, tags, places=None):
    """Give the edges on which a column says something, with what it says."""
    ends, table = edges(tmp_path, ways, tags, places)
    if column not in table:
        return {}
    return {end: value for end, value in zip(ends, table[column].tolist(), strict=True) if value}


def test_a_file_that_tells_of_no_obstacle_has_no_such_columns(tmp_path):
    _, table = edges(tmp_path, [([1, 2, 3], PATH)], {2: {"highway": "crossing"}})
    assert set(table) == {"u", "v", "metres", "way", "kind"}


def test_a_column_that_says_something_has_the_contracts_type(tmp_path):
    _, table = edges(
        tmp_path,
        [([1, 2, 3], PATH | {"oneway:foot": "yes", "incline": "5%"})],
        {2: GATE | SIGNALS},
    )
    assert table["crossings"].dtype == np.int32
    assert table["one_way"].dtype == np.int8
    assert table["climb"].dtype == np.float64
    assert all(isinstance(gate, str) for gate in table["gate"])


@pytest.mark.parametrize(
    "tags",
    [
        SIGNALS,
        {"highway": "crossing", "crossing:signals": "yes"},
        {"highway": "traffic_signals", "crossing": "traffic_signals"},
    ],
)
def test_a_signalled_crossing_counts_once_on_the_path_that_crosses(tmp_path, tags):
    ways = [([1, 2, 3], ROAD), ([4, 2, 5], PATH)]
    assert where(tmp_path, "crossings", ways, {2: tags}) == {(4, 2): 1}


def test_without_a_path_it_counts_on_the_road_before_the_node(tmp_path):
    assert where(tmp_path, "crossings", [([1, 2, 3], ROAD)], {2: SIGNALS}) == {(1, 2): 1}
    assert where(tmp_path, "crossings", [([2, 3], ROAD)], {2: SIGNALS}) == {(2, 3): 1}


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "crossing", "crossing": "marked"},
        {"highway": "traffic_signals"},
        {"crossing": "traffic_signals"},
    ],
)
def test_what_is_no_signalled_crossing_does_not_count(tmp_path, tags):
    assert where(tmp_path, "crossings", [([1, 2, 3], ROAD)], {2: tags}) == {}


def test_a_path_tagged_as_signalled_crossing_counts_unless_its_node_does(tmp_path):
    crossing = PATH | {"footway": "crossing", "crossing": "traffic_signals"}
    ways = [([1, 2, 3], crossing)]
    assert where(tmp_path, "crossings", ways, {}) == {(1, 2): 1}
    assert where(tmp_path, "crossings", ways, {2: SIGNALS}) == {(1, 2): 1}
    assert where(tmp_path, "crossings", ways, {3: SIGNALS}) == {(2, 3): 1}


def test_two_crossings_on_one_segment_add_up(tmp_path):
    ways = [([1, 2], PATH)]
    assert where(tmp_path, "crossings", ways, {1: SIGNALS, 2: SIGNALS}) == {(1, 2): 2}


@pytest.mark.parametrize(
    ("tags", "gate"),
    [
        ({}, ""),
        ({"access": "private"}, "private"),
        ({"foot": "private"}, "private"),
        ({"access": "permit"}, "private"),
        ({"access": "no"}, "locked"),
        ({"access": "private", "foot": "yes"}, ""),
        ({"access": "no", "foot": "designated"}, ""),
        ({"locked": "yes"}, "locked"),
        ({"locked": "yes", "foot": "yes"}, ""),
        ({"locked": "yes", "access": "private"}, "locked"),
        ({"access": "customers"}, ""),
    ],
)
def test_a_gate_is_open_private_or_locked(tags, gate):
    assert gate_of(tags) == gate


def test_a_gate_closes_one_segment_of_the_way_it_lies_on(tmp_path):
    assert where(tmp_path, "gate", [([1, 2, 3], PATH)], {2: GATE}) == {(1, 2): "private"}


def test_between_two_ways_a_gate_closes_the_shorter_segment(tmp_path):
    places = {1: (117.0, 36.6), 2: (117.002, 36.6), 3: (117.003, 36.6)}
    ways = [([1, 2], PATH), ([2, 3], PATH)]
    assert where(tmp_path, "gate", ways, {2: GATE}, places) == {(2, 3): "private"}


def test_a_gate_at_a_junction_leaves_the_way_through_open(tmp_path):
    ways = [([1, 2, 3], ROAD), ([2, 9], PATH)]  # the path is by far the longest
    assert where(tmp_path, "gate", ways, {2: GATE}) == {(2, 9): "private"}


def test_a_gate_that_leads_nowhere_closes_nothing(tmp_path):
    ways = [([1, 2], PATH), ([3, 4], {"highway": "service", "access": "private"})]
    assert where(tmp_path, "gate", ways, {2: GATE, 3: GATE, 7: GATE}) == {}


def test_of_two_gates_on_one_segment_the_locked_one_is_told(tmp_path):
    places = {n: (117.0 + x / 1000, 36.6) for n, x in {1: 0, 2: 5, 3: 6, 4: 11}.items()}
    for tags in ({2: GATE, 3: GATE | {"locked": "yes"}}, {2: GATE | {"locked": "yes"}, 3: GATE}):
        ways = [([1, 2, 3, 4], PATH)]
        assert where(tmp_path, "gate", ways, tags, places) == {(2, 3): "locked"}


def test_other_barriers_close_nothing(tmp_path):
    tags = {2: {"barrier": "bollard", "access": "private"}}
    assert where(tmp_path, "gate", [([1, 2, 3], PATH)], tags) == {}


@pytest.mark.parametrize(
    ("tags", "way"),
    [
        ({"oneway": "yes"}, 0),
        ({"oneway:foot": "yes"}, 1),
        ({"oneway:foot": "-1"}, -1),
        ({"oneway:foot": "no"}, 0),
        ({"foot:backward": "no"}, 1),
        ({"foot:forward": "no"}, -1),
        ({"foot:forward": "no", "foot:backward": "no"}, 0),
    ],
)
def test_only_what_is_said_of_people_on_foot_makes_a_one_way(tags, way):
    assert one_way_of(tags) == way


def test_a_one_way_runs_along_its_way(tmp_path):
    ways = [([3, 2, 1], PATH | {"foot:backward": "no"}), ([3, 4], PATH)]
    assert where(tmp_path, "one_way", ways, {}) == {(3, 2): 1, (2, 1): 1}


def climbs(tmp_path, tags, heights):
    nodes = {node: {"ele": height} for node, height in heights.items()}
    ends, table = edges(tmp_path, [([1, 2, 3], PATH | tags)], nodes)
    lengths = dict(zip(ends, table["metres"].tolist(), strict=True))
    found = table.get("climb", np.full(len(ends), math.nan)).tolist()
    return dict(zip(ends, found, strict=True)), lengths


def test_a_climb_is_known_where_both_ends_have_a_height(tmp_path):
    found, _ = climbs(tmp_path, {}, {1: "12.5", 2: "10 m", 3: "high"})
    assert found[1, 2] == -2.5
    assert math.isnan(found[2, 3])


def test_otherwise_a_number_in_the_incline_is_taken(tmp_path):
    found, metres = climbs(tmp_path, {"incline": "-10%"}, {1: "3", 2: "5"})
    assert found[1, 2] == 2
    assert found[2, 3] == pytest.approx(-0.1 * metres[2, 3])
    found, metres = climbs(tmp_path, {"incline": "45°"}, {})
    assert found[1, 2] == pytest.approx(metres[1, 2])


@pytest.mark.parametrize("incline", ["up", "down", "10", "300%", "steep"])
def test_an_incline_without_a_sound_number_is_unknown(tmp_path, incline):
    found, _ = climbs(tmp_path, {"incline": incline}, {1: "3"})
    assert all(map(math.isnan, found.values()))


@pytest.mark.data
def test_a_real_city_tells_of_crossings_and_gates(starter):
    path = starter / "las_palmas" / "las_palmas_2023.osm.pbf"
    raw = read_streets(Source(path=path, filename=path.name), StreetOptions().load({}))
    table = raw.tables["edges"]
    assert 200 < table["crossings"].sum() < 329
    assert 1 <= (table["gate"] != "").sum() <= 4
    assert "one_way" not in table
    known = np.isfinite(table["climb"])
    assert 0 < known.sum() < 200
