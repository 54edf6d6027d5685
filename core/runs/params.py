"""Params: what a person may choose about a run, checked, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from core.errors import Invalid

LONGEST_MINUTES = 60


class ParamsSchema(Schema):
    """A run's parameters; unknown keys are refused."""

    class Meta:
        """Refuse what is not declared."""

        unknown = RAISE

    report_minutes = fields.List(
        fields.Float(validate=validate.Range(min=1, max=LONGEST_MINUTES)),
        load_default=lambda: [5.0, 10.0, 15.0],
        validate=validate.Length(min=1, max=6),
        metadata={"title": "报告的步行分钟", "help": "Minutes reported beside the ruleset's own."},
    )
    access_limit_metres = fields.Float(
        load_default=150.0,
        allow_none=True,
        validate=validate.Range(min=0, max=5000),
        metadata={
            "title": "到最近街道的最大直线距离（米），空为不限",
            "help": "Farther homes are not attached to a street: not covered, and listed.",
        },
    )
    largest_component_only = fields.Boolean(
        load_default=False,
        metadata={
            "title": "只用最大连通街道",
            "help": "Leave out streets that do not hang together with the largest part.",
        },
    )
    register_complete = fields.Boolean(
        load_default=False,
        metadata={
            "title": "网点登记完整",
            "help": "Count a business format without any outlet as absent instead of unrecorded.",
        },
    )
    limit_minutes = fields.Float(
        load_default=30.0,
        validate=validate.Range(min=5, max=LONGEST_MINUTES),
        metadata={"title": "测量的最长步行分钟", "help": "Longer walks are not told apart."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """A run's parameters as a value; ``to_json`` is what the plan pins."""

    report_minutes: tuple[float, ...]
    access_limit_metres: float | None
    largest_component_only: bool
    register_complete: bool
    limit_minutes: float

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> Params:
        """Check what a person sent; raises ``Invalid`` naming each field."""
        try:
            checked = ParamsSchema().load(dict(values))
        except ValidationError as error:
            raise Invalid(
                "运行参数不能使用，没有开始计算。请按提示修改后重试。",
                english="The run's parameters cannot be used and nothing was started. "
                "Mend them as told and try again.",
                details=[
                    {"field": field, "problems": problems}
                    for field, problems in dict(error.messages_dict).items()
                ],
            ) from error
        minutes = tuple(sorted({float(each) for each in checked["report_minutes"]}))
        checked["limit_minutes"] = max(checked["limit_minutes"], minutes[-1])
        return cls(**{**checked, "report_minutes": minutes})

    def to_json(self) -> dict[str, Any]:
        """Give the JSON of every parameter, defaults included."""
        return {
            "report_minutes": list(self.report_minutes),
            "access_limit_metres": self.access_limit_metres,
            "largest_component_only": self.largest_component_only,
            "register_complete": self.register_complete,
            "limit_minutes": self.limit_minutes,
        }
