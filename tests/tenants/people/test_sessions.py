"""Sessions: how long they last by a moved clock, what a list shows, what ends which."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.db import AuditEvent
from core.db.installation import InstallationEvent
from core.errors import NotFound
from tenants.people import tokens
from tenants.people.models import Role, User, UserSession
from tenants.people.operations import add_member, remove_member
from tenants.people.sessions import (
    ABSOLUTE,
    IDLE,
    MOST,
    device_of,
    end_others,
    end_session,
    open_session,
    sessions_of,
)
from tenants.people.signing import FRESH, LINK_PATH, make_link
from tests.tenants.browsing import Browser
from tests.tenants.conftest import PASSWORD

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
SECOND = timedelta(seconds=1)


@pytest.fixture
def worker(browser, person):
    """Sign a community worker in by password."""
    browser.person = person("community_worker", password=PASSWORD)
    browser.sign_in(browser.person.login, PASSWORD)
    return browser


def later(database, browser, by, *, used=False):
    """Move the clock: everything that a session remembers is so much longer ago."""
    mine = UserSession.token_hash == tokens.stored(browser.cookie())
    moved = {"expires_at": UserSession.expires_at - by, "created_at": UserSession.created_at - by}
    seen = func.now() if used else UserSession.seen_at - by
    with database.unbound() as session:
        session.execute(update(UserSession).where(mine).values(seen_at=seen, **moved))


def by_link(app, database, who):
    browser = Browser(app)
    with database.unbound() as session:
        path = LINK_PATH.format(token=make_link(session, session.get_one(User, who.id)))
    assert browser.send(path, page=path).status_code == 303
    return browser


def is_in(browser):
    return browser.open("/account").status_code == 200


def test_a_session_bears_twenty_idle_minutes_and_no_more(database, worker):
    later(database, worker, IDLE - 30 * SECOND)
    assert is_in(worker)  # and is awake again
    later(database, worker, IDLE + SECOND)
    assert not is_in(worker)


def test_a_session_ends_after_twelve_hours_however_busy(database, worker):
    later(database, worker, ABSOLUTE - 60 * SECOND, used=True)
    assert is_in(worker)
    later(database, worker, 61 * SECOND, used=True)
    assert not is_in(worker)


def test_a_new_sign_in_carries_a_new_token_and_ends_the_one_before(database, app, worker):
    before = worker.cookie()
    other = Browser(app)
    other.sign_in(worker.person.login, PASSWORD)
    assert is_in(worker)  # another browser's is its own
    page = worker.open("/account").text
    assert before not in page
    with database.unbound() as session:
        held = session.scalars(
            select(UserSession.token_hash).where(UserSession.user_id == worker.person.id)
        ).all()
    assert set(held) == {tokens.stored(before), tokens.stored(other.cookie())}


def test_the_list_names_device_and_times_and_not_the_token(worker, app):
    other = Browser(app)
    other.client.environ_base["HTTP_USER_AGENT"] = CHROME
    other.sign_in(worker.person.login, PASSWORD)
    text = other.open("/account/sessions").text
    assert "2 处已登录" in text
    assert "Chrome · Windows" in text
    assert "本次登录" in text
    assert "AppleWebKit" not in text
    assert tokens.stored(other.cookie()) not in text


def test_one_is_ended_and_the_others_stay(database, app, worker):
    others = [Browser(app), Browser(app)]
    for each in others:
        each.sign_in(worker.person.login, PASSWORD)
    with database.unbound() as session:
        rows = sessions_of(session, worker.person.id)
        (gone,) = (row.id for row in rows if row.token_hash == tokens.stored(others[0].cookie()))
    page = "/account/sessions"
    refused = worker.send(f"{page}/{gone}/end", page=page, old="something else")
    assert refused.status_code == 422
    assert "没有结束任何登录" in refused.text
    assert is_in(others[0])
    assert worker.send(f"{page}/{gone}/end", page=page, old=PASSWORD).status_code == 303
    assert not is_in(others[0])
    assert is_in(others[1])
    assert is_in(worker)
    assert worker.send(f"{page}/{gone}/end", page=page, old=PASSWORD).status_code == 404


def test_all_others_are_ended_at_once_with_one_record(database, app, worker):
    others = [Browser(app), Browser(app)]
    for each in others:
        each.sign_in(worker.person.login, PASSWORD)
    page = "/account/sessions"
    assert worker.send(f"{page}/end-others", page=page).status_code == 422
    assert all(is_in(each) for each in others)
    worker.send(f"{page}/end-others", page=page, old=PASSWORD)
    assert "已结束其他 2 个登录" in worker.open(page).text
    assert not any(is_in(each) for each in others)
    with database.unbound() as session:
        events = session.scalars(
            select(InstallationEvent).where(
                InstallationEvent.action == "session.end_others",
                InstallationEvent.subject == f"user:{worker.person.id}",
            )
        ).all()
        assert [event.details for event in events] == [{"ended": 2}]


def test_whoever_has_a_phone_and_no_password_gives_a_code(app, enrolled, database):
    who, phone, _codes = enrolled()
    browsers = [by_link(app, database, who) for _ in range(2)]
    page = "/account/sessions"
    assert browsers[0].send(f"{page}/end-others", page=page, code="000000").status_code == 422
    assert is_in(browsers[1])
    assert browsers[0].send(f"{page}/end-others", page=page, code=phone.code()).status_code == 303
    assert not is_in(browsers[1])


def test_whoever_has_neither_ends_others_within_ten_minutes_of_signing_in(app, person, database):
    who = person("operator")
    browsers = [by_link(app, database, who) for _ in range(3)]
    page = "/account/sessions"
    later(database, browsers[0], FRESH + SECOND, used=True)
    assert browsers[0].send(f"{page}/end-others", page=page).status_code == 422
    assert browsers[1].send(f"{page}/end-others", page=page).status_code == 303
    assert [is_in(each) for each in browsers] == [False, True, False]


def test_one_session_too_many_ends_the_one_used_the_longest_ago(app, person, database):
    who = person("operator")
    browsers = [by_link(app, database, who) for _ in range(MOST)]
    later(database, browsers[3], 60 * SECOND)
    assert by_link(app, database, who).open("/account").status_code == 200
    assert [at for at, each in enumerate(browsers) if not is_in(each)] == [3]
    with database.unbound() as session:
        assert len(sessions_of(session, who.id)) == MOST
        accepted = session.scalars(
            select(InstallationEvent.details)
            .where(
                InstallationEvent.subject == f"user:{who.id}",
                InstallationEvent.action == "sign_in.accept",
            )
            .order_by(InstallationEvent.number)
        ).all()
    assert accepted == [{}] * MOST + [{"ended": 1}]


def test_sign_ins_at_the_same_moment_do_not_pass_the_limit(database, person):
    who = person("operator")

    def enter():
        with database.unbound() as session:
            open_session(session, session.get_one(User, who.id))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(enter) for _ in range(MOST + 4)]:
            done.result()
    with database.unbound() as session:
        assert len(sessions_of(session, who.id)) == MOST


def test_with_the_last_role_in_a_place_the_sign_ins_end(app, person, database, tree):
    who = person("bureau_staff")
    with database.session(tree["370100"]) as session:
        add_member(session, who.id, Role.AUDITOR)
    theirs = by_link(app, database, who)
    with database.session(tree["370100"]) as session:
        remove_member(session, who.id, Role.AUDITOR)
    assert is_in(theirs)
    with database.session(tree["370100"]) as session:
        remove_member(session, who.id, Role.BUREAU_STAFF)
        (told,) = session.scalars(
            select(AuditEvent.details).order_by(AuditEvent.number.desc()).limit(1)
        )
    assert told["sessions"] == 1
    assert not is_in(theirs)


def test_the_session_in_use_is_not_ended_by_the_list(database, worker):
    with database.unbound() as session:
        (mine,) = (row.id for row in sessions_of(session, worker.person.id))
    page = "/account/sessions"
    assert worker.send(f"{page}/{mine}/end", page=page).status_code == 409
    assert is_in(worker)


def test_nobody_ends_anothers_session(database, person, worker):
    other = person()
    with database.unbound() as session:
        (mine,) = (row.id for row in sessions_of(session, worker.person.id))
    with pytest.raises(NotFound), database.unbound() as session:
        end_session(session, other.id, mine)
    with database.unbound() as session:
        assert end_others(session, other.id, mine) == 0
    assert is_in(worker)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME, "Chrome · Windows"),
        (CHROME + " Edg/126.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) MicroMessenger/8.0", "微信 · iOS"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
            "Firefox · Linux",
        ),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_a_device_is_named_in_few_words(agent, name):
    assert device_of(agent) == name
