"""What lies around one home, outlet or point of a finished run: the way there, and rings."""

from __future__ import annotations

import json
from math import isnan
from typing import TYPE_CHECKING, Any
from uuid import UUID

import shapely
from flask import Response
from marshmallow import fields, validate
from marshmallow.schema import Schema

from core.access import Here, requires
from core.api.blueprint import ApiBlueprint
from core.api.opening import open_here
from core.api.schemas import GEOJSON, text
from core.policy import Permission
from core.runs.params import LONGEST_MINUTES

if TYPE_CHECKING:
    from core.studies.opened import Opened
    from core.studies.rings import Rings

blueprint = ApiBlueprint("around", __name__, description="一处周边：最近网点与步行圈")
AT = "/tenants/<tenant>/runs/<uuid:run_id>"
DEGREE_DECIMALS = 6
METRE_DECIMALS = 1
MINUTE_DECIMALS = 2
MOST_RINGS = 6
DIRECTIONS = ("to", "from")


class WayQuerySchema(Schema):
    """To what, and who walks: a key of the run's walkers, or empty for the report's."""

    format = text(most=100, required=True)
    walker = text(most=100, least=0, load_default="")


class RingsQuerySchema(Schema):
    """How long, who walks, and whether people walk to the place or from it."""

    minutes = fields.List(
        fields.Float(validate=validate.Range(min=0.1, max=LONGEST_MINUTES)),
        load_default=lambda: [5.0, 10.0, 15.0],
        validate=validate.Length(min=1, max=MOST_RINGS),
    )
    walker = text(most=100, least=0, load_default="")
    direction = fields.String(load_default="to", validate=validate.OneOf(DIRECTIONS))


class PlaceQuerySchema(RingsQuerySchema):
    """Where, in degrees (WGS 84), and the rings."""

    lon = fields.Float(required=True, validate=validate.Range(-180, 180))
    lat = fields.Float(required=True, validate=validate.Range(-89, 89))


class OutletSchema(Schema):
    """An outlet: its row in the run's outlets, its key and name, and where it is."""

    row = fields.Integer()
    key = fields.String()
    name = fields.String()
    lon = fields.Float()
    lat = fields.Float()


class WaySchema(Schema):
    """The walk from door to door; all null where none is within the run's longest walk."""

    outlet = fields.Nested(OutletSchema, allow_none=True)
    minutes = fields.Float(allow_none=True)
    home_metres = fields.Float(
        allow_none=True, metadata={"description": "straight from the home's door to the street"}
    )
    street_metres = fields.Float(allow_none=True)
    outlet_metres = fields.Float(allow_none=True)
    lon = fields.List(fields.Float(), metadata={"description": "the line, from door to door"})
    lat = fields.List(fields.Float())


NO_WAY: dict[str, Any] = {
    **dict.fromkeys(("outlet", "minutes", "home_metres", "street_metres", "outlet_metres")),
    "lon": [],
    "lat": [],
}


@blueprint.route(f"{AT}/homes/<int:row>/way")
@requires(Permission.RUN_READ)
@blueprint.arguments(WayQuerySchema, location="query")
@blueprint.response(200, WaySchema)
def way(here: Here, asked: dict[str, Any], run_id: UUID, row: int) -> dict[str, Any]:
    """Give the outlet of a format or slot that is nearest to a home, and the way there."""
    opened = open_here(here, run_id)
    from core.studies.ways import way_from_home  # noqa: PLC0415 - the compiler, when first asked

    found = way_from_home(opened, row, asked["format"], walker=asked["walker"])
    if found is None:
        return NO_WAY
    return {
        "outlet": _outlet(opened, found.outlet),
        "minutes": round(found.minutes, MINUTE_DECIMALS),
        "home_metres": round(found.home_metres, METRE_DECIMALS),
        "street_metres": round(found.street_metres, METRE_DECIMALS),
        "outlet_metres": round(found.outlet_metres, METRE_DECIMALS),
        "lon": found.lon.round(DEGREE_DECIMALS).tolist(),
        "lat": found.lat.round(DEGREE_DECIMALS).tolist(),
    }


@blueprint.route(f"{AT}/rings")
@requires(Permission.RUN_READ)
@blueprint.arguments(PlaceQuerySchema, location="query")
@blueprint.response(200, GEOJSON, content_type="application/geo+json")
def rings(here: Here, asked: dict[str, Any], run_id: UUID) -> Response:
    """Draw who can walk to a point, or where one gets from there, and count them.

    Without features and with ``attached`` false where no street is near enough.
    """
    opened = open_here(here, run_id)
    from core.studies.rings import rings_of_place  # noqa: PLC0415 - the compiler, when first asked

    leaving = asked.pop("direction") == "from"
    return _features(rings_of_place(opened, leaving=leaving, **asked))


@blueprint.route(f"{AT}/outlets/<int:row>/rings")
@requires(Permission.RUN_READ)
@blueprint.arguments(RingsQuerySchema, location="query")
@blueprint.response(200, GEOJSON, content_type="application/geo+json")
def outlet_rings(here: Here, asked: dict[str, Any], run_id: UUID, row: int) -> Response:
    """Draw who can walk to an outlet, and count them; otherwise as the rings of a point."""
    opened = open_here(here, run_id)
    from core.studies.rings import rings_of_outlet  # noqa: PLC0415 - the compiler, when first asked

    leaving = asked.pop("direction") == "from"
    return _features(rings_of_outlet(opened, row, leaving=leaving, **asked))


def _outlet(opened: Opened, row: int) -> dict[str, Any]:
    outlets = opened.outlets
    return {
        "row": row,
        "key": str(outlets["key"][row]),
        "name": str(outlets["name"][row]),
        "lon": round(float(outlets["lon"][row]), DEGREE_DECIMALS),
        "lat": round(float(outlets["lat"][row]), DEGREE_DECIMALS),
    }


def _features(found: Rings) -> Response:
    body = {
        "type": "FeatureCollection",
        "attached": found.attached,
        "access_metres": _metres(found.access_metres),
        "features": [
            {
                "type": "Feature",
                "geometry": _rounded(shapely.geometry.mapping(shapely.orient_polygons(one.land))),
                "properties": {
                    "minutes": one.minutes,
                    "homes": one.homes,
                    "people": one.people,
                    "groups": dict(one.groups),
                },
            }
            for one in found.each
        ],
    }
    written = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(written, mimetype="application/geo+json")


def _metres(metres: float) -> float | None:
    return None if isnan(metres) else round(metres, METRE_DECIMALS)


def _rounded(value: Any) -> Any:
    """Write degrees with six decimals, however deep they lie."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(each) for each in value]
    return round(value, DEGREE_DECIMALS) if isinstance(value, float) else value
