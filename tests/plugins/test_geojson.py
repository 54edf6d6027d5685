import json
import math

import pytest
import shapely

from core.contract import Head, Source, Unreadable
from plugins.geojson import AreaOptions, lifecircle_importers, read_areas

SQUARE = [[[117.0, 36.6], [117.1, 36.6], [117.1, 36.7], [117.0, 36.7], [117.0, 36.6]]]


def feature(geometry=None, **properties):
    geometry = geometry or {"type": "Polygon", "coordinates": SQUARE}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


@pytest.fixture
def write(tmp_path):
    def to_source(document):
        path = tmp_path / "a.geojson"
        words = document if isinstance(document, str) else json.dumps(document)
        path.write_text(words, encoding="utf-8")
        return Source(path=path, filename="a.geojson")

    return to_source


def collection(*features, **more):
    return {"type": "FeatureCollection", "features": list(features), **more}


def read(source, **options):
    return read_areas(source, AreaOptions().load(options))


def code_of(source):
    with pytest.raises(Unreadable) as refused:
        read(source)
    assert "什么都没有写入" in refused.value.message
    return refused.value.code


def test_areas_carry_key_name_kind_and_polygon(write):
    street = feature(key="370103001", name="大观园街道", kind="街道")
    circle = feature(code="c1", 名称="魏家庄生活圈", kind="circle", note="示例")
    areas = read(write(collection(street, circle))).tables["areas"]
    assert areas["key"].tolist() == ["370103001", "c1"]
    assert areas["name"].tolist() == ["大观园街道", "魏家庄生活圈"]
    assert areas["kind"].tolist() == ["street", "circle"]
    assert areas["note"].tolist() == ["", "示例"]
    assert shapely.from_wkb(areas["wkb"][0]).equals(shapely.Polygon(SQUARE[0]))


def test_a_single_area_is_a_boundary_and_several_must_say_what_they_are(write):
    assert read(write(feature(name="市"))).tables["areas"]["kind"].tolist() == ["boundary"]
    two = write(collection(feature(name="甲"), feature(name="乙")))
    raw = read(two)
    assert [(problem.row, problem.code) for problem in raw.problems] == [
        (1, "unknown_kind"),
        (2, "unknown_kind"),
    ]
    assert len(raw.tables["areas"]["key"]) == 0
    assert read(two, kind="circle").tables["areas"]["kind"].tolist() == ["circle", "circle"]


def test_a_single_area_of_a_kind_nobody_knows_is_refused_and_not_taken_as_the_boundary(write):
    only = write(feature(name="某地", kind="商圈"))
    (told,) = read(only).problems
    assert (told.row, told.code, told.value) == (1, "unknown_kind", "商圈")
    assert read(only, kind="circle").tables["areas"]["kind"].tolist() == ["circle"]


@pytest.mark.parametrize(("said", "share"), [(0.83, 0.83), (83, 0.83), ("83", 0.83), (1, 1.0)])
def test_satisfaction_is_a_share_or_a_percentage(write, said, share):
    areas = read(write(feature(satisfaction=said, satisfaction_n=400))).tables["areas"]
    assert areas["satisfaction"].tolist() == [pytest.approx(share)]
    assert areas["satisfaction_n"].tolist() == [400]


def test_unknown_satisfaction_is_not_a_number_and_nonsense_is_a_problem(write):
    assert math.isnan(read(write(feature())).tables["areas"]["satisfaction"][0])
    raw = read(write(feature(satisfaction=830)))
    assert [problem.code for problem in raw.problems] == ["bad_share"]


def test_a_crossing_outline_is_mended_and_said(write):
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    raw = read(write(feature(bow)))
    assert [(problem.code, problem.severity) for problem in raw.problems] == [("mended", "warning")]
    shape = shapely.from_wkb(raw.tables["areas"]["wkb"][0])
    assert shape.is_valid
    assert shape.area == pytest.approx(0.5)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": "x"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [2, 2], [0, 0]]]},
        {"type": "Polygon"},
    ],
)
def test_what_is_no_polygon_is_a_problem(write, geometry):
    raw = read(write(feature(geometry, name="甲")))
    assert [(problem.row, problem.code) for problem in raw.problems] == [(1, "no_polygon")]


def test_heights_are_dropped(write):
    tall = {"type": "Polygon", "coordinates": [[[*point, 9.0] for point in SQUARE[0]]]}
    assert not shapely.from_wkb(read(write(feature(tall))).tables["areas"]["wkb"][0]).has_z


@pytest.mark.parametrize(
    "words",
    ["{", "[1]", '{"type":"FeatureCollection","features":[]}', '{"features":[7]}', "[" * 5000],
)
def test_what_is_no_geojson_is_refused(write, words):
    assert code_of(write(words)) == "not_geojson"


def test_not_a_number_in_the_file_is_refused(write):
    assert code_of(write('{"type":"Feature","geometry":{"coordinates":[NaN]}}')) == "not_geojson"


@pytest.mark.parametrize("crs", [5, "x", [], {"properties": 7}])
def test_a_crs_that_is_nonsense_does_no_harm(write, crs):
    document = write(collection(feature(), crs=crs))
    if crs:
        assert code_of(document) == "projected"
    else:
        assert len(read(document).tables["areas"]["key"]) == 1


def test_projected_coordinates_are_refused(write):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4527"}}
    assert code_of(write(collection(feature(), crs=crs))) == "projected"


def test_geojson_is_known_by_its_words():
    (importer,) = lifecircle_importers({})
    start = b'\xef\xbb\xbf{ "type": "FeatureCollection"'
    assert importer.sniff(Head(filename="x", start=start)) == 1.0
    assert importer.sniff(Head(filename="a.csv", start=b"lon,lat")) == 0.0


@pytest.mark.data
def test_a_real_boundary_is_read(starter):
    path = starter / "las_palmas" / "municipal_boundary.geojson"
    areas = read(Source(path=path, filename=path.name)).tables["areas"]
    assert areas["name"].tolist() == ["Las Palmas de Gran Canaria"]
    assert areas["kind"].tolist() == ["boundary"]
    west, south, east, north = shapely.from_wkb(areas["wkb"][0]).bounds
    assert -15.6 < west < east < -15.3
    assert 27.9 < south < north < 28.2
