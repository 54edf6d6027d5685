"""What the map of a finished run is drawn from: homes, outlets, gaps, streets, areas as columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields
from marshmallow.schema import Schema

from core.access import Here, requires
from core.api.blueprint import ApiBlueprint
from core.api.schemas import GEOJSON, text
from core.catalog.enabled import catalogue_of
from core.db import Run
from core.policy import Permission
from core.runs import maps
from core.runs.maps import Formats
from core.runs.part import Part, part_columns, part_of
from core.runs.summary import find_done

blueprint = ApiBlueprint("picture", __name__, description="地图数据：等长的列，WGS 84")
AT = "/tenants/<tenant>/runs/<uuid:run_id>"


class FormatQuerySchema(Schema):
    """Of what: a business format's key, or a 六个一 slot's with ``slot:`` before it."""

    format = text(most=100, required=True)


class ColumnsSchema(Schema):
    """Columns of equal length; degrees with six decimals."""

    lon = fields.List(fields.Float())
    lat = fields.List(fields.Float())


class HomesSchema(ColumnsSchema):
    """Rows in the order of the residents version; minutes null beyond the run's limit."""

    row = fields.List(
        fields.Integer(),
        metadata={"description": "which rows these are, where one is responsible for a part only"},
    )

    format = fields.String()
    name = fields.String()
    english = fields.String()
    people = fields.List(fields.Integer())
    minutes = fields.List(fields.Float(allow_none=True))


class NearestSchema(Schema):
    """The walk to one format or slot."""

    key = fields.String()
    name = fields.String()
    english = fields.String()
    minutes = fields.Float(allow_none=True)


class HomeSchema(Schema):
    """One home: its people and its walk to everything."""

    people = fields.Integer()
    nearest = fields.List(fields.Nested(NearestSchema))


class OutletsSchema(ColumnsSchema):
    """Outlets of the format or slot that one walks to."""

    name = fields.List(fields.String())


class GapsSchema(ColumnsSchema):
    """Gaps, most people first; ``groups`` people by age group; ``outline`` a closed ring."""

    rank = fields.List(fields.Integer())
    people = fields.List(fields.Integer())
    groups = fields.List(fields.Dict(keys=fields.String(), values=fields.Integer()))
    worst_minutes = fields.List(fields.Float(allow_none=True))
    outline = fields.List(fields.Raw(allow_none=True))


class StreetsSchema(ColumnsSchema):
    """Nodes as columns, then edges as rows of nodes; rank 3 is drawn widest."""

    u = fields.List(fields.Integer())
    v = fields.List(fields.Integer())
    rank = fields.List(fields.Integer())


@blueprint.route(f"{AT}/homes")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.arguments(FormatQuerySchema, location="query")
@blueprint.response(200, HomesSchema)
def homes(here: Here, asked: dict[str, str], run_id: UUID) -> Response:
    """Give every home with the minutes to one format."""
    blobs, key = here.services.blobs, asked["format"]

    def draw(run: Run, known: Formats, part: Part | None) -> dict[str, Any]:
        return maps.homes_columns(blobs, run, key, known, None if part is None else part.rows)

    return _drawn(here, run_id, draw)


@blueprint.route(f"{AT}/homes/<int:row>")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.response(200, HomeSchema)
def home(here: Here, run_id: UUID, row: int) -> Response:
    """Give one home's people and its walk to everything."""
    blobs = here.services.blobs

    def draw(run: Run, known: Formats, part: Part | None) -> dict[str, Any]:
        return maps.home(blobs, run, row, known, None if part is None else part.rows)

    return _drawn(here, run_id, draw)


@blueprint.route(f"{AT}/outlets")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.arguments(FormatQuerySchema, location="query")
@blueprint.response(200, OutletsSchema)
def outlets(here: Here, asked: dict[str, str], run_id: UUID) -> Response:
    """Give the outlets of one format."""
    blobs, key = here.services.blobs, asked["format"]

    def draw(run: Run, known: Formats, part: Part | None) -> dict[str, Any]:
        return maps.outlets_columns(blobs, run, key, known, None if part is None else part.holds)

    return _drawn(here, run_id, draw)


@blueprint.route(f"{AT}/gaps")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.arguments(FormatQuerySchema, location="query")
@blueprint.response(200, GapsSchema)
def gaps(here: Here, asked: dict[str, str], run_id: UUID) -> Response:
    """Give where people lack one format."""
    key = asked["format"]
    with here.session() as session:
        run = find_done(session, run_id)
        part = part_of(session, here.services.blobs, run, here.part)
        if part is None:
            return _json(maps.gaps_columns(session, run.id, key))
        return _json(part_columns(part, key))


@blueprint.route(f"{AT}/streets")
@requires(Permission.RUN_READ)
@blueprint.response(200, StreetsSchema)
def streets(here: Here, run_id: UUID) -> Response:
    """Give the streets that the run walked on."""
    blobs = here.services.blobs
    return _drawn(here, run_id, lambda run, _known, _part: maps.streets_columns(blobs, run))


@blueprint.route(f"{AT}/areas")
@requires(Permission.RUN_READ, cut_to_part=True)
@blueprint.response(200, GEOJSON, content_type="application/geo+json")
def areas(here: Here, run_id: UUID) -> Response:
    """Give the run's areas; an empty collection where it has none."""
    blobs = here.services.blobs

    def draw(run: Run, _known: Formats, part: Part | None) -> dict[str, Any]:
        return maps.areas_geojson(blobs, run, None if part is None else part.table)

    return _drawn(here, run_id, draw, "geo+json")


def _drawn(
    here: Here,
    run_id: UUID,
    draw: Callable[[Run, Formats, Part | None], dict[str, Any]],
    media: str = "json",
) -> Response:
    """Find the finished run and draw from its artefacts, which never change."""
    with here.session() as session:
        run = find_done(session, run_id)
        known = catalogue_of(session, here.services.host).formats
        part = part_of(session, here.services.blobs, run, here.part)
        return _json(draw(run, known, part), media)


def _json(body: Mapping[str, Any], media: str = "json") -> Response:
    """Write columns without spaces: a city's homes are a megabyte of digits."""
    written = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(written, mimetype=f"application/{media}")
