"""What people have to choose from, and what each gets when all share: by area and by home."""

from __future__ import annotations

import json
from math import isnan
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Response
from marshmallow import RAISE, fields, validate
from marshmallow.schema import Schema

from core.access import Here, requires
from core.api.blueprint import ApiBlueprint
from core.api.opening import open_here
from core.api.schemas import text
from core.kernel.walks import minutes_of
from core.policy import Permission
from core.runs.summary import name_of

if TYPE_CHECKING:
    from core.studies.opened import Opened
    from core.studies.supply import AreaSupply, Sharing, Supply

blueprint = ApiBlueprint("supply", __name__, description="供给：可选几处、第几近、人均分得")
AT = "/tenants/<tenant>/runs/<uuid:run_id>/supply"
RINGS = (5, 10, 15)
DEGREE_DECIMALS = 6
MINUTE_DECIMALS = 1
RATE_DECIMALS = 4


class SupplyQuerySchema(Schema):
    """Of what, who walks and who is asked about; empty: the report's walker, everybody."""

    format = text(most=100, required=True)
    walker = text(most=100, least=0, load_default="")
    group = text(most=20, load_default="all")


class HomesQuerySchema(SupplyQuerySchema):
    """The same, and within how many minutes offers are counted."""

    minutes = fields.Integer(load_default=RINGS[-1], validate=validate.OneOf(RINGS))


class ChoiceSchema(Schema):
    """People with so many offers within so many minutes."""

    minutes = fields.Float()
    none = fields.Integer()
    one = fields.Integer()
    two = fields.Integer()
    three_or_more = fields.Integer()


class ReachSchema(Schema):
    """Per thousand people, one of the sharings."""

    sharing = fields.String()
    per_thousand = fields.Float(allow_none=True)


class AreaSupplySchema(Schema):
    """One area; null where nobody is asked about, and minutes beyond the last limit."""

    area = fields.String()
    name = fields.String()
    kind = fields.String()
    people = fields.Integer()
    choice = fields.List(fields.Nested(ChoiceSchema))
    median_minutes = fields.List(
        fields.Float(allow_none=True),
        metadata={"description": "within which half of the people reach one, two, three offers"},
    )
    offers = fields.Integer(metadata={"description": "that stand in the area"})
    per_thousand_in_area = fields.Float(allow_none=True)
    per_thousand_in_reach = fields.List(fields.Nested(ReachSchema))


class SharedOutSchema(Schema):
    """How offers are shared, and the two sides of what must be equal: shared out, and summed."""

    key = fields.String(metadata={"description": "two_step or enhanced"})
    minutes = fields.List(fields.Float(), metadata={"description": "where each zone ends"})
    weights = fields.List(fields.Float())
    note = fields.String(metadata={"description": "where the weights come from"})
    shared = fields.Float(metadata={"description": "offers that somebody reaches"})
    summed = fields.Float(metadata={"description": "people times access, over all homes"})
    left = fields.Float(metadata={"description": "offers that nobody reaches"})


class SupplySchema(Schema):
    """The supply with a format or slot, the whole first; ``basis`` says what each offer counts."""

    format = fields.String()
    name = fields.String()
    english = fields.String()
    walker = fields.String()
    group = fields.String()
    offers = fields.Integer()
    basis = fields.String()
    basis_en = fields.String()
    sharings = fields.List(fields.Nested(SharedOutSchema))
    areas = fields.List(fields.Nested(AreaSupplySchema))


class SupplyHomesSchema(Schema):
    """Columns of equal length, rows in the order of the residents version."""

    format = fields.String()
    walker = fields.String()
    group = fields.String()
    minutes = fields.Integer()
    basis = fields.String()
    basis_en = fields.String()
    lon = fields.List(fields.Float())
    lat = fields.List(fields.Float())
    people = fields.List(fields.Integer())
    offers = fields.List(fields.Integer(), metadata={"description": "within so many minutes"})
    third_minutes = fields.List(
        fields.Float(allow_none=True), metadata={"description": "null beyond 15 minutes"}
    )
    two_step = fields.List(fields.Float(), metadata={"description": "offers per thousand people"})
    enhanced = fields.List(fields.Float(), metadata={"description": "the same, by falling weights"})


@blueprint.route(AT)
@requires(Permission.RUN_READ)
@blueprint.arguments(SupplyQuerySchema, location="query", unknown=RAISE)
@blueprint.response(200, SupplySchema)
def supply(here: Here, asked: dict[str, str], run_id: UUID) -> dict[str, Any]:
    """Tell by area how many offers people have, how far the third is, and what each gets."""
    opened, found = _asked(here, asked, run_id)
    from core.studies.supply import by_area  # noqa: PLC0415 - the compiler, when first asked

    formats = opened.catalogue.formats
    return {
        **_head(found),
        "name": name_of(found.key, formats),
        "english": name_of(found.key, formats, english=True),
        "offers": len(found.outlets),
        "sharings": [_sharing(one) for one in found.sharings],
        "areas": [_area(found, one) for one in by_area(opened, found)],
    }


@blueprint.route(f"{AT}/homes")
@requires(Permission.RUN_READ)
@blueprint.arguments(HomesQuerySchema, location="query", unknown=RAISE)
@blueprint.response(200, SupplyHomesSchema)
def supply_homes(here: Here, asked: dict[str, Any], run_id: UUID) -> Response:
    """Give every home with its offers, its walk to the third, and what its people get."""
    minutes = asked.pop("minutes")
    opened, found = _asked(here, asked, run_id)
    homes = opened.town.homes
    body = {
        **_head(found),
        "minutes": minutes,
        "lon": homes.lon.round(DEGREE_DECIMALS).tolist(),
        "lat": homes.lat.round(DEGREE_DECIMALS).tolist(),
        "people": found.people.tolist(),
        "offers": found.offers[RINGS.index(minutes)].tolist(),
        "third_minutes": _minutes(found),
        **{one.key: (1000 * one.access).round(RATE_DECIMALS).tolist() for one in found.sharings},
    }
    written = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(written, mimetype="application/json")


def _asked(here: Here, asked: dict[str, str], run_id: UUID) -> tuple[Opened, Supply]:
    opened = open_here(here, run_id)
    from core.studies.supply import supply_with  # noqa: PLC0415 - the compiler, when first asked

    found = supply_with(
        opened,
        here.services.blobs,
        asked["format"],
        walker=asked["walker"],
        group=asked["group"],
    )
    return opened, found


def _head(found: Supply) -> dict[str, Any]:
    return {
        "format": found.key,
        "walker": found.walker.key,
        "group": found.group,
        "basis": found.basis[0],
        "basis_en": found.basis[1],
    }


def _sharing(one: Sharing) -> dict[str, Any]:
    return {
        "key": one.key,
        "minutes": one.zones.minutes,
        "weights": one.zones.weights,
        "note": one.zones.note,
        "shared": one.shared,
        "summed": one.summed,
        "left": one.left,
    }


def _area(found: Supply, one: AreaSupply) -> dict[str, Any]:
    return {
        "area": one.area.key,
        "name": one.area.name,
        "kind": one.area.kind,
        "people": one.people,
        "choice": [
            {"minutes": minutes, "none": none, "one": single, "two": two, "three_or_more": more}
            for minutes, (none, single, two, more) in zip(RINGS, one.offers, strict=True)
        ],
        "median_minutes": [_rounded(each, 2) for each in one.median_minutes],
        "offers": one.outlets,
        "per_thousand_in_area": _rounded(one.in_area, RATE_DECIMALS),
        "per_thousand_in_reach": [
            {"sharing": sharing.key, "per_thousand": _rounded(each, RATE_DECIMALS)}
            for sharing, each in zip(found.sharings, one.in_reach, strict=True)
        ],
    }


def _minutes(found: Supply) -> list[float | None]:
    minutes = minutes_of(found.walks[-1]).round(MINUTE_DECIMALS)
    return [None if isnan(each) else each for each in minutes.tolist()]


def _rounded(number: float | None, decimals: int) -> float | None:
    return None if number is None else round(number, decimals)
