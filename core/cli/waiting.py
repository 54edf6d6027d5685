"""Waiting for a job with its stages in sight."""

from __future__ import annotations

import sys
import time
from typing import Any
from uuid import UUID

import click
from sqlalchemy import select

from core.db import ImportProblem, Job, JobState
from core.db.session import Database
from core.errors import Invalid

SHOWN_PROBLEMS = 20


def finished(database: Database, tenant_id: UUID, job_id: UUID) -> dict[str, Any]:
    """Wait for a job to end, showing its stage; give its result.

    Raises
    ------
    Invalid
        It failed or was cancelled; the details are the first problems of its file.
    """
    shown = ""
    while True:
        with database.session(tenant_id) as session:
            job = session.scalars(select(Job).where(Job.id == job_id)).one()
            line = f"{job.kind} {job.stage} {job.percent}%"
            if line != shown and sys.stderr.isatty():
                click.echo(f"\r{line:60}", nl=False, err=True)
                shown = line
            if job.state in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}:
                if shown:
                    click.echo(err=True)
                if job.state == JobState.DONE:
                    return dict(job.result)
                problems = session.scalars(
                    select(ImportProblem)
                    .where(ImportProblem.job_id == job_id)
                    .order_by(ImportProblem.row_no)
                    .limit(SHOWN_PROBLEMS)
                )
                raise Invalid(
                    job.message or "已取消。",
                    english=job.english or "Cancelled.",
                    details=[
                        {
                            "row": one.row_no,
                            "column": one.column_name,
                            "value": one.value,
                            "message": one.message,
                        }
                        for one in problems
                    ],
                )
        time.sleep(0.2)
