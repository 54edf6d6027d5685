import numpy as np
import pytest
import shapely

from core.contract import TABLES, TableKind, text
from core.intake.check import check
from core.intake.found import Found

JINAN = (116.9, 36.5, 117.3, 36.8)


def homes(**changes):
    columns = {
        "lon": np.array([117.0, 117.1, 117.2]),
        "lat": np.array([36.6, 36.6, 36.7]),
        "people": np.array([5.0, 6.0, 7.0]),
    }
    return {"homes": {**columns, **changes}}


def outlets(**changes):
    columns = {
        "key": text(["a", "b", "c"]),
        "name": text(["甲", "乙", "丙"]),
        "lon": np.array([117.0, 117.1, 117.2]),
        "lat": np.array([36.6, 36.6, 36.7]),
    }
    return {
        "outlets": {**columns, **changes},
        "offers": {
            "outlet": np.array([0, 1, 2, 2]),
            "format": text(["store", "store", "store", "market"]),
            "service": text([""] * 4),
            "mode": text(["on_site"] * 4),
            "hours": text(["24/7", "", "", ""]),
        },
    }


def streets(**changes):
    return {
        "nodes": {"lon": np.array([117.0, 117.1]), "lat": np.array([36.6, 36.6])},
        "edges": {
            "u": np.array([0]),
            "v": np.array([1]),
            "metres": np.array([1200.0]),
            "way": np.array([7]),
            "kind": text(["path"]),
            **changes,
        },
    }


def areas(*shapes, **changes):
    wkb = np.empty(len(shapes), dtype=object)
    wkb[:] = [shapely.to_wkb(shape) for shape in shapes]
    numbers = range(len(shapes))
    columns = {
        "key": text([f"k{number}" for number in numbers]),
        "name": text([f"区{number}" for number in numbers]),
        "kind": text(["circle"] * len(shapes)),
        "wkb": wkb,
    }
    return {"areas": {**columns, **changes}}


def checked(kind, tables, near=None):
    found = Found()
    return check(TableKind(kind), tables, near, found), found


def codes(found):
    return [(each.row, each.code, each.severity) for each in found.problems]


def test_good_rows_pass_in_the_contract_s_types():
    for kind, tables in (("residents", homes()), ("outlets", outlets()), ("streets", streets())):
        result, found = checked(kind, tables, JINAN)
        assert codes(found) == []
        for name, table in result.tables.items():
            wanted = {each.name: each.dtype for each in TABLES[TableKind(kind)][name]}
            for column, values in table.items():
                kind_of = {"str": "O", "bytes": "O"}.get(wanted[column])
                assert values.dtype == (kind_of or np.dtype(wanted[column]))


@pytest.mark.parametrize(
    ("changes", "row", "code"),
    [
        ({"lon": np.array([117.0, np.nan, 117.2])}, 2, "off_earth"),
        ({"lat": np.array([36.6, np.inf, 36.7])}, 2, "off_earth"),
        ({"lon": np.array([117.0, 1e6, 117.2])}, 2, "off_earth"),
        ({"lon": np.array([117.0, 121.0, 117.2])}, 2, "elsewhere"),
        ({"people": np.array([5.0, -1.0, 7.0])}, 2, "negative_people"),
        ({"people": np.array([5.0, np.nan, 7.0])}, 2, "bad_people"),
        ({"people": np.array([5.0, 1e9, 7.0])}, 2, "bad_people"),
        ({"people_60+": np.array([1.0, 9.0, 1.0])}, 2, "group_too_large"),
        ({"people_60+": np.array([1.0, np.nan, 1.0])}, 2, "bad_people"),
        (
            {"people_60+": np.array([1.0, 1.0, 1.0]), "people_65+": np.array([1.0, 2.0, 1.0])},
            2,
            "group_too_large",
        ),
        (
            {"lon": np.array([117.0, 36.6, 117.2]), "lat": np.array([36.6, 117.1, 36.7])},
            2,
            "swapped",
        ),
    ],
)
def test_a_home_that_cannot_be_is_refused_and_the_others_stay(changes, row, code):
    result, found = checked("residents", homes(**changes), JINAN)
    assert codes(found) == [(row, code, "refused")]
    assert result.kept == 2
    assert result.tables["homes"]["people"].tolist() == [5, 7]


def test_a_group_that_nobody_knows_is_left_out_and_said():
    result, found = checked("residents", homes(**{"people_0-3": np.full(3, np.nan)}))
    assert codes(found) == [(0, "group_unknown", "warning")]
    assert "people_0-3" not in result.tables["homes"]


@pytest.mark.parametrize(
    ("changes", "near", "code"),
    [
        ({"lon": np.full(3, 500.0)}, None, "off_earth"),
        ({"lon": np.full(3, 36.6), "lat": np.full(3, 117.0)}, None, "swapped"),
        ({"lon": np.full(3, 36.6), "lat": np.full(3, 87.0)}, (86.0, 36.0, 88.0, 37.0), "swapped"),
        ({"lon": np.full(3, 121.0)}, JINAN, "elsewhere"),
    ],
)
def test_a_mistake_of_the_whole_file_is_said_once(changes, near, code):
    _, found = checked("residents", homes(**changes), near)
    assert codes(found) == [(0, code, "refused")]


def test_an_outlet_with_a_key_that_is_taken_is_refused_with_its_offers():
    result, found = checked("outlets", outlets(key=text(["a", "b", "b"])))
    assert codes(found) == [(3, "key_twice", "refused")]
    assert result.tables["offers"]["outlet"].tolist() == [0, 1]


def test_rows_are_named_as_the_importer_numbers_them():
    tables = outlets(key=text(["a", "b", "b"]), raw_row=np.array([5, 8, 13]))
    assert codes(checked("outlets", tables)[1]) == [(13, "key_twice", "refused")]


def test_outlets_of_one_name_and_place_are_kept_and_said():
    tables = outlets(
        name=text(["甲", "乙", "甲"]),
        lon=np.array([117.0, 117.1, 117.0]),
        lat=np.array([36.6, 36.6, 36.6]),
    )
    result, found = checked("outlets", tables)
    assert codes(found) == [(3, "double", "warning")]
    assert result.kept == 3


def test_offers_are_renumbered_when_an_outlet_goes_and_said_once_when_equal():
    tables = outlets(lon=np.array([500.0, 117.1, 117.2]))
    tables["offers"]["format"] = text(["store"] * 4)
    result, _ = checked("outlets", tables)
    assert result.tables["offers"]["outlet"].tolist() == [0, 1]
    assert result.quality["formats"] == {"store": 2}


@pytest.mark.parametrize(
    "changes",
    [
        {"u": np.array([2])},
        {"v": np.array([-1])},
        {"metres": np.array([np.nan])},
        {"metres": np.array([-3.0])},
        {"crossings": np.array([-1])},
        {"gate": text(["shut"])},
        {"one_way": np.array([2])},
        {"climb": np.array([np.inf])},
    ],
)
def test_streets_that_break_the_contract_are_refused_whole(changes):
    assert codes(checked("streets", streets(**changes))[1]) == [(0, "malformed", "refused")]


def test_what_lies_on_streets_is_kept_in_the_contracts_types():
    result, found = checked(
        "streets",
        streets(
            crossings=np.array([2]),
            gate=text(["private"]),
            one_way=np.array([-1.0]),
            climb=np.array([np.nan]),
        ),
    )
    edges = result.tables["edges"]
    assert codes(found) == []
    assert (edges["crossings"].dtype, edges["one_way"].dtype) == (np.int32, np.int8)
    assert edges["gate"].tolist() == ["private"]


def test_streets_that_do_not_touch_the_tenant_are_refused():
    assert codes(checked("streets", streets(), (100.0, 30.0, 101.0, 31.0))[1]) == [
        (0, "elsewhere", "refused")
    ]
    _, found = checked("streets", streets(), (36.0, 116.0, 37.0, 118.0))
    assert codes(found) == [(0, "swapped", "refused")]


def test_areas_must_be_polygons_of_a_known_kind_with_keys_of_their_own():
    box, other = shapely.box(117, 36.6, 117.1, 36.7), shapely.box(117.2, 36.6, 117.3, 36.7)
    result, found = checked("areas", areas(box, other), JINAN)
    assert codes(found) == []
    assert result.quality["kinds"] == {"circle": 2}
    twice = areas(box, other, key=text(["a", "a"]))
    assert codes(checked("areas", twice)[1]) == [(2, "key_twice", "refused")]
    line = areas(box, shapely.LineString([(117, 36), (118, 37)]))
    assert codes(checked("areas", line)[1]) == [(0, "malformed", "refused")]
    odd = areas(box, kind=text(["planet"]))
    assert (0, "malformed", "refused") in codes(checked("areas", odd)[1])


def test_an_area_beyond_the_earth_is_refused():
    far = areas(shapely.box(117, 36, 118, 37), shapely.box(170, 36, 190, 37))
    result, found = checked("areas", far)
    assert codes(found) == [(2, "off_earth", "refused")]
    assert result.kept == 1


def test_nothing_left_is_said():
    assert codes(
        checked("outlets", outlets(lon=np.array([500.0, 117.1, 117.2]), key=text(["a", "b", "c"])))[
            1
        ]
    ) == [(1, "off_earth", "refused")]
    tables = outlets()
    tables["offers"] = {name: values[:0] for name, values in tables["offers"].items()}
    assert codes(checked("outlets", tables)[1]) == [(0, "nothing_left", "refused")]
