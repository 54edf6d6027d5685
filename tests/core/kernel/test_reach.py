import math

import numpy as np
import pytest

from core.kernel.reach import reach
from core.kernel.snap import Snapped, snap
from core.kernel.streets import checked
from core.kernel.walks import UNREACHED

FAR = 60_000
ONE_MPS = 1.0  # ten deciseconds a metre


def streets_of(*edges: tuple[int, int, float]):
    u, v, metres = zip(*edges, strict=True)
    nodes = max(*u, *v) + 1
    return checked(x=np.zeros(nodes), y=np.zeros(nodes), u=u, v=v, metres=metres)


def doors(*places: tuple[int, float, float]):
    edge, fraction, access = zip(*places, strict=True) if places else ((), (), ())
    return Snapped(
        edge=np.array(edge, dtype=np.int32),
        fraction=np.array(fraction, dtype=np.float64),
        access_metres=np.array(access, dtype=np.float64),
    )


def walk(streets, outlets, homes, lanes=None, limit_ds=FAR, speed_mps=ONE_MPS):
    lanes = [np.arange(len(outlets))] if lanes is None else lanes
    walks = reach(streets, outlets, homes, lanes=lanes, speed_mps=speed_mps, limit_ds=limit_ds)
    assert walks.dtype == np.int32
    assert walks.shape == (len(lanes), len(homes))
    return walks.tolist()


LINE = streets_of((0, 1, 100.0), (1, 2, 50.0), (2, 3, 200.0))


def test_the_access_walk_counts_at_both_ends():
    assert walk(LINE, doors((2, 0.5, 7.0)), doors((0, 0.25, 3.0))) == [[2350]]


def test_the_nearest_outlet_is_the_one_with_the_shortest_whole_walk():
    outlets = doors((1, 0.5, 90.0), (2, 0.1, 1.0))
    assert walk(LINE, outlets, doors((1, 0.0, 0.0))) == [[710]]


def test_each_lane_looks_at_its_own_outlets_only():
    outlets = doors((0, 0.0, 0.0), (2, 1.0, 0.0))
    lanes = [[0], np.array([1]), [0, 1], [], [1, 1]]
    home = doors((0, 0.1, 0.0))
    assert walk(LINE, outlets, home, lanes) == [[100], [3400], [100], [UNREACHED], [3400]]


def test_home_and_outlet_on_one_edge_meet_directly():
    outlets = doors((0, 0.2, 1.0), (0, 0.9, 2.0))
    homes = doors((0, 0.0, 0.0), (0, 0.2, 0.0), (0, 0.5, 0.0), (0, 0.8, 0.0), (0, 1.0, 4.0))
    assert walk(LINE, outlets, homes) == [[210, 10, 310, 120, 160]]


def test_on_one_edge_a_farther_outlet_with_a_shorter_access_walk_may_win():
    outlets = doors((0, 0.5, 40.0), (0, 0.7, 0.0), (0, 0.1, 0.0))
    assert walk(LINE, outlets, doors((0, 0.5, 0.0))) == [[200]]


def test_on_one_edge_the_way_round_may_be_shorter():
    streets = streets_of((0, 1, 1000.0), (0, 1, 30.0))
    assert walk(streets, doors((0, 0.99, 0.0)), doors((0, 0.01, 0.0))) == [[500]]


def test_of_parallel_edges_the_shortest_is_walked():
    streets = streets_of((0, 1, 10.0), (1, 2, 90.0), (2, 1, 40.0), (1, 2, 60.0), (2, 3, 10.0))
    assert walk(streets, doors((4, 1.0, 0.0)), doors((0, 0.0, 0.0))) == [[600]]


def test_an_edge_of_no_length_joins_its_ends():
    streets = streets_of((0, 1, 10.0), (1, 2, 0.0), (2, 3, 0.0), (3, 4, 10.0))
    homes = doors((0, 0.0, 0.0), (1, 0.5, 0.0), (2, 1.0, 0.0))
    assert walk(streets, doors((3, 1.0, 0.0)), homes) == [[200, 100, 100]]
    assert walk(streets, doors((1, 0.0, 0.0)), homes) == [[100, 0, 0]]


def test_an_outlet_at_the_very_node_of_a_zero_edge_seeds_without_walking():
    streets = streets_of((0, 0, 0.0), (0, 1, 5.0))
    assert walk(streets, doors((0, 0.0, 0.0)), doors((1, 1.0, 0.0)), limit_ds=50) == [[50]]


def test_a_loop_is_walked_the_shorter_way_round():
    streets = streets_of((0, 0, 100.0), (0, 1, 20.0))
    homes = doors((0, 0.1, 0.0), (0, 0.6, 0.0), (0, 0.95, 0.0), (1, 1.0, 0.0))
    assert walk(streets, doors((0, 0.9, 0.0)), homes) == [[200, 300, 50, 300]]


def test_an_island_is_out_of_reach():
    streets = streets_of((0, 1, 10.0), (2, 3, 10.0))
    assert walk(streets, doors((0, 0.0, 0.0)), doors((1, 0.5, 0.0))) == [[UNREACHED]]


def test_a_walk_of_exactly_the_limit_is_kept_and_one_longer_is_not():
    homes = doors((0, 0.0, 0.0), (0, 0.0, 0.1), (2, 0.0, 0.0), (2, 0.0, 0.1))
    outlets = doors((1, 0.0, 0.0))
    assert walk(LINE, outlets, homes, limit_ds=1000) == [[1000, UNREACHED, 500, 501]]
    assert walk(LINE, outlets, doors((1, 0.0, 0.0), (1, 0.1, 0.0)), limit_ds=0) == [[0, UNREACHED]]


def test_the_unattached_reach_nothing_and_are_reached_by_nobody():
    outlets = doors((-1, math.nan, 900.0), (0, 0.0, 0.0))
    homes = doors((0, 0.1, 0.0), (-1, math.nan, 700.0), (-1, math.nan, math.nan))
    lanes = [[0], [0, 1]]
    expected = [[UNREACHED] * 3, [100, UNREACHED, UNREACHED]]
    assert walk(LINE, outlets, homes, lanes) == expected


def test_nobody_and_nothing_give_empty_answers():
    streets = checked(x=[], y=[], u=[], v=[], metres=[])
    lost = doors((-1, math.nan, math.nan))
    assert walk(streets, lost, lost) == [[UNREACHED]]
    assert walk(LINE, doors(), doors((0, 0.5, 0.0)), [[], []]) == [[UNREACHED], [UNREACHED]]
    assert walk(LINE, doors((0, 0.5, 0.0)), doors()) == [[]]
    assert walk(LINE, doors((0, 0.5, 0.0)), doors((0, 0.5, 0.0)), []) == []


def test_half_the_speed_takes_twice_as_long():
    places = doors((2, 0.5, 7.0)), doors((0, 0.25, 3.0))
    assert walk(LINE, *places, speed_mps=0.5) == [[4700]]


def test_each_part_of_a_walk_is_rounded_once():
    # 100 m at 1.2 m/s are 833.3 ds, a third of it 277.7; 5 m of access are 41.7 ds
    streets = streets_of((0, 1, 100.0), (1, 2, 100.0))
    outlets, homes = doors((1, 1.0, 5.0)), doors((0, 1 / 3, 5.0))
    assert walk(streets, outlets, homes, speed_mps=1.2) == [[42 + (833 - 278) + 833 + 42]]


def test_a_door_absurdly_far_away_does_not_wrap_around():
    assert walk(LINE, doors((0, 0.0, 1e300)), doors((0, 0.0, 1e200))) == [[UNREACHED]]


def test_read_only_columns_are_enough():
    outlets, homes = doors((2, 0.5, 7.0)), doors((0, 0.25, 3.0))
    lane = np.array([0])
    for column in (outlets.edge, outlets.fraction, outlets.access_metres, homes.edge, lane):
        column.setflags(write=False)
    assert walk(LINE, outlets, homes, [lane]) == [[2350]]


@pytest.mark.parametrize("speed_mps", [0.0, -1.0, math.nan, math.inf, 0.001])
def test_a_speed_that_is_no_walk_is_refused(speed_mps):
    with pytest.raises(ValueError, match="speed_mps"):
        walk(LINE, doors((0, 0.0, 0.0)), doors((0, 0.0, 0.0)), speed_mps=speed_mps)


@pytest.mark.parametrize("limit_ds", [-1, 65_001])
def test_a_limit_outside_what_is_counted_is_refused(limit_ds):
    with pytest.raises(ValueError, match="limit_ds"):
        walk(LINE, doors((0, 0.0, 0.0)), doors((0, 0.0, 0.0)), limit_ds=limit_ds)


def test_points_snapped_to_other_streets_are_refused():
    with pytest.raises(ValueError, match="edge 3 of 3"):
        walk(LINE, doors((3, 0.0, 0.0)), doors((0, 0.0, 0.0)))
    empty = checked(x=[], y=[], u=[], v=[], metres=[])
    with pytest.raises(ValueError, match="edge 0 of 0"):
        walk(empty, doors((-1, math.nan, math.nan)), doors((0, 0.0, 0.0)))


@pytest.mark.parametrize(
    ("lane", "error"), [([1], ValueError), ([-1], ValueError), ([True], TypeError)]
)
def test_a_lane_that_names_no_outlet_is_refused(lane, error):
    with pytest.raises(error, match="lane"):
        walk(LINE, doors((0, 0.0, 0.0)), doors((0, 0.0, 0.0)), [lane])


def test_a_small_town_from_doors_to_minutes():
    # Four streets round a block of 300 m by 120 m, and a footpath through its middle.
    streets = checked(
        x=[0, 150, 300, 300, 150, 0],
        y=[0, 0, 0, 120, 120, 120],
        u=[0, 1, 2, 3, 4, 5, 1],
        v=[1, 2, 3, 4, 5, 0, 4],
        metres=[150, 150, 120, 150, 150, 120, 120],
    )
    outlets = snap(streets, [290.0, 10.0], [130.0, -20.0], limit_metres=50)
    homes = snap(streets, [20.0, 155.0, 40.0], [126.0, 60.0, 900.0], limit_metres=50)
    asked = reach
    walks = asked(streets, outlets, homes, lanes=[[0], [1]], speed_mps=1.0, limit_ds=3600)
    # to the first: 6 + 270 + 10 along the north street; 5 + 60 + 140 + 10 up the footpath
    # to the second: 6 + 20 + 120 + 10 + 20 by the west; 5 + 60 + 140 + 20 down and west
    assert walks.tolist() == [[2860, 2150, UNREACHED], [1760, 2250, UNREACHED]]
