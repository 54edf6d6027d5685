"""What follows a right password, as pages of the real app."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, update

from tenants.people import totp
from tenants.people.models import RecoveryCode, SignInStep, User
from tenants.people.signing import FAILURES
from tests.tenants.browsing import Browser
from tests.tenants.conftest import PASSWORD
from tests.tenants.phone import Phone

SECRET = re.compile(r"<code>([A-Z2-7]{4}(?: [A-Z2-7]{4})+)</code>")
CODES = re.compile(r"<li><code>([a-z2-9-]{19})</code></li>")


@pytest.fixture
def allowed(database, browser, person):
    """Sign a member of staff in by password and an administrator's code: a phone is to come."""
    who = person("bureau_staff", password=PASSWORD)
    with database.unbound() as session:
        word = totp.allow(session, session.get_one(User, who.id))
    asked = browser.sign_in(who.login, PASSWORD, next="/t/370100/")
    assert (asked.status_code, asked.location) == (303, "/sign-in/code?next=/t/370100/")
    led = browser.send("/sign-in/code", page="/sign-in/code", code=word, next="/t/370100/")
    assert (led.status_code, led.location) == (303, "/sign-in/phone?next=/t/370100/")
    browser.word = word
    return who


def test_a_password_alone_enrols_no_phone_of_staff(browser, database, person):
    who = person("bureau_staff", password=PASSWORD)
    browser.sign_in(who.login, PASSWORD)
    assert "管理员给您的登记码" in browser.open("/sign-in/code").text
    assert browser.open("/sign-in/phone").status_code == 303  # nothing to take a picture of
    refused = browser.send("/sign-in/code", page="/sign-in/code", code="000000")
    assert refused.status_code == 401
    assert "请向本单位管理员要一个新的登记码" in refused.text
    with database.unbound() as session:
        assert not session.get_one(User, who.id).totp_secret


def test_an_enrolment_code_works_once_and_for_a_day(browser, app, database, allowed):
    other = Browser(app)
    other.sign_in(allowed.login, PASSWORD)
    again = other.send("/sign-in/code", page="/sign-in/code", code=browser.word)
    assert again.status_code == 401
    with database.unbound() as session:
        late = totp.allow(session, session.get_one(User, allowed.id))
        mine = update(RecoveryCode).where(RecoveryCode.user_id == allowed.id)
        session.execute(mine.values(created_at=RecoveryCode.created_at - totp.ALLOWED_FOR))
    assert other.send("/sign-in/code", page="/sign-in/code", code=late).status_code == 401


def test_a_new_enrolment_code_ends_what_was_shown_and_not_confirmed(browser, database, allowed):
    shown = Phone(SECRET.search(browser.open("/sign-in/phone").text)[1].replace(" ", ""))
    with database.unbound() as session:
        totp.allow(session, session.get_one(User, allowed.id))
    refused = browser.send("/sign-in/phone", page="/sign-in/phone", code=shown.code())
    assert refused.status_code == 422


def test_guesses_at_an_enrolment_code_count_though_each_follows_a_right_password(
    app, database, person
):
    who = person("bureau_staff", password=PASSWORD)
    with database.unbound() as session:
        word = totp.allow(session, session.get_one(User, who.id))
    for _ in range(FAILURES):
        browser = Browser(app)
        browser.sign_in(who.login, PASSWORD)
        browser.send("/sign-in/code", page="/sign-in/code", code="0000")
    assert Browser(app).sign_in(who.login, PASSWORD).status_code == 401
    assert browser.send("/sign-in/code", page="/sign-in/code", code=word).status_code != 303


def test_a_member_of_staff_with_an_administrators_code_enrols_and_is_in(browser, allowed):
    before = browser.cookie()
    assert browser.open("/account").status_code == 302
    page = browser.open("/sign-in/phone?next=/t/370100/")
    phone = Phone(SECRET.search(page.text)[1].replace(" ", ""))
    assert '<svg class="qr"' in page.text
    answer = browser.send(
        "/sign-in/phone", page="/sign-in/phone", code=phone.code(), next="/t/370100/"
    )
    assert answer.status_code == 200
    assert len(CODES.findall(answer.text)) == 10
    assert 'href="/t/370100/"' in answer.text
    assert browser.cookie() not in {before, None}
    assert browser.open("/t/370100/").status_code == 200


@pytest.mark.usefixtures("allowed")
def test_the_page_of_recovery_codes_carries_a_form_that_still_works(browser):
    page = browser.open("/sign-in/phone")
    phone = Phone(SECRET.search(page.text)[1].replace(" ", ""))
    shown = browser.send("/sign-in/phone", page="/sign-in/phone", code=phone.code())
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)[1]
    form = {"csrf_token": token, "language": "en", "next": "/"}
    assert browser.client.post("/language", data=form).status_code == 303


@pytest.mark.usefixtures("allowed")
def test_a_wrong_code_enrols_nothing_and_shows_the_same_secret(browser):
    shown = SECRET.search(browser.open("/sign-in/phone").text)[1]
    answer = browser.send("/sign-in/phone", page="/sign-in/phone", code="000000")
    assert answer.status_code == 422
    assert "没有启用两步验证" in answer.text
    assert SECRET.search(answer.text)[1] == shown
    assert browser.open("/account").status_code == 302


def test_a_password_and_a_code_let_in_and_a_used_code_does_not(browser, app, enrolled):
    who, phone, codes = enrolled(password=PASSWORD)
    asked = browser.sign_in(who.login, PASSWORD, next="/account")
    assert asked.location == "/sign-in/code?next=/account"
    code = phone.code()
    answer = browser.send("/sign-in/code", page="/sign-in/code", code=code, next="/account")
    assert (answer.status_code, answer.location) == (303, "/account")
    assert who.login in browser.open("/account").text
    other = Browser(app)
    other.sign_in(who.login, PASSWORD)
    refused = other.send("/sign-in/code", page="/sign-in/code", code=code)
    assert refused.status_code == 401
    assert "已用过" in refused.text
    assert other.open("/account").status_code == 302
    assert other.send("/sign-in/code", page="/sign-in/code", code=codes[0]).status_code == 303


def test_the_cookie_of_the_first_step_opens_no_page_and_no_api(browser, enrolled):
    who, _phone, _codes = enrolled("bureau_admin", password=PASSWORD)
    browser.sign_in(who.login, PASSWORD)
    for path in ("/", "/account", "/account/sessions", "/t/370100/", "/t/370100/members"):
        assert browser.open(path).status_code == 302
    assert browser.open("/api/v1/tenants/370100").status_code == 401


def test_five_wrong_codes_pause_the_account(browser, enrolled):
    who, phone, _codes = enrolled(password=PASSWORD)
    browser.sign_in(who.login, PASSWORD)
    for _ in range(FAILURES):
        browser.send("/sign-in/code", page="/sign-in/code", code="000000")
    answer = browser.send("/sign-in/code", page="/sign-in/code", code=phone.code())
    assert answer.status_code == 401
    assert "已暂停 15 分钟" in answer.text


@pytest.mark.parametrize("path", ["/sign-in/code", "/sign-in/phone"])
def test_without_a_right_password_the_second_step_leads_to_the_first(browser, path):
    answer = browser.open(f"{path}?next=/account")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/account")


def test_the_second_step_waits_ten_minutes_and_no_longer(browser, database, enrolled):
    who, _phone, _codes = enrolled(password=PASSWORD)
    browser.sign_in(who.login, PASSWORD)
    assert browser.open("/sign-in/code").status_code == 200
    with database.unbound() as session:
        mine = update(SignInStep).where(SignInStep.user_id == who.id)
        session.execute(mine.values(expires_at=func.now()))
    assert browser.open("/sign-in/code").status_code == 303


def test_the_one_use_link_asks_for_no_code(signed):
    browser = signed("bureau_admin")
    assert browser.open("/t/370100/members").status_code == 200


def test_the_second_step_speaks_english(browser, enrolled):
    who, _phone, _codes = enrolled(password=PASSWORD)
    browser.sign_in(who.login, PASSWORD)
    text = browser.open("/sign-in/code", headers={"Accept-Language": "en"}).text
    assert "recovery code" in text
    assert "验证码" not in text
