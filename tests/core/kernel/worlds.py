"""Random networks, and two independent oracles for walks on them."""

import heapq
import itertools
import math
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from core.kernel.doors import arrivals, doors
from core.kernel.prepared import prepare
from core.kernel.reach import search
from core.kernel.snap import Snapped
from core.kernel.streets import Streets, checked
from core.kernel.walkers import level
from core.kernel.walks import UNREACHED

FAR = 60_000


@dataclass(frozen=True)
class World:
    streets: Streets
    outlets: Snapped
    homes: Snapped
    lanes: list[list[int]]
    speed_mps: float
    limit_ds: int = FAR

    def walks(self):
        """Search by the hierarchy and without it; both must give the same bytes."""
        swept, looked = self.by_engine(hierarchy=True), self.by_engine(hierarchy=False)
        assert swept.tobytes() == looked.tobytes()
        return swept

    def by_engine(self, *, hierarchy):
        weights = level(self.streets.metres, metres_per_second=self.speed_mps)
        prepared = prepare(self.streets, weights, bound_ds=self.limit_ds, hierarchy=hierarchy)
        found = search(
            prepared,
            doors(prepared, self.outlets),
            arrivals(doors(prepared, self.homes)),
            lanes=[np.array(lane, dtype=np.int64) for lane in self.lanes],
            limit_ds=self.limit_ds,
        )
        return found.matrix()

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


COUNTS = (1, 3, 10, 40, 150, 700, *range(2, 70, 2))  # outlets by lane: two passes of 32


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

    lanes = [rng.integers(0, doors, count).tolist() for count in COUNTS]
    return World(streets, crowd(doors), crowd(doors), lanes, speed_mps=1.2, limit_ds=9000)
