"""People of no tenant at their deeds: signing in and out, one's own account, the system's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from core.db import AuditEvent, InstallationEvent
from tenants.people import totp
from tenants.people.invitations import invite
from tenants.people.models import Role, User, UserSession
from tenants.people.operations import add_member, create_user
from tenants.people.signing import FAILURES, LINK_PATH, make_link
from tenants.system.models import SystemRole
from tenants.system.operations import add_system_role
from tests.tenants.browsing import TOKEN, Browser
from tests.tenants.phone import KEY, Phone

_numbers = count(1)
PASSWORD = "correct horse battery"
NEW = "tulip kettle orbit seven"


@dataclass
class Town:
    """An app with a place in it, and people of all kinds."""

    app: Any
    services: Any
    place: Any

    @property
    def database(self):
        return self.services.database

    def person(self, role=None):
        """Make somebody with a password; gives their id and login."""
        login = f"p-{next(_numbers)}"
        with self.database.unbound() as session:
            user_id = create_user(session, login=login, name="某人", password=PASSWORD).id
        if role is not None:
            with self.database.session(self.place.tenant_id) as session:
                add_member(session, user_id, role)
        return user_id, login

    def enrolled(self):
        """Make somebody with a phone; gives their id, login, phone and recovery codes."""
        user_id, login = self.person(Role.BUREAU_STAFF)
        with self.database.unbound(user_id) as session:
            user = session.get_one(User, user_id)
            phone = Phone(totp.begin(session, user, KEY))
            codes = totp.confirm(session, user, phone.code(), KEY)
            user.totp_step = 0  # as if the enrolment were long ago
        return user_id, login, phone, codes

    def link(self, user_id):
        with self.database.unbound() as session:
            token = make_link(session, session.get_one(User, user_id))
        return LINK_PATH.format(token=token)

    def browser(self, user_id=None):
        """Open a browser in which nobody is signed in, or somebody."""
        browser = Browser(self.app)
        if user_id is not None:
            path = self.link(user_id)
            assert browser.send(path, page=path).status_code == 303
        return browser

    def at(self, page, *, user_id=None, browser=None, to=None, **form):
        """Open a page; gives the pressing of its button, which is the deed."""
        browser = browser or self.browser(user_id)
        browser.open(page)
        return lambda: browser.send(to or page, page=page, **form)

    def past_the_password(self, login):
        """Give a browser in which somebody's password was right."""
        browser = self.browser()
        assert browser.sign_in(login, PASSWORD).status_code == 303
        return browser

    def system(self, role):
        with self.database.unbound() as session:
            login = f"s-{next(_numbers)}"
            user = create_user(session, login=login, name="管理")
            add_system_role(session, user, role)
            user_id = user.id
        return self.browser(user_id)

    def recorded(self, before):
        """List what was recorded since, each with its chain."""
        with self.database.unbound() as session:
            events = session.scalars(
                select(InstallationEvent)
                .where(InstallationEvent.number > before[0])
                .order_by(InstallationEvent.number)
            )
            found = [f"installation {event.action}" for event in events]
        with self.database.session(self.place.tenant_id) as session:
            records = session.scalars(select(AuditEvent).where(AuditEvent.number > before[1]))
            return found + [f"tenant {event.action}" for event in records]

    def heads(self):
        with self.database.unbound() as session:
            installation = session.scalar(select(func.max(InstallationEvent.number))) or 0
        with self.database.session(self.place.tenant_id) as session:
            return installation, session.scalar(select(func.max(AuditEvent.number))) or 0


def signing_in(password, *, failures=0, known=True):
    def prepare(town):
        _id, login = town.person()
        for _ in range(failures):
            assert town.browser().sign_in(login, "wrong").status_code == 401
        login = login if known else "nobody-at-all"
        return town.at("/sign-in", login=login, password=password)

    return prepare


def with_a_phone(town):
    _id, login, _phone, _codes = town.enrolled()
    return town.at("/sign-in", login=login, password=PASSWORD)


def typing(find):
    """Type a code after the password."""

    def prepare(town):
        _id, login, phone, codes = town.enrolled()
        browser = town.past_the_password(login)
        return town.at("/sign-in/code", browser=browser, code=find(phone, codes))

    return prepare


def secret_on(page):
    spelled = re.search(r"<code>([A-Z2-7]{4}(?: [A-Z2-7]{4})+)</code>", page.text)[1]
    return Phone(spelled.replace(" ", ""))


def enrolling(*, right):
    def prepare(town):
        user_id, login = town.person(Role.BUREAU_STAFF)
        with town.database.unbound() as session:
            word = totp.allow(session, session.get_one(User, user_id))
        browser = town.past_the_password(login)
        browser.send("/sign-in/code", page="/sign-in/code", code=word)
        phone = secret_on(browser.open("/sign-in/phone"))
        code = phone.code() if right else "000000"
        return town.at("/sign-in/phone", browser=browser, code=code)

    return prepare


def by_link(*, right):
    def prepare(town):
        user_id, _login = town.person()
        path = town.link(user_id)
        return town.at(path if right else f"{path[:-4]}xxxx")

    return prepare


def one_self(page, *, to=None, **form):
    """Be somebody who is signed in and has a password."""
    return lambda town: town.at(page, to=to, user_id=town.person()[0], **form)


def own_phone(old):
    def prepare(town):
        browser = town.browser(town.person()[0])
        phone = secret_on(browser.open("/account/phone"))
        return town.at("/account/phone", browser=browser, old=old, code=phone.code())

    return prepare


def with_code(to, *, right):
    def prepare(town):
        user_id, _login, phone, _codes = town.enrolled()
        code = phone.code() if right else "000000"
        return town.at("/account/phone", to=to, user_id=user_id, code=code)

    return prepare


def ending_a_session(*, own):
    def prepare(town):
        user_id, _login = town.person()
        whose = user_id if own else town.person()[0]
        town.browser(whose)
        with town.database.unbound() as session:
            found = select(UserSession.id).where(UserSession.user_id == whose)
            session_id = session.scalar(found)
        to = f"/account/sessions/{session_id}/end"
        return town.at("/account/sessions", to=to, user_id=user_id, old=PASSWORD)

    return prepare


def ending_the_others(town):
    user_id, _login = town.person()
    town.browser(user_id)
    to = "/account/sessions/end-others"
    return town.at("/account/sessions", to=to, user_id=user_id, old=PASSWORD)


def answered(browser):
    """Ask the API as a page does."""

    def send(path, **body):
        token = TOKEN.search(browser.open("/account").text)[1]
        return browser.client.post(path, json=body, headers={"X-CSRFToken": token})

    return send


def ending_by_api(*, others, proof=PASSWORD):
    def prepare(town):
        user_id, _login = town.person()
        town.browser(user_id)
        with town.database.unbound() as session:
            session_id = session.scalar(
                select(UserSession.id).where(UserSession.user_id == user_id)
            )
        send = answered(town.browser(user_id))
        end = "end-others" if others else f"{session_id}/end"
        return lambda: send(f"/api/v1/me/sessions/{end}", proof=proof)

    return prepare


def typing_an_enrolment_code(town):
    user_id, login = town.person(Role.BUREAU_STAFF)
    with town.database.unbound() as session:
        word = totp.allow(session, session.get_one(User, user_id))
    browser = town.past_the_password(login)
    return town.at("/sign-in/code", browser=browser, code=word)


def accepting(password, *, known=True):
    def prepare(town):
        with town.database.session(town.place.tenant_id, town.place.user_id) as session:
            login = f"i-{next(_numbers)}"
            token = invite(session, login=login, name="新人", role=Role.AUDITOR)
        form = {"new": password, "again": password}
        if known:
            return town.at(f"/invitation/{token}", **form)
        return town.at("/sign-in", to=f"/invitation/{token[:-4]}xxxx", **form)

    return prepare


def unpausing(*, paused):
    def prepare(town):
        user_id, login = town.person()
        for _ in range(FAILURES if paused else 0):
            town.browser().sign_in(login, "wrong")
        browser = town.system(SystemRole.SECURITY_ADMIN)
        to = f"/system/accounts/{user_id if paused else uuid4()}/unpause"
        return town.at("/account", to=to, browser=browser)

    return prepare
