"""A tenant, the built-in plugins, and a way to bring a file in as a worker would."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from importlib import import_module

import pytest
from sqlalchemy import select

from core.catalog.host import load
from core.contract import TableKind
from core.db import DatasetVersion, ImportProblem, Job, Level, Tenant, new_id
from core.intake.pipeline import ask_import, run_import
from core.intake.receive import receive
from core.jobs.claim import claim
from core.store import thaw

BUILT_IN = ("basics", "osm", "sheets", "grid", "geojson")
LIMIT = 64 * 1024 * 1024
numbers = itertools.count()


@pytest.fixture(scope="session")
def host():
    return load(extra=[(name, import_module(f"plugins.{name}")) for name in BUILT_IN])


@pytest.fixture
def tenant(database):
    tenant_id, number = new_id(), next(numbers)
    with database.unbound() as session:
        session.add(
            Tenant(
                id=tenant_id,
                level=Level.CITY,
                slug=f"i{number}",
                name=f"市{number}",
                path=f"/i{number}/",
            )
        )
    return tenant_id


@dataclass
class Town:
    """Brings files into one tenant, and looks at what came of them."""

    database: object
    blobs: object
    host: object
    tenant: object

    def ask(self, kind, name, content, **options):
        """Receive a file and ask for its import; give the job's id."""
        with self.database.session(self.tenant) as session:
            upload = receive(
                session,
                self.blobs,
                stream=io.BytesIO(content),
                filename=name,
                by=None,
                limit=LIMIT,
            )
            return ask_import(session, upload, kind=TableKind(kind), options=options).id

    def claim(self, job_id):
        """Take the job as a worker does; give its attempt."""
        with self.database.session(self.tenant) as session:
            return claim(session, job_id).held.attempt

    def work(self, job_id, attempt=None, progress=None):
        """Do the job; give its row."""
        attempt = self.claim(job_id) if attempt is None else attempt
        run_import(self.database, self.blobs, self.host, self.tenant, job_id, attempt, progress)
        return self.job(job_id)

    def bring(self, kind, name, content, **options):
        """Do all of it; give the job's row."""
        return self.work(self.ask(kind, name, content, **options))

    def job(self, job_id):
        with self.database.session(self.tenant) as session:
            job = session.scalars(select(Job).where(Job.id == job_id)).one()
            session.expunge(job)
            return job

    def problems(self, job):
        """Give the job's problems as rows: row, column, code, severity."""
        with self.database.session(self.tenant) as session:
            found = session.scalars(
                select(ImportProblem)
                .where(ImportProblem.job_id == job.id)
                .order_by(ImportProblem.row_no, ImportProblem.column_name)
            )
            return [(each.row_no, each.column_name, each.code, each.severity) for each in found]

    def versions(self):
        """Give all versions of the tenant, by kind of job they came from, oldest first."""
        with self.database.session(self.tenant) as session:
            found = list(session.scalars(select(DatasetVersion).order_by(DatasetVersion.id)))
            for version in found:
                session.expunge(version)
            return found

    def tables(self):
        """Open the newest version's tables."""
        return thaw(self.blobs, self.versions()[-1].digest).tables


@pytest.fixture
def town(database, blobs, host, tenant):
    return Town(database, blobs, host, tenant)
