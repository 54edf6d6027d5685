from xml.etree import ElementTree as ET

import numpy as np
import pytest

from core.kernel.streets import components
from tests.bench.engine import goals, oracle, query, real, report, siting, store, supply, whatif
from tests.bench.engine.ask import ask, contracted_graph
from tests.bench.engine.city import FORMATS, make_city
from tests.bench.engine.ours import make_ready, seeds_of
from tests.bench.engine.plot import drawing

NODES = 2500


@pytest.fixture(scope="module")
def city():
    return make_city(NODES)


@pytest.fixture(scope="module")
def found(city):
    return query.measure(city, peers=("scipy",))


def test_a_generated_city_has_as_many_nodes_of_degree_two_as_real_ones(city):
    streets = city.streets
    degree = np.bincount(np.r_[streets.u, streets.v], minlength=streets.nodes)
    assert 0.56 < (degree == 2).mean() < 0.9
    largest = np.bincount(components(streets)).max()
    assert largest > 0.9 * streets.nodes
    assert 0.5 * NODES < streets.nodes < 2 * NODES
    assert len(city.lanes) == FORMATS
    assert all(len(lane) for lane in city.lanes)


def test_the_same_seed_gives_the_same_city(city):
    again, other = make_city(NODES), make_city(NODES, seed=2)
    for name in ("outlet_x", "home_y", "people"):
        assert getattr(again, name).tobytes() == getattr(city, name).tobytes()
    assert again.streets.metres.tobytes() == city.streets.metres.tobytes()
    assert other.streets.metres.tobytes() != city.streets.metres.tobytes()


def test_scipy_and_we_agree_at_every_node_and_home(found):
    for side in found["sides"]:
        (peer,) = side["peers"]
        assert peer["differing"] == 0
        assert peer["compared"] > 10 * NODES
    assert found["same_bytes"]
    assert sum(found["covered"]) > 0


def test_a_peer_that_is_not_there_is_told_and_not_raised(city, tmp_path):
    ready = make_ready(city)
    reply = ask(
        "nobody", contracted_graph(ready), seeds_of(ready), lanes=30, times=1, folder=tmp_path
    )
    assert reply.walks is None
    assert "not to be had here" in reply.why


def test_one_wrong_walk_is_counted():
    walks = np.zeros((2, 3), dtype=np.int32)
    wrong = walks.copy()
    wrong[1, 2] = 1
    assert oracle.differing(walks, wrong) == 1


def test_what_if_agrees_with_a_search_anew(city):
    told = whatif.measure(city, edits=40)
    assert told["differing"] == 0
    assert told["compared"] == FORMATS * len(city.people)


def test_balls_agree_with_searches_and_give_out_what_there_is(city):
    told = supply.measure(city, peer=False)
    assert told["differing"] == 0
    assert told["pairs"] > 0
    assert told["given_out"] == pytest.approx(told["shared"])


def test_a_siting_answer_lies_below_its_bound_and_adds_up(city):
    told = siting.measure(city, candidates=60)
    assert 0 < told["greedy"] <= told["people"] <= told["best"] <= told["bound"]
    assert siting.agrees(told) == 0


def test_copies_of_a_city_hang_together(city):
    tiled = real.tiled(city, 4 * city.streets.nodes)
    copies = len(tiled.people) // len(city.people)
    assert copies == 4
    assert tiled.streets.nodes == 4 * city.streets.nodes
    assert len(tiled.lanes[3]) == 4 * len(city.lanes[3])
    assert np.bincount(components(tiled.streets)).max() > 0.9 * tiled.streets.nodes


@pytest.mark.data
def test_las_palmas_is_read_whole(starter):
    city = real.one_city(starter / real.FOLDER)
    assert city.streets.edges > 80_000
    assert len(city.people) == 18_835
    assert sum(map(len, city.lanes)) == len(city.outlet_x) == 2692


def test_the_report_shows_every_part_that_was_kept(found, city, tmp_path):
    folder, output = tmp_path / "results", tmp_path / "RESULTS.md"
    store.keep("query", {"250k": found}, folder)
    store.keep("growth", {"tiny": found, "same": found}, folder)
    store.keep("whatif", whatif.measure(city, edits=5), folder)
    store.report(folder, output)
    text = output.read_text("utf-8")
    for heading in ("## Goals", f"## Query: {city.name}", "## Growth", "## What-if", "## Machines"):
        assert heading in text
    assert "scipy 1" in text
    assert "numba" in text
    ET.fromstring((tmp_path / report.PLOT).read_text("utf-8"))  # noqa: S314 - our own


def test_goals_that_nobody_measured_say_so():
    rows = goals.goals({})
    assert len(rows) > 12
    assert {row[2] for row in rows} == {goals.MISSING}


def test_a_goal_is_reached_or_missed_by_a_factor():
    assert goals.verdict(310, 300, at_least=True) == "reached"
    assert goals.verdict(150, 300, at_least=True) == "missed by 2.0×"
    assert goals.verdict(0.3, 0.15, at_least=False) == "missed by 2.0×"


def test_a_drawing_names_its_lines_and_needs_some():
    text = drawing("so", "nodes", {"a < b": [(10, 1), (1000, 50)], "c": [(10, 2)]})
    assert "a &lt; b" in text
    with pytest.raises(ValueError, match="nothing"):
        drawing("so", "nodes", {})
