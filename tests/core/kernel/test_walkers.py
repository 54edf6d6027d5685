import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.walkers import (
    CLOSED,
    LEVEL,
    Effort,
    Obstacles,
    Profile,
    effort,
    level,
    profile_of,
    weigh,
)

METRES = np.array([100.0, 50.0, 30.0, 0.0])
STREETS = Obstacles(
    steps=np.array([False, True, False, False]),
    shut=np.array([False, False, True, False]),
    crossings=np.array([2, 0, 0, 1], dtype=np.int32),
    one_way=np.array([0, 0, 1, -1], dtype=np.int8),
    climb=np.array([10.0, -20.0, math.nan, 0.0]),
)
TWO_WAY = Obstacles(steps=STREETS.steps, shut=STREETS.shut, crossings=STREETS.crossings)


@st.composite
def towns(draw, *, flat=False):
    edges = draw(st.integers(0, 12))

    def column(each, dtype):
        return np.array(draw(st.lists(each, min_size=edges, max_size=edges)), dtype=dtype)

    climb = column(st.one_of(st.floats(-60, 60), st.just(math.nan)), np.float64)
    obstacles = Obstacles(
        steps=column(st.booleans(), np.bool_),
        shut=column(st.booleans(), np.bool_),
        crossings=column(st.integers(0, 3), np.int32),
        one_way=None if flat else column(st.integers(-1, 1), np.int8),
        climb=np.zeros(edges) if flat else climb,
    )
    return column(st.floats(0, 5000), np.float64), obstacles


SPEEDS = st.floats(0.1, 3)
PROFILES = st.builds(
    Profile,
    steps=st.one_of(st.none(), st.floats(1, 5)),
    crossing_metres=st.floats(0, 100),
    uphill=st.floats(0, 20),
    through_gates=st.booleans(),
)


def both(weights):
    return weights.forward.tolist(), weights.backward.tolist()


def test_by_length_alone_a_walk_is_its_metres_by_the_speed():
    weights = level(METRES, metres_per_second=1.2)
    assert weights.forward.tolist() == [833, 417, 250, 0]
    assert weights.backward is weights.forward
    assert not weights.directed
    assert weights.forward.dtype == np.int32
    assert weights.metres_per_second == 1.2


def test_times_are_rounded_half_to_even():
    assert level([0.05, 0.15, 0.25], metres_per_second=1.0).forward.tolist() == [0, 2, 2]


def test_an_ordinary_walker_ignores_everything_but_one_way_streets():
    assert effort(METRES, TWO_WAY, LEVEL).forward.tolist() == METRES.tolist()
    walked = effort(METRES, STREETS, LEVEL)
    assert walked.forward.tolist() == [100, 50, 30, math.inf]
    assert walked.backward.tolist() == [100, 50, math.inf, 0]


def test_each_obstacle_costs_what_the_profile_says():
    profile = Profile(steps=2.0, crossing_metres=40.0, uphill=5.0, through_gates=False)
    walked = effort(METRES, STREETS, profile)
    assert walked.forward.tolist() == [100 + 80 + 50, 100, math.inf, math.inf]
    assert walked.backward.tolist() == [100 + 80, 100 + 100, math.inf, 40]


def test_what_is_closed_stays_closed_in_time():
    weights = weigh(effort(METRES, STREETS, Profile(steps=None)), metres_per_second=1.0)
    assert both(weights) == ([1000, CLOSED, 300, CLOSED], [1000, CLOSED, CLOSED, 0])
    assert weights.directed


def test_a_walk_longer_than_any_measured_counts_as_closed():
    assert level([4e7], metres_per_second=0.1).forward.tolist() == [CLOSED]


def test_waiting_takes_as_long_at_every_speed():
    for speed in (0.8, 0.9, 1.2):
        profile = profile_of(
            metres_per_second=speed, steps=1, crossing_seconds=34, uphill=0, through_gates=True
        )
        weights = weigh(
            effort([0.0], Obstacles(crossings=np.array([1])), profile), metres_per_second=speed
        )
        assert weights.forward.tolist() == [340]


def test_walkers_who_differ_by_speed_alone_share_a_profile():
    def of(speed, wait):
        return profile_of(
            metres_per_second=speed,
            steps=1.5,
            crossing_seconds=wait,
            uphill=3.5,
            through_gates=True,
        )

    assert of(1.2, 30) == of(0.9, 40)
    assert hash(of(1.2, 30)) == hash(of(0.9, 40))
    assert of(1.2, 30) != of(0.9, 30)
    assert of(1.2, 0) == of(0.7, 0)


def test_obstacles_are_taken_with_their_edges():
    kept = STREETS.take(np.array([True, False, False, True]))
    assert kept.crossings.tolist() == [2, 1]
    assert kept.one_way.tolist() == [0, -1]
    assert Obstacles(crossings=STREETS.crossings).take(np.array([3])).steps is None


def test_times_cannot_be_written_over():
    weights = level(METRES, metres_per_second=1.2)
    with pytest.raises(ValueError, match="read-only"):
        weights.forward[0] = 1


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"steps": np.array([True])}, "steps has shape"),
        ({"crossings": np.array([0, 0, -1, 0])}, r"crossings\[2\] = -1"),
        ({"one_way": np.array([0, -128, 0, 0], dtype=np.int8)}, r"one_way\[1\] = -128"),
        ({"climb": np.array([0, 0, 0, math.inf])}, r"climb\[3\] = inf"),
    ],
)
def test_impossible_obstacles_are_refused_by_row(columns, says):
    with pytest.raises(ValueError, match=says):
        effort(METRES, Obstacles(**columns), LEVEL)


@pytest.mark.parametrize("metres", [[-1.0], [math.nan], [math.inf], [[1.0]]])
def test_impossible_lengths_are_refused(metres):
    with pytest.raises(ValueError, match="metres"):
        effort(metres)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("metres_per_second", 0.0),
        ("metres_per_second", math.nan),
        ("steps", 0.5),
        ("crossing_seconds", -1.0),
        ("uphill", math.inf),
    ],
)
def test_impossible_walkers_are_refused(name, number):
    numbers = {
        "metres_per_second": 1.2,
        "steps": 1.0,
        "crossing_seconds": 0.0,
        "uphill": 0.0,
        "through_gates": True,
    }
    with pytest.raises(ValueError, match="must be"):
        profile_of(**{**numbers, name: number})


@given(towns(), PROFILES, SPEEDS)
def test_who_cannot_use_steps_never_does(town, profile, speed):
    metres, obstacles = town
    wheels = Profile(
        steps=None,
        crossing_metres=profile.crossing_metres,
        uphill=profile.uphill,
        through_gates=profile.through_gates,
    )
    weights = weigh(effort(metres, obstacles, wheels), metres_per_second=speed)
    assert (weights.forward[obstacles.steps] == CLOSED).all()
    assert (weights.backward[obstacles.steps] == CLOSED).all()


@given(towns(), PROFILES, SPEEDS, SPEEDS)
def test_a_slower_walker_never_gains_time(town, profile, one, other):
    walked = effort(*town, profile)
    slow, quick = (weigh(walked, metres_per_second=s) for s in sorted((one, other)))
    assert (slow.forward >= quick.forward).all()
    assert (slow.backward >= quick.backward).all()


@given(towns(), PROFILES)
def test_closing_a_gate_never_shortens_a_street(town, profile):
    metres, obstacles = town
    opened = Obstacles(
        steps=obstacles.steps,
        crossings=obstacles.crossings,
        one_way=obstacles.one_way,
        climb=obstacles.climb,
    )
    shut, free = effort(metres, obstacles, profile), effort(metres, opened, profile)
    assert (shut.forward >= free.forward).all()
    assert (shut.backward >= free.backward).all()


@given(towns(flat=True), PROFILES)
def test_level_streets_without_one_ways_are_walked_alike_both_ways(town, profile):
    walked = effort(*town, profile)
    assert walked.backward is walked.forward
    assert not weigh(walked, metres_per_second=1.2).directed


@given(towns(), PROFILES)
def test_no_obstacle_makes_a_street_shorter_than_its_length(town, profile):
    metres, _ = town
    walked = effort(*town, profile)
    assert (walked.forward >= metres).all()
    assert (walked.backward >= metres).all()


@given(towns(), PROFILES)
def test_turning_every_street_round_swaps_the_two_directions(town, profile):
    metres, obstacles = town
    turned = Obstacles(
        steps=obstacles.steps,
        shut=obstacles.shut,
        crossings=obstacles.crossings,
        one_way=-obstacles.one_way,
        climb=-obstacles.climb,
    )
    one, other = effort(metres, obstacles, profile), effort(metres, turned, profile)
    assert one.forward.tolist() == other.backward.tolist()
    assert one.backward.tolist() == other.forward.tolist()


def test_an_effort_of_two_columns_gives_two_columns_of_time():
    climbed = Effort(forward=np.array([2.0]), backward=np.array([1.0]))
    assert both(weigh(climbed, metres_per_second=1.0)) == ([20], [10])
