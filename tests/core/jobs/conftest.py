from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import select

from core.catalog.host import load
from core.catalog.view import catalogue_for
from core.config import Config
from core.db import Job
from core.runs.plan import ask_run
from tests.core.runs.small_town import TownPlugin, freeze_town, give_versions, make_tenant


@pytest.fixture(scope="session")
def host():
    return load(allowed=("none",), extra=[("small", TownPlugin())])


@pytest.fixture
def digests(blobs):
    return freeze_town(blobs)


@pytest.fixture
def town(database, host, digests, request):
    """Give a way to make tenants that have the small town's data, and to ask runs there."""
    catalogue = catalogue_for(host, {"small": {}})
    made = []

    def tenant():
        slug = f"{request.node.name}-{len(made)}"
        tenant_id = make_tenant(database, slug)
        give_versions(database, tenant_id, digests)
        made.append(tenant_id)
        return tenant_id

    def ask(tenant_id, number=0):
        with database.session(tenant_id) as session:
            run, _ = ask_run(
                session,
                catalogue,
                ruleset_key="small.rules",
                params={"limit_minutes": 20 + number},
            )
            job = session.scalars(select(Job).where(Job.subject_id == run.id)).one()
            return run.id, job.id

    yield tenant, ask
    for tenant_id in made:  # so that the module's next test finds nothing waiting
        with database.session(tenant_id) as session:
            for job in session.scalars(select(Job).where(Job.state.in_(("queued", "running")))):
                job.state = "cancelled"


@pytest.fixture
def config(database_urls, blobs, redis_url, tmp_path):
    return Config(
        database_url=database_urls.app_url,
        owner_url=database_urls.owner_url,
        dispatch_url=database_urls.dispatch_url,
        redis_url=redis_url,
        blobs=blobs.root,
        home=tmp_path,
    )


@pytest.fixture
def start_worker(config, tmp_path):
    """Start workers as processes of their own; those still alive are killed at the end."""
    started = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.core.jobs.small_worker", *words],
            env=os.environ | config.environment() | {"GATE": str(tmp_path / "gate")},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def wait_for():
    def wait(what, seconds=60.0):
        last = time.monotonic() + seconds
        while time.monotonic() < last:
            answer = what()
            if answer:
                return answer
            time.sleep(0.05)
        raise AssertionError("it did not happen in time")

    return wait
