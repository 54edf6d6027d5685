from __future__ import annotations

import pytest
import shapely
import shapely.geometry

from core.api.shapes import polygons
from core.errors import Invalid

RING = [[117.0, 36.0], [117.2, 36.0], [117.2, 36.2], [117.0, 36.0]]
SQUARE = {"type": "Polygon", "coordinates": [RING]}
FAR = {"type": "Polygon", "coordinates": [[[x + 1, y] for x, y in RING]]}


def feature(geometry):
    return {"type": "Feature", "properties": {}, "geometry": geometry}


@pytest.mark.parametrize(
    "sent",
    [
        {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"], FAR["coordinates"]]},
        {"type": "FeatureCollection", "features": [feature(SQUARE), feature(FAR)]},
        {"type": "GeometryCollection", "geometries": [feature(SQUARE)["geometry"], FAR]},
        {
            "type": "GeometryCollection",
            "geometries": [{"type": "GeometryCollection", "geometries": [SQUARE]}, FAR],
        },
    ],
)
def test_polygons_are_joined_however_they_come(sent):
    joined = polygons(sent, "field")
    assert shapely.equals(
        joined, shapely.union_all([shapely.geometry.shape(one) for one in (SQUARE, FAR)])
    )


@pytest.mark.parametrize(
    "sent",
    [None, {"type": "FeatureCollection", "features": []}, {"type": "Polygon", "coordinates": []}],
)
def test_no_polygon_is_nothing(sent):
    assert polygons(sent, "field") is None


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({}, "读不懂"),
        ({"type": 5}, "读不懂"),
        ({"type": "Polygon"}, "读不懂"),
        ({"type": "Polygon", "coordinates": [[["a", 1]]]}, "读不懂"),
        ({"type": "Polygon", "coordinates": [RING[:3]]}, "读不懂"),
        ({"type": "Polygon", "coordinates": [[[0], [1], [2], [0]]]}, "读不懂"),
        (feature(None), "读不懂"),
        ({"type": "Point", "coordinates": [117, 36]}, "不是多边形"),
        ({"type": "LineString", "coordinates": RING}, "不是多边形"),
        ({"type": "Polygon", "coordinates": [[[x + 90, y] for x, y in RING]]}, "超出范围"),
        ({"type": "Polygon", "coordinates": [[[x, 1e308] for x, _ in RING]]}, "超出范围"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "自相交"),
        ({"type": "Polygon", "coordinates": [RING[:3] * 7000 + RING[:1]]}, "顶点"),
    ],
)
def test_what_is_no_polygon_on_earth_is_refused_by_name(sent, problem):
    with pytest.raises(Invalid) as told:
        polygons(sent, "where")
    assert problem in told.value.message
    assert told.value.message.endswith("。")
    assert told.value.details[0]["field"] == "where"
    assert told.value.details[0]["remedy"]
