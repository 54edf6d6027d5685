"""A member's ways in, as an administrator's pages and the API show and end them."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from sqlalchemy import select

from core.db import AuditEvent
from core.policy import Permission
from tenants.people.models import User
from tenants.people.operations import make_token
from tenants.people.sessions import sessions_of
from tenants.people.signing import LINK_PATH, make_link
from tests.tenants.browsing import TOKEN, Browser
from tests.tenants.conftest import PASSWORD
from tests.tenants.phone import Phone

CODE = re.compile(r"<code>((?:[a-z2-9]{4}-){3}[a-z2-9]{4})</code>")
API = "/api/v1/tenants/370100"


@pytest.fixture
def enter(app, database):
    """Give a function that signs somebody in, in a browser of their own."""

    def make(who):
        browser = Browser(app)
        with database.unbound() as session:
            path = LINK_PATH.format(token=make_link(session, session.get_one(User, who.id)))
        assert browser.send(path, page=path).status_code == 303
        return browser

    return make


@pytest.fixture
def program(app, database, tree, person):
    """Give a client with an administrator's token."""
    who = person("bureau_admin")
    with database.session(tree["370100"]) as session:
        token = make_token(
            session, who.id, name="t", scopes=[Permission.PEOPLE_MANAGE, "tenant.read"]
        )
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def as_page(browser, method, path, **body):
    """Ask the API as a page's script does, with the page's token."""
    token = TOKEN.search(browser.open("/account").text)[1]
    return browser.client.open(path, method=method, json=body, headers={"X-CSRFToken": token})


def is_in(browser):
    return browser.open("/account").status_code == 200


def first_session(database, who):
    with database.unbound() as session:
        return sessions_of(session, who.id)[0].id


def last_record(database, tenant_id):
    with database.session(tenant_id) as session:
        event = session.scalars(
            select(AuditEvent).order_by(AuditEvent.number.desc()).limit(1)
        ).one()
        return event.action, event.subject, event.details


def test_an_administrator_ends_one_sign_in_of_a_member(signed, enter, person, database, tree):
    who = person("bureau_staff")
    first, second = enter(who), enter(who)
    admin, page = signed("bureau_admin"), f"/t/370100/members/{who.id}"
    assert "2 处已登录" in admin.open(page).text
    gone = first_session(database, who)  # the one used last
    assert admin.send(f"{page}/sessions/{gone}/end", page=page).status_code == 303
    assert sorted([is_in(first), is_in(second)]) == [False, True]
    assert admin.send(f"{page}/sessions/{gone}/end", page=page).status_code == 404
    told = last_record(database, tree["370100"])
    assert told == ("session.end", f"user:{who.id}", {"session": str(gone)})


def test_an_administrator_ends_all_sign_ins_of_a_member(signed, enter, person, database, tree):
    who = person("bureau_staff", password=PASSWORD)
    theirs = [enter(who), enter(who)]
    admin, page = signed("bureau_admin"), f"/t/370100/members/{who.id}"
    admin.send(f"{page}/sessions/end", page=page)
    text = admin.open(page).text
    assert "已结束 2 个登录" in text
    assert "此人现在没有登录" in text
    assert not any(map(is_in, theirs))
    told = last_record(database, tree["370100"])
    assert told == ("session.end_all", f"user:{who.id}", {"ended": 2})


def test_a_person_of_elsewhere_answers_like_nobody(signed, enter, person, database):
    who = person("bureau_staff", "320500")
    theirs = enter(who)
    admin, home = signed("bureau_admin"), "/t/370100/members"
    session_id, nobody = first_session(database, who), uuid4()
    assert (
        admin.open(f"{home}/{who.id}").data.replace(str(who.id).encode(), b"")
        == admin.open(f"{home}/{nobody}").data.replace(str(nobody).encode(), b"")
    )  # fmt: skip
    for path in (f"sessions/{session_id}/end", "sessions/end", "phone-code"):
        assert admin.send(f"{home}/{who.id}/{path}", page=home).status_code == 404
    assert is_in(theirs)


def test_a_session_of_another_person_is_not_ended_as_a_members(signed, enter, person, database):
    who, other = person("bureau_staff"), person("bureau_staff", "320500")
    theirs = enter(other)
    admin, page = signed("bureau_admin"), f"/t/370100/members/{who.id}"
    path = f"{page}/sessions/{first_session(database, other)}/end"
    assert admin.send(path, page=page).status_code == 404
    assert is_in(theirs)


def test_an_enrolment_code_is_shown_once_and_leads_to_a_phone(signed, app, person):
    who = person("bureau_staff", password=PASSWORD)
    admin, page = signed("bureau_admin"), f"/t/370100/members/{who.id}"
    (code,) = CODE.findall(admin.send(f"{page}/phone-code", page=page).text)
    assert code not in admin.open(page).text
    browser = Browser(app)
    browser.sign_in(who.login, PASSWORD)
    led = browser.send("/sign-in/code", page="/sign-in/code", code=code)
    assert led.location == "/sign-in/phone?next=/"
    spelled = re.search(
        r"<code>([A-Z2-7]{4}(?: [A-Z2-7]{4})+)</code>", browser.open(led.location).text
    )
    phone = Phone(spelled[1].replace(" ", ""))
    assert (
        browser.send("/sign-in/phone", page="/sign-in/phone", code=phone.code()).status_code == 200
    )
    assert is_in(browser)
    assert "已启用两步验证" in admin.open(page).text
    assert admin.send(f"{page}/phone-code", page=page).status_code == 409


def test_the_page_speaks_english(signed, person):
    text = signed("bureau_admin").open(
        f"/t/370100/members/{person('bureau_staff').id}", headers={"Accept-Language": "en"}
    ).text  # fmt: skip
    assert "Make an enrolment code" in text
    assert "登记码" not in text


def test_a_program_lists_and_ends_a_members_sign_ins(program, enter, person, database):
    who = person("bureau_staff")
    theirs, other = enter(who), enter(who)
    listed = program.get(f"{API}/members/{who.id}/sessions").json
    assert [set(one) for one in listed] == [{"id", "device", "since", "seen_at", "until"}] * 2
    gone = f"{API}/members/{who.id}/sessions/{listed[0]['id']}"
    assert program.delete(gone).status_code == 204
    assert program.delete(gone).status_code == 404
    assert program.delete(f"{API}/members/{who.id}/sessions").json == {"ended": 1}
    assert not is_in(theirs)
    assert not is_in(other)


def test_a_program_takes_a_lost_phone_away_and_makes_no_code(program, enrolled):
    who, _phone, _codes = enrolled()
    assert program.get(f"{API}/members/{who.id}/phone").json["enrolled"] is True
    assert program.delete(f"{API}/members/{who.id}/phone").status_code == 204
    assert program.get(f"{API}/members/{who.id}/phone").json == {"enrolled": False, "since": None}
    refused = program.post(f"{API}/members/{who.id}/phone/code")
    assert refused.status_code == 403
    assert refused.json["code"] == "forbidden"


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", "sessions"),
        ("DELETE", "sessions"),
        ("DELETE", f"sessions/{uuid4()}"),
        ("GET", "phone"),
        ("DELETE", "phone"),
    ],
)
def test_to_a_program_a_person_of_elsewhere_is_nobody(program, enrolled, method, rest):
    who, _phone, _codes = enrolled("bureau_staff", "320500")
    answers = [
        program.open(f"{API}/members/{each}/{rest}", method=method) for each in (who.id, uuid4())
    ]
    assert [each.status_code for each in answers] == [404, 404]
    assert len({each.data for each in answers}) == 1


def test_an_administrator_makes_a_code_by_the_api(signed, person):
    who = person("bureau_staff")
    made = as_page(signed("bureau_admin"), "POST", f"{API}/members/{who.id}/phone/code")
    assert made.status_code == 201
    assert CODE.fullmatch(f"<code>{made.json['code']}</code>")


def test_ones_own_sign_ins_are_listed_and_ended_by_the_api(enter, person):
    who = person("community_worker", password=PASSWORD)
    mine, other, third = enter(who), enter(who), enter(who)
    listed = mine.client.get("/api/v1/me/sessions").json
    assert sorted(one["this"] for one in listed) == [False, False, True]
    gone = next(one["id"] for one in listed if not one["this"])
    path = f"/api/v1/me/sessions/{gone}/end"
    assert as_page(mine, "POST", path, proof="wrong").status_code == 422
    assert as_page(mine, "POST", path).status_code == 422
    assert as_page(mine, "POST", path, proof=PASSWORD).status_code == 204
    assert as_page(mine, "POST", path, proof=PASSWORD).status_code == 404
    (this,) = (one["id"] for one in listed if one["this"])
    own = f"/api/v1/me/sessions/{this}/end"
    assert as_page(mine, "POST", own, proof=PASSWORD).status_code == 409
    ended = as_page(mine, "POST", "/api/v1/me/sessions/end-others", proof=PASSWORD)
    assert ended.json == {"ended": 1}
    assert [is_in(each) for each in (mine, other, third)] == [True, False, False]


def test_ones_own_phone_is_told_by_the_api(enrolled, enter, person):
    who, _phone, codes = enrolled()
    told = enter(who).client.get("/api/v1/me/phone").json
    assert told["enrolled"] is True
    assert told["recovery_codes_left"] == len(codes)
    without = enter(person("operator")).client.get("/api/v1/me/phone").json
    assert without == {"enrolled": False, "since": None, "recovery_codes_left": 0}


@pytest.mark.parametrize("path", ["/api/v1/me/sessions", "/api/v1/me/phone"])
def test_a_token_is_told_nothing_of_its_persons_ways_in(program, path):
    assert program.get(path).status_code == 403
