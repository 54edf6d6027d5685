"""The audit pages: who may look, what is listed, whether the chain holds, and a harmless CSV."""

from __future__ import annotations

import csv
import io
import re

import pytest
from sqlalchemy import create_engine, make_url, text

from core.db.audit import record
from tenants.people.models import Role


@pytest.fixture(scope="module")
def auditor(sign_in):
    desk = sign_in("x-audited", Role.AUDITOR)
    for number in range(60):
        with desk.services.database.session(desk.tenant_id, desk.user_id) as session:
            action = "thing.do" if number % 2 else "thing.undo"
            record(session, action=action, subject=f"thing:{number}", details={"名": "值"})
    with desk.services.database.session(desk.tenant_id) as session:
        record(session, action="=1+1", subject="formula:1")
    return desk


@pytest.fixture
def tampered(database_urls):
    """Give a way to tamper with the database."""
    name = make_url(database_urls.owner_url).database
    engine = create_engine(make_url(database_urls.superuser_url).set(database=name))

    def run(words, **values):
        with engine.begin() as connection:
            connection.execute(text("SET session_replication_role = replica"))
            assert connection.execute(text(words), values).rowcount == 1

    yield run
    engine.dispose()


def numbers(html):
    return [int(each) for each in re.findall(r'/audit/(\d+)">\d+</a></th>', html)]


def test_records_are_listed_newest_first_page_by_page(auditor):
    first, second = numbers(auditor.see("audit")), numbers(auditor.see("audit?page=2"))
    assert len(first) == 50
    assert first == sorted(first, reverse=True)
    assert first[-1] - 1 == second[0]
    assert second[-1] == 1
    assert "王敏" in auditor.see("audit")
    assert "系统" in auditor.see("audit")


def test_filters_narrow_and_are_kept_from_page_to_page(auditor):
    html = auditor.see("audit?action=thing.do&subject=thing:")
    assert "共 30 条" in html
    assert "thing.undo</code>" not in html
    assert "共 1 条" in auditor.see("audit?subject=thing:7")
    assert "共 0 条" in auditor.see("audit?subject=%25")  # no wildcard of ours
    assert "共 60 条" in auditor.see(f"audit?actor={auditor.user_id}&action=&subject=thing")
    assert f"actor={auditor.user_id}&amp;subject=thing" in auditor.see(
        f"audit?actor={auditor.user_id}&subject=thing"
    ).replace("&amp;page=2", "").replace("page=2&amp;", "")
    assert "共 0 条" in auditor.see("audit?until=2001-01-01")
    assert "共 0 条" not in auditor.see("audit?since=2001-01-01")


@pytest.mark.parametrize("words", ["actor=x", "since=yesterday", "until=2026-02-31"])
def test_a_filter_that_cannot_be_read_is_said(auditor, words):
    assert "筛选条件看不懂" in auditor.see(f"audit?{words}", 422)


def test_a_record_is_shown_with_its_hashes(auditor):
    newest = numbers(auditor.see("audit"))[1]
    html = auditor.see(f"audit/{newest}")
    assert "&#34;名&#34;: &#34;值&#34;" in html
    assert len(set(re.findall(r"<code>([0-9a-f]{64})</code>", html))) == 2
    auditor.see("audit/99999", 404)
    auditor.see("audit/99999999999999999999", 404)


def test_the_table_holds_no_formula(auditor):
    answer = auditor.client.get(f"/t/{auditor.slug}/audit.csv?subject=formula")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    head, row = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert head[0] == "编号"
    assert row[3] == "'=1+1"


def test_only_an_auditor_may_look_and_finds_the_entry_in_the_rail(sign_in, auditor):
    staff = sign_in("x-staff", Role.BUREAU_STAFF)
    for rest in ("audit", "audit?check=1", "audit/1", "audit.csv"):
        staff.see(rest, 403)
    assert "/t/x-staff/audit" not in staff.see()
    assert "/t/x-audited/audit" in auditor.see()
    auditor.client.set_cookie("lc-language", "en")
    assert "each chained to the one before" in auditor.see("audit")
    auditor.client.delete_cookie("lc-language")


def test_the_button_says_whether_the_chain_holds_and_where_it_breaks(auditor, tampered):
    assert "<b>一致</b>" in auditor.see("audit?check=1")
    tampered(
        "UPDATE audit_events SET subject = 'x' WHERE number = 9 AND tenant_id = :t",
        t=auditor.tenant_id,
    )
    html = auditor.see("audit?check=1")
    assert "不一致：第 9 条" in html
    assert "内容与其摘要不符" in html
