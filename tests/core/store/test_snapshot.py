from datetime import date

import numpy as np
import pytest
import shapely

from core.contract.tables import TableKind
from core.errors import NotFound
from core.store.blobs import Blobs, Damaged
from core.store.snapshot import freeze, read_manifest, thaw


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


@pytest.fixture
def homes():
    return {
        "homes": {
            "key": np.array(["甲", "乙"], dtype=object),
            "lon": np.array([117.0, 117.1]),
            "lat": np.array([36.6, 36.7]),
            "people": np.array([3, 0], dtype="i4"),
        }
    }


def test_a_version_opens_as_it_was_frozen(blobs, homes):
    when = date(2026, 1, 2)
    manifest = freeze(
        blobs,
        TableKind.RESIDENTS,
        homes,
        attribution="示例",
        note="示例数据",
        as_of=when,
    )
    snapshot = thaw(blobs, manifest.digest)
    assert snapshot.manifest == manifest == read_manifest(blobs, manifest.digest)
    assert snapshot.kind is TableKind.RESIDENTS
    assert manifest.rows == 2
    assert manifest.bbox == (117.0, 36.6, 117.1, 36.7)
    assert manifest.as_of == when
    np.testing.assert_array_equal(snapshot.tables["homes"]["people"], [3, 0])
    assert snapshot.tables["homes"]["key"].tolist() == ["甲", "乙"]
    assert not any(column.flags.writeable for column in snapshot.tables["homes"].values())


def test_equal_content_is_the_equal_version(blobs, homes):
    turned = {"homes": dict(reversed(homes["homes"].items()))}
    one = freeze(blobs, TableKind.RESIDENTS, homes)
    assert freeze(blobs, TableKind.RESIDENTS, turned) == one
    homes["homes"]["people"][1] = 1
    assert freeze(blobs, TableKind.RESIDENTS, homes).digest != one.digest
    assert freeze(blobs, TableKind.RESIDENTS, turned, note="x").digest != one.digest


def test_polygons_give_their_box(blobs):
    box = shapely.to_wkb(shapely.box(1.0, 2.0, 3.0, 4.0))
    areas = {
        "key": np.array(["whole"], dtype=object),
        "name": np.array(["某区"], dtype=object),
        "kind": np.array(["boundary"], dtype=object),
        "wkb": np.array([box], dtype=object),
    }
    assert freeze(blobs, TableKind.AREAS, {"areas": areas}).bbox == (1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize("kind", [TableKind.RESIDENTS, TableKind.AREAS])
def test_a_version_without_rows_has_no_box(blobs, kind):
    empty = {
        TableKind.RESIDENTS: {
            "homes": {"lon": np.zeros(0), "lat": np.zeros(0), "people": np.zeros(0, "i4")}
        },
        TableKind.AREAS: {
            "areas": {name: np.zeros(0, object) for name in ("key", "name", "kind", "wkb")}
        },
    }[kind]
    manifest = freeze(blobs, kind, empty)
    assert manifest.bbox is None
    assert thaw(blobs, manifest.digest).manifest.rows == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t["homes"].pop("people"), "missing"),
        (lambda t: t["homes"].update(colour=np.zeros(2)), "unknown"),
        (lambda t: t["homes"].update(people=np.zeros(2)), "i4, not f8"),
        (lambda t: t.update(more={}), "consists of"),
    ],
)
def test_tables_that_the_contract_does_not_know_are_refused(blobs, homes, change, words):
    change(homes)
    with pytest.raises(ValueError, match=words):
        freeze(blobs, TableKind.RESIDENTS, homes)
    assert not blobs.root.exists()


@pytest.mark.parametrize("part", ["manifest", "table"])
def test_a_flipped_bit_anywhere_is_noticed(blobs, homes, part):
    manifest = freeze(blobs, TableKind.RESIDENTS, homes)
    digest = manifest.digest if part == "manifest" else manifest.tables["homes"].blob
    path = blobs.open(digest)
    whole = path.read_bytes()
    path.chmod(0o600)
    for place in range(0, len(whole), 37):
        data = bytearray(whole)
        data[place] ^= 1
        path.write_bytes(data)
        with pytest.raises(Damaged):
            thaw(blobs, manifest.digest)


def test_a_blob_that_is_no_manifest_is_refused(blobs):
    with pytest.raises(Damaged):
        thaw(blobs, blobs.put(b'{"format": 1}'))
    with pytest.raises(Damaged):
        thaw(blobs, blobs.put(b"\xff\xfe"))
    with pytest.raises(NotFound):
        thaw(blobs, "0" * 64)
