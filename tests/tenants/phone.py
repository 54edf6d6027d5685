"""A phone in a test: shows the codes of one secret by the clock, or by one that is wrong."""

from __future__ import annotations

import time

import pyotp

from tenants.people.totp import PERIOD

KEY = "a secret of the tests, long enough"  # that of the app in tests/conftest.py


class Phone:
    """Shows codes; ``ahead`` is by how many steps its clock is wrong."""

    def __init__(self, secret: str) -> None:
        self._made = pyotp.TOTP(secret)

    def code(self, ahead=0):
        return self._made.generate_otp(int(time.time()) // PERIOD + ahead)
