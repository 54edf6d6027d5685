"""A browser without a screen: keeps cookies, sends a form with the token that its page carries."""

from __future__ import annotations

import re

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """Opens pages of an app and presses their buttons."""

    def __init__(self, app) -> None:
        self.client = app.test_client()

    def open(self, path, **kwargs):
        return self.client.get(path, **kwargs)

    def send(self, path, *, page, **form):
        """Send a form as the page that carries it does."""
        token = TOKEN.search(self.open(page).text)[1]
        return self.client.post(path, data={"csrf_token": token, **form})

    def sign_in(self, login, password, **form):
        return self.send("/sign-in", page="/sign-in", login=login, password=password, **form)

    def cookie(self, name="lc"):
        found = self.client.get_cookie(name)
        return None if found is None else found.value
