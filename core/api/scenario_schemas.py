"""What requests about scenarios hold, and what answers tell."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from typing_extensions import override

from core.api.schemas import Strict, text
from core.db import WHOLE
from core.studies.whatif.edits import EditSchema
from core.studies.whatif.scenarios import MOST_EDITS


class EditField(fields.Nested):
    """An edit, described by its schema and checked by the study, which says what is wrong."""

    @override
    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return value


def _version() -> fields.Integer:
    return fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, 2**31 - 2),
        metadata={"description": "the version that you saw; another's edit meanwhile is a 409"},
    )


class ScenarioNameSchema(Strict):
    """A scenario's name."""

    name = text(most=100, required=True)


class ScenarioRenameSchema(ScenarioNameSchema):
    """Another name for what you saw."""

    version = _version()


class SeenSchema(Strict):
    """What you saw."""

    version = _version()


class NewEditSchema(SeenSchema):
    """One edit more."""

    edit = EditField(EditSchema, required=True)


class ScenarioRowSchema(Schema):
    """A scenario in a list."""

    id = fields.UUID()
    run_id = fields.UUID()
    name = fields.String()
    version = fields.Integer()
    count = fields.Integer(metadata={"description": "edits in force"})
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class ScenarioSchema(ScenarioRowSchema):
    """A scenario: edits in force, in order; those undone, the next to come again last."""

    edits = fields.List(fields.Nested(EditSchema))
    undone = fields.List(fields.Nested(EditSchema))


class ScenarioQuerySchema(Schema):
    """Coverage of which format or slot, all when left out; changed lines of which area."""

    key = text(most=100, least=0, load_default="")
    area = text(most=200, load_default=WHOLE)


class WhatIfSchema(Strict):
    """Edits that are answered and not kept."""

    edits = fields.List(
        EditField(EditSchema), required=True, validate=validate.Length(max=MOST_EDITS)
    )
    key = text(most=100, least=0, load_default="")
    area = text(most=200, load_default=WHOLE)


class ScenariosQuerySchema(Schema):
    """Up to four scenarios of the run, by their ids with commas between them."""

    class Meta:
        """``with`` is a word of Python's."""

        include = {  # noqa: RUF012 - marshmallow reads it from the class
            "with": text(most=200, required=True, metadata={"description": "id,id"})
        }


class ScenarioAnswerSchema(Schema):
    """What is another than in the run, and only that; everything else is as the run says.

    ``people`` gain or lose anything that the report counts, by age group. ``coverage`` is by
    format or slot and minutes, of all homes and of the areas that changed, by age group; null
    where it is not measured. ``demands`` are the ruleset's, from those surely to those possibly
    covered. ``scores`` are of areas judged anew, ``lines`` of the area that was asked for.
    """

    edits = fields.Integer()
    people = fields.Dict()
    coverage = fields.List(fields.Dict())
    demands = fields.List(fields.Dict())
    scores = fields.List(fields.Dict())
    lines = fields.List(fields.Dict())
    notes = fields.List(fields.Dict())


class EditedScenarioSchema(Schema):
    """A scenario after an edit, and what it comes to now."""

    scenario = fields.Nested(ScenarioSchema)
    answer = fields.Nested(ScenarioAnswerSchema)


class ChangedHomesSchema(Schema):
    """Homes whose walk to a format is another, as columns; minutes null beyond the limit."""

    format = fields.String()
    name = fields.String()
    english = fields.String()
    row = fields.List(fields.Integer())
    lon = fields.List(fields.Float())
    lat = fields.List(fields.Float())
    people = fields.List(fields.Integer())
    before = fields.List(fields.Float(allow_none=True))
    after = fields.List(fields.Float(allow_none=True))


class ComparedSchema(Schema):
    """People covered in the run and in each scenario, by format and minutes, and the scores."""

    scenarios = fields.List(fields.Nested(ScenarioRowSchema))
    coverage = fields.List(fields.Dict())
    score = fields.Dict()
