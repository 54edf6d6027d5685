"""What lies around one home, outlet or point of a finished run: the way there, and rings."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

import shapely
from flask import Response
from marshmallow import RAISE, ValidationError, fields, validate
from marshmallow.schema import Schema
from typing_extensions import override

from core.access import Here, requires
from core.api.blueprint import ApiBlueprint
from core.api.opening import open_here
from core.api.schemas import GEOJSON, text
from core.contract import Window
from core.policy import Permission
from core.runs.params import LONGEST_MINUTES
from core.runs.summary import find_done
from core.runs.terms import REPORT_WALKER

if TYPE_CHECKING:
    from core.studies.around.rings import Rings
    from core.studies.around.ways import Walk
    from core.studies.opened import Opened

blueprint = ApiBlueprint("around", __name__, description="一处周边：最近网点与步行圈")
AT = "/tenants/<tenant>/runs/<uuid:run_id>"
DEGREE_DECIMALS = 6
METRE_DECIMALS = 1
MINUTE_DECIMALS = 2
MOST_RINGS = 4
DIRECTIONS = ("to", "from")
PARTS = ("home", "street", "outlet")
DAY = 24 * 60
OPEN = re.compile(r"([01]\d|2[0-3]):[0-5]\d(-(([01]\d|2[0-3]):[0-5]\d|24:00))?", re.ASCII)
COUNTED = (
    "人数按各家自己的步行时间计，不按图形；图形为可达街道两侧各 40 米（设）",
    "people are counted by their own walk, not by the land drawn: 40 m (assumed) beside streets",
)


class OpenField(fields.String):
    """A moment or a window of an ordinary weekday: ``18:30``, ``06:30-08:30``, ``22:00-02:00``."""

    @override
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        written = super()._deserialize(value, *args, **kwargs)
        if OPEN.fullmatch(written) is None:
            raise ValidationError("请写成 18:30 或 06:30-08:30。")
        start, *rest = (60 * int(time[:2]) + int(time[3:]) for time in written.split("-"))
        end = rest[0] if rest else start + 1
        return Window(start, end if end > start else end + DAY)


class MinutesField(fields.List[float]):
    """Minutes, one after the other or with commas between: ``5,10,15``."""

    @override
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        parts = [part for each in value for part in str(each).split(",")]
        return super()._deserialize(parts, *args, **kwargs)


class WayQuerySchema(Schema):
    """To what, who walks (empty: the report's walker), and when it must be open."""

    format = text(most=100, required=True)
    walker = text(most=100, least=0, load_default="")
    open = OpenField(
        load_default=None,
        metadata={
            "description": "a moment or window in which it is known to be open on ordinary "
            "weekdays: 18:30, 06:30-08:30; left out: at any hours"
        },
    )
    unsure = fields.Boolean(
        load_default=False,
        metadata={"description": "also those whose hours nobody registered"},
    )


class RingsQuerySchema(Schema):
    """How long, who walks, and whether people walk to the place or from it."""

    minutes = MinutesField(
        fields.Float(validate=validate.Range(min=0.1, max=LONGEST_MINUTES)),
        load_default=lambda: [5.0, 10.0, 15.0],
        validate=validate.Length(min=1, max=MOST_RINGS),
        metadata={"description": "5,10,15; none beyond the longest walk of the run"},
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


class OfferedSchema(Schema):
    """What the outlet offers of what was asked for."""

    format = fields.String()
    hours = fields.String(metadata={"description": "OpenStreetMap's syntax, empty: unknown"})


class PartSchema(Schema):
    """A part of the walk: from which corner of the line to which, and its metres."""

    part = fields.String(metadata={"description": "home: door to street, street, outlet: to door"})
    first = fields.Integer()
    last = fields.Integer()
    metres = fields.Float()


class WaySchema(Schema):
    """The walk from door to door; nulls and a reason where none is within the longest walk."""

    outlet = fields.Nested(OutletSchema, allow_none=True)
    offers = fields.List(fields.Nested(OfferedSchema))
    walker = fields.String()
    minutes = fields.Float(allow_none=True)
    home_metres = fields.Float(
        allow_none=True, metadata={"description": "straight from the home's door to the street"}
    )
    street_metres = fields.Float(allow_none=True)
    outlet_metres = fields.Float(allow_none=True)
    parts = fields.List(fields.Nested(PartSchema))
    line = fields.Raw(
        allow_none=True, metadata={"description": "GeoJSON LineString from door to door, WGS 84"}
    )
    lon = fields.List(fields.Float(), metadata={"description": "the same line, as columns"})
    lat = fields.List(fields.Float())
    along = fields.List(
        fields.Float(), metadata={"description": "metres walked at each corner of the line"}
    )
    why = fields.String(metadata={"description": "why there is no walk; empty where there is"})
    why_en = fields.String()


class WalkerSchema(Schema):
    """Somebody who walks; ``note`` says of every number how sure it is and where it comes from."""

    key = fields.String()
    name = fields.String()
    english = fields.String()
    metres_per_second = fields.Float()
    steps = fields.Float(
        allow_none=True,
        metadata={"description": "times as long on steps; null: cannot use them"},
    )
    crossing_seconds = fields.Float()
    uphill = fields.Float()
    through_gates = fields.Boolean()
    note = fields.String()


NO_WAY: dict[str, Any] = {
    **dict.fromkeys(("outlet", "minutes", "home_metres", "street_metres", "outlet_metres", "line")),
    **{name: [] for name in ("offers", "parts", "lon", "lat", "along")},
}


@blueprint.route(f"{AT}/walkers")
@requires(Permission.RUN_READ)
@blueprint.response(200, WalkerSchema(many=True))
def walkers(here: Here, run_id: UUID) -> list[dict[str, Any]]:
    """List who can be asked about here: the report's walker first, the ruleset's, then ours."""
    with here.session() as session:
        plan = find_done(session, run_id).plan
    from core.runs.execute import pinned_catalogue  # noqa: PLC0415 - the compiler, when first asked
    from core.studies.around.places import walkers_of  # noqa: PLC0415 - the same

    catalogue = pinned_catalogue(here.services.host, plan)
    known = walkers_of(catalogue.demands(plan["ruleset"]["key"]))
    return [
        {**asdict(one.walker), "name": one.name, "english": one.english, "note": one.note}
        for one in known.values()
    ]


@blueprint.route(f"{AT}/homes/<int:row>/way")
@requires(Permission.RUN_READ)
@blueprint.arguments(WayQuerySchema, location="query", unknown=RAISE)
@blueprint.response(200, WaySchema)
def way(here: Here, asked: dict[str, Any], run_id: UUID, row: int) -> dict[str, Any]:
    """Give the outlet of a format or slot that is nearest to a home, and the way there."""
    opened = open_here(here, run_id)
    from core.studies.around.ways import Wish, way_from_home, why_none  # noqa: PLC0415 - the compiler, when first asked

    wish = Wish(key=asked["format"], window=asked["open"], unsure=asked["unsure"])
    found = way_from_home(opened, row, wish, walker=asked["walker"])
    walker = asked["walker"] or REPORT_WALKER.key
    if found is None:
        why, english = why_none(opened, row, wish, walker=asked["walker"])
        return {**NO_WAY, "walker": walker, "why": why, "why_en": english}
    return {
        "outlet": _outlet(opened, found.outlet),
        "offers": [{"format": key, "hours": hours} for key, hours in found.offers],
        "walker": walker,
        "minutes": round(found.minutes, MINUTE_DECIMALS),
        "home_metres": round(found.home_metres, METRE_DECIMALS),
        "street_metres": round(found.street_metres, METRE_DECIMALS),
        "outlet_metres": round(found.outlet_metres, METRE_DECIMALS),
        **_line(found),
        "why": "",
        "why_en": "",
    }


@blueprint.route(f"{AT}/rings")
@requires(Permission.RUN_READ)
@blueprint.arguments(PlaceQuerySchema, location="query", unknown=RAISE)
@blueprint.response(200, GEOJSON, content_type="application/geo+json")
def rings(here: Here, asked: dict[str, Any], run_id: UUID) -> Response:
    """Draw who can walk to a point, or where one gets from there, and count them.

    People and homes are counted by their own walk, door to door; the land drawn is the streets
    within reach and 40 m (assumed) to their sides. Refused where no street is near enough.
    """
    opened = open_here(here, run_id)
    from core.studies.around.rings import rings_of_place  # noqa: PLC0415 - the compiler, when first asked

    leaving = asked.pop("direction") == "from"
    return _features(rings_of_place(opened, leaving=leaving, **asked))


@blueprint.route(f"{AT}/outlets/<int:row>/rings")
@requires(Permission.RUN_READ)
@blueprint.arguments(RingsQuerySchema, location="query", unknown=RAISE)
@blueprint.response(200, GEOJSON, content_type="application/geo+json")
def outlet_rings(here: Here, asked: dict[str, Any], run_id: UUID, row: int) -> Response:
    """Draw who can walk to an outlet, and count them; otherwise as the rings of a point."""
    opened = open_here(here, run_id)
    from core.studies.around.rings import rings_of_outlet  # noqa: PLC0415 - the compiler, when first asked

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


def _line(found: Walk) -> dict[str, Any]:
    lon, lat = (each.round(DEGREE_DECIMALS).tolist() for each in (found.lon, found.lat))
    end = len(lon) - 1
    metres = (found.home_metres, found.street_metres, found.outlet_metres)
    corners = ((0, 1), (1, end - 1), (end - 1, end))
    return {
        "parts": [
            {"part": part, "first": first, "last": last, "metres": round(each, METRE_DECIMALS)}
            for part, (first, last), each in zip(PARTS, corners, metres, strict=True)
        ],
        "line": {
            "type": "LineString",
            "coordinates": [list(each) for each in zip(lon, lat, strict=True)],
        },
        "lon": lon,
        "lat": lat,
        "along": found.along.round(METRE_DECIMALS).tolist(),
    }


def _features(found: Rings) -> Response:
    body = {
        "type": "FeatureCollection",
        "access_metres": round(found.access_metres, METRE_DECIMALS),
        "counted": COUNTED[0],
        "counted_en": COUNTED[1],
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


def _rounded(value: Any) -> Any:
    """Write degrees with six decimals, however deep they lie."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(each) for each in value]
    return round(value, DEGREE_DECIMALS) if isinstance(value, float) else value
