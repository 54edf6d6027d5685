"""Random networks against two independent oracles, and laws that any answer must keep."""

import csv
import gzip
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.coverage import covered_people
from core.kernel.doors import arrivals, doors, standing
from core.kernel.prepared import prepare
from core.kernel.reach import reach, search
from core.kernel.snap import snap
from core.kernel.streets import checked, plane
from core.kernel.walkers import level
from core.kernel.walks import UNREACHED
from tests.core.kernel.worlds import (
    World,
    by_cutting_streets,
    by_floyd_warshall,
    by_walking_cut_streets,
    city,
    worlds,
)

often = settings(
    max_examples=120,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@often
@given(worlds())
def test_walks_equal_floyd_warshall_in_plain_python(world):
    assert world.walks().tolist() == by_floyd_warshall(world)


@often
@given(worlds())
def test_the_plain_way_in_gives_what_the_parts_give(world):
    plain = reach(
        world.streets,
        world.outlets,
        world.homes,
        lanes=[np.array(lane, dtype=np.int64) for lane in world.lanes],
        speed_mps=world.speed_mps,
        limit_ds=world.limit_ds,
    )
    assert plain.tobytes() == world.walks().tobytes()


@often
@given(worlds())
def test_walks_equal_dijkstra_on_streets_cut_at_every_door(world):
    assert world.walks().tolist() == by_cutting_streets(world)


@often
@given(worlds(), st.data())
def test_a_limit_only_hides_what_is_longer(world, data):
    free = world.walks()
    known = sorted(set(free[free < UNREACHED].tolist()) | {0, 700})
    limit = data.draw(st.sampled_from(known)) + data.draw(st.sampled_from([-1, 0, 1]))
    held = replace(world, limit_ds=max(limit, 0)).walks()
    assert held.tolist() == np.where(free <= max(limit, 0), free, UNREACHED).tolist()


@often
@given(worlds(), st.randoms())
def test_numbering_nodes_edges_homes_and_outlets_otherwise_changes_nothing(world, random):
    def shuffled(count):
        order = list(range(count))
        random.shuffle(order)
        return np.array(order, dtype=np.int64)

    s = world.streets
    node, edge = shuffled(s.nodes), shuffled(s.edges)  # new number of each old one
    old_edge = np.argsort(edge)
    streets = checked(
        x=s.x, y=s.y, u=node[s.u][old_edge], v=node[s.v][old_edge], metres=s.metres[old_edge]
    )

    def moved(points, order):
        there = points.take(order)
        return replace(there, edge=np.where(there.edge < 0, -1, edge[there.edge]).astype(np.int32))

    homes, outlets = shuffled(len(world.homes)), shuffled(len(world.outlets))
    new_row = np.argsort(outlets)
    other = replace(
        world,
        streets=streets,
        homes=moved(world.homes, homes),
        outlets=moved(world.outlets, outlets),
        lanes=[[int(new_row[k]) for k in reversed(lane)] for lane in world.lanes],
    )
    assert other.walks().tolist() == world.walks()[:, homes].tolist()


@often
@given(worlds())
def test_one_more_outlet_never_lowers_coverage(world):
    everyone = list(range(len(world.outlets)))
    people = np.arange(1, len(world.homes) + 1)
    growing = replace(world, lanes=[everyone[:count] for count in range(len(everyone) + 1)])
    walks = growing.walks()
    assert (np.diff(walks, axis=0) <= 0).all()
    assert (np.diff(covered_people(walks, people, 1.5)) >= 0).all()


@often
@given(worlds())
def test_a_slower_walker_never_gains_except_a_rounding_on_a_shared_edge(world):
    quick, slow = world.walks(), replace(world, speed_mps=world.speed_mps * 0.7).walks()
    for lane, outlets in enumerate(world.lanes):
        shared = np.isin(world.homes.edge, world.outlets.edge[outlets])
        assert (slow[lane] >= quick[lane] - shared).all()


@often
@given(worlds())
def test_the_same_question_gives_the_same_bytes(world):
    assert world.walks().tobytes() == world.walks().tobytes()


@pytest.mark.parametrize("seed", [1, 2])
def test_walks_of_a_whole_grid_city_equal_those_on_its_cut_streets(seed):
    world = city(seed)
    walks = world.walks()
    assert walks.size >= 50_000  # with the other seed, 100,000 values
    assert walks.tolist() == by_walking_cut_streets(world)
    assert 0.02 < (walks == UNREACHED).mean() < 0.9


@pytest.mark.data
def test_walks_in_las_palmas_equal_those_on_its_cut_streets(starter):
    city = starter / "las_palmas"
    nodes = columns(city / "network_nodes.csv.gz", "lon", "lat")
    u, v, metres = columns(city / "network_edges.csv.gz", "u", "v", "length_m")
    lon0, lat0 = nodes.mean(axis=1)
    x, y = plane(*nodes, lon0=lon0, lat0=lat0)
    streets = checked(x=x, y=y, u=u.astype(int), v=v.astype(int), metres=metres)

    def stand(places):
        return snap(streets, *plane(*places, lon0=lon0, lat0=lat0), limit_metres=150)

    homes = columns(city / "demand.csv.gz", "lon", "lat")[:, ::20]
    outlets = columns(city / "pois.csv.gz", "lon", "lat")
    world = World(
        streets,
        outlets=stand(outlets),
        homes=stand(homes),
        lanes=[list(range(start, outlets.shape[1], step)) for start, step in ((0, 9), (5, 70))],
        speed_mps=1.2,
        limit_ds=9000,
    )
    assert world.walks().tolist() == by_walking_cut_streets(world)


def columns(path, *names):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return np.array([[float(row[name]) for name in names] for row in csv.DictReader(lines)]).T


def test_threads_that_search_one_network_at_once_give_the_same_bytes():
    world = city(3)
    alone = world.walks().tobytes()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: world.walks().tobytes(), range(8)))
    assert set(together) == {alone}


@often
@given(worlds())
def test_homes_sorted_by_chain_beforehand_arrive_alike(world):
    weights = level(world.streets.metres, metres_per_second=world.speed_mps)
    prepared = prepare(world.streets, weights, bound_ds=world.limit_ds)
    plain, quick = arrivals(doors(prepared, world.homes)), standing(prepared, world.homes)
    outlets = doors(prepared, world.outlets)
    lanes = [np.array(lane, dtype=np.int64) for lane in world.lanes]
    walked = [
        search(prepared, outlets, homes, lanes=lanes, limit_ds=world.limit_ds).matrix()
        for homes in (plain, quick)
    ]
    assert walked[0].tobytes() == walked[1].tobytes()
    assert np.array_equal(quick.doors.along, plain.doors.along)
    assert np.array_equal(quick.doors.chain, doors(prepared, world.homes).chain)
