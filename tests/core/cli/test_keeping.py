"""``lifecircle backup`` and ``restore`` as an operator types them leave their event."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core.cli.keeping import backup, restore
from core.config import Config
from core.db import Database, InstallationEvent, verify_installation
from core.store import Blobs
from tests.copies import copied, run_sql
from tests.core.runs.small_town import make_tenant


@pytest.fixture
def console(database, database_urls, tmp_path):
    return made(database, database_urls, tmp_path / "blobs")


@pytest.fixture
def other(servers, template, tmp_path):
    """Give the console of an installation in which nobody has worked."""
    urls = copied(servers, template, "lc_restored")
    database = Database(urls.app_url)
    yield made(database, urls, tmp_path / "other")
    database.close()
    run_sql(servers.superuser_url, "DROP DATABASE lc_restored WITH (FORCE)")


def made(database, urls, place):
    config = Config(backup_url=urls.backup_url, owner_url=urls.owner_url)
    return SimpleNamespace(database=database, blobs=Blobs(place), config=config, host=None)


def events(database):
    with database.unbound() as session:
        assert verify_installation(session) is None
        asked = select(InstallationEvent).order_by(InstallationEvent.number)
        return [(each.action, each.subject) for each in session.scalars(asked)]


def test_what_leaves_as_a_file_and_comes_from_one_is_recorded(console, other, tmp_path):
    make_tenant(console.database, "town")
    for words in (["one"], ["two", "--tenant", "town"]):
        told = [str(tmp_path / words[0]), *words[1:]]
        said = CliRunner().invoke(backup, told, obj=console, catch_exceptions=False)
        assert said.exit_code == 0
    assert [action for action, _ in events(console.database)] == [
        "installation.backup",
        "tenant.backup",
    ]
    assert events(console.database)[1][1] == "tenant:town"
    said = CliRunner().invoke(restore, [str(tmp_path / "one")], obj=other, catch_exceptions=False)
    assert said.exit_code == 0
    assert [action for action, _ in events(other.database)] == ["installation.restore"]
