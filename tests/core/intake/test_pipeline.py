import gzip
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from sqlalchemy import select, update

from core.db import AuditEvent, Job, JobState
from core.db.held import Fenced
from core.intake.pipeline import STAGES, Silent

SHEET = (
    "编号,名称,经度,纬度,业态,营业时间,兼营\n"
    "1,高台便利店,117.02,36.65,便利店,早7点-晚10点,\n"
    "2,高台菜市场,117.03,36.66,菜市场,,\n"
)
HOMES = "经度,纬度,人口,60岁以上\n117.02,36.65,10.4,3.3\n117.03,36.66,10.4,3.4\n"
DONE, FAILED = JobState.DONE, JobState.FAILED


def test_a_sheet_becomes_a_version_with_its_quality(town):
    job = town.bring("outlets", "网点.csv", SHEET.encode())
    assert (job.state, job.percent, job.message) == (DONE, 100, "")
    (version,) = town.versions()
    assert version.digest == job.result["digest"]
    assert (version.number, version.rows, version.importer_key) == (1, 2, "outlet_sheet")
    assert version.bbox == [117.02, 36.65, 117.03, 36.66]
    quality = version.quality
    assert (quality["rows"], quality["accepted"], quality["refused"]) == (2, 2, 0)
    assert quality["formats"] == {"convenience_store": 1, "wet_market": 1}
    assert quality["with_hours"] == 0.5
    tables = town.tables()
    assert tables["outlets"]["key"].tolist() == ["1", "2"]
    assert tables["offers"]["hours"].tolist() == ["07:00-22:00", ""]
    assert "raw_row" not in tables["outlets"]


def test_a_gbk_sheet_is_read_and_it_is_said(town):
    job = town.bring("outlets", "网点.csv", SHEET.encode("gbk"))
    assert job.state == DONE
    assert town.problems(job) == [(0, "", "encoding_guessed", "warning")]
    assert town.tables()["outlets"]["name"].tolist() == ["高台便利店", "高台菜市场"]


def test_people_are_rounded_once_and_their_total_kept(town):
    town.bring("residents", "homes.csv", HOMES.encode())
    homes = town.tables()["homes"]
    assert homes["people"].tolist() == [11, 10]
    assert homes["people_60+"].tolist() == [3, 4]
    assert town.versions()[0].quality["people"] == 21


def test_the_same_file_again_names_the_version_there_is(town):
    first = town.bring("outlets", "a.csv", SHEET.encode())
    again = town.bring("outlets", "b.csv", SHEET.encode())
    assert len(town.versions()) == 1
    assert (first.result["reused"], again.result["reused"]) == (False, True)
    assert again.result["dataset_version_id"] == first.result["dataset_version_id"]
    assert "完全相同，没有新建版本" in again.message
    assert again.state == DONE


def test_other_content_becomes_the_next_version_of_the_dataset(town):
    town.bring("outlets", "a.csv", SHEET.encode())
    job = town.bring("outlets", "a.csv", SHEET.replace("高台便利", "东便利").encode())
    assert job.result["number"] == 2
    assert [version.number for version in town.versions()] == [1, 2]


def test_the_same_question_twice_while_it_waits_is_one_job(town):
    first = town.ask("outlets", "a.csv", SHEET.encode())
    assert town.ask("outlets", "a.csv", SHEET.encode()) == first
    assert town.ask("outlets", "a.csv", SHEET.encode(), anywhere=True) != first


def test_one_bad_row_keeps_all_rows_out(town):
    bad = SHEET + "3,坏店,东经,36.66,便利店,,\n4,怪店,117.02,36.66,火箭发射场,,\n"
    job = town.bring("outlets", "a.csv", bad.encode())
    assert (job.state, job.error_class) == (FAILED, "invalid")
    assert "2 行不能用" in job.message
    assert "跳过" in job.message
    assert job.result["problems"] == {"not_a_number": 1, "unknown_format": 1}
    assert town.problems(job) == [
        (4, "经度", "not_a_number", "refused"),
        (5, "业态", "unknown_format", "refused"),
    ]
    assert town.versions() == []


def test_bad_rows_are_skipped_when_asked_and_it_is_recorded(town):
    bad = SHEET + "3,坏店,东经,36.66,便利店,,\n"
    job = town.bring("outlets", "a.csv", bad.encode(), skip_bad_rows=True)
    assert job.state == DONE
    (version,) = town.versions()
    assert (version.rows, version.quality["refused"]) == (2, 1)
    assert version.options == {"skip_bad_rows": True}
    assert town.problems(job) == [(4, "经度", "not_a_number", "refused")]


def test_what_must_be_shown_with_the_data_is_kept(town):
    words = {"note": "示例数据", "attribution": "© 某局", "as_of": "2026-11-01"}
    town.bring("residents", "homes.csv", HOMES.encode(), **words)
    (version,) = town.versions()
    assert version.quality["note"] == "示例数据"
    assert version.quality["attribution"] == "© 某局"
    assert version.as_of.isoformat() == "2026-11-01"


def test_gcj02_places_are_moved(town):
    town.bring("outlets", "a.csv", SHEET.encode(), crs="gcj02")
    lon = town.tables()["outlets"]["lon"]
    assert 0.005 < 117.02 - lon[0] < 0.007  # about half a kilometre
    assert town.versions()[0].quality["crs"] == "gcj02"


@pytest.mark.parametrize(
    ("kind", "name", "content", "code"),
    [
        ("streets", "a.osm.pbf", b"not a pbf", "invalid"),
        ("outlets", "a.exe", b"MZ\0\0", "invalid"),
        ("residents", "a.csv.gz", gzip.compress(HOMES.encode())[:-9], "damaged"),
        ("areas", "a.geojson", b'{"type": "FeatureCollection", "features": [', "not_geojson"),
        ("residents", "a.csv", "经度,纬度,人口\n36.6,117.0,5\n36.7,117.1,6\n".encode(), "swapped"),
        ("residents", "a.csv", "经度,纬度,人口\n500,36,5\n".encode(), "off_earth"),
        ("residents", "a.csv", "经度,纬度,人口\n117,36,0\n".encode(), "nobody"),
        ("residents", "a.csv", "经度,纬度,人口\n".encode(), "no_rows"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(town, kind, name, content, code):
    job = town.bring(kind, name, content, skip_bad_rows=True)
    assert (job.state, job.error_class) == (FAILED, "invalid")
    assert "什么都没有写入" in job.message
    assert job.english != job.message
    assert town.problems(job)[0][:3] in {(0, "", code), (0, "经度", code), (0, "人口", code)}
    assert town.versions() == []


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("117,36.6,-5,0", "人口", "negative_people"),
        ("117,36.6,nan,0", "人口", "not_a_number"),
        ("inf,36.6,5,0", "经度", "not_a_number"),
        ("117,36.6,5,9", "people_60+", "group_too_large"),
        ("36.6,117,5,0", "经度", "swapped"),
        ("117,96,5,0", "经度", "off_earth"),
    ],
)
def test_a_row_of_residents_that_cannot_be_is_named(town, row, column, code):
    job = town.bring("residents", "a.csv", f"{HOMES}{row}\n".encode())
    assert job.state == FAILED
    assert town.problems(job) == [(4, column, code, "refused")]


def test_wrong_options_are_refused_by_name(town):
    job = town.bring("residents", "a.csv", HOMES.encode(), colour="red")
    assert (job.state, job.error_class) == (FAILED, "invalid")
    assert "colour" in job.message


def test_an_importer_of_another_kind_is_refused(town):
    job = town.bring("areas", "a.csv", HOMES.encode())
    assert job.state == FAILED
    assert "不像区域数据" in job.message


def test_places_far_from_the_tenant_are_refused_unless_it_is_said(town):
    boundary = (
        '{"type":"Feature","properties":{"name":"市"},"geometry":{"type":"Polygon",'
        '"coordinates":[[[117,36.6],[117.1,36.6],[117.1,36.7],[117,36.6]]]}}'
    )
    assert town.bring("areas", "b.geojson", boundary.encode()).state == DONE
    far = SHEET.replace("117.0", "121.0")
    job = town.bring("outlets", "a.csv", far.encode())
    assert town.problems(job)[0][2] == "elsewhere"
    assert town.bring("outlets", "a.csv", far.encode(), anywhere=True).state == DONE
    one = town.bring("outlets", "a.csv", (SHEET + "3,远店,121,36.6,便利店,,\n").encode())
    assert town.problems(one) == [(4, "经度", "elsewhere", "refused")]
    swapped = "经度,纬度,人口\n36.65,117.05,5\n"
    assert town.problems(town.bring("residents", "r.csv", swapped.encode()))[0][2] == "swapped"


def test_more_problems_than_are_kept_as_rows_lie_in_a_blob(town):
    rows = "".join(f"x,36,{number}\n" for number in range(1500))
    job = town.bring("residents", "a.csv", f"经度,纬度,人口\n117,36,1\n{rows}".encode())
    assert len(town.problems(job)) == 1000
    assert job.result["problems"] == {"not_a_number": 1500}
    assert town.blobs.read(job.result["problems_blob"]).count(b'"code"') == 1500


class Watching(Silent):
    def __init__(self) -> None:
        self.stages = []

    def stage(self, key):
        self.stages.append(key)


def test_the_stages_are_told_in_order(town):
    watching = Watching()
    town.work(town.ask("outlets", "a.csv", SHEET.encode()), progress=watching)
    assert tuple(watching.stages) == STAGES


def test_a_job_taken_over_writes_nothing(town):
    job_id = town.ask("outlets", "a.csv", SHEET.encode())
    attempt = town.claim(job_id)

    class TakenOver(Silent):
        def stage(self, key):
            if key == "freeze":
                with town.database.session(town.tenant) as session:
                    session.execute(update(Job).where(Job.id == job_id).values(attempt=9))

    with pytest.raises(Fenced):
        town.work(job_id, attempt, TakenOver())
    assert town.versions() == []
    assert town.job(job_id).state == JobState.RUNNING


def test_every_change_is_in_the_audit(town):
    town.bring("outlets", "a.csv", SHEET.encode())
    with town.database.session(town.tenant) as session:
        actions = list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.number)))
    assert actions == ["import.ask", "import.done"]


def test_an_import_killed_in_its_middle_leaves_the_data_as_they_were(town, database_urls):
    town.bring("outlets", "a.csv", SHEET.encode())
    before = [version.digest for version in town.versions()]
    job_id = town.ask("outlets", "a.csv", SHEET.replace("便利店,早", "超市,早").encode())
    attempt = town.claim(job_id)
    script = textwrap.dedent(f"""
        import sys, time
        from importlib import import_module
        from pathlib import Path
        from uuid import UUID
        from core.catalog.host import load
        from core.db import Database
        from core.intake.pipeline import Silent, run_import
        from core.store import Blobs

        class Slow(Silent):
            def stage(self, key):
                print(key, flush=True)
                if key == "freeze":
                    time.sleep(60)

        names = ("basics", "osm", "sheets", "grid", "geojson")
        host = load(extra=[(name, import_module("plugins." + name)) for name in names])
        run_import(Database({database_urls.app_url!r}), Blobs(Path({str(town.blobs.root)!r})), host,
                   UUID({str(town.tenant)!r}), UUID({str(job_id)!r}), {attempt}, Slow())
    """)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment, text=True
    ) as worker:
        while worker.stdout.readline().strip() != "freeze":
            assert worker.poll() is None
        worker.send_signal(signal.SIGKILL)
    time.sleep(0.1)
    assert [version.digest for version in town.versions()] == before
    assert town.job(job_id).state == JobState.RUNNING
    with town.database.session(town.tenant) as session:
        session.execute(update(Job).where(Job.id == job_id).values(state=JobState.QUEUED))
    assert town.work(job_id).state == DONE
    assert [version.number for version in town.versions()] == [1, 2]


@pytest.mark.data
def test_a_real_city_comes_in_whole(town, starter):
    folder = starter / "las_palmas"

    def bring(kind, name, **options):
        job = town.bring(kind, name, (folder / name).read_bytes(), **options)
        assert job.state == DONE, job.message
        return town.versions()[-1]

    boundary = bring("areas", "municipal_boundary.geojson")
    assert boundary.quality["kinds"] == {"boundary": 1}
    streets = bring("streets", "las_palmas_2023.osm.pbf", largest_component_only=True)
    assert streets.rows == 85_030
    assert streets.quality["attribution"] == "© OpenStreetMap contributors, ODbL"
    homes = bring("residents", "demand.csv.gz", only={"in_municipality": "1"})
    assert (homes.rows, homes.quality["people"]) == (18_539, 377_998)
    outlets = bring("outlets", "las_palmas_2023.osm.pbf")
    assert outlets.quality["formats"]["pharmacy"] == 80
    assert outlets.quality["attribution"] == streets.quality["attribution"]
