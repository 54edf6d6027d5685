import pytest

from core.catalog.view import catalogue_for
from core.contract import TableKind
from core.errors import Invalid, NotFound
from core.intake.recognise import recognise


@pytest.fixture
def choose(host, tmp_path):
    catalogue = catalogue_for(host, host.built_in())

    def go(kind, content, name="a.csv", key=None):
        path = tmp_path / "file"
        path.write_bytes(content)
        return recognise(catalogue, path, name, TableKind(kind), key).key

    return go


def test_a_file_is_given_to_whoever_is_surest(choose):
    assert choose("outlets", "名称,经度,纬度,业态\n".encode()) == "outlet_sheet"
    assert choose("outlets", b"\0\0\0\x0d\n\tOSMHeader") == "osm_places"
    assert choose("streets", b"\0\0\0\x0d\n\tOSMHeader") == "osm_streets"
    assert choose("residents", b"lon,lat,people\n") == "resident_points"
    assert choose("areas", b'{"type":"FeatureCollection"}', "a.json") == "area_polygons"


def test_a_named_importer_is_taken_at_its_word(choose):
    assert choose("outlets", b"?", "a.bin", "outlet_sheet") == "outlet_sheet"


def test_an_importer_of_another_kind_or_none_is_refused(choose):
    with pytest.raises(Invalid, match="不提供路网数据"):
        choose("streets", b"x", key="outlet_sheet")
    with pytest.raises(NotFound):
        choose("streets", b"x", key="nobody")
    with pytest.raises(Invalid, match="可导入：OpenStreetMap 步行路网"):
        choose("streets", b"lon,lat\n")
