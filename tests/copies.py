"""Databases and stores that are copies of others, and what an app opens on them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

from core.catalog.host import load
from core.config import Config
from core.db import Database
from core.db.init import create_roles
from core.policy import NoPolicy
from core.services import Services
from core.store import Blobs
from tenants import ROOM

if TYPE_CHECKING:
    from core.embedded import Addresses


def run_sql(url: str, *statements: str) -> None:
    """Send statements, each by itself."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def copied(servers: Addresses, template: str, name: str) -> Addresses:
    """Make a database of ours that is another's copy; give its addresses."""
    run_sql(
        servers.superuser_url,
        f"CREATE DATABASE {name} OWNER lc_owner TEMPLATE {template} STRATEGY file_copy",
    )
    create_roles(servers.superuser_url, name)
    return named(servers, name)


def named(servers: Addresses, name: str) -> Addresses:
    """Give the addresses of another database on the same servers; the superuser's stays."""
    urls = [each.name for each in fields(servers) if each.name.endswith("_url")]
    other = {
        each: getattr(servers, each).replace("/lifecircle?", f"/{name}?")
        for each in urls
        if each != "superuser_url"
    }
    return replace(servers, **other)


def opened_database(addresses: Addresses) -> Database:
    """Open a database as the product does."""
    return Database(
        addresses.app_url, owner_url=addresses.owner_url, dispatch_url=addresses.dispatch_url
    )


def opened_services(database: Database, addresses: Addresses, home: Path) -> Services:
    """Open what an app opens: the real rooms, plain http, a store below the home."""
    config = Config(
        database_url=addresses.app_url,
        owner_url=addresses.owner_url,
        dispatch_url=addresses.dispatch_url,
        redis_url=addresses.redis_url,
        blobs=home / "blobs",
        home=home,
        secret_key="a secret of the tests, long enough",
        insecure_http=True,
        limits="off,sign_in=100000",  # all come from one address
    )
    opened = Services(
        config=config,
        database=database,
        blobs=Blobs(config.blobs),
        host=load(),
        policy=NoPolicy(),
    )
    return replace(opened, policy=ROOM.policy(opened))
