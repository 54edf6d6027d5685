import numpy as np
import pyproj
import pytest

from core.kernel.streets import (
    checked,
    components,
    largest_component,
    plane,
    take_edges,
    unplane,
)


def network(*edges: tuple[int, int, float], nodes=4):
    u, v, metres = zip(*edges, strict=True) if edges else ((), (), ())
    return checked(x=np.arange(nodes), y=np.zeros(nodes), u=u, v=v, metres=metres)


def test_loops_parallel_edges_zero_lengths_and_lone_nodes_are_legal():
    streets = network((0, 0, 5.0), (0, 1, 3.0), (1, 0, 4.0), (1, 2, 0.0))
    assert (streets.nodes, streets.edges) == (4, 4)


def test_a_network_of_nothing_is_legal():
    streets = network(nodes=0)
    assert (streets.nodes, streets.edges) == (0, 0)
    assert largest_component(streets).tolist() == []


def test_checked_columns_cannot_be_written():
    streets = network((0, 1, 3.0))
    for column in (streets.x, streets.y, streets.u, streets.v, streets.metres):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("u", [0, 2], r"u\[1\] = 2 is no node of 2"),
        ("v", [-1, 0], r"v\[0\] = -1 is no node of 2"),
        ("u", [0.0, 1.0], "u must hold whole numbers"),
        ("u", [2**40, 1], r"u\[0\] = 1099511627776 is no node"),
        ("metres", [1.0, -0.5], r"metres\[1\] = -0.5 is negative"),
        ("metres", [np.nan, 1.0], r"metres\[0\] = nan is not finite"),
        ("metres", [1.0, np.inf], r"metres\[1\] = inf is not finite"),
        ("metres", [1.0, 1e9], "longer than the earth"),
        ("metres", [1.0], "equally long"),
        ("x", [0.0, np.nan], r"x\[1\] = nan is not finite"),
        ("x", [0.0], "x has 1 nodes but y has 2"),
        ("y", [[0.0], [1.0]], "one column"),
    ],
)
def test_a_bad_column_is_refused_by_name_and_row(column, values, told):
    columns = {"x": [0, 1], "y": [0, 0], "u": [0, 1], "v": [1, 0], "metres": [1.0, 1.0]}
    with pytest.raises(ValueError, match=told):
        checked(**(columns | {column: values}))


@pytest.mark.parametrize("lat0", [0.0, 28.1, 36.65, -33.9, 60.0])
def test_the_plane_keeps_distances_of_a_kilometre_within_a_tenth_of_a_metre(lat0):
    lon0 = 117.0
    geod = pyproj.Geod(ellps="WGS84")
    for bearing in range(0, 360, 30):
        lon, lat, _ = geod.fwd(lon0, lat0, bearing, 1000.0)
        x, y = plane([lon], [lat], lon0=lon0, lat0=lat0)
        assert np.hypot(x, y)[0] == pytest.approx(1000.0, abs=0.1)
        assert np.degrees(np.arctan2(x, y))[0] % 360 == pytest.approx(bearing, abs=0.02)


def test_flat_metres_lead_back_to_the_same_degrees():
    lon, lat = np.array([116.9, 117.4]), np.array([36.5, 36.9])
    back = unplane(*plane(lon, lat, lon0=117.0, lat0=36.65), lon0=117.0, lat0=36.65)
    assert np.allclose(back, (lon, lat), rtol=0, atol=1e-12)


def test_the_poles_have_no_plane():
    with pytest.raises(ValueError, match="poles"):
        plane([0.0], [90.0], lon0=0.0, lat0=90.0)


def test_parts_that_do_not_meet_have_different_labels():
    label = components(network((0, 1, 1.0), (2, 3, 1.0)))
    assert label[0] == label[1] != label[2] == label[3]


def test_a_bundle_of_parallel_edges_still_joins_its_ends():
    label = components(network(*[(0, 1, 1.0)] * 600))
    assert label[0] == label[1]


def test_the_largest_part_is_the_one_with_most_edges():
    streets = network((0, 1, 900.0), (2, 3, 1.0), (3, 4, 1.0), nodes=5)
    assert largest_component(streets).tolist() == [False, True, True]


def test_among_equal_parts_the_first_edge_decides():
    streets = network((2, 3, 1.0), (0, 1, 1.0))
    assert largest_component(streets).tolist() == [True, False]


def test_taking_edges_keeps_the_numbers_of_the_nodes():
    streets = network((0, 1, 900.0), (2, 3, 1.0))
    kept = take_edges(streets, np.array([False, True]))
    assert (kept.nodes, kept.u.tolist(), kept.v.tolist()) == (4, [2], [3])


def test_a_mask_of_another_length_is_refused():
    with pytest.raises(ValueError, match="2 edges"):
        take_edges(network((0, 1, 1.0), (1, 2, 1.0)), np.array([True]))
