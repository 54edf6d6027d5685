"""Signing in: what is refused, counted, rotated and used once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.errors import Invalid, NotSignedIn
from tenants.people import tokens
from tenants.people.models import SignInLink, User, UserSession
from tenants.people.operations import set_password
from tenants.people.sessions import sign_out
from tenants.people.signing import make_link, redeem_link, sign_in

GOOD = "correct horse battery"


def user_of(session, someone):
    return session.get_one(User, someone.id)


def row_of(session, token):
    return session.scalars(
        select(UserSession).where(UserSession.token_hash == tokens.stored(token))
    ).one()


def fail(database, login, times):
    for _ in range(times):
        with pytest.raises(NotSignedIn):
            sign_in(database, login, "wrong horse battery")


def refused(database, login, password):
    with pytest.raises(NotSignedIn) as raised:
        sign_in(database, login, password)
    return raised.value.message, raised.value.english


def test_the_right_password_opens_a_session_of_which_only_a_digest_is_stored(database, person):
    someone = person(password=GOOD)
    signed = sign_in(database, someone.login.upper(), GOOD)
    assert (signed.user_id, signed.name) == (someone.id, someone.name)
    with database.unbound() as session:
        row = row_of(session, signed.token)
        assert row.expires_at - row.created_at == timedelta(hours=12)
        assert signed.token not in (row.token_hash, str(row.id))


def test_every_refusal_is_the_same_sentence(database, person):
    someone, without, locked = person(password=GOOD), person(), person(password=GOOD)
    fail(database, locked.login, 5)
    sentences = {
        refused(database, someone.login, "wrong horse battery"),
        refused(database, someone.login, ""),
        refused(database, without.login, ""),
        refused(database, "nobody-at-all", GOOD),
        refused(database, "\x00'; --", GOOD),
        refused(database, "\ud800", GOOD),
        refused(database, someone.login, "\ud800\x00"),
        refused(database, locked.login, GOOD),
    }
    assert len(sentences) == 1


def test_failures_are_counted_although_signing_in_raises(database, person):
    someone = person(password=GOOD)
    fail(database, someone.login, 3)
    with database.unbound() as session:
        assert user_of(session, someone).failed == 3


def test_five_failures_pause_the_account_for_a_quarter_of_an_hour(database, person):
    someone = person(password=GOOD)
    fail(database, someone.login, 5)
    refused(database, someone.login, GOOD)
    with database.unbound() as session:
        user = user_of(session, someone)
        now = session.scalar(select(func.now()))
        assert timedelta(minutes=14) < user.locked_until - now <= timedelta(minutes=15)
        user.locked_until = now
    assert sign_in(database, someone.login, GOOD).user_id == someone.id
    with database.unbound() as session:
        assert (user_of(session, someone).failed, user_of(session, someone).locked_until) == (
            0,
            None,
        )


def test_four_failures_and_a_success_start_the_count_anew(database, person):
    someone = person(password=GOOD)
    for _ in range(2):
        fail(database, someone.login, 4)
        sign_in(database, someone.login, GOOD)


def test_guesses_at_the_same_moment_are_all_counted(database, person):
    someone = person(password=GOOD)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(fail, database, someone.login, 1) for _ in range(5)]:
            done.result()
    with database.unbound() as session:
        assert user_of(session, someone).failed == 5
        assert user_of(session, someone).locked_until is not None


def test_signing_in_again_ends_the_session_that_came_with_the_request(database, person):
    someone = person(password=GOOD)
    first = sign_in(database, someone.login, GOOD)
    second = sign_in(database, someone.login, GOOD, replaces=first.token)
    assert first.token != second.token
    with database.unbound() as session:
        assert row_of(session, first.token).revoked_at is not None
        assert row_of(session, second.token).revoked_at is None


def test_a_new_password_ends_all_sessions_and_links(database, person):
    someone = person(password=GOOD)
    signed = sign_in(database, someone.login, GOOD)
    with database.unbound() as session:
        link = make_link(session, user_of(session, someone))
    with database.unbound() as session:
        set_password(session, user_of(session, someone), "another horse battery")
    with database.unbound() as session:
        assert row_of(session, signed.token).revoked_at is not None
        with pytest.raises(NotSignedIn):
            redeem_link(session, link)
    refused(database, someone.login, GOOD)
    sign_in(database, someone.login, "another horse battery")


def test_signing_out_ends_the_session(database, person):
    someone = person(password=GOOD)
    signed = sign_in(database, someone.login, GOOD)
    with database.unbound() as session:
        sign_out(session, row_of(session, signed.token).id)
    with database.unbound() as session:
        assert row_of(session, signed.token).revoked_at is not None


def test_a_link_signs_in_once(database, person):
    someone = person()
    with database.unbound() as session:
        link = make_link(session, user_of(session, someone))
    with database.unbound() as session:
        assert redeem_link(session, link).user_id == someone.id
    with pytest.raises(NotSignedIn), database.unbound() as session:
        redeem_link(session, link)


def test_of_many_requests_with_one_link_one_signs_in(database, person):
    someone = person()
    with database.unbound() as session:
        link = make_link(session, user_of(session, someone))

    def redeem():
        try:
            with database.unbound() as session:
                redeem_link(session, link)
        except NotSignedIn:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(done.result() for done in [pool.submit(redeem) for _ in range(8)]) == 1


def test_an_expired_or_unknown_link_signs_nobody_in(database, person):
    someone = person()
    with database.unbound() as session:
        link = make_link(session, user_of(session, someone))
        session.execute(update(SignInLink).values(expires_at=func.now()))
    for token in (link, "unknown", ""):
        with pytest.raises(NotSignedIn), database.unbound() as session:
            redeem_link(session, token)


@pytest.mark.parametrize("minutes", [9, 31, 0, -5])
def test_a_link_is_valid_ten_to_thirty_minutes(database, person, minutes):
    someone = person()
    with pytest.raises(Invalid), database.unbound() as session:
        make_link(session, user_of(session, someone), minutes=minutes)
