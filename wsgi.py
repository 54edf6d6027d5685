"""Composition root: the rooms, the app and the command; importing it builds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import logs
from core.app import create_app
from core.cli import build
from core.config import Config
from tenants import ROOM

if TYPE_CHECKING:
    from flask import Flask

ROOMS = [ROOM]


def make_app() -> Flask:
    """Make the app that ``gunicorn -c python:core.gunicorn 'wsgi:make_app()'`` serves."""
    logs.configure()
    return create_app(Config.from_environment(), ROOMS)


def main() -> None:
    """Run the ``lifecircle`` command."""
    build(ROOMS)()
