"""Whatever file is sent: a clear word of what is wrong, and the tenant's data stay as they were."""

from __future__ import annotations

import json
import threading

import pytest

from core.cli.processes import worker
from core.store import thaw
from tests.journeys.bad_files import BAD_FILES, SHAPES, good_book
from tests.journeys.small_place import OUTLETS, RESIDENTS, square, write_streets
from tests.uploading import upload

pytestmark = [pytest.mark.journey, pytest.mark.slow]


@pytest.fixture(scope="module")
def place(settle):
    """Give a place that has good data of every kind."""
    place = settle("x-good")
    place.furnish()
    return place


@pytest.fixture(scope="module")
def tried(place):
    """Send every bad file, let workers try them all, and look at the data before and after."""
    before = place.data()
    jobs = {
        bad.name: place.ask(bad.kind, place.file(bad.filename, bad.make())) for bad in BAD_FILES
    }
    with worker(place.services.config, count=2):
        ended = {
            name: place.wait_for(f"jobs/{job}", "done", "failed") for name, job in jobs.items()
        }
    return ended, before, place.data()


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.name)
def test_a_bad_file_is_refused_with_where_what_and_what_to_do(place, tried, bad):
    job = tried[0][bad.name]
    assert (job["state"], job["attempt"]) == ("failed", 1)
    told = place.problems(job["id"])
    assert sorted((each["row_no"], each["column_name"], each["code"]) for each in told) == sorted(
        (wrong.row, wrong.column, wrong.code) for wrong in bad.wrongs
    )
    for wrong in bad.wrongs:
        [problem] = [
            each
            for each in told
            if (each["row_no"], each["column_name"]) == (wrong.row, wrong.column)
        ]
        assert wrong.says in problem["message"]
        assert problem["value"] == wrong.value
        assert "请" in problem["message"]
        assert f" {wrong.row}" in problem["message"] or not wrong.row
        assert problem["english"].isprintable()
        assert problem["severity"] == "refused"
    if any(wrong.row for wrong in bad.wrongs):
        assert "整个文件都没有导入，原有数据未改动" in job["message"]
    else:
        assert "什么都没有写入" in job["message"]


def test_no_bad_file_changed_anything(tried):
    _, before, after = tried
    assert len(before["rows"]["dataset_versions"]) == len(before["blobs"]) == 4
    assert after == before


def test_the_list_of_problems_comes_in_pages(place, tried):
    job = tried[0]["areas broken in every way"]
    page = place.get(f"jobs/{job['id']}/problems?limit=2&offset=3")
    assert page["total"] == len(SHAPES) + 1
    assert [each["row_no"] for each in page["problems"]] == [4, 5]


@pytest.fixture(scope="module")
def other(settle):
    """Give a second place, for files that are taken."""
    place = settle("x-taken")
    place.furnish()
    return place


@pytest.mark.parametrize(
    ("filename", "content", "warned"),
    [
        ("gbk.csv", OUTLETS.replace("高台", "囍镕").encode("gb18030"), ["encoding_guessed"]),
        ("utf16.csv", OUTLETS.replace("高台", "双字").encode("utf-16"), ["encoding_guessed"]),
        ("bom.csv", b"\xef\xbb\xbf" + OUTLETS.replace("高台", "带标").encode(), []),
        ("book.xlsx", good_book(), []),
    ],
    ids=["gbk", "utf16", "bom", "book"],
)
def test_a_file_that_is_only_unusual_is_read_right(other, filename, content, warned):
    job = other.bring("outlets", other.file(filename, content), note=filename)
    assert job["state"] == "done", job["message"]
    assert [each["code"] for each in other.problems(job["id"])] == warned
    outlets = thaw(other.services.blobs, job["result"]["digest"]).tables["outlets"]
    words = {"gbk.csv": "囍镕", "utf16.csv": "双字", "bom.csv": "带标", "book.xlsx": "高台"}
    assert outlets["name"].tolist() == [f"{words[filename]}便利店"]


def test_an_outline_that_crosses_itself_is_mended_and_said(other):
    ring = [[117.0, 36.65], [117.01, 36.66], [117.01, 36.65], [117.0, 36.66], [117.0, 36.65]]
    crossing = json.loads(square())
    crossing["features"][0]["geometry"]["coordinates"] = [ring]
    job = other.bring("areas", other.file("bow.geojson", json.dumps(crossing)))
    assert job["state"] == "done", job["message"]
    [problem] = other.problems(job["id"])
    assert (problem["code"], problem["severity"], problem["row_no"]) == ("mended", "warning", 1)


def test_the_same_file_again_names_the_version_there_is(other):
    path = other.file("outlets.csv", OUTLETS)
    first = other.bring("outlets", path)
    before = other.data()
    job = other.bring("outlets", path)
    assert job["state"] == "done"
    assert job["result"]["reused"]
    assert job["result"]["dataset_version_id"] == first["result"]["dataset_version_id"]
    assert "没有新建版本" in job["message"]
    assert other.data() == before


def test_the_same_file_sent_many_times_at_once_makes_one_version(app, other):
    path = other.file("at-once.csv", RESIDENTS.replace("40", "41"))
    before = len(other.rows("dataset_versions")["dataset_versions"])
    start, jobs = threading.Barrier(4), []

    def send():
        client = app.test_client()
        client.environ_base.update(other.client.environ_base)
        start.wait()
        jobs.append(upload(client, other.slug, "residents", path).json["id"])

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.work()
    results = [other.job(job)["result"] for job in jobs]
    assert len({result["dataset_version_id"] for result in results}) == 1
    assert len(other.rows("dataset_versions")["dataset_versions"]) == before + 1


def test_streets_far_from_the_place_are_refused(other):
    before = other.data()
    path = write_streets(other.folder / "far.osm.pbf", west=121.4)
    job = other.bring("streets", path)
    [problem] = other.problems(job["id"])
    assert (job["state"], problem["code"]) == ("failed", "elsewhere")
    assert other.data() == before
