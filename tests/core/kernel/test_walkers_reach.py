"""Laws of walks for walkers who differ, over the whole engine, and a plain search beside it."""

import heapq
import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.doors import arrivals, doors
from core.kernel.prepared import prepare
from core.kernel.reach import search
from core.kernel.snap import Snapped
from core.kernel.streets import checked, take_edges
from core.kernel.walkers import CLOSED, Obstacles, Profile, effort, weigh
from core.kernel.walks import UNREACHED

LIMIT = 6000


@st.composite
def towns(draw, *, directed=True):
    """Give streets, what lies on them, and outlets and homes that stand on them."""
    nodes, edges = draw(st.integers(2, 9)), draw(st.integers(1, 16))

    def column(each, count=edges):
        return draw(st.lists(each, min_size=count, max_size=count))

    def points():
        count = draw(st.integers(1, 4))
        return Snapped(
            edge=np.array(column(st.integers(0, edges - 1), count), dtype=np.int32),
            fraction=np.array(column(st.sampled_from([0.0, 0.25, 0.5, 1.0]), count)),
            access_metres=np.array(column(st.integers(0, 40), count), dtype=np.float64),
        )

    node = st.integers(0, nodes - 1)
    streets = checked(
        x=np.zeros(nodes),
        y=np.zeros(nodes),
        u=np.array(column(node), dtype=np.int32),
        v=np.array(column(node), dtype=np.int32),
        metres=np.array(column(st.integers(0, 300)), dtype=np.float64),
    )
    climb = column(st.one_of(st.integers(-30, 30), st.just(math.nan)))
    obstacles = Obstacles(
        steps=np.array(column(st.booleans())),
        shut=np.array(column(st.booleans())),
        crossings=np.array(column(st.integers(0, 2)), dtype=np.int32),
        one_way=np.array(column(st.sampled_from([0, 0, 0, 1, -1])), dtype=np.int8),
        climb=np.array(climb, dtype=np.float64),
    )
    if not directed:
        obstacles = replace(obstacles, one_way=None, climb=np.zeros(edges))
    return streets, obstacles, points(), points()


PROFILES = st.builds(
    Profile,
    steps=st.sampled_from([None, 1.0, 2.0]),
    crossing_metres=st.sampled_from([0.0, 40.8]),
    uphill=st.sampled_from([0.0, 3.5]),
    through_gates=st.booleans(),
)


def walk(town, profile, speed=1.0, obstacles=None, limit=LIMIT):
    streets, given_obstacles, outlets, homes = town
    obstacles = given_obstacles if obstacles is None else obstacles
    weights = weigh(effort(streets.metres, obstacles, profile), metres_per_second=speed)
    prepared = prepare(streets, weights, bound_ds=LIMIT)
    found = search(
        prepared,
        doors(prepared, outlets),
        arrivals(doors(prepared, homes)),
        lanes=[np.arange(len(outlets))],
        limit_ds=limit,
    )
    return found.matrix()[0].astype(np.int64)


def plainly(town, profile, speed=1.0):
    """Search from each home along directed arcs; doors are nodes of their own on cut edges."""
    streets, obstacles, outlets, homes = town
    weights = weigh(effort(streets.metres, obstacles, profile), metres_per_second=speed)
    ends = list(zip(streets.u.tolist(), streets.v.tolist(), strict=True))
    arcs = {}
    for edge, (u, v) in enumerate(ends):
        arcs.setdefault(u, []).append((v, int(weights.forward[edge])))
        arcs.setdefault(v, []).append((u, int(weights.backward[edge])))
    places = {
        kind: [_cut(points, row, ends, weights, speed) for row in range(len(points))]
        for kind, points in (("home", homes), ("outlet", outlets))
    }
    walks = []
    for home in places["home"]:
        best = min(
            _between(home, outlet, _spread(home["out"], arcs), weights)
            for outlet in places["outlet"]
        )
        walks.append(best if best <= LIMIT else UNREACHED)
    return walks


def _spread(starts, arcs):
    """Give the time to every node that can be reached (Dijkstra 1959)."""
    done = {}
    queue = [(time, node) for node, time in starts if time < CLOSED]
    heapq.heapify(queue)
    while queue:
        time, node = heapq.heappop(queue)
        if node not in done:
            done[node] = time
            for other, more in arcs.get(node, []):
                if more < CLOSED:
                    heapq.heappush(queue, (time + more, other))
    return done


def _between(home, outlet, done, weights):
    ways = [done[node] + more for node, more in outlet["into"] if node in done and more < CLOSED]
    edge = home["edge"]
    if outlet["edge"] == edge:
        ahead = outlet["forward"] - home["forward"]
        behind = home["backward"] - outlet["backward"]
        ways += [ahead] if weights.forward[edge] < CLOSED and outlet["at"] >= home["at"] else []
        ways += [behind] if weights.backward[edge] < CLOSED and outlet["at"] <= home["at"] else []
    return min(ways, default=CLOSED) + home["access"] + outlet["access"]


def _cut(points, row, ends, weights, speed):
    edge, fraction = int(points.edge[row]), float(points.fraction[row])
    ahead, back = int(weights.forward[edge]), int(weights.backward[edge])
    u, v = ends[edge]
    forward = int(np.rint(fraction * ahead)) if ahead < CLOSED else 0
    backward = int(np.rint(fraction * back)) if back < CLOSED else 0
    rest, start = ahead - forward if ahead < CLOSED else CLOSED, backward
    return {
        "edge": edge,
        "at": fraction,
        "access": int(np.rint(points.access_metres[row] / speed * 10)),
        "forward": forward,
        "backward": backward,
        "out": [(v, rest), (u, start if back < CLOSED else CLOSED)],
        "into": [
            (u, forward if ahead < CLOSED else CLOSED),
            (v, back - backward if back < CLOSED else CLOSED),
        ],
    }


@settings(deadline=None)
@given(towns(), PROFILES)
def test_every_walker_walks_as_a_plain_search_says(town, profile):
    assert walk(town, profile).tolist() == plainly(town, profile)


@settings(deadline=None)
@given(towns(), PROFILES)
def test_without_steps_one_walks_as_if_steps_were_not_there(town, profile):
    streets, obstacles, outlets, homes = town
    level = ~obstacles.steps
    if not level.any():
        return
    number = np.cumsum(level) - 1
    on_level = [points.take(level[points.edge]) for points in (outlets, homes)]
    without = (
        take_edges(streets, level),
        obstacles.take(level),
        *(replace(points, edge=number[points.edge].astype(np.int32)) for points in on_level),
    )
    wheels = replace(profile, steps=None)
    assert walk((streets, obstacles, *on_level), wheels).tolist() == walk(without, wheels).tolist()


@settings(deadline=None)
@given(towns(), PROFILES)
def test_closing_gates_never_shortens_a_walk(town, profile):
    shut = walk(town, replace(profile, through_gates=False))
    assert (shut >= walk(town, replace(profile, through_gates=True))).all()


@settings(deadline=None)
@given(towns(), PROFILES, st.sampled_from([(1.0, 0.5), (1.0, 0.25), (0.5, 0.25)]))
def test_a_slower_walker_never_gains(town, profile, speeds):
    """Lengths and speeds are such that every part grows by more than its rounding."""
    quick, slow = (walk(town, profile, speed=speed) for speed in speeds)
    assert (slow >= quick).all()


@settings(deadline=None)
@given(towns(directed=False), PROFILES)
def test_on_level_two_way_streets_the_way_back_is_as_long(town, profile):
    streets, obstacles, outlets, homes = town
    there = [
        walk((streets, obstacles, outlets.take([row]), homes), profile).tolist()
        for row in range(len(outlets))
    ]
    back = [
        walk((streets, obstacles, homes.take([row]), outlets), profile).tolist()
        for row in range(len(homes))
    ]
    assert np.array(there).T.tolist() == back
