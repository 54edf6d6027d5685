"""What belongs to no place: health, the mark, the language."""

from __future__ import annotations

import pytest

from core import __version__
from core.web.language import COOKIE
from core.web.pages.entrance import local
from tests.core.web.pages.conftest import TOKEN


@pytest.fixture
def client(app):
    return app.test_client()


def test_whoever_asks_is_told_that_the_process_lives_and_its_version(client):
    answer = client.get("/healthz")
    assert answer.json == {"status": "ok", "version": __version__}


def test_browsers_that_ask_for_the_old_icon_get_the_mark(client):
    answer = client.get("/favicon.ico")
    assert answer.mimetype == "image/svg+xml"
    assert b"<svg" in answer.data


def test_the_language_is_kept_and_the_person_goes_back_where_they_were(sign_in):
    desk = sign_in("x-tongue")
    answer = desk.client.post(
        "/language",
        data={
            "language": "en",
            "next": "/t/x-tongue/runs?",
            "csrf_token": TOKEN.search(desk.see())[1],
        },
    )
    assert (answer.status_code, answer.location) == (303, "/t/x-tongue/runs")
    assert 'lang="en"' in desk.see("runs")


def test_a_forged_form_changes_no_language(client):
    answer = client.post("/language", data={"language": "en", "next": "/"})
    assert answer.status_code == 403
    assert COOKIE not in str(answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    "address", ["https://else.where/", "//else.where", "/\\else.where", "", "else", "http:/x"]
)
def test_nobody_is_sent_to_another_site(address):
    assert local(address) == "/"


def test_an_address_of_our_own_is_kept_with_its_query():
    assert local("/t/370100/runs?page=2") == "/t/370100/runs?page=2"
