"""What every request passes before a view runs, and what its answer takes along."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.api.strict_json import MAX_BYTES
from core.app import create_app
from core.db import patience
from core.downloads import CSV, attached
from core.errors import NotSignedIn
from core.limits import USUAL
from core.logs import REQUEST_ID
from tenants import ROOM
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user, make_token
from tenants.people.roles import PERMISSIONS
from tenants.tree.operations import create_tenant
from tests.uploading import upload

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def place(services):
    """Give a place's name in addresses, and an administrator's token there."""
    with services.database.unbound() as session:
        tenant_id = create_tenant(session, name="门内", slug="x-door").id
        user_id = create_user(session, login="door", name="门").id
    with services.database.session(tenant_id, user_id) as session:
        add_member(session, user_id, Role.BUREAU_ADMIN)
        scopes = PERMISSIONS[Role.BUREAU_ADMIN]
        token = make_token(session, user_id, name="door", scopes=scopes)
    return "x-door", {"Authorization": f"Bearer {token}"}


@pytest.fixture
def made(services, empty_queue):
    """Give a way to make an app with other settings, nothing counted yet."""
    empty_queue()

    def make(**changes):
        config = replace(services.config, **changes)
        opened = replace(services, config=config)
        return create_app(config, [ROOM], replace(opened, policy=ROOM.policy(opened)))

    return make


def refused_for_now(answer):
    assert answer.status_code == 429, answer.text[:300]
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    return answer


def test_an_address_that_asks_too_often_is_told_to_wait_in_problems_and_in_pages(made):
    client = made(limits="address=2").test_client()
    assert [client.get("/sign-in").status_code for _ in range(2)] == [200, 200]
    assert "请稍" in refused_for_now(client.get("/sign-in")).text
    told = refused_for_now(client.get("/api/v1/openapi.json"))
    assert told.mimetype == "application/problem+json"
    assert told.json["code"] == "too_many"
    assert client.get("/healthz").status_code == 200
    assert client.get("/static/tokens.css", buffered=True).status_code == 200


def test_another_address_is_not_held_up_but_a_households_is_one(made):
    client = made(limits="address=1").test_client()

    def ask(address):
        return client.get("/sign-in", environ_base={"REMOTE_ADDR": address}).status_code

    assert [ask("10.0.0.1"), ask("10.0.0.2"), ask("10.0.0.1")] == [200, 200, 429]
    assert [ask("2001:db8::1"), ask("2001:db8::2"), ask("2001:db8:0:1::1")] == [200, 429, 200]


def test_a_forwarded_address_is_believed_only_of_a_configured_proxy(made):
    def ask(client, address):
        return client.get("/sign-in", headers={"X-Forwarded-For": address}).status_code

    direct = made(limits="address=1").test_client()
    assert [ask(direct, "10.0.0.1"), ask(direct, "10.0.0.2")] == [200, 429]
    behind = made(limits="address=1", proxies=1).test_client()
    assert [ask(behind, "10.1.0.1"), ask(behind, "10.1.0.2"), ask(behind, "10.1.0.1")] == [
        200, 200, 429,
    ]  # fmt: skip
    forged = [ask(behind, f"9.9.9.{number}, 10.2.0.1") for number in range(2)]
    assert forged == [200, 429], "what a caller writes before the proxy's own word is not believed"


def test_signing_in_is_held_to_fewer_tries_than_reading(made):
    client = made(limits="sign_in=2").test_client()
    body = {"login": "nobody", "password": "x"}
    assert [client.post("/sign-in", data=body).status_code for _ in range(2)] == [403, 403]
    refused_for_now(client.post("/sign-in", data=body))
    assert client.get("/sign-in").status_code == 200
    assert client.post("/language", data={"language": "en"}).status_code == 403


@pytest.mark.parametrize("words", ["", "off"])
def test_guesses_are_counted_on_plain_http_and_where_nothing_else_is(made, words):
    client = made(limits=words, insecure_http=True).test_client()
    body = {"login": "nobody", "password": "x"}
    tries = [client.post("/sign-in", data=body).status_code for _ in range(USUAL["sign_in"])]
    assert set(tries) == {403}
    refused_for_now(client.post("/sign-in", data=body))


def test_what_a_thread_does_after_a_request_has_patience_of_its_own(made):
    made().test_client().get("/sign-in")
    assert patience.left() is None


def test_a_person_and_a_tenant_are_counted_wherever_they_ask_from(made, place):
    slug, who = place
    for words in ("person=2", "tenant=2"):
        client = made(limits=words).test_client()
        address = f"/api/v1/tenants/{slug}/jobs"
        for number in range(2):
            answer = client.get(
                address, headers=who, environ_base={"REMOTE_ADDR": f"10.0.0.{number}"}
            )
            assert answer.status_code == 200, answer.text
        refused_for_now(client.get(address, headers=who))


def test_strangers_do_not_use_up_a_tenants_share(made, place):
    slug, who = place
    client = made(limits="tenant=1").test_client()
    address = f"/api/v1/tenants/{slug}/jobs"
    for _ in range(3):
        assert client.get(address).status_code == 401
        assert client.get(address, headers={"Authorization": "Bearer no"}).status_code == 401
    assert client.get(address, headers=who).status_code == 200


def test_nothing_but_an_upload_takes_more_than_a_mebibyte(made, place, tmp_path):
    slug, who = place
    client = made().test_client()
    big = b"x" * (MAX_BYTES + 1)
    for address in ("/sign-in", "/language", f"/t/{slug}/runs"):
        answer = client.post(address, data=big, content_type=FORM, headers=who)
        assert answer.status_code == 413, address
    runs = f"/api/v1/tenants/{slug}/runs"
    answer = client.post(runs, data=big, content_type="application/json", headers=who)
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")
    path = tmp_path / "homes.csv"
    path.write_bytes(big)
    client.environ_base["HTTP_AUTHORIZATION"] = who["Authorization"]
    answer = upload(client, slug, "residents", path, {})
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("media", ["text/plain", "application/json", "application/xml", ""])
def test_a_page_takes_forms_only(made, place, media):
    slug, who = place
    client = made().test_client()
    for address in ("/sign-in", f"/t/{slug}/data"):
        answer = client.post(address, data=b"{}", content_type=media, headers=who)
        assert answer.status_code == 415, address


def test_an_upload_is_a_form(made, place):
    slug, who = place
    address = f"/api/v1/tenants/{slug}/uploads"
    for media in ("application/json", "text/csv", "application/octet-stream", ""):
        answer = made().test_client().post(address, data=b"{}", content_type=media, headers=who)
        assert answer.status_code == 415, media


def test_a_form_of_too_many_parts_is_refused(made, place):
    _, who = place
    data = {f"part{number}": "x" for number in range(501)}
    answer = (
        made()
        .test_client()
        .post("/sign-in", data=data, content_type="multipart/form-data", headers=who)
    )
    assert answer.status_code == 413


def test_only_its_own_names_are_answered_to_where_they_are_set(made):
    client = made(trusted_hosts=("city.example", ".district.example")).test_client()
    for host, status in (
        ("city.example", 200),
        ("a.district.example", 200),
        ("127.0.0.1:8000", 200),
        ("evil.example", 400),
        ("city.example.evil.example", 400),
    ):
        for address in ("/sign-in", "/api/v1/openapi.json", "/healthz"):
            answer = client.get(address, base_url=f"http://{host}")
            assert answer.status_code == status, (host, address)


@pytest.mark.parametrize(
    ("sent", "kept"), [("trace-0123456789", True), ("a b", False), ("x" * 200, False), ("", False)]
)
def test_a_request_keeps_its_callers_id_where_it_is_harmless(made, sent, kept):
    answer = made().test_client().get("/sign-in", headers={"X-Request-ID": sent})
    told = answer.headers["X-Request-ID"]
    assert REQUEST_ID.fullmatch(told)
    assert (told == sent) == kept


@pytest.mark.parametrize(
    "name", ["居民 (1).csv", 'a"b;c.csv', "a\r\nSet-Cookie: x.csv", "../../x.csv"]
)
def test_a_file_is_offered_under_its_name_and_never_opened_as_a_page(made, name):
    app = made()
    app.add_url_rule("/file", "file", lambda: attached("a", name, CSV))
    answer = app.test_client().get("/file", buffered=True)
    told = answer.headers["Content-Disposition"]
    assert told.startswith("attachment; ")
    assert told.isascii()
    assert "/" not in told
    assert ("filename*=UTF-8''" in told) == (not name.isascii())
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    assert "apostrophe" in answer.headers["Lifecircle-Note"]


def test_every_way_out_of_the_sandbox_policy_is_closed_for_attachments(made):
    app = made()
    headers = {"Content-Disposition": 'attachment; filename="x.html"'}
    app.add_url_rule("/raw", "raw", lambda: ("<script>1</script>", 200, headers))
    assert app.test_client().get("/raw").headers["Content-Security-Policy"] == "sandbox"


def test_an_error_of_ours_that_passes_says_when_to_come_again(made):
    from core.errors import Unavailable  # noqa: PLC0415 - needed here only

    app = made()

    def fails(error):
        def view():
            raise error

        return view

    app.add_url_rule("/away", "away", fails(Unavailable("暂时不行。", english="Not now.")))
    app.add_url_rule("/who", "who", fails(NotSignedIn("请先登录。", english="Sign in.")))
    client = app.test_client()
    assert client.get("/away").headers["Retry-After"] == "5"
    assert "Retry-After" not in client.get("/who").headers


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK"])
def test_methods_that_nothing_of_ours_takes_are_refused(made, method):
    client = made().test_client()
    for address in ("/sign-in", "/api/v1/openapi.json", "/static/tokens.css"):
        assert client.open(address, method=method).status_code == 405
