"""Where a format should be offered next: candidates, budget and spacing in, ranked sites out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields, validate, validates_schema
from marshmallow.schema import Schema

from core.access import Here, requires
from core.api.blueprint import ApiBlueprint
from core.api.schemas import Strict, text
from core.api.shapes import polygons
from core.policy import Permission
from core.runs.params import LONGEST_MINUTES
from core.runs.summary import find_done

blueprint = ApiBlueprint("siting", __name__, description="选址：加项与新开")
AT = "/tenants/<tenant>/runs/<uuid:run_id>"
MOST_SITES = 30
MOST_PREMISES = 3000
MOST_FIXED = 100
MOST_FORMATS = 300
DEAREST = 100_000.0
LARGEST_BUDGET = 10_000_000.0
HUNDREDTHS = 100


def _between(low: float, high: float) -> validate.Range:
    return validate.Range(low, high, error="{input} 不在 {min} 至 {max} 之间，请改为其中的数。")


def _few(most: int, least: int = 0) -> validate.Length:
    return validate.Length(least, most, error=f"应有 {least} 至 {most} 项，请增减。")


def _money(value: float) -> None:
    if abs(value * HUNDREDTHS - round(value * HUNDREDTHS)) > 1e-6:  # noqa: PLR2004 - of a hundredth
        raise ValidationError(f"{value} 多于两位小数，请改为至多两位。")


def _price(most: float = DEAREST) -> fields.Float:
    checks: list[Callable[[Any], Any]] = [_between(0, most), _money]
    return fields.Float(load_default=None, allow_none=True, validate=checks)


class SitingPointSchema(Strict):
    """A point in degrees (WGS 84)."""

    lon = fields.Float(required=True, validate=_between(-180, 180))
    lat = fields.Float(required=True, validate=_between(-89, 89))


class SitingPremisesSchema(SitingPointSchema):
    """Vacant premises; ``cost`` in the asker's unit, otherwise that of opening anew."""

    key = text(most=100, least=0, load_default="")
    name = text(most=100, least=0, load_default="")
    cost = _price()


class SitingHostsSchema(Strict):
    """Existing outlets that do not offer the format yet: all, or some."""

    formats = fields.List(
        text(most=100),
        load_default=list,
        validate=_few(MOST_FORMATS),
        metadata={"description": "outlets that offer any of these; empty for all"},
    )
    can_host = fields.Boolean(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "true: only those whose format may carry others (一店多能); false: all; "
            "left out: all, or where those are too many, fewer, as the answer says"
        },
    )


class SitingAlongSchema(Strict):
    """Points along streets where people lack the format."""

    spacing_metres = fields.Float(
        load_default=None,
        allow_none=True,
        validate=_between(50, 500),
        metadata={"description": "150 where nothing is said, wider where they would be too many"},
    )


class SitingCandidatesSchema(Strict):
    """Which kinds of sites come into question; left out: hosts and points along streets."""

    premises = fields.List(
        fields.Nested(SitingPremisesSchema), load_default=list, validate=_few(MOST_PREMISES)
    )
    hosts = fields.Nested(SitingHostsSchema, load_default=None, allow_none=True)
    streets = fields.Nested(SitingAlongSchema, load_default=None, allow_none=True)

    @validates_schema
    def _some(self, data: dict[str, Any], **_more: Any) -> None:
        if not data["premises"] and data["hosts"] is None and data["streets"] is None:
            raise ValidationError("没有候选点：请给出 premises、hosts 或 streets 中的至少一种。")


class SitingCostsSchema(Strict):
    """What one site costs, in the asker's own unit, at most two decimals."""

    host = _price()
    open = _price()


class SitingFixedSchema(Strict):
    """A site that is decided: an outlet by its row, or a point."""

    outlet = fields.Integer(strict=True, load_default=None, allow_none=True)
    lon = fields.Float(load_default=None, allow_none=True, validate=_between(-180, 180))
    lat = fields.Float(load_default=None, allow_none=True, validate=_between(-89, 89))

    @validates_schema
    def _one(self, data: dict[str, Any], **_more: Any) -> None:
        given = [data[name] is not None for name in ("outlet", "lon", "lat")]
        if given not in ([True, False, False], [False, True, True]):
            raise ValidationError("请给出 outlet（网点行号），或者 lon 和 lat，二者取一。")


class SitingSchema(Strict):
    """A question for sites."""

    format = text(most=100, required=True)
    at_most = fields.Integer(
        strict=True, load_default=5, validate=_between(1, MOST_SITES), metadata={"title": "处数"}
    )
    minutes = fields.Float(
        load_default=None,
        allow_none=True,
        validate=_between(0.5, LONGEST_MINUTES),
        metadata={"description": "left out: the longest that the ruleset grants the format, or 15"},
    )
    group = text(most=20, load_default="all")
    walker = text(most=100, least=0, load_default="")
    candidates = fields.Nested(SitingCandidatesSchema, load_default=None, allow_none=True)
    costs = fields.Nested(SitingCostsSchema, load_default=dict)
    budget = _price(LARGEST_BUDGET)
    apart_metres = fields.Float(load_default=0.0, validate=_between(0, 5000))
    fixed = fields.List(
        fields.Nested(SitingFixedSchema), load_default=list, validate=_few(MOST_FIXED)
    )
    exclude_areas = fields.Dict(
        load_default=None,
        allow_none=True,
        metadata={"description": "GeoJSON polygons (WGS 84) within which no candidate stands"},
    )
    seconds = fields.Float(
        load_default=0.0,
        validate=_between(0, 5),
        metadata={"description": "how long this request looks for a proof; 0 for the bound alone"},
    )


class SitingSaidSchema(Schema):
    """The same in Chinese and English."""

    zh = fields.String()
    en = fields.String()


class SitingHostOutletSchema(Schema):
    """The outlet that would add the format, and what it offers now."""

    row = fields.Integer()
    key = fields.String()
    name = fields.String()
    offers = fields.List(fields.String())


class SitingSpotSchema(Schema):
    """A place: ``host``, ``premises``, ``street`` or ``fixed``."""

    kind = fields.String()
    key = fields.String()
    name = fields.String()
    outlet = fields.Nested(SitingHostOutletSchema, allow_none=True)
    lon = fields.Float()
    lat = fields.Float()


class SitingLostSchema(SitingSpotSchema):
    """A place that no street is near enough to."""

    access_metres = fields.Float(allow_none=True)


class SitingUnattachedSchema(Schema):
    """Places that cannot be used; the first 200 are listed."""

    count = fields.Integer()
    listed = fields.List(fields.Nested(SitingLostSchema))


class SitingStreetSchema(Schema):
    """The street at a site: the source's id, what it is, and metres from the door."""

    way = fields.Integer()
    kind = fields.String()
    metres = fields.Float()


class SitingSiteSchema(SitingSpotSchema):
    """A site, and whom it covers beside those before it."""

    street = fields.Nested(SitingStreetSchema)
    area = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True)
    people = fields.Integer()
    cumulative = fields.Integer()
    groups = fields.Dict(keys=fields.String(), values=fields.Integer())
    cost = fields.Float(allow_none=True)


class SitingCurveSchema(Schema):
    """What 0, 1, 2 … sites cover, and what no choice of so many surpasses."""

    sites = fields.List(fields.Integer())
    people = fields.List(fields.Integer())
    upper_bound = fields.List(fields.Integer())


class SitingSolutionSchema(Schema):
    """The best sites found: ``hosts``, ``new`` or ``both``; the largest gain first."""

    way = fields.String()
    name = fields.String()
    english = fields.String()
    sites = fields.List(fields.Nested(SitingSiteSchema))
    people = fields.Integer(metadata={"description": "newly covered"})
    covered_before = fields.Integer(metadata={"description": "with the decided sites"})
    covered_after = fields.Integer()
    share_before = fields.Float(allow_none=True)
    share_after = fields.Float(allow_none=True)
    groups_after = fields.Dict(keys=fields.String(), values=fields.Integer())
    cost = fields.Float(allow_none=True)
    upper_bound = fields.Integer(metadata={"description": "no permitted choice covers more"})
    proven = fields.Boolean()
    within_percent = fields.Float(metadata={"description": "at most so far below the best"})
    sentence = fields.Nested(SitingSaidSchema)
    edits = fields.List(
        fields.Dict(),
        metadata={"description": "the decided and chosen sites as edits of a scenario"},
    )
    curve = fields.Nested(SitingCurveSchema)


class SitingComparedSchema(Schema):
    """How many candidates of each kind were compared; ``excluded`` and ``far`` were not."""

    host = fields.Integer()
    premises = fields.Integer()
    street = fields.Integer()
    excluded = fields.Integer()
    far = fields.Integer()
    spacing_metres = fields.Float(allow_none=True)
    only_can_host = fields.Boolean()
    hosts_apart_metres = fields.Float(
        allow_none=True, metadata={"description": "one shop stands for those within"}
    )


class SitingGroupSchema(Schema):
    """An age group, and those of it whom existing outlets cover."""

    people = fields.Integer()
    covered = fields.Integer()


class SitedSchema(Schema):
    """The answer: the same candidates for adding to shops, opening anew, and both."""

    format = fields.String()
    name = fields.String()
    english = fields.String()
    minutes = fields.Float()
    walker = fields.String()
    metres_per_second = fields.Float()
    group = fields.String()
    people = fields.Integer()
    covered = fields.Integer()
    share = fields.Float(allow_none=True)
    off_street = fields.Integer(metadata={"description": "live too far from any street"})
    existing = fields.Integer(metadata={"description": "outlets that offer the format now"})
    groups = fields.Dict(keys=fields.String(), values=fields.Nested(SitingGroupSchema))
    candidates = fields.Nested(SitingComparedSchema)
    unattached = fields.Nested(SitingUnattachedSchema)
    fixed = fields.List(fields.Nested(SitingSiteSchema))
    solutions = fields.List(fields.Nested(SitingSolutionSchema))
    comparison = fields.Nested(SitingSaidSchema)
    assumed = fields.List(fields.Nested(SitingSaidSchema))


@blueprint.route(f"{AT}/siting", methods=["POST"])
@requires(Permission.RUN_READ)
@blueprint.arguments(SitingSchema)
@blueprint.response(200, SitedSchema)
def siting(here: Here, asked: dict[str, Any], run_id: UUID) -> dict[str, Any]:
    """Find the sites of one format that newly cover most people; nothing is stored.

    The answer comes at once, with an upper bound; with ``seconds`` this request goes on looking
    for a proof, no longer than that. The same question has the same answer, but for proofs whose
    time ran out.
    """
    shape = polygons(asked["exclude_areas"], "exclude_areas")
    with here.session() as session:
        run = find_done(session, run_id)
        plan, fingerprint = run.plan, run.fingerprint
    from core.studies.opened import open_run  # noqa: PLC0415 - the compiler, when first asked
    from core.studies.siting import told  # noqa: PLC0415 - the compiler, when first asked
    from core.studies.siting.site import site  # noqa: PLC0415 - the compiler, when first asked

    blobs = here.services.blobs
    opened = open_run(blobs, here.services.host, plan, fingerprint)
    question = _question(asked, shape)
    return told.tell(opened, question, site(opened, blobs, question))


def _question(asked: dict[str, Any], shape: Any) -> Any:
    from core.studies.siting import comparison, spots  # noqa: PLC0415 - the compiler, when first asked

    wished = asked["candidates"] or {"premises": [], "hosts": {}, "streets": {}}
    hosts, along = wished["hosts"], wished["streets"]
    if hosts is not None:
        known = {"formats": (), "can_host": None, **hosts}
        hosts = spots.Hosts(formats=tuple(known["formats"]), can_host=known["can_host"])
    if along is not None:
        along = spots.Along(spacing=along.get("spacing_metres"))
    names = ("format", "at_most", "minutes", "group", "walker", "budget", "apart_metres", "seconds")
    return comparison.Asked(
        **{name: asked[name] for name in names},
        costs=comparison.Costs(**asked["costs"]),
        wished=spots.Wished(
            premises=tuple(spots.Place(**each) for each in wished["premises"]),
            hosts=hosts,
            streets=along,
            exclude=shape,
            fixed=tuple(
                spots.Place(lon=each["lon"], lat=each["lat"])
                if each["outlet"] is None
                else each["outlet"]
                for each in asked["fixed"]
            ),
        ),
    )
