import numpy as np
import osmium
import pytest
from osmium.osm.mutable import Node, Way
from pyproj import Geod

from core.contract import Head, Source, Unreadable
from plugins.osm import lifecircle_importers
from plugins.osm.streets import StreetOptions, read_streets


def town(path, ways, nodes=None):
    """Write a pbf of nodes on a line, a thousandth of a degree apart, and the given ways."""
    nodes = nodes or {number: (117.0 + number / 1000, 36.6) for number in range(1, 10)}
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in nodes.items():
            writer.add_node(Node(id=number, location=place))
        for number, (refs, tags) in enumerate(ways, start=100):
            writer.add_way(Way(id=number, nodes=refs, tags=tags))
    return Source(path=path, filename=path.name)


def read(source, **options):
    return read_streets(source, StreetOptions().load(options))


def ways_kept(raw):
    return sorted(set(raw.tables["edges"]["way"].tolist()))


def test_every_piece_between_two_nodes_becomes_an_edge_of_geodesic_length(tmp_path):
    source = town(tmp_path / "a.osm.pbf", [([1, 2, 3], {"highway": "footway"})])
    raw = read(source)
    edges, nodes = raw.tables["edges"], raw.tables["nodes"]
    assert edges["way"].tolist() == [100, 100]
    assert edges["kind"].tolist() == ["footway", "footway"]
    assert (edges["u"].tolist(), edges["v"].tolist()) == ([0, 1], [1, 2])
    assert edges["u"].dtype == np.int32
    metres = Geod(ellps="WGS84").inv(117.001, 36.6, 117.002, 36.6)[2]
    assert edges["metres"] == pytest.approx([metres, metres], abs=1e-6)
    assert nodes["lon"] == pytest.approx([117.001, 117.002, 117.003])
    assert raw.attribution == "© OpenStreetMap contributors, ODbL"


def test_ways_that_share_a_node_meet_there_and_others_do_not(tmp_path):
    nodes = {1: (117.0, 36.6), 2: (117.1, 36.6), 3: (117.2, 36.6), 4: (117.1, 36.6)}
    ways = [([1, 2], {"highway": "path"}), ([2, 3], {"highway": "path"})]
    meeting = read(town(tmp_path / "a.osm.pbf", ways, nodes)).tables
    assert len(meeting["nodes"]["lon"]) == 3
    ways[1] = ([4, 3], {"highway": "path"})  # the same place, another node: a bridge
    apart = read(town(tmp_path / "b.osm.pbf", ways, nodes)).tables
    assert len(apart["nodes"]["lon"]) == 4


@pytest.mark.parametrize(
    ("tags", "walkable"),
    [
        ({"highway": "residential"}, True),
        ({"highway": "primary_link"}, True),
        ({"highway": "bridleway"}, False),
        ({"highway": "bridleway", "foot": "designated"}, True),
        ({"highway": "trunk"}, False),
        ({"highway": "trunk", "sidewalk": "no"}, False),
        ({"highway": "trunk", "sidewalk": "both"}, True),
        ({"highway": "trunk", "sidewalk:left": "yes"}, True),
        ({"highway": "motorway", "foot": "yes"}, False),
        ({"highway": "construction"}, False),
        ({"highway": "pedestrian", "area": "yes"}, False),
        ({"highway": "service", "foot": "private"}, False),
        ({"highway": "service", "access": "private"}, False),
        ({"highway": "service", "access": "private", "foot": "permissive"}, True),
        ({"railway": "rail"}, False),
    ],
)
def test_the_rule_tells_which_ways_can_be_walked(tmp_path, tags, walkable):
    control = ([4, 5], {"highway": "footway"})
    raw = read(town(tmp_path / "a.osm.pbf", [([1, 2], tags), control]))
    assert ways_kept(raw) == ([100, 101] if walkable else [101])


def test_the_rule_can_be_set_by_options(tmp_path):
    ways = [([1, 2], {"highway": "steps"}), ([2, 3], {"highway": "pedestrian", "area": "yes"})]
    source = town(tmp_path / "a.osm.pbf", ways)
    assert ways_kept(read(source)) == [100]
    assert ways_kept(read(source, kinds=["pedestrian"], areas=True)) == [101]


def test_only_the_largest_component_is_kept_when_asked(tmp_path):
    ways = [([1, 2], {"highway": "path"}), ([4, 5, 6], {"highway": "path"})]
    source = town(tmp_path / "a.osm.pbf", ways)
    assert ways_kept(read(source)) == [100, 101]
    raw = read(source, largest_component_only=True)
    assert ways_kept(raw) == [101]
    assert len(raw.tables["nodes"]["lon"]) == 3
    assert raw.tables["edges"]["u"].max() == 1


def test_a_way_is_cut_where_its_nodes_lie_beyond_the_file(tmp_path):
    raw = read(town(tmp_path / "a.osm.pbf", [([1, 2, 77, 3, 4], {"highway": "path"})]))
    edges = raw.tables["edges"]
    assert list(zip(edges["u"].tolist(), edges["v"].tolist(), strict=True)) == [(0, 1), (2, 3)]
    assert [problem.code for problem in raw.problems] == ["cut_ways"]
    assert raw.problems[0].severity == "warning"


def refusal(path):
    with pytest.raises(Unreadable) as refused:
        read(Source(path=path, filename=path.name))
    assert "什么都没有写入" in refused.value.message
    return refused.value.code


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.osm.pbf").write_bytes(b"")
    assert refusal(tmp_path / "a.osm.pbf") == "empty"


def test_a_file_that_is_no_pbf_is_refused(tmp_path):
    (tmp_path / "a.osm.pbf").write_bytes(b"<osm version='0.6'></osm>")
    assert refusal(tmp_path / "a.osm.pbf") == "not_a_pbf"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_pbf_is_refused(tmp_path, share):
    town(tmp_path / "whole.osm.pbf", [([1, 2, 3], {"highway": "path"})])
    whole = (tmp_path / "whole.osm.pbf").read_bytes()
    (tmp_path / "cut.osm.pbf").write_bytes(whole[: int(len(whole) * share)])
    assert refusal(tmp_path / "cut.osm.pbf") in {"damaged", "not_a_pbf"}


def test_a_pbf_with_damaged_bytes_is_refused(tmp_path):
    town(tmp_path / "whole.osm.pbf", [([1, 2, 3], {"highway": "path"})])
    whole = bytearray((tmp_path / "whole.osm.pbf").read_bytes())
    whole[-20:] = bytes(20)
    (tmp_path / "bad.osm.pbf").write_bytes(whole)
    assert refusal(tmp_path / "bad.osm.pbf") == "damaged"


def test_a_file_without_a_walkable_way_is_refused(tmp_path):
    source = town(tmp_path / "a.osm.pbf", [([1, 2], {"highway": "motorway"})])
    assert refusal(source.path) == "no_walkable_way"


def test_a_pbf_is_read_whatever_its_name(tmp_path):
    source = town(tmp_path / "a.osm.pbf", [([1, 2], {"highway": "path"})])
    bare = source.path.rename(tmp_path / "8cf92b")
    assert ways_kept(read(Source(path=bare, filename="a.osm.pbf"))) == [100]


def test_a_pbf_is_known_by_its_first_bytes_and_nothing_else_is(tmp_path):
    source = town(tmp_path / "a.osm.pbf", [([1, 2], {"highway": "path"})])
    importers = lifecircle_importers({})
    assert [importer.key for importer in importers] == ["osm_streets", "osm_places"]
    start = source.path.read_bytes()
    assert importers[0].sniff(Head(filename="download", start=start)) == 1.0
    assert importers[0].sniff(Head(filename="a.osm.pbf", start=b"name,lon,lat")) == 0.0


@pytest.mark.data
def test_a_real_city_is_read_whole(starter):
    path = starter / "las_palmas" / "las_palmas_2023.osm.pbf"
    source = Source(path=path, filename=path.name)
    everything = read(source).tables["edges"]
    largest = read(source, largest_component_only=True).tables["edges"]
    # The reference has 85,124: it joins the ends across nodes that lie beyond the extract.
    assert len(everything["u"]) == 88_937
    assert len(largest["u"]) == 85_030
    assert (largest["metres"] > 0).all()


def test_a_file_kept_under_its_digest_is_read_whatever_it_is_called(tmp_path):
    source = town(tmp_path / "a.osm.pbf", [([1, 2], {"highway": "footway"})])
    kept = source.path.rename(tmp_path / "f92b5dc692295fa1d16034e13836d652")
    raw = read(Source(path=kept, filename="a.osm.pbf"))
    assert raw.tables["edges"]["way"].tolist() == [100]
