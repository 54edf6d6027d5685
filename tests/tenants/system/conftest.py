"""A provider that really answers, and an app that knows it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from sqlalchemy import select

from core.app import create_app
from core.db import InstallationEvent
from tenants import ROOM
from tenants.people.models import User
from tenants.people.operations import create_user
from tenants.people.signing import LINK_PATH, make_link
from tenants.system import oidc
from tenants.system.models import SystemRole
from tenants.system.operations import add_system_role
from tenants.system.providers import providers_of
from tests.tenants.browsing import Browser
from tests.tenants.system.house import CLIENT, SECRET, House

_numbers = itertools.count()
FILE = """
site = "http://localhost"

[providers.house]
name = "政务认证"
english = "Government sign-in"
issuer = "{issuer}"
client_id = "{client}"
client_secret_file = "secret"

[[providers.house.roles]]
group = "staff"
tenant = "370100"
role = "bureau_staff"

[[providers.house.roles]]
group = "judges"
tenant = "cn"
role = "reviewer"

[providers.open]
name = "开放认证"
issuer = "{issuer}"
client_id = "{client}"
client_secret_file = "secret"
make_accounts = true

[[providers.open.roles]]
group = "staff"
tenant = "370100"
role = "bureau_staff"
"""


@pytest.fixture(scope="module")
def running():
    house = House()
    yield house
    house.close()


@pytest.fixture
def house(running):
    """Give the provider, honest again, with a person of its own; nothing of it is remembered."""
    running.lie = ""
    running.claims = {"sub": f"s{next(_numbers)}", "name": "外来者", "groups": []}
    running.published = [running.key]
    running.asked.clear()
    oidc._discovered.cache_clear()
    oidc._keys.cache_clear()
    return running


@pytest.fixture(scope="module")
def known(services, running, tmp_path_factory):
    """Give services whose operator named the provider."""
    folder = tmp_path_factory.mktemp("oidc")
    (folder / "secret").write_text(SECRET + "\n")
    told = folder / "providers.toml"
    told.write_text(FILE.format(issuer=running.issuer, client=CLIENT), encoding="utf-8")
    return replace(services, config=replace(services.config, oidc=str(told)))


@pytest.fixture(scope="module")
def app(known):
    opened = replace(known, policy=ROOM.policy(known))
    return create_app(opened.config, [ROOM], opened)


@pytest.fixture(scope="module")
def provider(known):
    return providers_of(known.config).find("house")


@pytest.fixture
def happened(database):
    """Give a function that lists the events since the test began, as action, subject, details."""

    def listed():
        with database.unbound() as session:
            return [
                (event.number, event.action, event.subject, event.details)
                for event in session.scalars(
                    select(InstallationEvent).order_by(InstallationEvent.number)
                )
            ]

    before = len(listed())
    return lambda: [row[1:] for row in listed()[before:]]


@pytest.fixture
def holder(app, database):
    """Give a function that opens a browser in which a holder of a system role is signed in."""

    def make(role):
        with database.unbound() as session:
            user = create_user(session, login=f"root{next(_numbers)}", name="管理者")
            if role is not None:
                add_system_role(session, user, SystemRole(role))
            user_id = user.id
        with database.unbound() as session:
            token = make_link(session, session.get_one(User, user_id))
        browser = Browser(app)
        path = LINK_PATH.format(token=token)
        assert browser.send(path, page=path).status_code == 303
        browser.person = user_id
        return browser

    return make
