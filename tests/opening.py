"""An installation for a long test: servers of its own, a migrated database, an app, places."""

from __future__ import annotations

import json
import logging
import platform
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import URL, make_url

from core.app import create_app
from core.catalog.host import load
from core.config import Config
from core.db import Database
from core.db.init import create_roles, upgrade
from core.embedded import Servers
from core.policy import NoPolicy
from core.services import Services
from core.store import Blobs
from tenants import ROOM
from tests.journeys.small_place import Place, Room

RESULTS = Path(__file__).resolve().parent / "bench" / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a long test works on."""

    services: Services
    app: Any
    home: Path
    superuser_url: URL

    def settle(self, slug: str, **tenant: Any) -> Place:
        """Make a tenant with an administrator and a folder of its own."""
        folder = self.home / "files" / slug
        folder.mkdir(parents=True)
        room = Room(folder=folder, superuser_url=self.superuser_url)
        return Place.make(self.services, self.app, slug, room, **tenant)


@contextmanager
def opened(**changes: Any) -> Iterator[Opened]:
    """Start servers, migrate, assemble the app; all of it goes at the end.

    ``changes`` are settings other than the tests' usual ones. Only errors are told.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="lc-long-") as name:
        home = Path(name)
        home.chmod(0o711)  # as root, the servers' user passes through
        with Servers(home, durable=False) as addresses:
            create_roles(addresses.superuser_url, "lifecircle")
            upgrade(addresses.owner_url)
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
            config = replace(config, **changes)
            database = Database(
                config.database_url, owner_url=config.owner_url, dispatch_url=config.dispatch_url
            )
            known = Services(
                config=config,
                database=database,
                blobs=Blobs(config.blobs),
                host=load(),
                policy=NoPolicy(),
            )
            services = replace(known, policy=ROOM.policy(known))
            url = make_url(addresses.superuser_url).set(database="lifecircle")
            try:
                yield Opened(
                    services=services,
                    app=create_app(config, [ROOM], services),
                    home=home,
                    superuser_url=url,
                )
            finally:
                database.close()


def keep(name: str, started: float, figures: Mapping[str, Any], defects: list[str]) -> int:
    """Write a long test's figures, print them in one line, and give the command's exit status."""
    told = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": platform.python_version(),
        "seconds": round(time.monotonic() - started, 1),
        "figures": dict(figures),
        "defects": len(defects),
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for defect in defects[:50]:
        print("DEFECT", defect)  # noqa: T201 - a command's own words
    print(json.dumps(told, ensure_ascii=False))  # noqa: T201 - the same
    return 1 if defects else 0
