"""Forms of the pages: files in, runs asked for, both cancelled; wrong ones change nothing."""

from __future__ import annotations

import csv
import io
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.db import Job, JobState, Run, Upload
from tenants.people.models import Role
from tests.journeys.small_place import OUTLETS, RESIDENTS, square, write_streets


@pytest.fixture
def desk(sign_in, request):
    """Give an empty place of the test's own."""
    return sign_in(f"x-{abs(hash(request.node.name)) % 10**8}")


@pytest.fixture
def furnished(sign_in, tmp_path_factory):
    """Give a place whose data are complete, brought in by the form."""
    folder = tmp_path_factory.mktemp("files")
    desk = sign_in(f"x-f{abs(hash(str(folder))) % 10**8}")
    streets = write_streets(folder / "streets.osm.pbf").read_bytes()
    for kind, name, content in (
        ("streets", "streets.osm.pbf", streets),
        ("residents", "residents.csv", RESIDENTS.encode()),
        ("outlets", "outlets.csv", OUTLETS.encode()),
        ("areas", "areas.geojson", square().encode()),
    ):
        assert bring(desk, kind, name, content).status_code == 303
    desk.work()
    return desk


def bring(desk, kind, name, content, **form):
    return desk.send("data", kind=kind, file=(io.BytesIO(content), name), **form)


def last(answer):
    """Give the id at the end of an address that an answer leads to."""
    return UUID(answer.location.rsplit("/", 1)[1])


def count(desk, model):
    with desk.services.database.session(desk.tenant_id) as session:
        return session.scalar(select(func.count()).select_from(model))


def state(desk, job_id):
    with desk.services.database.session(desk.tenant_id) as session:
        return session.scalar(select(Job.state).where(Job.id == job_id))


def test_an_empty_place_leads_to_its_first_import(desk):
    page = desk.see()
    assert "先导入路网" in page
    assert f"/t/{desk.slug}/data?kind=streets" in page
    assert "要评价还缺路网、居民、网点。" in desk.see("data")
    assert "还缺路网、居民、网点的数据" in desk.see("runs")


def test_a_file_is_watched_and_becomes_a_version(desk):
    answer = bring(desk, "residents", "居民.csv", RESIDENTS.encode(), as_of="2025-12-31")
    assert answer.status_code == 303
    job = last(answer)
    waiting = desk.see(f"data/jobs/{job}")
    assert f'data-url="/api/v1/tenants/{desk.slug}/jobs/{job}"' in waiting
    assert 'data-stage="recognise"' in waiting
    desk.work()
    ended = desk.see(f"data/jobs/{job}")
    assert "收下 2 行" in ended
    assert "data-url" not in ended
    listed = desk.see("data")
    assert "2025年12月31日" in listed
    assert "居民.csv" in listed


def test_bad_rows_are_listed_and_can_be_taken_away(desk):
    rows = "\n".join(f"h{n},117.001,=9+{n},40" for n in range(60))
    job = last(bring(desk, "residents", "bad.csv", f"{RESIDENTS}{rows}\n".encode()))
    desk.work()
    assert state(desk, job) == JobState.FAILED
    first, second = desk.see(f"data/jobs/{job}"), desk.see(f"data/jobs/{job}?page=2")
    assert "原有数据没有改变" in first
    assert first.count("table__wrong") == 50
    assert second.count("table__wrong") == 10
    assert "第 2 页，共 2 页" in second
    answer = desk.client.get(f"/t/{desk.slug}/data/jobs/{job}/problems.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(table) == 61
    assert table[1][0] == "4"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in table for cell in row)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "residents"}, "没有选择文件"),
        ({"kind": "shoes", "file": (b"x", "a.csv")}, "没有选择这个文件是什么数据"),
        ({"kind": "residents", "file": (b"x", "a.csv"), "options": "[1]"}, "不是 JSON 对象"),
        ({"kind": "residents", "file": (b"x", "a.csv"), "as_of": "gestern"}, "as_of"),
        ({"kind": "residents", "file": (b"", "a.csv")}, "文件是空的"),
    ],
)
def test_a_wrong_upload_is_told_in_place_and_leaves_nothing(desk, form, said):
    if "file" in form:
        content, name = form["file"]
        form = form | {"file": (io.BytesIO(content), name)}
    answer = desk.send("data", **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'id="f-file"' in answer.text
    assert (count(desk, Upload), count(desk, Job)) == (0, 0)


def test_a_form_without_the_pages_token_is_refused(desk):
    sent = {"kind": "residents", "file": (io.BytesIO(b"x"), "a.csv")}
    assert desk.client.post(f"/t/{desk.slug}/data", data=sent).status_code == 403
    assert desk.client.post(f"/t/{desk.slug}/runs", data={"ruleset": "jinan"}).status_code == 403
    assert (count(desk, Upload), count(desk, Run)) == (0, 0)


def test_a_waiting_import_is_cancelled(desk):
    job = last(bring(desk, "residents", "居民.csv", RESIDENTS.encode()))
    assert desk.send(f"data/jobs/{job}/cancel").status_code == 303
    assert "已取消，什么都没有写入" in desk.see(f"data/jobs/{job}")
    assert desk.send(f"data/jobs/{job}/cancel").status_code == 409


def test_who_may_not_import_is_not_offered_to_and_is_refused(sign_in):
    officer = sign_in("x-officer", Role.STREET_OFFICER)
    assert "f-file" not in officer.see("data")
    assert "f-label" not in officer.see("runs")
    assert bring(officer, "residents", "a.csv", b"x").status_code == 403
    assert officer.send("runs", ruleset="jinan").status_code == 403


def test_a_run_is_asked_for_watched_and_shown(furnished):
    desk = furnished
    answer = desk.send("runs", ruleset="national-2023-plan", label="试算")
    assert answer.status_code == 303
    run = last(answer)
    waiting = desk.see(f"runs/{run}")
    assert 'data-stage="reach"' in waiting
    assert f"/t/{desk.slug}/runs/{run}/cancel" in waiting
    desk.see(f"runs/{run}/map", 409)
    assert last(desk.send("runs", ruleset="national-2023-plan", label="再算")) == run
    desk.work()
    assert 'class="line"' in desk.see(f"runs/{run}")
    assert "试算" in desk.see("runs")


def test_a_cancelled_run_leaves_no_result_and_can_be_asked_again(furnished):
    desk = furnished
    run = last(desk.send("runs", ruleset="jinan"))
    assert desk.send(f"runs/{run}/cancel").status_code == 303
    assert "没有留下结果" in desk.see(f"runs/{run}")
    assert last(desk.send("runs", ruleset="jinan")) != run


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"ruleset": "nobody"}, 404, "没有名为 nobody"),
        ({"ruleset": "jinan", "limit_minutes": "viel"}, 422, "不是数字"),
        ({"ruleset": "jinan", "report_minutes": "5，900"}, 422, "report_minutes"),
        ({"ruleset": "jinan", "input_streets": "x"}, 422, "数据版本不存在"),
        ({"ruleset": "jinan"}, 422, "缺少数据"),
    ],
)
def test_a_wrong_question_is_told_in_place_and_starts_nothing(desk, form, status, said):
    answer = desk.send("runs", **form)
    assert answer.status_code == status
    assert said in answer.text
    assert count(desk, Run) == 0
