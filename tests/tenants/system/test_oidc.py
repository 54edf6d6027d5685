"""Signing in by another house: what is believed, what is not, and what it gives."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import func, select

from core.db import AuditEvent, verify_installation
from core.errors import Conflict
from tenants.people.models import Membership, Role, User
from tenants.people.operations import add_member, find_user
from tenants.system.identities import bind
from tenants.system.models import SystemRole
from tenants.system.operations import add_system_role
from tests.tenants.browsing import Browser
from tests.tenants.system.house import new_key


def there(browser, key="house", to="/"):
    """Go to the provider; give its answer's address on our site."""
    leaving = browser.open(f"/sign-in/by/{key}", query_string={"next": to})
    assert leaving.status_code == 303, leaving.text
    answer = requests.get(leaving.location, allow_redirects=False, timeout=5)
    assert answer.status_code == 303
    back = urlsplit(answer.headers["Location"])
    assert (back.scheme, back.netloc) == ("http", "localhost")
    return f"{back.path}?{back.query}"


def go(browser, key="house", to="/"):
    return browser.open(there(browser, key, to))


@pytest.fixture
def bound(database, person, provider, house):
    """Make somebody whom the provider's person is."""
    who = person()
    with database.unbound() as session:
        bind(session, session.get_one(User, who.id), provider, house.claims["sub"])
    return who


def roles_of(database, who):
    with database.unbound(who.id) as session:
        return {
            (row.role, row.source)
            for row in session.scalars(select(Membership).where(Membership.user_id == who.id))
        }


def test_the_entrance_shows_each_house_in_the_pages_language(browser, house):
    page = browser.open("/sign-in", headers={"Accept-Language": "zh"}).text
    assert "用政务认证登录" in page
    assert 'href="/sign-in/by/house' in page
    assert (
        "Sign in with Government sign-in"
        in browser.open("/sign-in", headers={"Accept-Language": "en"}).text
    )


def test_somebody_known_is_let_in_and_led_where_they_wanted_to_go(browser, house, bound, happened):
    house.claims["groups"] = ["staff"]
    answer = go(browser, to="/t/370100/")
    assert (answer.status_code, answer.location) == (303, "/t/370100/")
    (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("lc=")]
    assert "HttpOnly" in cookie
    assert browser.open("/account").status_code == 200
    assert [(action, subject) for action, subject, _details in happened()] == [
        ("sign_in.accept", f"user:{bound.id}")
    ]


def test_the_question_carries_pkce_state_and_nonce_and_keeps_the_verifier(browser, house):
    address = browser.open("/sign-in/by/house").location
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))
    assert "verifier" not in address
    assert (
        parse_qs(urlsplit(browser.open("/sign-in/by/house").location).query)["state"]
        != (asked["state"])
    )


def test_somebody_unknown_is_told_so_and_let_in_nowhere(browser, house, database, happened):
    house.claims |= {"groups": ["staff"], "preferred_username": "stranger"}
    answer = go(browser)
    assert answer.status_code == 401
    assert "您在本系统还没有账号" in answer.text
    assert browser.cookie() is None
    assert happened() == [("sign_in.refuse", "provider:house", {"why": "unknown"})]
    with database.unbound() as session:
        assert session.scalar(select(User).where(User.login == "stranger")) is None


def test_an_account_is_made_where_the_operator_says_so_and_a_group_gives_a_role(
    browser, house, database, tree
):
    house.claims |= {"preferred_username": f"new.{house.claims['sub']}", "groups": []}
    assert go(browser, "open").status_code == 401
    house.claims["groups"] = ["staff", "other"]
    assert go(browser, "open").status_code == 303
    with database.unbound() as session:
        user = find_user(session, f"new.{house.claims['sub']}")
        assert (user.name, user.password_hash) == ("外来者", "")
        who = SimpleNamespace(id=user.id)
    assert roles_of(database, who) == {("bureau_staff", "oidc:open")}


def test_a_taken_login_is_never_taken_over(browser, house, person, database):
    who = person("bureau_admin")
    house.claims |= {"preferred_username": who.login, "groups": ["staff"]}
    answer = go(browser, "open")
    assert answer.status_code == 409
    assert browser.cookie() is None
    assert roles_of(database, who) == {("bureau_admin", "hand")}


def test_groups_give_and_take_roles_and_leave_those_given_by_hand(
    browser, house, bound, database, tree
):
    with database.session(tree["cn"]) as session:
        add_member(session, bound.id, Role.REVIEWER)
    with database.session(tree["370103"]) as session:
        add_member(session, bound.id, Role.AUDITOR)
    house.claims["groups"] = ["staff", "judges", "unheard of"]
    go(browser)
    assert roles_of(database, bound) == {
        ("reviewer", "hand"),
        ("auditor", "hand"),
        ("bureau_staff", "oidc:house"),
    }
    house.claims["groups"] = []
    go(Browser(browser.client.application))
    assert roles_of(database, bound) == {("reviewer", "hand"), ("auditor", "hand")}
    with database.session(tree["370100"]) as session:
        told = [
            (event.action, event.details["source"])
            for event in session.scalars(
                select(AuditEvent)
                .where(AuditEvent.subject == f"user:{bound.id}")
                .order_by(AuditEvent.number)
            )
        ]
    assert told == [("member.add", "oidc:house"), ("member.remove", "oidc:house")]


def test_a_role_that_a_person_confirms_by_hand_stays_when_the_group_goes(
    browser, house, bound, database, tree
):
    house.claims["groups"] = ["staff"]
    go(browser)
    with database.session(tree["370100"]) as session:
        add_member(session, bound.id, Role.BUREAU_STAFF)
    house.claims["groups"] = []
    go(Browser(browser.client.application))
    assert roles_of(database, bound) == {("bureau_staff", "hand")}


def test_a_role_that_ended_is_given_again_by_the_group(browser, house, bound, database, tree):
    with database.session(tree["370100"]) as session:
        add_member(session, bound.id, Role.BUREAU_STAFF, days=1).expires_at = func.now()
    house.claims["groups"] = ["staff"]
    go(browser)
    assert roles_of(database, bound) == {("bureau_staff", "oidc:house")}
    assert browser.open("/t/370100/").status_code == 200


def test_whoever_runs_the_installation_gets_no_role_from_a_group(browser, house, bound, database):
    with database.unbound() as session:
        add_system_role(session, session.get_one(User, bound.id), SystemRole.AUDIT_ADMIN)
    house.claims["groups"] = ["staff"]
    assert go(browser).status_code == 303
    assert roles_of(database, bound) == set()


def test_one_identity_is_one_person(database, house, bound, person, provider):
    other = person()
    with pytest.raises(Conflict), database.unbound() as session:
        bind(session, session.get_one(User, other.id), provider, house.claims["sub"])


LIES = {
    "state": "state",
    "answer's issuer": "issuer",
    "no issuer in the answer": "issuer",
    "declined": "declined",
    "no identity token": "token",
    "nonce": "token",
    "no nonce": "token",
    "issuer": "token",
    "expired": "token",
    "no expiry": "token",
    "from the future": "token",
    "audience": "token",
    "two audiences": "token",
    "another party": "token",
    "nobody": "token",
    "a number": "token",
    "alg none": "token",
    "signed with the client's secret": "token",
    "signed with the public key": "token",
    "a stranger's key": "token",
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_does_not_fit_lets_nobody_in(browser, house, bound, happened, lie):
    house.lie = lie
    answer = go(browser)
    assert answer.status_code == 401
    assert "没有登录" in answer.text
    assert browser.cookie() is None
    assert happened() == [("sign_in.refuse", "provider:house", {"why": LIES[lie]})]


@pytest.mark.parametrize(
    "lie", ["discovery's issuer", "discovery redirects", "discovery is endless", "an address"]
)
def test_a_provider_that_is_not_the_one_we_pinned_is_not_asked(browser, house, lie):
    house.lie = lie
    answer = browser.open("/sign-in/by/house")
    assert answer.status_code == 503
    assert "登录服务没有应答" in answer.text
    assert house.asked == ["/.well-known/openid-configuration"]


def test_a_token_endpoint_that_sends_on_is_not_followed(browser, house, bound):
    house.lie = "the token redirects"
    assert go(browser).status_code in {401, 503}
    assert "/elsewhere" not in house.asked
    assert browser.cookie() is None


def test_an_answer_works_once_in_the_browser_that_asked(browser, app, house, bound, happened):
    back = there(browser)
    kept = browser.cookie("lc-form")
    assert Browser(app).open(back).status_code == 401  # somebody else's browser
    assert browser.open(back).status_code == 303
    assert browser.open(back).status_code == 401  # what was kept is used up
    thief = Browser(app)
    thief.client.set_cookie("lc-form", kept)
    assert thief.open(back).status_code == 401  # the provider takes a code once
    assert thief.cookie() is None
    whys = [details["why"] for action, _, details in happened() if action == "sign_in.refuse"]
    assert whys == ["state", "state", "code"]


def test_an_answer_for_one_house_is_none_for_another(browser, house, bound):
    back = there(browser)
    assert browser.open(back.replace("/by/house/", "/by/open/")).status_code == 401
    assert browser.cookie() is None


def test_an_old_question_is_answered_too_late(browser, house, bound, monkeypatch):
    from tenants.system import oidc  # noqa: PLC0415 - its limit is changed here

    back = there(browser)
    monkeypatch.setattr(oidc, "ATTEMPT_SECONDS", -1)
    assert browser.open(back).status_code == 401


def test_a_cookie_of_another_shape_is_no_question(browser, house):
    with browser.client.session_transaction() as kept:
        kept["oidc"] = {"state": ["x"]}
    assert browser.open("/sign-in/by/house/return?state=x&code=y").status_code == 401


def test_new_keys_of_a_provider_are_learnt(browser, app, house, bound):
    assert go(browser).status_code == 303
    old = house.key
    house.key = new_key()
    house.published = [house.key]
    assert go(Browser(app)).status_code == 303
    house.key = old


def test_discovery_and_keys_are_asked_once(browser, app, house, bound):
    for _ in range(3):
        assert go(Browser(app)).status_code == 303
    assert house.asked.count("/.well-known/openid-configuration") == 1
    assert house.asked.count("/jwks") == 1


@pytest.mark.parametrize(
    "address", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_led_to_another_site(browser, house, bound, address):
    assert go(browser, to=address).location == "/"


def test_an_unknown_house_is_no_page(browser):
    for path in ("/sign-in/by/nowhere", "/sign-in/by/nowhere/return"):
        assert browser.open(path).status_code == 404


def test_no_event_names_anybody_or_holds_what_was_secret(browser, house, bound, database):
    house.claims |= {"name": "鲁班七号", "groups": ["staff"]}
    back = there(browser)
    browser.open(back)
    house.lie = "nonce"
    go(Browser(browser.client.application))
    code = parse_qs(urlsplit(back).query)["code"][0]
    from core.db import InstallationEvent  # noqa: PLC0415 - only this test reads all of them

    with database.unbound() as session:
        everything = " ".join(
            f"{event.subject} {event.details}"
            for event in session.scalars(select(InstallationEvent))
        )
        assert verify_installation(session) is None
    for word in ("鲁班七号", house.claims["sub"] + "'", bound.login, code):
        assert word not in everything
