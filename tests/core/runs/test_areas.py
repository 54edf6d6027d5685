from __future__ import annotations

import numpy as np
import pytest
import shapely

from core.contract import text
from core.errors import Invalid
from core.runs.areas import place

LON, LAT = np.array([0.5, 1.5, 9.0]), np.array([0.5, 0.5, 0.5])
PEOPLE = np.array([10, 30, 5])


def table(keys=("a", "b"), kinds=("circle", "circle"), **more):
    shapes = np.empty(2, dtype=object)
    shapes[:] = [shapely.to_wkb(shapely.box(0, 0, 1, 1)), shapely.to_wkb(shapely.box(1, 0, 2, 1))]
    return {"key": text(keys), "name": text(keys), "kind": text(kinds), "wkb": shapes, **more}


def test_homes_fall_into_their_areas_and_all_of_them_into_the_whole():
    areas = place(LON, LAT, PEOPLE, table())
    assert [area.key for area in areas.each] == ["whole", "a", "b"]
    assert areas.people(PEOPLE).tolist() == [45, 10, 30]
    assert areas.rows_of(2).tolist() == [1]


def test_circles_come_before_streets_and_a_boundary_is_not_judged():
    areas = place(LON, LAT, PEOPLE, table(kinds=("street", "circle")))
    assert [area.key for area in areas.each] == ["whole", "b", "a"]
    areas = place(LON, LAT, PEOPLE, table(kinds=("boundary", "circle")))
    assert [area.key for area in areas.each] == ["whole", "b"]


def test_without_areas_there_is_only_the_whole():
    areas = place(LON, LAT, PEOPLE, None)
    assert [area.key for area in areas.each] == ["whole"]


def test_the_whole_is_as_satisfied_as_its_surveyed_circles_by_people():
    areas = place(
        LON,
        LAT,
        PEOPLE,
        table(
            satisfaction=np.array([0.6, 0.9]),
            satisfaction_n=np.array([100, 50], dtype="i4"),
            note=text(["示例", ""]),
        ),
    )
    whole, first, _ = areas.each
    assert whole.satisfaction.value == pytest.approx((0.6 * 10 + 0.9 * 30) / 40)
    assert whole.satisfaction.sample == 150
    assert whole.satisfaction.source == "2/2 个生活圈的调查，按居民加权；示例"
    assert first.satisfaction.source == "示例"


def test_an_unknown_figure_is_none_and_not_zero():
    areas = place(LON, LAT, PEOPLE, table(satisfaction=np.array([np.nan, np.nan])))
    assert [area.satisfaction for area in areas.each] == [None, None, None]


@pytest.mark.parametrize("keys", [("a", "a"), ("whole", "b")])
def test_doubled_and_reserved_keys_are_refused(keys):
    with pytest.raises(Invalid):
        place(LON, LAT, PEOPLE, table(keys=keys))
