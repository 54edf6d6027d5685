"""A phone with a clock of its own, and a way to take what the database remembers of it back."""

from __future__ import annotations

import time

import pyotp
import pytest

from tenants.people import totp
from tenants.people.models import User

KEY = "a secret of the tests, long enough"  # that of the app in tests/conftest.py


class Phone:
    """Shows the codes of one secret; ``ahead`` is by how many steps its clock is wrong."""

    def __init__(self, secret: str) -> None:
        self._made = pyotp.TOTP(secret)

    def code(self, ahead=0):
        return self._made.generate_otp(int(time.time()) // totp.PERIOD + ahead)


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
