"""What a finished run rests on: pinned inputs, rules and versions, and its files to take away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Here, requires
from core.db import Dataset, DatasetVersion, Run, RunInput
from core.policy import Permission
from core.runs.summary import find_done
from core.runs.terms import STAGES
from core.web.pages.blueprint import blueprint, page
from core.web.pages.named import STAGES as STAGE_NAMES
from core.web.pages.result import around
from core.web.pages.stock import KIND_NAMES


@blueprint.route("/t/<tenant>/runs/<uuid:run_id>/sources")
@requires(Permission.RUN_READ)
def run_sources(here: Here, run_id: UUID) -> Response:
    """Show what the figures rest on, down to digests, and offer them as files."""
    with here.session() as session:
        run = find_done(session, run_id)
        values: dict[str, Any] = {"tenant": here.slug, "run_id": run.id}
        return page(
            "sources_of_run.html",
            **around(session, here, run, "sources"),
            inputs=_inputs(session, run),
            kind_names=KIND_NAMES,
            stage_names=STAGE_NAMES,
            stages=[key for key in STAGES if key in run.stage_seconds],
            files={
                "geojson": url_for("runs.gaps_geojson", **values),
                "arrow": url_for("runs.minutes", **values, form="arrow"),
                "parquet": url_for("runs.minutes", **values, form="parquet"),
                "json": url_for("runs.run", **values),
            },
        )


def _inputs(session: Session, run: Run) -> list[dict[str, Any]]:
    rows = session.execute(
        select(RunInput.role, Dataset.name, DatasetVersion)
        .join(DatasetVersion, RunInput.dataset_version_id == DatasetVersion.id)
        .join(Dataset, DatasetVersion.dataset_id == Dataset.id)
        .where(RunInput.run_id == run.id)
        .order_by(RunInput.role)
    )
    return [{"role": role, "name": name, "version": version} for role, name, version in rows]
