"""Hold the written streets to walls, gates and a river, and the files to our importers."""

import numpy as np
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from core.contract import Source
from core.kernel.snap import snap
from core.kernel.streets import largest_component, plane
from core.kernel.walkers import Obstacles, effort
from plugins.geojson import AreaOptions, read_areas
from plugins.grid import GridOptions, read_residents
from plugins.osm.streets import StreetOptions, read_streets
from plugins.sheets.outlets import SheetOptions, read_outlets


def components(streets, keep):
    u, v = streets.u[keep], streets.v[keep]
    size = len(streets.x)
    graph = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), (size, size))
    return connected_components(graph, directed=False)[1]


@pytest.fixture(scope="module")
def home_edges(full):
    """Find the edge that each home is nearest to."""
    walkable = full.walkable
    lon, lat = np.array([(float(h["lon"]), float(h["lat"])) for h in full.homes]).T
    x, y = plane(lon, lat, lon0=walkable.lon0, lat0=walkable.lat0)
    return snap(walkable.streets, x, y, limit_metres=None)


def test_nearly_all_streets_hang_together(full):
    metres = full.walkable.streets.metres
    inside = largest_component(full.walkable.streets)
    assert 0.99 <= metres[inside].sum() / metres.sum() < 1  # a fenced yard is left out on purpose


def test_compounds_reach_the_outside_only_through_gates(full, home_edges):
    walkable = full.walkable
    streets = walkable.streets
    gate = np.zeros(len(streets.x), dtype=bool)
    gate[walkable.gates] = True
    label = components(streets, ~(gate[streets.u] | gate[streets.v]))
    main = np.isin(walkable.edge_kind, ("primary", "secondary"))
    outside = np.unique(label[streets.u[main & ~gate[streets.u]]])
    assert len(outside) == 1  # the streets hang together without any compound
    walled = np.array([home["编号"].startswith("XQ") for home in full.homes])
    part = label[streets.u[home_edges.edge]]
    assert walled.sum() > 5_000
    assert not np.isin(part[walled], outside).any()
    assert np.isin(part[~walled], outside).all()
    compound = np.array([home["编号"].split("-")[0] for home in full.homes])
    pairs = {(c, int(p)) for c, p in zip(compound[walled], part[walled], strict=True)}
    assert len(pairs) == len({c for c, _ in pairs}) == len({p for _, p in pairs})
    assert len(pairs) == full.city.counts["compounds"]
    whole = components(streets, np.ones(streets.edges, dtype=bool))
    assert len(np.unique(whole[streets.u[home_edges.edge]])) == 1  # and all do get out


def test_some_gates_are_shut_for_good(full):
    shut = full.city.counts["gates"] - len(full.walkable.gates)
    assert 0 < shut < 0.15 * full.city.counts["gates"]


def test_homes_stand_close_to_their_streets(home_edges):
    assert home_edges.access_metres.max() < 25


def test_the_river_is_crossed_only_on_a_few_bridges(full):
    walkable = full.walkable
    streets = walkable.streets
    label = components(streets, ~walkable.edge_bridge)
    sizes = np.sort(np.bincount(label))[::-1]
    assert sizes[1] > 0.1 * sizes[0]  # two banks
    assert sizes[2] < 0.02 * sizes[1]  # and nothing else of size
    bank = np.argsort(-np.bincount(label))[:2]
    bridges = components(streets, walkable.edge_bridge)
    ends = np.unique(bridges[streets.u[walkable.edge_bridge]])
    assert 2 <= len(ends) <= 5
    for each in ends:
        nodes = np.flatnonzero(bridges == each)
        assert set(bank) <= set(label[nodes])


def test_there_are_dead_ends_stairs_and_lanes(full):
    streets = full.walkable.streets
    degree = np.bincount(np.concatenate([streets.u, streets.v]), minlength=len(streets.x))
    assert (degree == 1).sum() > 200
    kinds = set(full.walkable.edge_kind)
    assert {"steps", "living_street", "pedestrian", "footway", "service", "residential"} <= kinds
    assert {"primary", "secondary"} <= kinds


def test_walkable_streets_cross_only_where_they_meet(full):
    walkable = full.walkable
    streets = walkable.streets
    ends = np.stack([streets.u, streets.v], axis=1)
    lines = shapely.linestrings(np.stack([streets.x[ends], streets.y[ends]], axis=2))
    one, other = shapely.STRtree(lines).query(lines, predicate="crosses")
    level = walkable.edge_bridge[one] == walkable.edge_bridge[other]
    assert not ((one < other) & level).any()


@pytest.mark.parametrize(
    ("read", "options", "file", "table", "count"),
    [
        (read_outlets, SheetOptions, "outlets", "outlets", "outlets"),
        (read_residents, GridOptions, "residents", "homes", "homes"),
        (read_areas, AreaOptions, "areas", "areas", None),
        (read_streets, StreetOptions, "streets", "edges", None),
    ],
)
def test_our_importers_take_the_files_without_a_problem(full, read, options, file, table, count):
    path = getattr(full.city, file)
    raw = read(Source(path=path, filename=path.name), options().load({}))
    assert list(raw.problems) == []
    rows = len(next(iter(raw.tables[table].values())))
    expected = {"areas": len(full.areas), "streets": full.walkable.streets.edges}
    assert rows == (expected[file] if count is None else full.city.counts[count])


def test_the_importer_finds_every_age_and_key(full):
    path = full.city.residents
    raw = read_residents(Source(path=path, filename=path.name), GridOptions().load({}))
    homes = raw.tables["homes"]
    for group in ("60+", "65+", "0-3", "0-6"):
        column = homes[f"people_{group}"]
        assert column.sum() == sum(int(home[f"people_{group}"]) for home in full.homes) > 0
    assert homes["key"][0] == full.homes[0]["编号"]


def test_gates_may_be_passed_by_their_tags(full):
    walkable = full.walkable
    degree = np.bincount(np.concatenate([walkable.streets.u, walkable.streets.v]))
    assert (degree[walkable.gates] == 2).all()  # a street side and a wall side, nothing else


@pytest.fixture(scope="module")
def edges(full):
    path = full.city.streets
    raw = read_streets(Source(path=path, filename=path.name), StreetOptions().load({}))
    return raw.tables["edges"]


def test_some_side_gates_are_private_and_nobody_is_locked_in(full, edges, home_edges):
    private = edges["gate"] == "private"
    assert 0.1 < private.sum() / len(full.walkable.gates) < 0.3
    streets = full.walkable.streets
    assert edges["metres"] == pytest.approx(streets.metres, rel=0.02), "the same edges"
    label = components(streets, edges["gate"] == "")
    assert len(np.unique(label[streets.u[home_edges.edge]])) == 1
    assert not private[home_edges.edge].any()
    assert set(edges["gate"]) == {"", "private"}  # behind a gate shut for good nobody walks


def test_one_waits_for_a_green_light_at_the_main_junctions(full, edges):
    lit = edges["crossings"] > 0
    assert lit.sum() > 50
    assert edges["crossings"].max() == 1
    assert set(edges["kind"][lit]) == {"primary", "secondary"}


def test_what_lies_on_the_streets_changes_nobody_who_ignores_it(edges):
    known = Obstacles(
        steps=edges["kind"] == "steps", shut=edges["gate"] != "", crossings=edges["crossings"]
    )
    assert effort(edges["metres"], known).forward.tolist() == edges["metres"].tolist()
    assert set(edges) == {"u", "v", "metres", "way", "kind", "crossings", "gate"}
