import os
import zipfile
from pathlib import Path

import pytest

from core.catalog.host import load
from core.catalog.view import catalogue_for
from core.contract import Unreadable
from core.db.held import Fenced
from core.errors import Invalid, PluginFault
from core.intake.apart import MIB, Limits, Request, read_apart
from plugins import grid, sheets
from tests.core.intake import hostile

SMALL = Limits(memory_bytes=1024**3, cpu_seconds=2, wall_seconds=30)


def nobody_listens(done, total):
    """Take progress and do nothing."""


@pytest.fixture(scope="module")
def catalogue():
    host = load(extra=[("hostile", hostile), ("sheets", sheets), ("grid", grid)])
    return catalogue_for(host, {"hostile": {}, "sheets": {}, "grid": {}})


@pytest.fixture
def read(catalogue, tmp_path):
    def go(importer, content=b"x", name="a.csv", limits=SMALL, options=None, tick=None):
        path = tmp_path / name
        path.write_bytes(content)
        owner = catalogue.owner("importer", importer)
        request = Request(
            path=path,
            filename=name,
            importer=catalogue.importer(importer),
            plugin=owner.key,
            label=owner.label,
            settings={},
            options=options or {},
            formats=(),
        )
        with read_apart(request, tick or nobody_listens, limits) as raw:
            return raw.rows, {name: set(table) for name, table in raw.tables.items()}

    return go


def code_of(read, *args, **kwargs):
    with pytest.raises(Unreadable) as refused:
        read(*args, **kwargs)
    assert "什么都没有写入" in refused.value.message
    assert "Nothing was written" in " ".join(refused.value.english.split())
    return refused.value.code


def test_what_the_child_reads_comes_back(read):
    rows, tables = read("resident_points", "经度,纬度,人口\n117,36,5\n".encode())
    assert (rows, tables) == (1, {"homes": {"lon", "lat", "people", "raw_row"}})


def test_a_reader_that_eats_memory_is_stopped(read):
    assert code_of(read, "hostile.eat") == "too_hungry"


def bounds(read, size):
    """Give the bytes of address space and the seconds of CPU that the kernel lets a reader have."""
    with pytest.raises(Unreadable) as seen:
        read("hostile.bounds", b"x" * size, limits=None)
    return [int(word) for word in seen.value.message.split()]


def test_a_small_file_has_small_limits_and_none_has_more_than_the_most(read):
    memory, cpu = bounds(read, 1700)
    assert (memory // MIB, cpu) == (640, 45)
    more, longer = bounds(read, 12 * MIB)
    assert (more // MIB, longer) == (1024, 57)
    most = Limits.of(200 * MIB)
    assert (most.memory_bytes // MIB, most.cpu_seconds, most.wall_seconds) == (2048, 120, 240)
    assert Limits.of(0).wall_seconds == 90


def test_a_small_file_that_eats_memory_dies_at_a_small_files_limit(read):
    assert code_of(read, "hostile.eat", limits=None) == "too_hungry"


def test_however_many_cores_there_are_a_reader_has_few_threads(read):
    with pytest.raises(Unreadable) as seen:
        read("hostile.look")
    assert seen.value.english == "2"


def test_a_reader_that_computes_for_ever_is_stopped(read):
    assert code_of(read, "hostile.spin") == "too_slow"


def test_a_reader_that_waits_for_ever_is_stopped(read):
    told = []
    limits = Limits(wall_seconds=4)
    assert code_of(read, "hostile.sleep", limits=limits, tick=lambda *at: told.append(at)) == (
        "too_slow"
    )
    assert (1, 2) in told


def test_a_reader_that_ends_the_process_is_said(read):
    assert code_of(read, "hostile.leave") == "reader_ended"


def test_a_reader_that_raises_or_lies_is_named(read):
    with pytest.raises(PluginFault, match="ZeroDivisionError: by design"):
        read("hostile.fail")
    with pytest.raises(PluginFault, match="长度不一"):
        read("hostile.lie")


def test_a_reader_sees_no_secret_of_its_parent(read, monkeypatch):
    monkeypatch.setenv("LIFECIRCLE_DATABASE_URL", "postgresql://SECRET")
    monkeypatch.setenv("OTHER", "SECRET")
    with pytest.raises(Unreadable) as seen:
        read("hostile.look")
    assert seen.value.message == "{}"


def test_what_a_reader_prints_does_no_harm(read):
    assert read("hostile.chatter")[0] == 1


def test_options_that_the_importer_does_not_know_are_refused(read):
    with pytest.raises(Invalid, match="colour"):
        read("resident_points", options={"colour": "red"})


def test_a_job_that_is_taken_away_stops_the_child(read):
    def tick(done, total):
        raise Fenced

    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = children.read_text()
    with pytest.raises(Fenced):
        read("hostile.sleep", tick=tick)
    assert children.read_text() == before


def workbook(path, far):
    """Write a valid workbook with one cell here and one at the given far place."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    word = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    row = int("".join(filter(str.isdigit, far)))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{types}"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName='
        f'"/xl/workbook.xml" ContentType="{word}.sheet.main+xml"/><Override PartName='
        f'"/xl/worksheets/sheet1.xml" ContentType="{word}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{links}"><Relationship Id="rId1" Type='
        f'"{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" '
        'sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{links}"><Relationship Id="rId1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData><row r="1"><c r="A1">'
        f'<v>1</v></c></row><row r="{row}"><c r="{far}"><v>1</v></c></row></sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path.read_bytes()


def test_a_workbook_with_a_cell_at_the_world_s_end_harms_only_the_child(read, tmp_path):
    bomb = workbook(tmp_path / "bomb.xlsx", "XFD1048576")
    assert len(bomb) < 2500
    assert code_of(read, "outlet_sheet", bomb, "bomb.xlsx", limits=None) == "too_hungry"
    near = workbook(tmp_path / "near.xlsx", "C3")
    assert code_of(read, "outlet_sheet", near, "near.xlsx") == "no_header"
