"""The way in and out, the account, members and tokens, as pages of the real app."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from core.app import create_app
from tenants import ROOM
from tenants.people.models import SignInLink, UserSession
from tenants.people.operations import find_user
from tenants.people.pages import landing
from tenants.people.signing import FAILURES, LINK_PATH, make_link
from tests.tenants.browsing import Browser
from tests.tenants.conftest import PASSWORD


def link_of(database, who):
    with database.unbound() as session:
        return LINK_PATH.format(token=make_link(session, find_user(session, who.login)))


def tokens_in(answer):
    return re.findall(r"<code>([0-9a-f-]{36}\.[\w-]+)</code>", answer.text)


def test_a_password_lets_in_and_leads_where_one_wanted_to_go(browser, person):
    who = person("community_worker", password=PASSWORD)
    asked = browser.open("/t/370100/members?x=1")
    assert (asked.status_code, asked.location) == (302, "/sign-in?next=/t/370100/members%3Fx%3D1")
    answer = browser.sign_in(who.login, PASSWORD, next="/t/370100/")
    assert (answer.status_code, answer.location) == (303, "/t/370100/")
    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith("lc=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert browser.open("/t/370100/").status_code == 200


def test_over_https_the_cookie_is_bound_to_the_host(services, tree, person):
    who = person("community_worker", password=PASSWORD)
    config = replace(services.config, insecure_http=False)
    secure = replace(services, config=config)
    secure = replace(secure, policy=ROOM.policy(secure))
    browser = Browser(create_app(config, [ROOM], secure))
    browser.client.environ_base["wsgi.url_scheme"] = "https"
    browser.client.environ_base["HTTP_REFERER"] = "https://localhost/sign-in"
    answer = browser.sign_in(who.login, PASSWORD)
    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if "__Host-lc=" in each]
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert "未加密连接" not in browser.open("/").text


@pytest.mark.parametrize("known", [True, False])
def test_a_wrong_password_and_an_unknown_login_are_answered_alike(browser, person, known):
    login = person(password=PASSWORD).login if known else "nobody.at.all"
    answer = browser.sign_in(login, "not the password")
    assert answer.status_code == 401
    assert "登录名或密码不对" in answer.text
    assert "not the password" not in answer.text
    assert browser.cookie() is None


def test_after_five_failures_the_right_password_is_refused_with_the_same_words(browser, person):
    who = person(password=PASSWORD)
    for _ in range(FAILURES):
        browser.sign_in(who.login, "not the password")
    answer = browser.sign_in(who.login, PASSWORD)
    assert answer.status_code == 401
    assert "连续输错 5 次" in answer.text


def test_a_session_planted_before_signing_in_is_worth_nothing_after(browser, person):
    who = person("community_worker", password=PASSWORD)
    browser.sign_in(who.login, PASSWORD)
    planted = browser.cookie()
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.open("/account").text)[1]
    form = {"csrf_token": token, "login": who.login, "password": PASSWORD}
    browser.client.post("/sign-in", data=form)
    assert browser.cookie() not in {planted, None}
    browser.client.set_cookie("lc", planted)
    assert browser.open("/account").status_code == 302


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/a\\..\\evil",
        "/\t/evil.example",
        "javascript:alert(1)",
        "",
        "evil",
    ],
)
def test_nobody_is_led_to_another_site(browser, person, address):
    assert landing(address) == "/"
    who = person("community_worker", password=PASSWORD)
    assert browser.sign_in(who.login, PASSWORD, next=address).location == "/"


def test_a_path_of_this_site_is_kept():
    assert landing("/t/370100/runs?page=2") == "/t/370100/runs?page=2"


def test_a_form_without_its_token_changes_nothing(browser, person, database):
    who = person("community_worker", password=PASSWORD)
    answer = browser.client.post("/sign-in", data={"login": who.login, "password": PASSWORD})
    assert answer.status_code == 403
    assert "页面已过期" in answer.text
    assert browser.cookie() is None


def test_a_link_is_used_by_the_button_and_not_by_opening_it(browser, person, database):
    path = link_of(database, person("bureau_staff"))
    for _ in range(2):
        assert browser.open(path).status_code == 200
    assert browser.cookie() is None
    answer = browser.send(path, page=path)
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.open("/account").status_code == 200


def test_a_used_link_and_an_unknown_one_let_nobody_in(browser, app, person, database):
    path = link_of(database, person("bureau_staff"))
    browser.send(path, page=path)
    for tried in (path, LINK_PATH.format(token="unknown")):
        other = Browser(app)
        answer = other.send(tried, page=tried)
        assert answer.status_code == 401
        assert "已用过或已过期" in answer.text
        assert other.cookie() is None


def test_signing_out_ends_the_session_on_the_server(signed, database):
    browser = signed("bureau_staff")
    kept = browser.cookie()
    answer = browser.send("/sign-out", page="/account")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "已退出登录" in browser.open("/sign-in").text
    browser.client.set_cookie("lc", kept)
    assert browser.open("/account").status_code == 302
    with database.unbound() as session:
        rows = session.scalars(select(UserSession).where(UserSession.user_id == browser.person.id))
        assert all(row.revoked_at is not None for row in rows)


def test_signing_out_takes_a_form(signed):
    browser = signed("bureau_staff")
    assert browser.open("/sign-out").status_code == 405
    assert browser.open("/account").status_code == 200


def test_whoever_came_by_a_link_sets_a_password_and_stays(signed, app):
    browser, new = signed("bureau_staff"), "a fresh long phrase"
    answer = browser.send("/account/password", page="/account", new=new)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "密码已更新" in browser.open("/account").text
    assert Browser(app).sign_in(browser.person.login, new).status_code == 303


def test_a_password_is_changed_only_by_whoever_knows_the_old_one(signed, app):
    browser, old = signed("bureau_staff"), "a fresh long phrase"
    browser.send("/account/password", page="/account", new=old)
    form = {"old": "something else", "new": "another long phrase"}
    answer = browser.send("/account/password", page="/account", **form)
    assert answer.status_code == 422
    assert "原密码不对" in answer.text
    assert Browser(app).sign_in(browser.person.login, old).status_code == 303


def test_a_weak_password_is_refused_and_one_stays_signed_in(signed):
    browser = signed("bureau_staff")
    assert browser.send("/account/password", page="/account", new="short").status_code == 422
    assert browser.open("/account").status_code == 200


def test_an_administrator_gives_a_role_and_takes_it_away(signed, person):
    browser, other = signed("bureau_admin"), person()
    page = "/t/370100/members"
    browser.send(page, page=page, login=other.login, role="bureau_staff")
    text = browser.open(page).text
    assert f"{other.name}现为商务局工作人员" in text
    assert LINK_PATH.format(token="") not in text
    browser.send(f"{page}/{other.id}/remove", page=page, role="bureau_staff")
    assert other.login not in browser.open(page).text


def test_whoever_has_no_account_is_not_given_a_role_but_pointed_to_an_invitation(signed):
    browser, page = signed("bureau_admin"), "/t/370100/members"
    answer = browser.send(page, page=page, login="new.person", role="bureau_staff")
    assert answer.status_code == 404
    assert "邀请本人" in answer.text


def test_no_link_is_made_into_an_account_that_exists(signed, person, database):
    browser, other, page = signed("bureau_admin"), person(), "/t/370100/members"
    answer = browser.send(page, page=page, login=other.login, role="bureau_staff", name="x")
    assert answer.status_code == 303
    with database.unbound() as session:
        links = select(SignInLink).where(SignInLink.user_id == other.id)
        assert session.scalars(links).all() == []


def test_the_last_way_to_manage_members_is_not_taken_by_oneself(signed):
    browser, page = signed("bureau_admin"), "/t/370100/members"
    path = f"{page}/{browser.person.id}/remove"
    assert browser.send(path, page=page, role="bureau_admin").status_code == 409
    assert browser.open(page).status_code == 200


@pytest.mark.parametrize("role", ["bureau_staff", "reviewer", "auditor"])
def test_others_do_not_see_members_or_tokens(signed, role):
    browser = signed(role)
    assert browser.open("/t/370100/members").status_code == 403
    assert browser.open("/t/370100/tokens").status_code == 403


def test_a_token_is_shown_once_works_and_can_be_ended(signed, app):
    browser, page = signed("bureau_admin"), "/t/370100/tokens"
    form = {"name": "夜间导入", "days": "30", "scopes": "tenant.read"}
    (token,) = tokens_in(browser.send(page, page=page, **form))
    assert tokens_in(browser.open(page)) == []
    account = browser.open("/account").text
    assert "夜间导入" in account
    program, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
    assert program.get("/api/v1/tenants/370100", headers=headers).status_code == 200
    path = re.search(r'action="(/t/370100/my-tokens/[^"]+/revoke)"', account)[1]
    ended = browser.send(path, page="/account", next="/account")
    assert ended.location == "/account"
    assert program.get("/api/v1/tenants/370100", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "form",
    [
        {"name": "x", "days": "30"},
        {"name": "x", "days": "0", "scopes": "tenant.read"},
        {"name": "x", "days": "一年", "scopes": "tenant.read"},
        {"name": "x", "days": "30", "scopes": "submission.review"},
        {"name": "x", "days": "30", "scopes": "everything"},
        {"name": "", "days": "30", "scopes": "tenant.read"},
    ],
)
def test_a_token_that_cannot_be_is_not_made(signed, form):
    browser, page = signed("bureau_admin"), "/t/370100/tokens"
    before = browser.open(page).text.count("/revoke")
    answer = browser.send(page, page=page, **form)
    assert answer.status_code == 422
    assert browser.open(page).text.count("/revoke") == before


def test_every_page_says_that_the_connection_is_plain(signed, browser):
    assert "未加密连接" in browser.open("/sign-in").text
    assert "未加密连接" in signed("bureau_admin").open("/account").text


def test_pages_speak_english_to_who_wishes(browser):
    answer = browser.open("/sign-in", headers={"Accept-Language": "en"})
    assert "Sign in" in answer.text
    assert "登录" not in answer.text
