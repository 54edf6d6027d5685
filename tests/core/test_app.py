"""The assembled app: what it sends with every answer, and what it refuses before any view runs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask_wtf.csrf import generate_csrf

from core.app import CSP, HEADERS, create_app
from core.errors import Misconfigured
from core.policy import Permission
from core.web.assets import STATIC, asset
from tenants import ROOM
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user, make_token, tokens_of
from tenants.people.signing import make_link, redeem_link
from tenants.tree.operations import create_tenant

PLACE = "x-place"
TOKENS = f"/api/v1/tenants/{PLACE}/tokens"
WANTED = {"name": "a program", "scopes": [str(Permission.TENANT_READ)], "days": 1}
EVERY_KIND = {
    "a page": ("/form", 200),
    "a page for who is signed in": (f"/t/{PLACE}/", 302),
    "an unknown page": ("/nowhere", 404),
    "the API": ("/api/v1/openapi.json", 200),
    "an unknown address of the API": ("/api/v1/nowhere", 404),
    "the API without a sign-in": (TOKENS, 401),
    "a static file": ("/static/tokens.css", 200),
    "an unknown static file": ("/static/nowhere.css", 404),
    "health": ("/healthz", 200),
    "a fault": ("/broken", 500),
}


@pytest.fixture(scope="module")
def app(app):
    """Give the app with two pages more: one with a form, one that fails as nobody foresaw."""
    app.add_url_rule("/form", "form", generate_csrf)
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    return app


@pytest.fixture(scope="module")
def over_tls(services):
    """Give the app as it is behind https."""
    config = replace(services.config, insecure_http=False)
    opened = replace(services, config=config)
    app = create_app(config, [ROOM], replace(opened, policy=ROOM.policy(opened)))
    app.add_url_rule("/form", "form", generate_csrf)
    return app


@pytest.fixture(scope="module")
def person(services):
    """Give an administrator: the token of a session, and an API token."""
    with services.database.unbound() as session:
        tenant_id = create_tenant(session, name="某地", slug=PLACE).id
        user = create_user(session, login="someone", name="某人")
        user_id = user.id
        signed = redeem_link(session, make_link(session, user))
    with services.database.session(tenant_id, user_id) as session:
        add_member(session, user_id, Role.BUREAU_ADMIN)
        scopes = [Permission.TENANT_READ, Permission.TENANT_CREATE]
        bearer = make_token(session, user_id, name="tests", scopes=scopes)
    return SimpleNamespace(tenant_id=tenant_id, cookie=signed.token, bearer=bearer)


def browser(app, person):
    """Give a client that carries the person's session, as a browser would."""
    client = app.test_client()
    client.set_cookie("lc", person.cookie)
    return client


@pytest.mark.parametrize(("address", "status"), EVERY_KIND.values(), ids=EVERY_KIND)
def test_every_kind_of_answer_carries_the_security_headers(app, address, status):
    answer = app.test_client().get(address, buffered=True)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_the_content_policy_allows_nothing_inline_and_no_other_site():
    assert "unsafe" not in CSP
    assert "://" not in CSP
    assert "*" not in CSP
    assert "default-src 'none'" in CSP


def test_only_an_encrypted_site_asks_browsers_to_stay_encrypted(app, over_tls):
    promise = "Strict-Transport-Security"
    assert promise not in app.test_client().get("/healthz").headers
    answer = over_tls.test_client().get("/healthz", base_url="https://lifecircle.example")
    assert "max-age=31536000" in answer.headers[promise]


@pytest.mark.parametrize("secure", [False, True])
def test_cookies_are_out_of_reach_of_scripts_and_other_sites(app, over_tls, secure):
    site = "https://lifecircle.example" if secure else "http://127.0.0.1"
    answer = (over_tls if secure else app).test_client().get("/form", base_url=site)
    cookies = answer.headers.getlist("Set-Cookie")
    assert cookies, "the page has a form, so it needs an anti-forgery secret"
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=" in cookie
        assert ("; Secure" in cookie) == secure
        assert cookie.startswith("__Host-") == secure
        assert "Domain" not in cookie


def test_health_says_that_the_process_lives_and_nothing_of_its_parts(app):
    answer = app.test_client().get("/healthz")
    assert answer.json.keys() == {"status", "version"}


@pytest.mark.parametrize("secret", ["", "x" * 31])
def test_a_short_secret_is_refused_behind_https(services, secret):
    config = replace(services.config, insecure_http=False, secret_key=secret)
    with pytest.raises(Misconfigured, match="LIFECIRCLE_SECRET_KEY"):
        create_app(config, [ROOM], services)


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
@pytest.mark.parametrize("word", ["/a%00b", "/a%1Fb", "/?q=%00", "/?%07=1", "/?q=a%C2%85"])
def test_control_characters_in_an_address_name_nothing(app, prefix, word):
    assert app.test_client().get(prefix + word).status_code == 404


def test_a_signed_in_browser_changes_nothing_without_the_pages_token(app, services, person):
    answer = browser(app, person).post(TOKENS, json=WANTED)
    assert answer.status_code == 403
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == "forbidden"
    with services.database.session(person.tenant_id) as session:
        assert WANTED["name"] not in {row.name for row in tokens_of(session)}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_unsafe_method_escapes_the_anti_forgery_check(app, person, method):
    answer = browser(app, person).open(TOKENS, method=method, json=WANTED)
    assert answer.status_code in {403, 405}
    assert answer.status_code == 403 or answer.headers["Allow"]


def test_another_pages_token_is_worth_nothing(app, person):
    anothers = app.test_client().get("/form").text
    mine = browser(app, person)
    mine.get("/form")
    answer = mine.post(TOKENS, json=WANTED, headers={"X-CSRFToken": anothers})
    assert answer.status_code == 403


def test_a_signed_in_browser_with_its_pages_token_may_act(app, person):
    client = browser(app, person)
    token = client.get("/form").text
    answer = client.post(TOKENS, json=WANTED, headers={"X-CSRFToken": token})
    assert answer.status_code == 201, answer.text


def test_a_program_with_a_token_of_its_own_needs_none(app, person):
    answer = app.test_client().post(
        f"/api/v1/tenants/{PLACE}/children",
        json={"name": "某区", "slug": "x-below"},
        headers={"Authorization": f"Bearer {person.bearer}"},
    )
    assert answer.status_code == 201, answer.text


def test_naming_a_bearer_does_not_let_a_browsers_cookie_act(app, person):
    answer = browser(app, person).post(
        TOKENS, json=WANTED, headers={"Authorization": "Bearer nonsense"}
    )
    assert answer.status_code == 401


def test_an_unknown_address_of_the_api_is_a_problem(app):
    answer = app.test_client().get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == 404
    assert answer.json["detail"]
    assert answer.json["detail_en"]


def test_a_method_that_an_address_does_not_take_names_those_it_takes(app):
    answer = app.test_client().patch(TOKENS)
    assert answer.status_code == 405
    assert answer.mimetype == "application/problem+json"
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_a_fault_tells_nothing_of_itself(app):
    answer = app.test_client().get("/broken")
    assert "ZeroDivision" not in answer.text
    assert "Traceback" not in answer.text


def test_a_file_named_by_its_digest_is_kept_for_a_year(app):
    with app.test_request_context("/"):
        address = asset("tokens.css")
    answer = app.test_client().get(address, buffered=True)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789", "?x=1"])
def test_any_other_address_of_a_file_is_asked_for_again(app, query):
    assert (STATIC / "tokens.css").is_file()
    answer = app.test_client().get(f"/static/tokens.css{query}", buffered=True)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_missing_file_is_not_remembered(app):
    answer = app.test_client().get("/static/nowhere.js?v=0123456789")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "address", ["/form", "/api/v1/nowhere", "/healthz", "/api/v1/openapi.json"]
)
def test_nothing_else_is_remembered(app, address):
    assert app.test_client().get(address).headers["Cache-Control"] == "no-store"
