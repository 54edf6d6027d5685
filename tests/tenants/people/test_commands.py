"""``lifecircle people`` as an operator types it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core.db import InstallationEvent
from core.errors import Invalid, NotFound
from tenants.people import tokens
from tenants.people.commands import commands
from tenants.people.models import ApiToken, Membership, Step
from tenants.people.operations import find_user, permissions_here
from tenants.people.roles import PERMISSIONS
from tenants.people.signing import LINK_PATH, redeem_link, sign_in, sign_in_by_code
from tests.tenants.phone import KEY

GOOD = "correct horse battery"


@pytest.fixture
def type_in(database, tree):
    def run(*words, keys=None):
        services = SimpleNamespace(database=database)
        return CliRunner().invoke(commands, words, obj=services, input=keys, catch_exceptions=False)

    return run


@pytest.fixture
def wang(type_in):
    type_in("add", "wang", "--tenant", "370100", "--role", "bureau_admin", "--name", "王明")
    return "wang"


def id_of(database, login):
    with database.unbound() as session:
        user = find_user(session, login)
        return user.id, user.name, user.password_hash


def test_adding_somebody_makes_the_account_and_gives_the_role(database, tree, type_in, wang):
    user_id, name, password_hash = id_of(database, wang)
    assert (name, password_hash) == ("王明", "")
    added = type_in("add", "wang", "--tenant", "cn", "--role", "reviewer", "--days", "30")
    assert "评审员" in added.output
    assert id_of(database, wang)[:2] == (user_id, "王明")
    with database.session(tree["cn"]) as session:
        assert permissions_here(session, user_id) == PERMISSIONS["reviewer"]


def test_a_password_is_asked_for_twice_and_not_shown(database, type_in, wang):
    set_ = type_in("password", wang, keys=f"{GOOD}\n{GOOD}\n")
    assert set_.exit_code == 0
    assert GOOD not in set_.output
    assert sign_in(database, wang, GOOD).name == "王明"


def test_a_weak_password_is_refused(type_in, wang):
    with pytest.raises(Invalid):
        type_in("password", wang, "--password", "password1234")


def test_a_link_signs_in(database, type_in, wang):
    link = type_in("link", wang, "--base", "http://localhost:8001/").output.strip()
    before, _, after = LINK_PATH.partition("{token}")
    token = link.removeprefix("http://localhost:8001" + before).removesuffix(after)
    with database.unbound() as session:
        assert redeem_link(session, token).name == "王明"


def test_a_token_is_printed_once_and_is_the_tenants(tree, type_in, wang):
    words = ("token", wang, "--tenant", "370100", "--scope", "run.read", "--scope", "data.read")
    text = type_in(*words).output.strip()
    assert tokens.read_bearer(f"Bearer {text}")[0] == tree["370100"]


def test_nobody_and_nowhere_are_told(type_in, wang):
    with pytest.raises(NotFound):
        type_in("link", "nobody")
    with pytest.raises(NotFound):
        type_in("add", wang, "--tenant", "nowhere", "--role", "reviewer")
    assert type_in("add", wang, "--tenant", "cn", "--role", "king").exit_code == 2


def test_a_lost_phone_is_taken_away_and_recorded(type_in, tree, database, enrolled):
    who, _phone, _codes = enrolled()
    done = type_in("unenrol", who.login, "--tenant", "370100")
    assert done.exit_code == 0
    assert who.name in done.output
    with pytest.raises(NotFound):
        type_in("unenrol", who.login, "--tenant", "320500")


def test_an_enrolment_code_is_printed_once_and_recorded(type_in, database, person):
    who = person("bureau_staff", password=GOOD)
    code = type_in("enrol", who.login).output.strip()
    step = sign_in(database, who.login, GOOD)
    led = sign_in_by_code(database, step.token, code, secret_key=KEY)
    assert led.awaits is Step.ENROL
    with database.unbound() as session:
        recorded = session.scalars(
            select(InstallationEvent.action).where(
                InstallationEvent.subject == f"user:{who.id}",
                InstallationEvent.action == "totp.allow",
            )
        ).all()
    assert len(recorded) == 1


def test_a_service_token_and_a_role_for_a_part_are_made_by_command(type_in, tree, database, wang):
    made = type_in(
        *("token", wang, "--tenant", "370100", "--scope", "run.read", "--service", "--days", "30")
    )
    with database.session(tree["370100"]) as session:
        secret = tokens.stored(made.output.strip().partition(".")[2])
        token = session.scalars(select(ApiToken).where(ApiToken.token_hash == secret)).one()
        assert token.kind == "service"
    type_in("add", "part", "--tenant", "370100", "--role", "surveyor", "--part", "street:1")
    user_id, _name, _hash = id_of(database, "part")
    with database.session(tree["370100"]) as session:
        held = session.scalars(select(Membership).where(Membership.user_id == user_id)).one()
        assert held.scope_area == "street:1"
