"""What belongs to no tenant is recorded, too: signing in and out, one's own account, the system's.

Each deed leaves the records that stand beside it, in its own transaction, and no others; so does
what was refused and could have been a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.db import InstallationEvent
from core.db.installation import verify_installation
from tenants.people.models import Role
from tenants.people.signing import FAILURES
from tenants.system.models import SystemRole
from tests.journeys.ledger import watching
from tests.journeys.own_deeds import (
    NEW,
    PASSWORD,
    Town,
    accepting,
    by_link,
    ending_a_session,
    ending_by_api,
    ending_the_others,
    enrolling,
    one_self,
    own_phone,
    signing_in,
    typing,
    typing_an_enrolment_code,
    unpausing,
    with_a_phone,
    with_code,
)

pytestmark = pytest.mark.journey
CODE_USED = {("UPDATE", "users"): "that a code was used up; what it allows has a record"}
# What looking writes, and why it is no deed.
PENDING = {("UPDATE", "users"): "the secret that a phone is to take; nothing until it is confirmed"}
LOOKING = {"GET /account/phone": PENDING, "GET /sign-in/phone": PENDING}
# What keeps nothing; each says why.
SILENT = {"POST /language": "a cookie"}


@dataclass(frozen=True)
class Deed:
    """How something is done once; what it leaves in which chain; what it writes without one."""

    of: str
    how: str
    prepare: Callable[[Town], Callable[[], Any]]
    records: tuple[str, ...] = ()
    status: int = 303
    transactions: int = 1  # with a record, where there is any
    unrecorded: dict[tuple[str, str], str] = field(default_factory=dict)


ACCEPT, REFUSE, STEP, END = (
    f"installation {action}"
    for action in ("sign_in.accept", "sign_in.refuse", "sign_in.step", "session.end")
)
DEEDS = [
    Deed("POST /sign-in", "right", signing_in(PASSWORD), (ACCEPT,)),
    Deed("POST /sign-in", "a phone is asked", with_a_phone, (STEP,)),
    Deed("POST /sign-in", "wrong", signing_in("wrong"), (REFUSE,), status=401),
    Deed("POST /sign-in", "unknown", signing_in("wrong", known=False), (REFUSE,), status=401),
    Deed(
        "POST /sign-in",
        "wrong for the last time",
        signing_in("wrong", failures=FAILURES - 1),
        (REFUSE,),
        status=401,
    ),
    Deed(
        "POST /sign-in",
        "right, but paused",
        signing_in(PASSWORD, failures=FAILURES),
        (REFUSE,),
        status=401,
    ),
    Deed("POST /sign-in/code", "right", typing(lambda phone, _codes: phone.code()), (ACCEPT,)),
    Deed(
        "POST /sign-in/code", "a recovery code", typing(lambda _phone, codes: codes[0]), (ACCEPT,)
    ),
    Deed("POST /sign-in/code", "an enrolment code", typing_an_enrolment_code, (STEP,)),
    Deed(
        "POST /sign-in/code",
        "wrong",
        typing(lambda _phone, _codes: "000000"),
        (REFUSE,),
        status=401,
    ),
    Deed(
        "POST /sign-in/phone",
        "right",
        enrolling(right=True),
        ("installation totp.enrol", ACCEPT),
        status=200,
    ),
    Deed("POST /sign-in/phone", "mistyped", enrolling(right=False), status=422),
    Deed("POST /sign-in/link/{}", "right", by_link(right=True), (ACCEPT,)),
    Deed("POST /sign-in/link/{}", "wrong", by_link(right=False), (REFUSE,), status=401),
    Deed("POST /sign-out", "right", one_self("/account", to="/sign-out"), (END,)),
    Deed(
        "POST /account/password",
        "right",
        one_self("/account", to="/account/password", old=PASSWORD, new=NEW),
        ("installation password.set", ACCEPT),
    ),
    Deed(
        "POST /account/password",
        "the old one is wrong",
        one_self("/account", to="/account/password", old="wrong", new=NEW),
        (REFUSE,),
        status=422,
    ),
    Deed(
        "POST /account/password",
        "the new one is weak",
        one_self("/account", to="/account/password", old=PASSWORD, new="123456789012"),
        status=422,
    ),
    Deed(
        "POST /account/phone",
        "right",
        own_phone(PASSWORD),
        ("installation totp.enrol",),
        status=200,
    ),
    Deed("POST /account/phone", "the password is wrong", own_phone("wrong"), (REFUSE,), status=422),
    Deed(
        "POST /account/phone/codes",
        "right",
        with_code("/account/phone/codes", right=True),
        ("installation totp.renew_codes",),
        status=200,
        unrecorded=CODE_USED,
    ),
    Deed(
        "POST /account/phone/codes",
        "wrong",
        with_code("/account/phone/codes", right=False),
        (REFUSE,),
        status=422,
    ),
    Deed(
        "POST /account/phone/exchange",
        "right",
        with_code("/account/phone/exchange", right=True),
        ("installation totp.forget",),
        unrecorded=CODE_USED,
    ),
    Deed(
        "POST /account/phone/exchange",
        "wrong",
        with_code("/account/phone/exchange", right=False),
        (REFUSE,),
        status=422,
    ),
    Deed("POST /account/sessions/{}/end", "own", ending_a_session(own=True), (END,)),
    Deed("POST /account/sessions/{}/end", "another's", ending_a_session(own=False), status=404),
    Deed(
        "POST /account/sessions/end-others",
        "right",
        ending_the_others,
        ("installation session.end_others",),
    ),
    Deed(
        "POST /api/v1/me/sessions/{}/end",
        "right",
        ending_by_api(others=False),
        (END,),
        status=204,
    ),
    Deed(
        "POST /api/v1/me/sessions/end-others",
        "right",
        ending_by_api(others=True),
        ("installation session.end_others",),
        status=200,
    ),
    Deed(
        "POST /api/v1/me/sessions/end-others",
        "the password is wrong",
        ending_by_api(others=True, proof="wrong"),
        (REFUSE,),
        status=422,
    ),
    Deed(
        "POST /invitation/{}",
        "right",
        accepting(NEW),
        ("installation account.create", STEP, "tenant invitation.accept"),
        transactions=2,  # the invitation is used up, whether or not the sign-in goes on
    ),
    Deed("POST /invitation/{}", "weak", accepting("123456789012"), status=422),
    Deed(
        "POST /invitation/{}",
        "unknown",
        accepting(NEW, known=False),
        ("installation invitation.refuse",),
        status=404,
    ),
    Deed(
        "POST /system/accounts/{}/unpause",
        "right",
        unpausing(paused=True),
        ("installation account.unpause",),
    ),
    Deed("POST /system/accounts/{}/unpause", "nobody", unpausing(paused=False), status=404),
]


@pytest.fixture(scope="module")
def town(app, services, settle):
    return Town(app, services, settle("x-people", name="本地"))


@pytest.fixture(scope="module")
def ledger(services):
    with watching(services.database._app) as ledger:
        yield ledger


def of_no_tenant(app, *, looking):
    """List the methods and addresses of no tenant, ids left out."""
    return {
        f"{method} {re.sub('<[^>]+>', '{}', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if "<tenant>" not in rule.rule and (method == "GET") == looking
    }


def test_every_deed_of_no_tenant_says_what_it_leaves(app):
    assert of_no_tenant(app, looking=False) == {*SILENT, *(deed.of for deed in DEEDS)}


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: f"{deed.of} {deed.how}")
def test_a_deed_of_no_tenant_leaves_its_records_in_its_own_transaction(town, ledger, deed):
    press = deed.prepare(town)
    before = town.heads()
    ledger.take()
    answer = press()
    written = ledger.take()
    assert answer.status_code == deed.status, answer.text
    assert town.recorded(before) == list(deed.records)
    assert sum(bool(each.records) for each in written) == bool(deed.records) * deed.transactions
    lacking = [dict(each.deeds) for each in written if each.deeds and not each.records]
    assert not [each for each in lacking if each.keys() - deed.unrecorded.keys()]
    with town.database.unbound() as session:
        assert verify_installation(session) is None


def test_the_failure_that_pauses_an_account_says_so(town):
    user_id, login = town.person()
    for _ in range(FAILURES):
        town.browser().sign_in(login, "wrong")
    with town.database.unbound() as session:
        told = session.scalars(
            select(InstallationEvent.details)
            .where(InstallationEvent.subject == f"user:{user_id}")
            .order_by(InstallationEvent.number.desc())
            .limit(2)
        ).all()
    assert [(each["pauses"], each["failed"]) for each in told] == [
        (True, FAILURES),
        (False, FAILURES - 1),
    ]


def test_looking_at_what_belongs_to_no_tenant_leaves_no_record(app, town, ledger):
    browsers = [
        town.browser(),
        town.browser(town.enrolled()[0]),
        *(town.system(role) for role in SystemRole),
    ]
    wrong = {}
    browsers.append(town.past_the_password(town.person(Role.BUREAU_STAFF)[1]))
    for name in sorted(of_no_tenant(app, looking=True)):
        path = name.removeprefix("GET ").replace("{}", str(UUID(int=1)))
        for browser in browsers:
            ledger.take()
            answer = browser.open(path)
            answer.get_data()
            answer.close()
            written = ledger.take()
            spared = LOOKING.get(name, {}).keys()
            if any(each.records or each.deeds.keys() - spared for each in written):
                wrong[name] = [(answer.status_code, each) for each in written]
    assert not wrong, "\n".join(f"{name}: {said}" for name, said in wrong.items())
