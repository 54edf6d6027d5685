"""What the database says happened to each job, written by a trigger that the product never sees.

Also the two questions that are asked of a place without web, queue or worker: the calm answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text

from core.catalog.enabled import catalogue_of
from core.contract import TableKind
from core.db import Dataset, DatasetVersion, Job, Run
from core.intake.pipeline import ask_import
from core.intake.receive import receive
from core.jobs.tasks import Bench, perform
from core.runs.plan import ask_run
from tests.journeys.small_place import RESIDENTS, Place

WATCH = """
CREATE TABLE chaos_history (
    number bigint GENERATED ALWAYS AS IDENTITY, job_id uuid, before text, after text,
    attempt_before integer, attempt integer, at timestamptz DEFAULT clock_timestamp()
);
CREATE FUNCTION chaos_tell() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF OLD.state <> NEW.state OR OLD.attempt <> NEW.attempt OR NEW.state IN ('done', 'failed') THEN
        INSERT INTO chaos_history (job_id, before, after, attempt_before, attempt)
        VALUES (NEW.id, OLD.state, NEW.state, OLD.attempt, NEW.attempt);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_tell AFTER UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION chaos_tell();
"""
BASE = ("streets", "outlets", "residents")


def watch(connection: Connection) -> None:
    """Have every step of every job written down, by the superuser, in a table of its own."""
    connection.execute(text(WATCH))


def homes(people: int) -> str:
    """Give the residents of one question; the number names them."""
    return RESIDENTS.replace("40", str(people))


def question(number: int, people: int | None = None) -> dict[str, Any]:
    """Give a run that is asked under this number alone."""
    return {
        "ruleset": "national-2023-plan",
        "params": {"report_minutes": [round(3 + number / 1000, 3), 15.0]},
    } | ({"label": f"people {people}"} if people else {})


def base_versions(place: Place) -> dict[str, UUID]:
    """Give the first version of each kind."""
    with place.services.database.session(place.tenant_id) as session:
        found = session.execute(
            select(Dataset.kind, DatasetVersion.id)
            .join(DatasetVersion, DatasetVersion.dataset_id == Dataset.id)
            .where(DatasetVersion.number == 1)
        )
        return {kind: version for kind, version in found if kind in BASE}


def bench_of(place: Place) -> Bench:
    """Give what a worker works with, in this process."""
    opened = place.services
    return Bench(
        database=opened.database,
        blobs=opened.blobs,
        host=opened.host,
        redis_url=opened.config.redis_url,
    )


def bring(place: Place, kind: str, path: Path) -> dict[str, Any]:
    """Import a file in this process; gives the job's result."""
    opened = place.services
    with (
        opened.database.session(place.tenant_id, place.user_id) as session,
        path.open("rb") as file,
    ):
        received = receive(
            session, opened.blobs, stream=file, filename=path.name, by=place.user_id, limit=10**8
        )
        job = ask_import(session, received, kind=TableKind(kind), by=place.user_id)
        job_id = job.id
    perform(bench_of(place), place.tenant_id, job_id)
    with opened.database.session(place.tenant_id) as session:
        done = session.scalars(select(Job).where(Job.id == job_id)).one()
        if done.state != "done":
            raise RuntimeError(f"{kind} was not imported in peace: {done.message}")
        return dict(done.result)


def answer(place: Place, body: dict[str, Any], inputs: dict[str, UUID]) -> UUID:
    """Answer a run's question in this process; gives the run's id."""
    opened = place.services
    with opened.database.session(place.tenant_id, place.user_id) as session:
        run, _ = ask_run(
            session,
            catalogue_of(session, opened.host),
            ruleset_key=body["ruleset"],
            params=body["params"],
            inputs=inputs,
            by=place.user_id,
        )
        session.flush()
        run_id = run.id
        job_id = session.scalars(select(Job.id).where(Job.subject_id == run_id)).one()
    perform(bench_of(place), place.tenant_id, job_id)
    with opened.database.session(place.tenant_id) as session:
        state = session.scalars(select(Run.state).where(Run.id == run_id)).one()
    if state != "done":
        raise RuntimeError("a run was not answered in peace")
    return run_id
