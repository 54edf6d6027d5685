"""Asking for an import from a file on this machine; commands share it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from core.cli.console import Console
from core.contract import TableKind


def ask(  # noqa: PLR0913 - what an import is asked for with
    console: Console,
    tenant_id: UUID,
    kind: TableKind,
    path: Path,
    options: Mapping[str, Any],
    *,
    importer: str | None = None,
    dataset: str | None = None,
) -> UUID:
    """Receive a file and ask for its import; gives the job's id."""
    from core.intake.pipeline import ask_import
    from core.intake.receive import receive
    from core.jobs.queues import wake_after_commit

    with console.database.session(tenant_id) as session, path.open("rb") as stream:
        upload = receive(
            session,
            console.blobs,
            stream=stream,
            filename=path.name,
            by=None,
            limit=console.config.upload_bytes,
        )
        job = ask_import(
            session,
            upload,
            kind=kind,
            importer_key=importer,
            options=dict(options),
            dataset_name=dataset,
            by=None,
        )
        wake_after_commit(session, console.redis_url, job)
        job_id: UUID = job.id
    return job_id
