"""One's own phone: turned on, exchanged, its codes made anew; nothing of it by a token."""

from __future__ import annotations

import re

from tenants.people.operations import make_token
from tests.tenants.browsing import Browser
from tests.tenants.conftest import PASSWORD
from tests.tenants.phone import Phone

PAGE = "/account/phone"
SECRET = re.compile(r"<code>([A-Z2-7]{4}(?: [A-Z2-7]{4})+)</code>")
CODES = re.compile(r"<li><code>([a-z2-9-]{19})</code></li>")


def by_code(app, who, code):
    browser = Browser(app)
    browser.sign_in(who.login, PASSWORD)
    browser.send("/sign-in/code", page="/sign-in/code", code=code)
    return browser


def test_whoever_wishes_turns_the_second_factor_on_with_their_password(browser, app, person):
    who = person("surveyor", password=PASSWORD)
    browser.sign_in(who.login, PASSWORD)
    phone = Phone(SECRET.search(browser.open(PAGE).text)[1].replace(" ", ""))
    refused = browser.send(PAGE, page=PAGE, code=phone.code(), old="something else")
    assert refused.status_code == 422
    answer = browser.send(PAGE, page=PAGE, code=phone.code(), old=PASSWORD)
    codes = CODES.findall(answer.text)
    assert len(codes) == 10
    assert not CODES.findall(browser.open(PAGE).text)
    assert by_code(app, who, codes[0]).open("/account").status_code == 200


def test_recovery_codes_are_made_anew_for_a_code(app, enrolled):
    who, phone, codes = enrolled(password=PASSWORD)
    browser = by_code(app, who, codes[0])
    refused = browser.send(f"{PAGE}/codes", page=PAGE, code="000000")
    assert refused.status_code == 422
    fresh = CODES.findall(browser.send(f"{PAGE}/codes", page=PAGE, code=phone.code()).text)
    assert len(fresh) == 10
    assert by_code(app, who, codes[1]).open("/account").status_code == 302
    assert by_code(app, who, fresh[0]).open("/account").status_code == 200


def test_a_phone_is_exchanged_for_a_code_of_the_old_one(app, enrolled):
    who, phone, codes = enrolled(password=PASSWORD)
    browser = by_code(app, who, codes[0])
    answer = browser.send(f"{PAGE}/exchange", page=PAGE, code=phone.code())
    assert (answer.status_code, answer.location) == (303, PAGE)
    fresh = Phone(SECRET.search(browser.open(PAGE).text)[1].replace(" ", ""))
    done = browser.send(PAGE, page=PAGE, code=fresh.code(), old=PASSWORD)
    assert len(CODES.findall(done.text)) == 10


def test_an_administrator_resets_a_lost_phone_on_the_members_page(signed, app, enrolled):
    who, _phone, codes = enrolled(password=PASSWORD)
    theirs = by_code(app, who, codes[0])
    browser, page = signed("bureau_admin"), "/t/370100/members"
    assert f"{page}/{who.id}/reset" in browser.open(page).text
    browser.send(f"{page}/{who.id}/reset", page=page)
    text = browser.open(page).text
    assert f"已重置{who.name}的两步验证" in text
    assert f"{page}/{who.id}/reset" not in text
    assert theirs.open("/account").status_code == 302
    again = Browser(app).sign_in(who.login, PASSWORD)
    assert again.location == "/sign-in/code?next=/"


def test_a_reset_elsewhere_answers_like_nobody(signed, enrolled):
    who, _phone, _codes = enrolled()
    browser, page = signed("bureau_admin", "320500"), "/t/320500/members"
    theirs = browser.send(f"{page}/{who.id}/reset", page=page)
    nobody = browser.send(f"{page}/{browser.person.id}/reset", page=page)
    assert theirs.status_code == 404
    assert nobody.status_code == 409  # an own member without a phone


def test_a_token_sees_and_changes_nothing_of_it(app, database, tree, person):
    who = person("bureau_admin")
    with database.session(tree["370100"]) as session:
        token = make_token(session, who.id, name="t", scopes=["tenant.read"])
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    assert client.get(PAGE).status_code == 403
    assert client.get("/account/sessions").status_code == 403
    assert client.post(f"{PAGE}/codes", data={"code": "1"}).status_code == 403
    assert client.post("/account/sessions/end-others").status_code == 403
