"""Scenarios against Floyd and Warshall over every door, after each edit and each undo."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.doors import doors
from core.kernel.prepared import prepare
from core.kernel.snap import Snapped
from core.kernel.streets import checked
from core.kernel.walkers import CLOSED, Weights
from core.kernel.walks import UNREACHED
from core.kernel.whatif.city import City
from core.kernel.whatif.scenario import Scenario

often = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def snapped(places):
    """Put places (edge, fraction, access metres) on their edges; a metre takes ten deciseconds."""
    edge, fraction, access = zip(*places, strict=True) if places else ((), (), ())
    return Snapped(
        edge=np.array(edge, dtype=np.int32),
        fraction=np.array(fraction, dtype=np.float64),
        access_metres=np.array(access, dtype=np.float64),
    )


class Town:
    """Streets with a time there and back each, homes, and a record of what stands where."""

    def __init__(self, nodes, edges, homes, *, limit_ds) -> None:
        u, v, there, back = (
            np.array(column, dtype=np.int32) for column in zip(*edges, strict=True)
        )
        forward = there
        backward = forward if (there == back).all() else back
        self.edges, self.nodes, self.homes, self.limit_ds = edges, nodes, homes, limit_ds
        x = np.arange(nodes, dtype=float)
        streets = checked(x=x, y=np.zeros(nodes), u=u, v=v, metres=np.ones(len(u)))
        weights = Weights(forward=forward, backward=backward, metres_per_second=1.0)
        self.prepared = prepare(streets, weights, bound_ds=limit_ds + 3)

    def __repr__(self) -> str:
        return f"Town({self.nodes}, {self.edges}, {self.homes}, limit_ds={self.limit_ds})"

    def doors(self, places):
        return doors(self.prepared, snapped(places))

    def city(self, outlets, lanes):
        return City(
            self.prepared,
            self.doors(self.homes),
            self.doors(outlets),
            lanes=[np.array(lane, dtype=np.int64) for lane in lanes],
            limit_ds=self.limit_ds,
        )

    def walks(self, standing, lane, ways):
        """Walk from every home to the outlets offered in a lane, over streets and ways."""
        outlets = [place for place, lanes in standing if lane in lanes and place[0] >= 0]
        ends = [end for start, stop, _, _ in ways for end in (start, stop)]
        feet = [*self.homes, *outlets, *ends]
        d = self.between(feet, ways, first_end=len(self.homes) + len(outlets))
        answer = []
        for h, home in enumerate(self.homes):
            best = math.inf
            for k, outlet in enumerate(outlets, start=len(self.homes)):
                between = d[self.nodes + h, self.nodes + k]
                best = min(best, between + round(home[2] * 10) + round(outlet[2] * 10))
            near = home[0] >= 0 and best <= self.limit_ds
            answer.append(int(best) if near else UNREACHED)
        return answer

    def between(self, feet, ways, *, first_end):
        size = self.nodes + len(feet)
        d = np.full((size, size), np.inf)
        np.fill_diagonal(d, 0)
        for u, v, there, back in self.edges:
            d[u, v], d[v, u] = min(d[u, v], time(there)), min(d[v, u], time(back))
        on = [(k, *foot[:2]) for k, foot in enumerate(feet, self.nodes) if foot[0] >= 0]
        for k, edge, part in on:
            u, v, there, back = self.edges[edge]
            for a, b, whole, ds in (
                (u, k, there, offset(part, there)),
                (k, v, there, there - offset(part, there)),
                (k, u, back, offset(part, back)),
                (v, k, back, back - offset(part, back)),
            ):
                d[a, b] = min(d[a, b], math.inf if whole >= CLOSED else ds)
        for one, other in itertools.permutations(on, 2):
            d[one[0], other[0]] = min(d[one[0], other[0]], self.straight(one, other))
        for number, (start, end, ds, both) in enumerate(ways):
            a = self.nodes + first_end + 2 * number
            whole = ds + round(start[2] * 10) + round(end[2] * 10)
            d[a, a + 1] = min(d[a, a + 1], whole)
            d[a + 1, a] = min(d[a + 1, a], whole if both else math.inf)
        for via in range(size):
            np.minimum(d, d[:, via, None] + d[None, via], out=d)
        return d

    def straight(self, one, other):
        """Walk along the edge that two feet share."""
        (_, edge, part), (_, other_edge, other_part) = one, other
        _, _, there, back = self.edges[edge]
        steps = [math.inf]
        if edge == other_edge and part <= other_part and there < CLOSED:
            steps.append(offset(other_part, there) - offset(part, there))
        if edge == other_edge and part >= other_part and back < CLOSED:
            steps.append(offset(part, back) - offset(other_part, back))
        return min(steps)


def offset(part, ds):
    return round(part * ds)


def time(ds):
    return math.inf if ds >= CLOSED else ds


def bytes_of(scenario, lanes):
    """Give every byte that edits may change; a lane without edits is as the city's."""
    kept = {}
    for lane in range(lanes):
        kept[lane, "walks"] = scenario.walks(lane).tobytes()
        state = scenario._lanes.get(lane)
        ground = scenario.city.ground(lane)
        field = ground.field if state is None else state._field
        kept[lane, "nodes"] = field.walks.tobytes(), field._seeds.tobytes()
        offers = ground.offers if state is None else state._offers
        kept[lane, "base"] = (ground.walks if state is None else state._base).tobytes()
        kept[lane, "live"] = offers.live.tobytes()
        kept[lane, "beyond"] = b"" if state is None else state._beyond.tobytes()
    return kept


TIMES = st.sampled_from([0, 0, 1, 3, 3, 8, 20, CLOSED])
PARTS = st.sampled_from([0.0, 0.25, 0.3, 0.5, 0.5, 0.8, 1.0])
ACCESS = st.sampled_from([0.0, 0.0, 0.1, 0.4, 2.0])


@st.composite
def towns(draw):
    nodes = draw(st.integers(1, 7))
    node = st.integers(0, nodes - 1)
    if draw(st.booleans()):
        edges = draw(st.lists(st.tuples(node, node, TIMES, TIMES), min_size=1, max_size=10))
    else:
        alike = draw(st.lists(st.tuples(node, node, TIMES), min_size=1, max_size=10))
        edges = [(u, v, ds, ds) for u, v, ds in alike]
    homes = draw(st.lists(places(edges), min_size=1, max_size=7))
    return Town(nodes, edges, homes, limit_ds=draw(st.sampled_from([0, 5, 15, 60, 5000])))


def places(edges):
    edge = st.one_of(st.integers(0, len(edges) - 1), st.integers(0, min(1, len(edges) - 1)))
    return st.one_of(
        *[st.tuples(edge, PARTS, ACCESS)] * 5, st.tuples(st.just(-1), st.just(math.nan), ACCESS)
    )


class Story:
    """A scenario, what it should have come to, and how each deed is done to both."""

    def __init__(self, town, lanes, standing) -> None:
        lists = [[k for k, (_, some) in enumerate(standing) if n in some] for n in range(lanes)]
        self.town, self.lanes, self.standing, self.ways = town, lanes, standing, []
        self.city = town.city([there for there, _ in standing], lists)
        self.scenario, self.past = Scenario(self.city), []

    def add(self, draw):
        there, some = draw(self.place()), draw(self.some())
        edit = self.scenario.add(self.town.doors([there]), some)
        assert edit.outlet == len(self.standing)
        self.standing = [*self.standing, (there, some)]
        return edit

    def way(self, draw):
        attached = self.place().filter(lambda there: there[0] >= 0)
        start, end = draw(attached), draw(attached)
        ds, both = draw(st.integers(0, 9)), draw(st.booleans())
        self.ways = [*self.ways, (start, end, ds, both)]
        doors_of = [self.town.doors([there]) for there in (start, end)]
        return self.scenario.add_way(*doors_of, ds=ds, both=both)

    def close(self, draw):
        k = self.pick(draw)
        self.stand(k, self.standing[k][0], set())
        return self.scenario.close(k)

    def offer(self, draw):
        k, some = self.pick(draw), draw(self.some())
        self.stand(k, self.standing[k][0], some)
        return self.scenario.offer(k, some)

    def move(self, draw):
        k, there = self.pick(draw), draw(self.place())
        self.stand(k, there, self.standing[k][1])
        return self.scenario.move(k, self.town.doors([there]))

    def undo(self, _draw=None):
        self.standing, self.ways, kept = self.past.pop()
        edit = self.scenario.undo()
        assert bytes_of(self.scenario, self.lanes) == kept
        return edit

    def do(self, draw):
        """Do one deed and hold its answer against what changed, and all walks against truth."""
        before = [self.scenario.walks(lane) for lane in range(self.lanes)]
        now = self.standing, self.ways, bytes_of(self.scenario, self.lanes)
        deeds = ["add", "way", *(["offer", "close", "move"] if self.standing else [])]
        deed = draw(st.sampled_from([*deeds, *(["undo"] if self.past else [])]))
        if deed != "undo":
            self.past.append(now)
        edit = getattr(self, deed)(draw)
        told = {change.lane: change for change in edit.changes}
        for lane, old in enumerate(before):
            new = self.scenario.walks(lane)
            assert new.tolist() == self.town.walks(self.standing, lane, self.ways)
            other = np.flatnonzero(old != new)
            assert (lane in told) == (len(other) > 0)
            if lane in told:
                assert told[lane].home.tolist() == other.tolist()
                assert told[lane].before.tolist() == old[other].tolist()
                assert told[lane].after.tolist() == new[other].tolist()

    def place(self):
        return places(self.town.edges)

    def some(self):
        return st.sets(st.integers(0, self.lanes - 1))

    def pick(self, draw):
        return draw(st.integers(0, len(self.standing) - 1))

    def stand(self, k, there, some):
        self.standing = [*self.standing[:k], (there, some), *self.standing[k + 1 :]]


@often
@given(towns(), st.data())
def test_every_walk_is_exact_after_every_edit_and_undone_to_the_byte(town, data):
    lanes = data.draw(st.integers(1, 3))
    outlet = st.tuples(places(town.edges), st.sets(st.integers(0, lanes - 1)))
    story = Story(town, lanes, data.draw(st.lists(outlet, max_size=5)))
    for _ in range(data.draw(st.integers(1, 7))):
        story.do(data.draw)
    while story.past:
        story.undo()
    fresh = Scenario(story.city)
    assert bytes_of(fresh, lanes) == bytes_of(story.scenario, lanes)


def straight_road(limit_ds=600):
    """Lay a road of 100 and 200 ds, a branch off its middle, and 50 ds of road beyond water."""
    edges = [(0, 1, 100, 100), (1, 2, 200, 200), (1, 3, 70, 70), (4, 5, 50, 50)]
    homes = [(0, 0.5, 1.0), (1, 0.5, 0.0), (2, 1.0, 0.0), (3, 0.0, 0.0), (-1, math.nan, 0.0)]
    return Town(6, edges, homes, limit_ds=limit_ds)


def test_a_footbridge_brings_the_far_bank_within_reach():
    town = straight_road()
    scenario = Scenario(town.city([(0, 0.0, 2.0)], [[0], []]))
    assert scenario.walks(0).tolist() == [80, 220, 190, UNREACHED, UNREACHED]
    edit = scenario.add_way(town.doors([(1, 0.25, 0.0)]), town.doors([(3, 0.2, 1.0)]), ds=40)
    (change,) = edit.changes
    assert (change.lane, edit.outlet) == (0, None)
    # over the bridge: 10 to its end and 10 up to it, 40, then 50 and 100 of road and 20 to the door
    assert (change.home.tolist(), change.after.tolist()) == ([3], [230])
    edit = scenario.add(town.doors([(3, 0.6, 0.0)]), [0, 1])
    assert edit.outlet == 1
    assert scenario.walks(0).tolist() == [80, 120, 190, 30, UNREACHED]
    assert scenario.walks(1).tolist() == [180, 120, 190, 30, UNREACHED]
    back = scenario.undo()
    assert back.outlet == 1
    assert [change.lane for change in back.changes] == [0, 1]
    scenario.undo()
    assert scenario.walks(0).tolist() == [80, 220, 190, UNREACHED, UNREACHED]
    with pytest.raises(IndexError):
        scenario.undo()


def test_a_gate_that_opens_one_way_is_not_walked_the_other():
    town = straight_road()
    scenario = Scenario(town.city([(3, 0.0, 0.0)], [[0]]))
    scenario.add_way(town.doors([(3, 1.0, 0.0)]), town.doors([(0, 0.0, 0.0)]), ds=5, both=False)
    assert scenario.walks(0).tolist() == [UNREACHED, UNREACHED, UNREACHED, 0, UNREACHED]
    scenario.add_way(town.doors([(0, 0.0, 0.0)]), town.doors([(3, 1.0, 0.0)]), ds=5, both=False)
    assert scenario.walks(0).tolist() == [115, 255, 225, 0, UNREACHED]


def test_edits_after_a_way_was_taken_back_count():
    town = straight_road()
    scenario = Scenario(town.city([(0, 0.0, 2.0)], [[0]]))
    scenario.add_way(town.doors([(1, 0.25, 0.0)]), town.doors([(3, 0.2, 1.0)]), ds=40)
    scenario.undo()
    edit = scenario.add(town.doors([(3, 0.6, 0.0)]), [0])
    assert [change.after.tolist() for change in edit.changes] == [[30]]
    assert scenario.walks(0).tolist() == [80, 220, 190, 30, UNREACHED]


def test_a_walk_may_lead_over_several_ways_in_any_order_of_adding():
    edges = [(2 * k, 2 * k + 1, 10, 10) for k in range(4)]
    town = Town(8, edges, [(0, 0.0, 0.0)], limit_ds=600)
    ways = [((k, 1.0, 0.0), (k + 1, 0.0, 0.0)) for k in range(3)]
    for order in itertools.permutations(ways):
        scenario = Scenario(town.city([(3, 0.5, 0.0)], [[0]]))
        for start, end in order:
            assert scenario.walks(0).tolist() == [UNREACHED]
            scenario.add_way(town.doors([start]), town.doors([end]), ds=7)
        assert scenario.walks(0).tolist() == [3 * 10 + 3 * 7 + 5]


def test_nobody_walks_straight_through_a_street_that_is_shut():
    edges = [(0, 1, 10, 10), (1, 2, CLOSED, 30), (2, 3, 10, 10), (3, 4, 90, 90)]
    town = Town(5, edges, [(0, 0.5, 0.0), (2, 0.5, 0.0)], limit_ds=600)
    scenario = Scenario(town.city([(0, 0.0, 0.0), (2, 1.0, 0.0)], [[], []]))
    scenario.offer(0, [0])
    scenario.offer(1, [1])
    assert scenario.walks(0).tolist() == [5, 45]
    assert scenario.walks(1).tolist() == [UNREACHED, 5]
    edges = [(u, v, back, there) for u, v, there, back in edges]
    town = Town(5, edges, [(0, 0.5, 0.0), (2, 0.5, 0.0)], limit_ds=600)
    scenario = Scenario(town.city([(0, 0.0, 0.0), (2, 1.0, 0.0)], [[0], [1]]))
    assert scenario.walks(0).tolist() == [5, UNREACHED]
    assert scenario.walks(1).tolist() == [45, 5]


def test_two_scenarios_of_one_city_do_not_see_one_another():
    town = straight_road()
    city = town.city([(0, 0.0, 0.0), (1, 1.0, 0.0)], [[0, 1]])
    one, other = Scenario(city), Scenario(city)
    one.close(0)
    assert one.lanes_of(0) == frozenset()
    assert other.lanes_of(0) == frozenset({0})
    assert other.walks(0).tolist() == [60, 100, 170, UNREACHED, UNREACHED]
    assert one.walks(0).tolist() == [260, 100, 270, UNREACHED, UNREACHED]
    one.offer(0, [0])
    assert one.walks(0).tolist() == other.walks(0).tolist()


def test_what_is_not_there_is_refused_and_nothing_changes():
    town = straight_road()
    scenario = Scenario(town.city([(0, 0.0, 0.0)], [[0]]))
    door = town.doors([(0, 0.5, 0.0)])
    with pytest.raises(ValueError, match="no outlet 1"):
        scenario.close(1)
    with pytest.raises(ValueError, match="no outlet -1"):
        scenario.move(-1, door)
    with pytest.raises(ValueError, match="no lane 1"):
        scenario.add(door, [1])
    with pytest.raises(ValueError, match="both ends"):
        scenario.add_way(door, town.doors([(-1, math.nan, 0.0)]), ds=3)
    with pytest.raises(ValueError, match="no negative time"):
        scenario.add_way(door, door, ds=-3)
    with pytest.raises(ValueError, match="one door"):
        scenario.add(town.doors([]), [0])
    with pytest.raises(ValueError, match="limit_ds must lie within"):
        City(town.prepared, door, door, lanes=[], limit_ds=604)
    with pytest.raises(ValueError, match="outside 0"):
        town.city([(0, 0.0, 0.0)], [[1]])
    with pytest.raises(TypeError, match="rows of outlets"):
        City(town.prepared, door, door, lanes=[np.array([0.0])], limit_ds=600)
    assert scenario.walks(0).tolist() == [60, 200, 170, UNREACHED, UNREACHED]
    with pytest.raises(IndexError):
        scenario.undo()
