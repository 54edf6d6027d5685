"""/submissions, reviews and the reviewers' comparison over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from core.access import Here, requires
from core.api import ApiBlueprint
from core.api.schemas import PageSchema, Strict, text
from core.policy import Permission
from core.store.digest import digest_of
from tenants.review.compare import compare
from tenants.review.models import Submission, Verdict
from tenants.review.operations import (
    received,
    review,
    reviews_of,
    sent,
    submissions_for,
    submit,
    withdraw,
)

blueprint = ApiBlueprint("review", __name__, description="提交与评审")


class SubmissionSchema(Schema):
    """A frozen copy of a run's summary, handed up."""

    id = fields.UUID()
    run_id = fields.UUID()
    state = fields.String()
    summary = fields.Dict()
    summary_digest = fields.String()
    unchanged = fields.Boolean(
        metadata={"description": "whether the copy still has the digest it was frozen with"}
    )
    submitted_at = fields.DateTime()


class SubmitSchema(Strict):
    """Which run, and to which place above."""

    run_id = fields.UUID(required=True)
    to = text(most=40, required=True)


class ReviewSchema(Schema):
    """An answer to a submission."""

    id = fields.UUID()
    submission_id = fields.UUID()
    verdict = fields.String()
    comment = fields.String()
    created_at = fields.DateTime()


class NewReviewSchema(Strict):
    """What is said to a submission."""

    verdict = fields.String(required=True, validate=validate.OneOf([str(one) for one in Verdict]))
    comment = text(most=2000, least=0, load_default="")


class PairSchema(Schema):
    """Which two submissions."""

    left = fields.UUID(required=True)
    right = fields.UUID(required=True)


class ComparisonSchema(Schema):
    """Two submissions side by side; unlike ones say what differs and carry no order."""

    alike = fields.Boolean()
    differences = fields.List(fields.Dict())
    rows = fields.List(fields.Dict())
    slots = fields.List(fields.Dict())


def submission_shape(row: Submission) -> dict[str, Any]:
    """Give a submission's public columns, its digest taken anew."""
    return {
        "id": row.id,
        "run_id": row.run_id,
        "state": row.state,
        "summary": row.summary,
        "summary_digest": row.summary_digest,
        "unchanged": digest_of(row.summary) == row.summary_digest,
        "submitted_at": row.submitted_at,
    }


@blueprint.route("/tenants/<tenant>/submissions/sent")
@requires(Permission.RUN_READ)
@blueprint.response(200, SubmissionSchema(many=True))
def outgoing(here: Here) -> list[dict[str, Any]]:
    """List what this place handed up."""
    with here.session() as session:
        return [submission_shape(row) for row in sent(session)]


@blueprint.route("/tenants/<tenant>/submissions", methods=["POST"])
@requires(Permission.RUN_SUBMIT)
@blueprint.arguments(SubmitSchema)
@blueprint.response(201, SubmissionSchema)
def hand_up(here: Here, asked: dict[str, Any]) -> dict[str, Any]:
    """Hand a run up: a frozen copy of its summary."""
    with here.session() as session:
        row = submit(session, asked["run_id"], asked["to"], here.actor.id)
        session.refresh(row)
        return submission_shape(row)


@blueprint.route("/tenants/<tenant>/submissions/<uuid:submission_id>", methods=["DELETE"])
@requires(Permission.RUN_SUBMIT)
@blueprint.response(204)
def take_back(here: Here, submission_id: UUID) -> None:
    """Take a submission back."""
    with here.session() as session:
        withdraw(session, submission_id)


@blueprint.route("/tenants/<tenant>/submissions")
@requires(Permission.SUBMISSION_READ)
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, SubmissionSchema(many=True))
def incoming(here: Here, page: dict[str, int]) -> list[dict[str, Any]]:
    """List what was handed up to this place."""
    with here.session() as session:
        rows = submissions_for(session)[page["offset"] : page["offset"] + page["limit"]]
        return [submission_shape(row) for row in rows]


@blueprint.route("/tenants/<tenant>/submissions/<uuid:submission_id>")
@requires(Permission.SUBMISSION_READ)
@blueprint.response(200, SubmissionSchema)
def one(here: Here, submission_id: UUID) -> dict[str, Any]:
    """Give one submission that was handed up to this place."""
    with here.session() as session:
        return submission_shape(received(session, submission_id))


@blueprint.route("/tenants/<tenant>/submissions/<uuid:submission_id>/reviews")
@requires(Permission.SUBMISSION_READ)
@blueprint.response(200, ReviewSchema(many=True))
def answers(here: Here, submission_id: UUID) -> list[dict[str, Any]]:
    """List the answers to a submission."""
    names = ReviewSchema().fields
    with here.session() as session:
        return [
            {name: getattr(row, name) for name in names}
            for row in reviews_of(session, submission_id)
        ]


@blueprint.route("/tenants/<tenant>/submissions/<uuid:submission_id>/reviews", methods=["POST"])
@requires(Permission.SUBMISSION_REVIEW)
@blueprint.arguments(NewReviewSchema)
@blueprint.response(201, ReviewSchema)
def answer(here: Here, asked: dict[str, str], submission_id: UUID) -> dict[str, Any]:
    """Answer a submission; the copy stays as it is."""
    with here.session() as session:
        row = review(
            session, submission_id, Verdict(asked["verdict"]), asked["comment"], here.actor.id
        )
        session.refresh(row)
        return {name: getattr(row, name) for name in ReviewSchema().fields}


@blueprint.route("/tenants/<tenant>/comparison")
@requires(Permission.SUBMISSION_READ)
@blueprint.arguments(PairSchema, location="query")
@blueprint.response(200, ComparisonSchema)
def comparison(here: Here, pair: dict[str, UUID]) -> dict[str, Any]:
    """Lay two submissions side by side: only like with like."""
    with here.session() as session:
        left = received(session, pair["left"]).summary
        right = received(session, pair["right"]).summary
    return asdict(compare(left, right))
