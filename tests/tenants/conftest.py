"""A tree of tenants and people in it, made by the room's own verbs."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from tenants.people import totp
from tenants.people.models import Role, User
from tenants.people.operations import add_member, create_user
from tenants.people.signing import LINK_PATH, make_link
from tenants.tree.operations import create_tenant
from tests.tenants.browsing import Browser
from tests.tenants.phone import KEY, Phone

_numbers = itertools.count()
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def tree(database):
    """Make 全国 → 山东省 → 济南市 → 市中区, and 江苏省 → 苏州市; give ids by slug."""
    with database.unbound() as session:
        made = [
            create_tenant(session, code=code)
            for code in ("cn", "37", "3701", "370103", "32", "3205")
        ]
        return {tenant.slug: tenant.id for tenant in made}


@pytest.fixture
def person(database, tree):
    """Give a function that makes somebody with a role somewhere: their id, login and name."""

    def make(role=None, slug="370100", *, password=None, days=None):
        login = f"person{next(_numbers)}"
        with database.unbound() as session:
            user = create_user(session, login=login, name=f"人员{login}", password=password)
            known = SimpleNamespace(id=user.id, login=user.login, name=user.name)
        if role is not None:
            with database.session(tree[slug]) as session:
                add_member(session, known.id, Role(role), days=days)
        return known

    return make


@pytest.fixture
def browser(app):
    """Give a browser in which nobody is signed in."""
    return Browser(app)


@pytest.fixture
def signed(app, database, person):
    """Give a function that opens a browser in which somebody with a role is signed in."""

    def make(role=None, slug="370100"):
        who = person(role, slug)
        with database.unbound() as session:
            token = make_link(session, session.get_one(User, who.id))
        browser = Browser(app)
        path = LINK_PATH.format(token=token)
        assert browser.send(path, page=path).status_code == 303
        browser.person = who
        return browser

    return make


@pytest.fixture
def enrolled(database, person):
    """Give a function that makes somebody with a confirmed phone: who, phone, recovery codes."""

    def make(role="bureau_staff", slug="370100", **kwargs):
        who = person(role, slug, **kwargs)
        with database.unbound(who.id) as session:
            user = session.get_one(User, who.id)
            phone = Phone(totp.begin(session, user, KEY))
            codes = totp.confirm(session, user, phone.code(), KEY)
            user.totp_step = 0  # as if the enrolment were long ago
        return who, phone, codes

    return make
