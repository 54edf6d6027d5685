"""The shape of a declared ruleset's file: which tables and keys it may hold."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields, validate

from core.contract.declared_walkers import SpeedProfile, WalkerChoice
from core.contract.ruleset import Status

STATUS = fields.Enum(Status, by_value=True, required=True)
PERCENT = validate.Range(0, 100)
KINDS = {  # a kind that is not built yet reads 未测, and says what it would count
    "coverage": "",
    "survey": "",
    "coverage_all": "多组业态同时可达的居民比例",
    "count_distinct_reachable": "居民可达业态种数",
    "count_distinct_present": "圈内业态种数",
    "supply": "供给量",
    "ratio": "网点构成比",
    "equity": "人群差距",
    "manual_score": "人工评分",
}
RULES = ("any_below_floor", "slots_incomplete", "fact_over", "evidence_missing")


class Strict(Schema):
    """Refuses keys that are not declared."""

    class Meta:
        unknown = RAISE


class Head(Strict):
    """Who issued the ruleset, and which it extends (``package:file``)."""

    id = fields.Str(required=True, validate=validate.Length(min=1))
    version = fields.Str(required=True)
    title_zh = fields.Str(required=True)
    title_en = fields.Str(required=True)
    issuer = fields.Str(required=True)
    doc_no = fields.Str(required=True)
    issued = fields.Date(required=True, format="iso")
    jurisdiction = fields.Str(required=True)
    status = STATUS
    url = fields.Str(load_default="")
    notes = fields.Str(load_default="")
    extends = fields.Str(load_default="")
    extends_version = fields.Str(load_default="")
    without = fields.List(fields.Str(), load_default=list)


class Defaults(Strict):
    """What an indicator means where it says nothing itself."""

    threshold_minutes = fields.Float(required=True, validate=validate.Range(min=1, max=60))
    speed_profile = fields.Str(load_default="")
    walker = WalkerChoice(load_default="")  # before speed_profile
    missing_policy = fields.Str(load_default="bounds", validate=validate.Equal("bounds"))
    population_basis = fields.Str(required=True)


class StatedFact(Strict):
    """Something a source says that no rule computes with."""

    id = fields.Str(required=True)
    value = fields.Raw(required=True)
    status = fields.Str(required=True)
    source = fields.Str(required=True)


class Dimension(Strict):
    """A group of indicators and its share of the hundred points."""

    id = fields.Str(required=True)
    zh = fields.Str(required=True)
    weight = fields.Float(required=True, validate=PERCENT)
    status = STATUS


class IndicatorTable(Strict):
    """One indicator: what is measured, how it earns points, how sure each number is."""

    id = fields.Str(required=True)
    zh = fields.Str(required=True)
    dimension = fields.Str(required=True)
    kind = fields.Str(required=True, validate=validate.OneOf(sorted(KINDS)))
    formats = fields.List(fields.Str(), load_default=list)
    format_class = fields.Str(data_key="class", load_default="")
    match = fields.Str(load_default="any", validate=validate.Regexp(r"any|all|count>=[1-9]\d*"))
    aggregate = fields.Str(load_default="")
    group = fields.Str(load_default="all")
    speed_profile = fields.Str(load_default="")
    walker = WalkerChoice(load_default="")
    threshold_minutes = fields.Float(load_default=None, validate=validate.Range(min=1, max=60))
    threshold_m = fields.Float(load_default=None)
    window = fields.Str(load_default="", validate=validate.Regexp(r"(\d\d:\d\d-\d\d:\d\d)?$"))
    of = fields.Str(load_default="")
    min_sample = fields.Int(load_default=0)
    require_attr = fields.Str(load_default="")
    numerator = fields.Str(load_default="")
    denominator = fields.Str(load_default="")
    subsets = fields.Dict(keys=fields.Str(), values=fields.List(fields.Str()), load_default=dict)
    min_per_subset = fields.Int(load_default=1)
    hosted_ok = fields.Bool(load_default=False)
    schedule_ok = fields.Bool(load_default=False)
    unit = fields.Str(required=True)
    target = fields.Float(load_default=None)
    floor = fields.Float(load_default=None)
    curve = fields.Str(required=True)
    points = fields.List(
        fields.List(fields.Float(), validate=validate.Length(2)), load_default=list
    )
    weight = fields.Float(required=True, validate=PERCENT)
    hard_floor = fields.Float(load_default=None)
    status = STATUS
    status_parts = fields.Dict(
        keys=fields.Str(), values=fields.Enum(Status, by_value=True), load_default=dict
    )
    status_note = fields.Str(load_default="")
    source = fields.Str(required=True)


class When(Strict):
    """When a hard rule strikes: a kind, of what, beyond which number, or denied by which word."""

    kind = fields.Str(required=True, validate=validate.OneOf(RULES))
    of = fields.Raw(required=True)
    than = fields.Float(load_default=0.0)
    denied_by = fields.Str(load_default="")


class HardRule(Strict):
    """A rule that overrides the points."""

    id = fields.Str(required=True)
    zh = fields.Str(required=True)
    when = fields.Nested(When, required=True)
    effect = fields.Str(required=True, validate=validate.OneOf(("fail", "cap", "flag")))
    cap = fields.Str(load_default="")
    status = STATUS
    source = fields.Str(required=True)


class GradeTable(Strict):
    """A grade: from how many points, and which hard rules must not strike."""

    id = fields.Str(required=True)
    zh = fields.Str(required=True)
    min_score = fields.Float(required=True, validate=PERCENT)
    requires = fields.List(fields.Str(), load_default=list)
    status = STATUS
    status_note = fields.Str(load_default="")


class RulesetFile(Strict):
    """The whole file, after a parent was merged in."""

    ruleset = fields.Nested(Head, required=True)
    defaults = fields.Nested(Defaults, required=True)
    classes = fields.Dict(keys=fields.Str(), values=fields.List(fields.Str()), load_default=dict)
    speed_profile = fields.List(fields.Nested(SpeedProfile), load_default=list)
    fact = fields.List(fields.Nested(StatedFact), load_default=list)
    dimension = fields.List(fields.Nested(Dimension), required=True)
    indicator = fields.List(fields.Nested(IndicatorTable), required=True)
    hard_rule = fields.List(fields.Nested(HardRule), load_default=list)
    grade = fields.List(fields.Nested(GradeTable), required=True)
