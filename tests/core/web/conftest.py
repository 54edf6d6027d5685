"""An app that speaks the house's language and serves no pages of its own."""

import pytest
from flask import Flask
from flask_babel import Babel

from core import web


@pytest.fixture
def app():
    app = Flask("core.web")
    app.secret_key = "only for tests"
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    Babel(app, locale_selector=web.locale, default_locale="zh")
    web.register(app, [])
    return app


@pytest.fixture
def chinese(app):
    with app.test_request_context("/"):
        yield app


@pytest.fixture
def english(app):
    with app.test_request_context("/", headers={"Accept-Language": "en-GB,en;q=0.9"}):
        yield app
