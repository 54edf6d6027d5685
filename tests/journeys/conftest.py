"""Tenants of the journeys, each with an administrator who speaks through HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from tests.journeys.small_place import Place, Room


@pytest.fixture(scope="module")
def settle(services, app, database_urls, tmp_path_factory):
    """Give a way to make places; each has a folder of its own."""
    name = make_url(database_urls.owner_url).database
    superuser_url = make_url(database_urls.superuser_url).set(database=name)

    def make(slug, **tenant):
        room = Room(folder=tmp_path_factory.mktemp(slug), superuser_url=superuser_url)
        return Place.make(services, app, slug, room, **tenant)

    return make
