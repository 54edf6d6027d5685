"""The installation's pages, as each of its roles sees them."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import func, update

from core.db import installation
from core.policy import SystemPermission
from tenants.people.models import User
from tenants.people.roles import SYSTEM_PERMISSIONS
from tenants.system import pages
from tenants.system.models import SystemRole

PAGES = {
    "/system": SystemPermission.ROLES_READ,
    "/system/installation": SystemPermission.INSTALLATION_READ,
    "/system/accounts": SystemPermission.ACCOUNTS_MANAGE,
    "/system/events": SystemPermission.EVENTS_READ,
    "/system/events.csv": SystemPermission.EVENTS_READ,
}


def tell(database, action, subject="test:1", **details):
    with database.unbound() as session:
        installation.record(session, action=action, subject=subject, details=details)


@pytest.mark.parametrize("role", SystemRole)
def test_each_role_opens_its_own_pages_and_no_other(holder, role):
    browser = holder(role)
    for path, permission in PAGES.items():
        expected = 200 if permission in SYSTEM_PERMISSIONS[role] else 404
        assert browser.open(path).status_code == expected, path


def test_to_everybody_else_there_are_no_such_pages(signed, browser):
    for path in PAGES:
        assert signed("bureau_admin").open(path).status_code == 404
        assert browser.open(path).status_code == 302


@pytest.mark.parametrize("role", SystemRole)
def test_none_of_them_opens_a_tenant(holder, tree, role):
    browser = holder(role)
    for path in ("/t/370100/", "/t/370100/members", "/api/v1/tenants/370100", "/t/nowhere/"):
        assert browser.open(path).status_code == 404, path


def test_the_page_of_roles_names_the_holders(holder):
    page = holder("security_admin").open("/system").text
    for word in ("系统管理员", "安全管理员", "审计管理员", "lifecircle people system add"):
        assert word in page
    assert "/system/accounts" in page
    assert "/system/events" not in page


def test_places_and_plugins_are_listed_without_any_of_their_data(holder, tree):
    page = holder("system_admin").open("/system/installation").text
    assert "370100" in page
    assert "national" in page


def test_a_pause_is_ended_by_a_form_with_its_token(holder, person, database):
    who = person()
    later = func.now() + func.make_interval(0, 0, 0, 0, 0, 10)
    with database.unbound() as session:
        session.execute(update(User).where(User.id == who.id).values(failed=5, locked_until=later))
    browser = holder("security_admin")
    assert who.login in browser.open("/system/accounts").text
    path = f"/system/accounts/{who.id}/unpause"
    assert browser.client.post(path).status_code == 403
    assert browser.send(path, page="/system/accounts").status_code == 303
    assert f"{who.login} 可以再登录了" in browser.open("/system/accounts").text
    other = holder("audit_admin")
    assert other.send(path, page="/account").status_code == 404


def test_the_providers_are_shown_without_their_secret(holder, known):
    page = holder("security_admin").open("/system/accounts").text
    assert "政务认证" in page
    assert "bureau_staff" in page
    assert "a secret of the client" not in page


def test_events_are_filtered_and_paged(holder, database, monkeypatch):
    monkeypatch.setattr(pages, "MOST_EVENTS", 3)
    for n in range(5):
        tell(database, "test.page", f"test:p{n}")
    tell(database, "test.other", "test:q")
    browser = holder("audit_admin")
    first = browser.open("/system/events?action=test.page").text
    assert [f"test:p{n}" in first for n in range(5)] == [False, False, True, True, True]
    assert "test:q" not in first
    following = first.split('href="/system/events?before=')[1].split('"')[0].replace("&amp;", "&")
    second = browser.open(f"/system/events?before={following}").text
    assert [f"test:p{n}" in second for n in range(5)] == [True, True, False, False, False]
    assert "test:p2" in browser.open("/system/events?subject=test:p2").text
    assert "没有这样的事件" in browser.open("/system/events?action=%25").text


@pytest.mark.parametrize("before", ["x", "-1", "1e9", "9" * 30, "²"])
def test_a_page_that_is_no_number_is_refused(holder, before):
    answer = holder("audit_admin").open("/system/events", query_string={"before": before})
    assert answer.status_code == 422


def test_the_table_holds_the_chosen_events_and_no_formula(holder, database):
    tell(database, "=cmd|'/c calc'!A1", "@SUM(1)", word="x")
    answer = holder("audit_admin").open("/system/events.csv?action==cmd")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    (head, row) = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert head == ["number", "actor", "action", "subject", "details", "at", "hash"]
    assert (row[2], row[3]) == ("'=cmd|'/c calc'!A1", "'@SUM(1)")
    assert len(row[6]) == 64


def test_a_role_that_is_taken_away_closes_the_pages_at_once(holder, database):
    from tenants.system.operations import remove_system_role  # noqa: PLC0415 - only here

    browser = holder("audit_admin")
    assert browser.open("/system/events").status_code == 200
    with database.unbound() as session:
        remove_system_role(session, session.get_one(User, browser.person))
    assert browser.open("/system/events").status_code == 404
