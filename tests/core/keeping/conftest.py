from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from sqlalchemy import MetaData, create_engine, insert, select, text

from core.catalog.host import load
from core.catalog.view import catalogue_for
from core.db import Database, Job, new_id
from core.db.init import create_roles
from core.jobs.tasks import Bench, perform
from core.runs.plan import ask_run
from core.store import Blobs
from tests.core.runs.small_town import TownPlugin, freeze_town, give_versions, make_tenant
from tests.house.test_walls import Side, is_owned, row_for

_numbers = itertools.count()


def of(servers, name):
    """Give the addresses of a database of this server."""
    return replace(
        servers,
        **{
            f"{role}_url": getattr(servers, f"{role}_url").replace("/lifecircle?", f"/{name}?")
            for role in ("owner", "app", "dispatch", "backup")
        },
    )


def sql(servers, *statements):
    engine = create_engine(servers.superuser_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def empty(servers, template):
    """Give a function that makes the addresses of a fresh database, with tables or without."""
    made = []

    def make(*, tables=True):
        name = f"lc_keeping_{next(_numbers)}"
        made.append(name)
        like = f"TEMPLATE {template} STRATEGY file_copy" if tables else ""
        sql(servers, f"CREATE DATABASE {name} OWNER lc_owner {like}")
        create_roles(servers.superuser_url, name)
        return of(servers, name)

    yield make
    sql(servers, *(f"DROP DATABASE {name} WITH (FORCE)" for name in made))


@pytest.fixture(scope="session")
def host():
    return load(allowed=("none",), extra=[("small", TownPlugin())])


def compute(database, blobs, host, redis_url, slug):
    """Make a tenant with the small town's data and one finished run; give both ids."""
    tenant_id = make_tenant(database, slug)
    give_versions(database, tenant_id, freeze_town(blobs))
    with database.session(tenant_id) as session:
        run, _ = ask_run(
            session,
            catalogue_for(host, {"small": {}}),
            ruleset_key="small.rules",
            params={"limit_minutes": 20},
        )
        job_id = session.scalars(select(Job.id).where(Job.subject_id == run.id)).one()
        run_id = run.id
    perform(
        Bench(database=database, blobs=blobs, host=host, redis_url=redis_url), tenant_id, job_id
    )
    return tenant_id, run_id


def fill(database, owner_url):
    """Write a row into every table that has a tenant, for two tenants, and give their ids."""
    engine = create_engine(owner_url)
    metadata = MetaData()
    metadata.reflect(engine)
    engine.dispose()
    tables = {table.name: table for table in metadata.sorted_tables}
    ids = [new_id() for _ in range(2)]
    with database.unbound() as session:
        for number, each in enumerate(ids):
            place = {"level": "city", "slug": f"t{number}", "name": "市", "path": f"/t{number}/"}
            session.execute(insert(tables["tenants"]).values(id=each, **place))
            person = {"login": f"u{number}", "name": "人", "password_hash": "", "failed": 0}
            session.execute(insert(tables["users"]).values(id=each, **person))
    sides = [Side(tenant=ids[n], partner=ids[1 - n], user=ids[n]) for n in (0, 1)]
    for late in (False, True):  # a review needs the other side's submission first
        for number, side in enumerate(sides):
            with database.session(side.tenant) as session:
                for table in tables.values():
                    if is_owned(table) and (table.name == "reviews") == late:
                        side.rows[table.name] = row_for(table, side, sides[1 - number])
                        session.execute(insert(table).values(side.rows[table.name]))
    return ids


@pytest.fixture(scope="module")
def lived(servers, database, database_urls, host, empty_queue, tmp_path_factory):
    """Give an installation in which people worked: addresses, blobs, a finished run."""
    empty_queue()
    blobs = Blobs(tmp_path_factory.mktemp("lived") / "blobs")
    tenant_id, run_id = compute(database, blobs, host, servers.redis_url, "town")
    fill(database, database_urls.owner_url)
    return database_urls, blobs, tenant_id, run_id


@pytest.fixture
def opened():
    """Give a function that opens a database, closed at the end."""
    made = []

    def open_(urls):
        made.append(Database(urls.app_url, owner_url=urls.owner_url))
        return made[-1]

    yield open_
    for each in made:
        each.close()
