"""/runs: ask for a run, read its scores, lines, coverage and gaps, take its tables away."""

from __future__ import annotations

import io
import json
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet
from flask import Response, url_for
from marshmallow import Schema, fields, validate
from sqlalchemy import select

from core.access import Here, requires
from core.api.blueprint import ApiBlueprint
from core.api.once import Once, OnceSchema, plain
from core.api.schemas import FILE, GEOJSON, PageSchema, Strict, text
from core.catalog.enabled import catalogue_of
from core.db import WHOLE, Job, JobState, Run, RunCoverage, RunGap, RunLine, RunScore
from core.downloads import attached
from core.errors import Conflict, NotFound
from core.jobs.queues import nudge
from core.policy import Permission
from core.runs.part import gaps_of, part_of
from core.runs.plan import ask_run
from core.runs.summary import Lacking, judged

blueprint = ApiBlueprint("runs", __name__, description="评价运行与结果")
OF_THE_WHOLE: dict[
    str, Any
] = {  # what of a run is left out for who answers for a part of the place
    **dict.fromkeys(("people", "points_low", "points_high", "out_of", "grade", "fault_message")),
    "grade_name": "",
    "pending": [],
    "notes": [],
    "summary": {},
}
DOWNLOADS = {
    "arrow": "application/vnd.apache.arrow.file",
    "parquet": "application/vnd.apache.parquet",
}


class AskSchema(Strict):
    """What to evaluate: latest versions unless named."""

    ruleset = text(most=100, required=True)
    params = fields.Dict(load_default=dict, metadata={"description": "see the run's params"})
    inputs = fields.Dict(
        keys=fields.String(validate=validate.OneOf(["streets", "residents", "outlets", "areas"])),
        values=fields.UUID(),
        load_default=dict,
    )
    label = text(most=100, least=0, load_default="")


class RunSchema(Schema):
    """A run; ``grade`` null with ``pending`` not empty is 等级待定."""

    id = fields.UUID()
    job_id = fields.UUID(allow_none=True)
    label = fields.String()
    fingerprint = fields.String()
    ruleset_key = fields.String()
    ruleset_version = fields.String()
    ruleset_digest = fields.String()
    params = fields.Dict()
    plan = fields.Dict()
    state = fields.String()
    fault_message = fields.String(allow_none=True)
    population = fields.Integer(allow_none=True, attribute="people")
    points_low = fields.Float(allow_none=True)
    points_high = fields.Float(allow_none=True)
    out_of = fields.Float(allow_none=True)
    grade = fields.String(allow_none=True)
    grade_name = fields.String()
    pending = fields.List(fields.Raw())
    notes = fields.List(fields.Raw())
    summary = fields.Dict()
    result_digest = fields.String(allow_none=True)
    minutes_digest = fields.String(allow_none=True)
    stage_seconds = fields.Dict()
    kernel_version = fields.String()
    created_at = fields.DateTime()
    finished_at = fields.DateTime(allow_none=True)


class RunRowSchema(RunSchema):
    """A run in a list: without its plan."""

    class Meta:
        """The plan is long."""

        exclude = ("plan",)


class ScoreSchema(Schema):
    """The judgement of one area."""

    area_key = fields.String()
    area_name = fields.String()
    area_kind = fields.String()
    population = fields.Integer(attribute="people")
    points_low = fields.Float()
    points_high = fields.Float()
    out_of = fields.Float()
    grade = fields.String(allow_none=True)
    grade_name = fields.String()
    pending = fields.List(fields.Raw())
    notes = fields.List(fields.Raw())


class LineSchema(Schema):
    """One line of a scorecard, as the contract's Line."""

    area_key = fields.String()
    line_key = fields.String()
    line = fields.Dict()


class CoverageSchema(Schema):
    """People of an area within a walk of a format, or of a 六个一 slot (``slot:…``)."""

    area_key = fields.String()
    format_key = fields.String()
    group_key = fields.String()
    minutes = fields.Float()
    population = fields.Integer(attribute="people")
    covered = fields.Integer()


class AreaQuerySchema(Schema):
    """Which area; ``whole`` is all homes, or each of the areas that one is responsible for."""

    area = text(most=200, load_default=WHOLE)


class GapQuerySchema(Schema):
    """Which format's gaps; all when left out."""

    format = text(most=100, least=0, load_default="")


def find_run(session: Any, run_id: UUID) -> Run:
    """Find a run of the session's tenant."""
    run: Run | None = session.scalar(select(Run).where(Run.id == run_id))
    if run is None:
        raise NotFound("没有这次评价。", english="There is no such run.")
    return run


def finished_run(session: Any, run_id: UUID) -> Run:
    """Find a run that is done."""
    run = find_run(session, run_id)
    if run.state != JobState.DONE:
        raise Conflict("评价尚未完成，没有结果可看。请等待。", english="The run is not done yet.")
    return run


def _shape(session: Any, run: Run, part: frozenset[str] | None = None) -> dict[str, Any]:
    job = session.scalar(select(Job.id).where(Job.subject_id == run.id))
    columns = {column.key: getattr(run, column.key) for column in Run.__table__.columns}
    return {**columns, **({} if part is None else OF_THE_WHOLE), "job_id": job}


@blueprint.route("/tenants/<tenant>/runs", methods=["POST"])
@requires(Permission.RUN_START)
@blueprint.arguments(OnceSchema, location="headers")
@blueprint.arguments(AskSchema)
@blueprint.response(202, RunSchema)
@blueprint.alt_response(200, schema=RunSchema, description="an equal run exists already")
def ask(here: Here, headers: dict[str, str], asked: dict[str, Any]) -> Response:
    """Ask for a run; an equal one that is waiting, running or done is given instead."""
    once = Once.of(headers, "runs", plain(asked))
    with here.session() as session:
        if (kept := once.kept(session)) is not None:
            return kept
        run, reused = ask_run(
            session,
            catalogue_of(session, here.services.host),
            ruleset_key=asked["ruleset"],
            params=asked["params"],
            inputs=asked["inputs"],
            label=asked["label"],
            by=here.actor.id,
            wake=lambda: nudge(here.services.redis_url),
        )
        session.flush()
        session.refresh(run)
        body = RunSchema().dump(_shape(session, run))
        address = url_for("runs.run", tenant=here.slug, run_id=body["id"])
        return once.answer(session, body, 200 if reused else 202, address)


@blueprint.route("/tenants/<tenant>/runs")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, RunRowSchema(many=True))
def runs(here: Here, page: dict[str, int]) -> list[dict[str, Any]]:
    """List runs, newest first."""
    with here.session() as session:
        rows = session.scalars(
            select(Run)
            .order_by(Run.created_at.desc(), Run.id)
            .limit(page["limit"])
            .offset(page["offset"])
        )
        return [_shape(session, row, here.part) for row in rows]


@blueprint.route("/tenants/<tenant>/runs/<uuid:run_id>")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.response(200, RunSchema)
def run(here: Here, run_id: UUID) -> dict[str, Any]:
    """Give one run with its plan: every digest, parameter and version it depends on."""
    with here.session() as session:
        return _shape(session, find_run(session, run_id), here.part)


@blueprint.route("/tenants/<tenant>/runs/<uuid:run_id>/scores")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.response(200, ScoreSchema(many=True))
def scores(here: Here, run_id: UUID) -> list[RunScore]:
    """Give the judgement of every area."""
    return _rows(here, run_id, select(RunScore).order_by(RunScore.area_kind, RunScore.area_key))


@blueprint.route("/tenants/<tenant>/runs/<uuid:run_id>/lines")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.arguments(AreaQuerySchema, location="query")
@blueprint.response(200, LineSchema(many=True))
def lines(here: Here, asked: dict[str, str], run_id: UUID) -> list[RunLine]:
    """Give one area's scorecard, line by line."""
    wanted = select(RunLine).order_by(RunLine.area_key, RunLine.position)
    return _rows(here, run_id, wanted, asked["area"])


@blueprint.route("/tenants/<tenant>/runs/<uuid:run_id>/coverage")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.arguments(AreaQuerySchema, location="query")
@blueprint.response(200, CoverageSchema(many=True))
def coverage(here: Here, asked: dict[str, str], run_id: UUID) -> list[RunCoverage]:
    """Give the people covered in one area, by format and minutes."""
    wanted = select(RunCoverage).order_by(
        RunCoverage.area_key, RunCoverage.format_key, RunCoverage.minutes
    )
    return _rows(here, run_id, wanted, asked["area"])


@blueprint.route("/tenants/<tenant>/runs/<uuid:run_id>/gaps.geojson")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.arguments(GapQuerySchema, location="query")
@blueprint.response(200, GEOJSON, content_type="application/geo+json")
def gaps_geojson(here: Here, asked: dict[str, str], run_id: UUID) -> Response:
    """Give the clusters of residents who lack a format, most people first, as points."""
    body = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
                "properties": {
                    "format": key,
                    "rank": row.rank,
                    "area": area,
                    "people": row.people,
                    "groups": row.groups,
                    "homes": row.homes,
                    "minutes_limit": row.minutes_limit,
                    "worst_minutes": row.worst_minutes,
                    "median_minutes": row.median_minutes,
                },
            }
            for key, area, row in _gaps(here, run_id, asked["format"])
        ],
    }
    return Response(json.dumps(body, ensure_ascii=False), mimetype="application/geo+json")


@blueprint.route("/tenants/<tenant>/runs/<uuid:run_id>/minutes.<any(arrow, parquet):form>")
@requires(Permission.RUN_READ)
@blueprint.response(200, FILE, content_type="*/*")
def minutes(here: Here, run_id: UUID, form: str) -> Response:
    """Take away the walk from every home to every format: int32 deciseconds, -1 beyond."""
    with here.session() as session:
        digest = finished_run(session, run_id).minutes_digest
    path = here.services.blobs.open(digest or "")
    if form == "arrow":
        content: Any = path
    else:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
            content = io.BytesIO()
            pyarrow.parquet.write_table(table, content)
            content.seek(0)
    return attached(content, f"minutes-{run_id}.{form}", DOWNLOADS[form])


def _gaps(here: Here, run_id: UUID, key: str) -> list[tuple[str, str, RunGap | Lacking]]:
    """Give the gaps of one format, or of all: what each lacks, its area, and its figures."""
    with here.session() as session:
        run = finished_run(session, run_id)
        part = part_of(session, here.services.blobs, run, here.part)
    if part is not None:
        keys = [key] if key else sorted(part.limits)
        found = [gap.lacking for one in keys for gap in gaps_of(part, one, {})]
        return [(each.key, each.area, each) for each in found]
    wanted = select(RunGap).order_by(RunGap.format_key, RunGap.rank)
    if key:
        wanted = wanted.where(RunGap.format_key == key)
    return [(row.format_key, row.area_key, row) for row in _rows(here, run_id, wanted)]


def _rows(here: Here, run_id: UUID, wanted: Any, area: str | None = None) -> list[Any]:
    """Read rows of a finished run: of one area, or of all; never of another than one may see."""
    with here.session() as session:
        run = finished_run(session, run_id)
        entity = wanted.column_descriptions[0]["entity"]
        part = judged(session, run, here.part)
        if part is not None:
            wanted = wanted.where(entity.area_key.in_(part))
        if area is not None and (part is None or area != WHOLE):
            wanted = wanted.where(entity.area_key == area)
        rows = list(session.scalars(wanted.where(entity.run_id == run_id)))
        for row in rows:
            session.expunge(row)
        return rows
