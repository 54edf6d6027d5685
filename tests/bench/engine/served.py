"""A city in a tenant of its own: frozen, evaluated, and served by the product over HTTP."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from core.catalog.enabled import catalogue_of
from core.cli import processes
from core.cli.serving import free_port
from core.config import Config
from core.db import Job, Run, init
from core.embedded import Servers
from core.jobs import tasks
from core.runs.plan import ask_run
from core.services import Services, open_services
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user, make_token
from tenants.people.roles import PERMISSIONS
from tenants.tree.operations import create_tenant
from tests.bench.engine.city import City
from tests.bench.engine.frozen import freeze_city, give_versions

RULESET = "national-2023-plan"
SLUG = "bench"
HOST, FIRST_PORT = "127.0.0.1", 8300
PATIENCE_SECONDS = 300


@dataclass(slots=True)
class Speaker:
    """One connection that stays open, as a browser's does; speaks by a token."""

    connection: http.client.HTTPConnection
    token: str
    base: str

    def ask(
        self, method: str, rest: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[Any, Mapping[str, str], float]:
        """Ask once; give the JSON, the headers and the seconds until the answer was whole.

        Raises
        ------
        RuntimeError
            The server refused or failed; its words.
        """
        sent = None if body is None else json.dumps(body).encode()
        told = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        started = time.perf_counter()
        self.connection.request(method, f"{self.base}{rest}", sent, {**told, **(headers or {})})
        answer = self.connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - started
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {rest}: {answer.status} {text[:500].decode()}")
        return json.loads(text) if text else None, dict(answer.getheaders()), seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A finished run behind a web server."""

    speaker: Speaker
    run_id: str
    centre: tuple[float, float]
    formats: Sequence[str]
    run_seconds: float


@contextmanager
def served(city: City, home: Path, centre: tuple[float, float]) -> Iterator[Served]:
    """Freeze, evaluate and serve a city for the time of the block.

    Its first lanes become the formats that the ruleset asks about.
    """
    with Servers(home / "servers") as addresses:
        init.create_roles(addresses.superuser_url)
        init.upgrade(addresses.owner_url)
        config = Config(
            database_url=addresses.app_url,
            owner_url=addresses.owner_url,
            dispatch_url=addresses.dispatch_url,
            redis_url=addresses.redis_url,
            home=home,
            blobs=home / "blobs",
            secret_key="a secret of the bench, long enough",
            insecure_http=True,
            limits="off,sign_in=100000",  # all come from one address
            sample=True,
        )
        with closing(open_services(config)) as services:
            run_id, token, seconds, formats = _evaluated(services, city, centre)
        port = free_port(HOST, FIRST_PORT)
        with processes.web(config, bind=HOST, port=port, log=home / "web.log") as address:
            where = urlsplit(address)
            connection = http.client.HTTPConnection(
                where.hostname or HOST, where.port, timeout=PATIENCE_SECONDS
            )
            base = f"/api/v1/tenants/{SLUG}/runs/{run_id}"
            with closing(connection):
                yield Served(
                    speaker=Speaker(connection=connection, token=token, base=base),
                    run_id=run_id,
                    centre=centre,
                    formats=formats,
                    run_seconds=seconds,
                )


def formats_asked(services: Services, tenant_id: Any) -> list[str]:
    """Name the formats that the ruleset asks about."""
    with services.database.session(tenant_id) as session:
        catalogue = catalogue_of(session, services.host)
    return sorted({key for demand in catalogue.demands(RULESET) for key in demand.formats})


def _evaluated(
    services: Services, city: City, centre: tuple[float, float]
) -> tuple[str, str, float, list[str]]:
    """Freeze and evaluate a city; give the run, a token that may do all there, and the seconds."""
    with services.database.unbound() as session:
        tenant_id = create_tenant(session, name="示例", slug=SLUG).id
        user_id = create_user(session, login="bench", name="bench").id
    with services.database.session(tenant_id, user_id) as session:
        add_member(session, user_id, Role.BUREAU_ADMIN)
        scopes = PERMISSIONS[Role.BUREAU_ADMIN]
        token = make_token(session, user_id, name="bench", scopes=scopes)
    formats = formats_asked(services, tenant_id)
    lanes = city.lanes[: len(formats)]
    kept = replace(city, lanes=lanes)
    manifests = freeze_city(services.blobs, kept, formats[: len(lanes)], centre, 1)
    give_versions(services, tenant_id, manifests)
    with services.database.session(tenant_id) as session:
        catalogue = catalogue_of(session, services.host)
        run, _ = ask_run(session, catalogue, ruleset_key=RULESET)
        session.flush()
        run_id = run.id
        job_id = session.scalars(select(Job.id).where(Job.subject_id == run_id)).one()
    bench = tasks.Bench(
        database=services.database,
        blobs=services.blobs,
        host=services.host,
        redis_url=services.redis_url,
    )
    started = time.perf_counter()
    tasks.perform(bench, tenant_id, job_id)
    seconds = time.perf_counter() - started
    with services.database.session(tenant_id) as session:
        run = session.scalars(select(Run).where(Run.id == run_id)).one()
        if run.state != "done":
            raise RuntimeError(f"the run is {run.state}: {run.fault_message}")
    return str(run_id), token, seconds, formats[: len(lanes)]
