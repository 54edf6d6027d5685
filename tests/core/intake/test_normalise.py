import numpy as np
import pytest
import shapely

from core.contract import Crs, TableKind, text
from core.intake.datum import gcj02
from core.intake.found import Found
from core.intake.normalise import normalise, one_form


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("  小店\u3000东  ", "小店 东"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("e\u0301", "é"),
        ("店\u202e倒\u200b", "店倒"),
        ("一\n二\t三", "一 二 三"),
        ("", ""),
    ],
)
def test_text_has_one_form(written, form):
    assert one_form(written) == form


def test_text_is_not_longer_than_it_may_be():
    assert len(one_form("长" * 10_000)) == 500


def test_points_and_polygons_are_moved_alike():
    corners = np.array([[117.0, 36.6], [117.1, 36.6], [117.1, 36.7], [117.0, 36.6]])
    shifted = np.column_stack(gcj02(corners[:, 0], corners[:, 1]))
    wkb = np.empty(1, dtype=object)
    wkb[:] = [shapely.to_wkb(shapely.Polygon(shifted))]
    tables = normalise(TableKind.AREAS, {"areas": {"wkb": wkb}}, Crs.GCJ02, Found())
    back = shapely.get_coordinates(shapely.from_wkb(tables["areas"]["wkb"]))
    assert back == pytest.approx(corners, abs=1e-9)
    homes = {"lon": shifted[:, 0], "lat": shifted[:, 1]}
    homes = normalise(TableKind.RESIDENTS, {"homes": homes}, Crs.GCJ02, Found())["homes"]
    assert homes["lon"] == pytest.approx(corners[:, 0], abs=1e-9)


def test_hours_that_cannot_be_read_are_unknown_and_said_once():
    raw = {
        "outlets": {"lon": np.zeros(2), "lat": np.zeros(2), "raw_row": np.array([4, 9])},
        "offers": {
            "outlet": np.array([0, 1, 1]),
            "hours": text(["早7点-晚9点", "看心情", "看心情"]),
        },
    }
    found = Found()
    tables = normalise(TableKind.OUTLETS, raw, Crs.WGS84, found)
    assert tables["offers"]["hours"].tolist() == ["07:00-21:00", "", ""]
    assert [(each.row, each.code, each.severity) for each in found.problems] == [
        (9, "hours_unread", "warning")
    ]
    assert raw["offers"]["hours"][0] == "早7点-晚9点"
