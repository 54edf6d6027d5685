"""Random networks against two independent oracles, and laws that any answer must keep."""

import csv
import gzip
import heapq
import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from core.kernel.coverage import covered_people
from core.kernel.reach import reach
from core.kernel.snap import Snapped, snap
from core.kernel.streets import Streets, checked, plane
from core.kernel.walks import UNREACHED

FAR = 60_000
often = settings(
    max_examples=120,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(frozen=True)
class World:
    streets: Streets
    outlets: Snapped
    homes: Snapped
    lanes: list[list[int]]
    speed_mps: float
    limit_ds: int = FAR

    def walks(self):
        return reach(
            self.streets,
            self.outlets,
            self.homes,
            lanes=self.lanes,
            speed_mps=self.speed_mps,
            limit_ds=self.limit_ds,
        )

    def time(self, metres):
        return round(float(metres) / self.speed_mps * 10)

    def weights(self):
        return [self.time(m) for m in self.streets.metres]


def snapped(places):
    edge, fraction, access = zip(*places, strict=True) if places else ((), (), ())
    return Snapped(
        edge=np.array(edge, dtype=np.int32),
        fraction=np.array(fraction, dtype=np.float64),
        access_metres=np.array(access, dtype=np.float64),
    )


LENGTHS = st.one_of(
    st.sampled_from([0.0, 0.0, 1.0, 50.0, 50.0, 50.0, 120.0]), st.floats(0, 400, width=32)
)
FRACTIONS = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1))
ACCESSES = st.one_of(st.just(0.0), st.floats(0, 60, width=32))


@st.composite
def worlds(draw):
    nodes = draw(st.integers(1, 7))
    node = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(node, node, LENGTHS), min_size=1, max_size=12))
    u, v, metres = zip(*edges, strict=True)
    streets = checked(x=np.zeros(nodes), y=np.zeros(nodes), u=u, v=v, metres=metres)
    place = st.one_of(
        st.tuples(st.integers(0, len(u) - 1), FRACTIONS, ACCESSES),
        st.tuples(st.integers(0, min(1, len(u) - 1)), FRACTIONS, ACCESSES),  # crowd on few edges
        st.tuples(st.just(-1), st.just(math.nan), ACCESSES),
    )
    outlets = draw(st.lists(place, max_size=8))
    homes = draw(st.lists(place, min_size=1, max_size=8))
    row = st.integers(0, len(outlets) - 1) if outlets else st.nothing()
    return World(
        streets=streets,
        outlets=snapped(outlets),
        homes=snapped(homes),
        lanes=draw(st.lists(st.lists(row, max_size=len(outlets)), min_size=1, max_size=4)),
        speed_mps=draw(st.sampled_from([1.2, 0.8, 1.0, 1.37])),
    )


def by_floyd_warshall(world):
    """Every pair of nodes in plain Python, then every pair of doors in turn."""
    d, homes, outlets = between_nodes(world), places(world.homes), places(world.outlets)
    return [
        [shortest([pair(world, d, home, outlets[k]) for k in lane], world) for home in homes]
        for lane in world.lanes
    ]


def between_nodes(world):
    streets, every = world.streets, range(world.streets.nodes)
    d = [[0 if a == b else math.inf for b in every] for a in every]
    for a, b, w in zip(streets.u, streets.v, world.weights(), strict=True):
        d[a][b] = d[b][a] = min(d[a][b], w)
    for via, a, b in itertools.product(every, repeat=3):
        d[a][b] = min(d[a][b], d[a][via] + d[via][b])
    return d


def pair(world, d, home, outlet):
    """Try the direct way and the four ways over both ends."""
    if home[0] < 0 or outlet[0] < 0:
        return math.inf

    def ends(edge, fraction):
        length = world.weights()[edge]
        offset = round(fraction * length)
        return (world.streets.u[edge], offset), (world.streets.v[edge], length - offset)

    mine, other = ends(*home[:2]), ends(*outlet[:2])
    ways = [a + d[p][q] + b for p, a in mine for q, b in other]
    if home[0] == outlet[0]:
        ways.append(abs(mine[0][1] - other[0][1]))
    return min(ways) + world.time(home[2]) + world.time(outlet[2])


def by_cutting_streets(world):
    """Make each door a node on its edge, cut there, and ask scipy from every home."""
    arcs = cut_streets(world)
    first = world.streets.nodes
    doors = places(world.homes) + places(world.outlets)
    size = first + 2 * len(doors)  # nodes, where doors meet the street, doors
    for number, (edge, _, access) in enumerate(doors):
        if edge >= 0:
            arcs[first + number, first + len(doors) + number] = world.time(access)
    rows, columns = np.array(list(arcs), dtype=np.int32).reshape(-1, 2).T
    # A whisper of length on arcs of nothing keeps this oracle clear of how scipy treats zeros.
    lengths = np.maximum(np.array(list(arcs.values()), dtype=float), 1e-7)
    graph = csr_array((lengths, (rows, columns)), shape=(size, size))
    sources = first + len(doors) + np.arange(len(world.homes))
    far = dijkstra(graph, directed=False, indices=sources)[:, sources[-1] + 1 :]
    return [[shortest(row[lane].tolist(), world) for row in far] for lane in world.lanes]


def by_walking_cut_streets(world):
    """Walk the cut streets with a heap in plain Python, once a lane."""
    first, homes = world.streets.nodes, places(world.homes)
    outlets = places(world.outlets)
    roads: dict[int, list[tuple[int, int]]] = {}
    for (a, b), w in cut_streets(world).items():
        roads.setdefault(a, []).append((b, w))
        roads.setdefault(b, []).append((a, w))
    answer = []
    for lane in world.lanes:
        starts = [
            (world.time(outlets[k][2]), first + len(homes) + k) for k in lane if outlets[k][0] >= 0
        ]
        far = walked_from(starts, roads)
        ways = [
            [far.get(first + h, math.inf) + world.time(access)] if edge >= 0 else []
            for h, (edge, _, access) in enumerate(homes)
        ]
        answer.append([shortest(way, world) for way in ways])
    return answer


def cut_streets(world):
    """Give the shortest arc between neighbouring stops: nodes, and feet of homes and outlets."""
    weights, stops = world.weights(), {}
    for number, (edge, fraction, _) in enumerate(places(world.homes) + places(world.outlets)):
        if edge >= 0:
            foot = (round(fraction * weights[edge]), world.streets.nodes + number)
            stops.setdefault(edge, []).append(foot)
    arcs: dict[tuple[int, int], int] = {}
    for edge, (u, v) in enumerate(zip(world.streets.u, world.streets.v, strict=True)):
        along = [(0, int(u)), *sorted(stops.get(edge, [])), (weights[edge], int(v))]
        for (here, a), (there, b) in itertools.pairwise(along):
            if a != b:
                ends = min(a, b), max(a, b)
                arcs[ends] = min(arcs.get(ends, math.inf), there - here)
    return arcs


def walked_from(starts, roads):
    heap, done = sorted(starts), {}
    while heap:
        walked, at = heapq.heappop(heap)
        if at not in done:
            done[at] = walked
            for there, w in roads.get(at, ()):
                heapq.heappush(heap, (walked + w, there))
    return done


def places(points):
    return list(
        zip(
            points.edge.tolist(),
            points.fraction.tolist(),
            points.access_metres.tolist(),
            strict=True,
        )
    )


def shortest(ways, world):
    walk = min(ways, default=math.inf)
    return UNREACHED if math.isinf(walk) or round(walk) > world.limit_ds else round(walk)


@often
@given(worlds())
def test_walks_equal_floyd_warshall_in_plain_python(world):
    assert world.walks().tolist() == by_floyd_warshall(world)


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


def city(seed, side=45, doors=1500):
    """Lay out a grid with gaps, shortcuts, doubles and dead ends, crowded with doors."""
    rng = np.random.default_rng(seed)
    spot = np.arange(side * side).reshape(side, side)
    u = np.r_[spot[:, :-1].ravel(), spot[:-1].ravel(), rng.integers(0, side**2, 60)]
    v = np.r_[spot[:, 1:].ravel(), spot[1:].ravel(), rng.integers(0, side**2, 60)]
    kept = rng.random(len(u)) < 0.7
    u, v = u[kept], v[kept]
    metres = rng.integers(0, 9, len(u)) * 25.0 + rng.choice([0.0, 0.3], len(u))
    streets = checked(x=np.zeros(side**2), y=np.zeros(side**2), u=u, v=v, metres=metres)

    def crowd(count):
        edge = rng.integers(-1, len(u), count).astype(np.int32)
        fraction = np.where(edge < 0, math.nan, rng.random(count))
        return Snapped(edge=edge, fraction=fraction, access_metres=rng.random(count) * 40)

    lanes = [rng.integers(0, doors, count).tolist() for count in (1, 3, 10, 40, 150, 700)]
    return World(streets, crowd(doors), crowd(doors), lanes, speed_mps=1.2, limit_ds=9000)


@pytest.mark.parametrize("seed", [1, 2])
def test_walks_of_a_whole_grid_city_equal_those_on_its_cut_streets(seed):
    world = city(seed)
    walks = world.walks()
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
