import numpy as np
import pytest

from core.demo.knit import knit
from core.demo.sketch import Gate, Street


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def way_points(network, row):
    return [(network.x[n], network.y[n]) for n in network.ways[row]]


def test_streets_that_cross_share_a_node(rng):
    streets = [Street(0, 10, 100, 10, "residential", step=200), Street(30, 0, 30, 20, "footway")]
    network = knit(streets, [], rng)
    assert set(network.ways[0]) & set(network.ways[1])
    assert way_points(network, 0) == [(0, 10), (30, 10), (100, 10)]


def test_a_street_that_ends_on_another_joins_it(rng):
    streets = [Street(0, 0, 50, 0, "residential", step=99), Street(20.1, 0, 20.1, 9, "footway")]
    network = knit(streets, [], rng)
    assert len(set(network.ways[0]) & set(network.ways[1])) == 1


def test_a_bridge_passes_over_and_joins_at_its_ends_only(rng):
    streets = [
        Street(0, 50, 100, 50, "footway", step=200),
        Street(0, 0, 100, 0, "secondary", step=200),
        Street(40, 0, 40, 100, "primary", layer=1, step=200),
        Street(40, -50, 40, 0, "primary", step=200),
    ]
    network = knit(streets, [], rng)
    assert not set(network.ways[0]) & set(network.ways[2])
    assert set(network.ways[1]) & set(network.ways[2]) & set(network.ways[3])


def test_nodes_are_no_farther_apart_than_the_step(rng):
    network = knit([Street(0, 0, 100, 0, "footway", step=30)], [], rng)
    points = np.array(way_points(network, 0))
    assert np.hypot(*np.diff(points, axis=0).T).max() <= 30.01


def test_only_nodes_that_may_stray_do_and_gates_stay(rng):
    streets = [
        Street(0, 0, 100, 0, "secondary", step=200),
        Street(50, 0, 50, 40, "footway", step=20, wobble=5),
        Street(50, 40, 50, 80, "footway", step=20, wobble=5),
    ]
    network = knit(streets, [Gate(50, 40, "南门")], rng)
    gate = next(iter(network.gates))
    assert (network.x[gate], network.y[gate]) == (50, 40)
    assert way_points(network, 0) == [(0, 0), (50, 0), (100, 0)]
    assert network.x[network.ways[1][1]] != 50


def test_a_gate_off_every_street_is_an_error(rng):
    with pytest.raises(KeyError):
        knit([Street(0, 0, 9, 0, "footway")], [Gate(5, 5, "南门")], rng)


def test_lights_stand_before_junctions_of_main_roads_to_the_west_and_south(rng):
    cross = [
        Street(0, 0, 100, 0, "primary", step=40),
        Street(100, -100, 100, 0, "secondary", step=40),
        Street(100, 0, 200, 0, "primary", step=40),
        Street(0, 50, 100, 50, "residential", step=40),
    ]
    network = knit(cross, [], rng)
    lights = {(network.x[node], network.y[node]) for node in network.signals}
    assert lights == {(66.66, 0), (100, -33.34)}


def test_no_light_stands_where_another_street_meets_or_no_main_road_does(rng):
    cross = [
        Street(0, 0, 100, 0, "primary", step=40),
        Street(100, -100, 100, 0, "residential", step=40),
    ]
    assert knit(cross, [], rng).signals == frozenset()
    cross[1] = Street(100, -100, 100, 0, "primary", step=200)
    cross.append(Street(80, 0, 80, 50, "residential", step=200))
    assert knit(cross, [], rng).signals == frozenset()
