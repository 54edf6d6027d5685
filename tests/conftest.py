"""The real parts that tests share: servers, a migrated database, blobs, the starter data."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
TEMPLATE = "lc_template"
_numbers = itertools.count()


def _lacking(what, say):
    """Skip what this machine cannot test, or fail where ``LIFECIRCLE_REQUIRE`` names it."""
    if what in os.environ.get("LIFECIRCLE_REQUIRE", "").split(","):
        pytest.fail(say)
    pytest.skip(say)


@pytest.fixture(scope="session")
def servers():
    """Give the addresses of one PostgreSQL and one Valkey that all tests share."""
    from core.embedded import Servers  # noqa: PLC0415 - only tests with a database pay

    home = Path(tempfile.mkdtemp(prefix="lc-test-"))
    home.chmod(0o711)  # as root, the servers' user passes through
    with Servers(home, durable=False) as addresses:
        yield addresses
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def template(servers):
    """Migrate one database, of which every module's is a copy."""
    from core.db.init import create_roles, upgrade  # noqa: PLC0415 - only tests with a database pay

    create_roles(servers.superuser_url, TEMPLATE)
    upgrade(servers.owner_url.replace("/lifecircle?", f"/{TEMPLATE}?"))
    return TEMPLATE


@pytest.fixture(scope="module")
def original(template):
    """Name the database, and the store if any, of which a module's are copies; rooms override."""
    return template, None


@pytest.fixture(scope="module")
def database_urls(servers, original):
    """Give the addresses of a fresh migrated database."""
    from tests.copies import copied, run_sql  # noqa: PLC0415 - only tests with a database pay

    name = f"lc_test_{next(_numbers)}"
    yield copied(servers, original[0], name)
    run_sql(servers.superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def database(database_urls):
    """Give a Database on a fresh migrated database; all rows are the module's own."""
    from tests.copies import opened_database  # noqa: PLC0415 - only tests with a database pay

    database = opened_database(database_urls)
    yield database
    database.close()


@pytest.fixture
def blobs(tmp_path):
    """Give an empty store."""
    from core.store import Blobs  # noqa: PLC0415 - only tests with a store pay

    return Blobs(tmp_path / "blobs")


@pytest.fixture(scope="session")
def empty_queue(servers):
    """Give a way to empty the queue's server, which the product's own user may not do."""
    from redis import Redis  # noqa: PLC0415 - only tests with a queue pay

    def empty():
        with Redis.from_url(servers.redis_admin_url) as client:
            client.flushall()

    return empty


@pytest.fixture
def redis_url(servers, empty_queue):
    """Give the address of an empty Valkey."""
    empty_queue()
    return servers.redis_url


@pytest.fixture(scope="session")
def starter():
    """Give the folder of the starter data."""
    told = os.environ.get("LIFECIRCLE_STARTER_DATA")
    folder = Path(told) if told else TOP.parent / "shared" / "data" / "starter"
    if not (folder / "las_palmas").is_dir():
        _lacking("data", f"no starter data in {folder}: set LIFECIRCLE_STARTER_DATA")
    return folder


@pytest.fixture(scope="session")
def chromium():
    """Give the path of a Chromium."""
    told = os.environ.get("LIFECIRCLE_CHROMIUM")
    names = [told] if told else ["chromium", "chromium-browser", "google-chrome"]
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        _lacking("browser", f"none of {names} is on this machine: set LIFECIRCLE_CHROMIUM")
    return Path(found)


@pytest.fixture(scope="module")
def services(database, database_urls, original, tmp_path_factory):
    """Give what an app of this module opens: the real rooms, plain http, a store of its own."""
    from tests.copies import opened_services  # noqa: PLC0415 - only tests with an app pay

    home = tmp_path_factory.mktemp("home")
    if original[1]:
        shutil.copytree(original[1], home / "blobs")
    return opened_services(database, database_urls, home)


@pytest.fixture(scope="module")
def app(services):
    """Give the assembled app."""
    from core.app import create_app  # noqa: PLC0415 - only tests with an app pay
    from tenants import ROOM  # noqa: PLC0415 - only tests with an app pay

    return create_app(services.config, [ROOM], services)
