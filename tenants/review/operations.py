"""Handing a run up and answering it: submit, withdraw, review."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.db import JobState, ParentSees, Run, Tenant, audit
from core.errors import Conflict, Invalid, NotFound
from core.store.digest import digest_of
from tenants.review.models import Review, Submission, SubmissionState, Verdict
from tenants.review.summary import summary_of
from tenants.tree.operations import ancestors, find_tenant
from tenants.words import checked_comment


def submit(session: Session, run_id: UUID, to_slug: str, by: UUID | None) -> Submission:
    """Hand a run up to an ancestor: a frozen copy of its summary, and nothing else of the tenant.

    A run that was withdrawn is handed up again as it was; its summary does not change.

    Parameters
    ----------
    session
        Bound to the tenant that owns the run.
    run_id
        A finished run.
    to_slug
        An ancestor of the tenant.
    by
        Who hands it up.

    Raises
    ------
    NotFound
        No such run here, or no such tenant above.
    Conflict
        The run is not finished, was handed up there already, or the tenant shares nothing.
    """
    tenant = session.get_one(Tenant, session.info["tenant_id"])
    target = _above(session, tenant, to_slug)
    run = session.scalar(select(Run).where(Run.id == run_id))
    if run is None:
        raise NotFound("没有这次运行。", english="There is no such run.")
    if run.state != JobState.DONE:
        raise Conflict(
            "这次运行还没有完成，没有提交。请等它完成后再提交。",
            english="The run is not finished; it was not submitted. Submit it when it is.",
        )
    if tenant.parent_sees == ParentSees.NOTHING:
        raise Conflict(
            "本地区设置为不向上级提供任何内容，没有提交。请先由管理员修改共享设置。",
            english="This place shares nothing upwards; the run was not submitted. "
            "Its administrator has to change that first.",
        )
    submission = session.scalar(
        select(Submission).where(
            Submission.tenant_id == tenant.id,
            Submission.run_id == run.id,
            Submission.to_tenant_id == target.id,
        )
    )
    if submission is None:
        summary = summary_of(session, tenant, run)
        submission = Submission(
            run_id=run.id,
            to_tenant_id=target.id,
            summary=summary,
            summary_digest=digest_of(summary),
            submitted_by=by,
        )
        session.add(submission)
    elif submission.state == SubmissionState.WITHDRAWN:
        submission.state = SubmissionState.SUBMITTED
    else:
        raise Conflict(
            f"这次运行已经提交给{target.name}，没有再次提交。",
            english=f"The run was submitted to {target.english or target.name} already; "
            "it was not submitted again.",
        )
    session.flush()
    audit.record(
        session,
        action="run.submit",
        subject=f"run:{run.id}",
        details={
            "submission": str(submission.id),
            "to": target.slug,
            "digest": submission.summary_digest,
        },
    )
    return submission


def withdraw(session: Session, submission_id: UUID) -> Submission:
    """Take a submission back; only the tenant that handed it up can.

    Raises
    ------
    NotFound
        No such submission of this tenant.
    Conflict
        It is withdrawn already.
    """
    submission = session.scalar(
        select(Submission).where(
            Submission.tenant_id == session.info["tenant_id"], Submission.id == submission_id
        )
    )
    if submission is None:
        raise _no_submission()
    if submission.state == SubmissionState.WITHDRAWN:
        raise Conflict(
            "这份提交已经撤回，没有改变。",
            english="The submission is withdrawn already; nothing was changed.",
        )
    submission.state = SubmissionState.WITHDRAWN
    session.flush()
    audit.record(session, action="submission.withdraw", subject=f"submission:{submission.id}")
    return submission


def sent(session: Session) -> Sequence[Submission]:
    """List what the session's tenant handed up, newest first, withdrawn ones included."""
    return session.scalars(
        select(Submission)
        .where(Submission.tenant_id == session.info["tenant_id"])
        .order_by(Submission.submitted_at.desc(), Submission.id.desc())
    ).all()


def submissions_for(session: Session) -> Sequence[Submission]:
    """List what was handed up to the session's tenant and not withdrawn, newest first."""
    return session.scalars(
        select(Submission)
        .where(
            Submission.to_tenant_id == session.info["tenant_id"],
            Submission.state == SubmissionState.SUBMITTED,
        )
        .order_by(Submission.submitted_at.desc(), Submission.id.desc())
    ).all()


def received(session: Session, submission_id: UUID) -> Submission:
    """Find a submission that was handed up to the session's tenant.

    Raises
    ------
    NotFound
        None such, or it is withdrawn.
    """
    submission = session.scalar(
        select(Submission).where(
            Submission.id == submission_id,
            Submission.to_tenant_id == session.info["tenant_id"],
            Submission.state == SubmissionState.SUBMITTED,
        )
    )
    if submission is None:
        raise _no_submission()
    return submission


def sent_or_received(session: Session, submission_id: UUID) -> Submission:
    """Find a submission by either of its ends; a withdrawn one only its owner sees.

    Raises
    ------
    NotFound
        The session's tenant is neither of them.
    """
    own = session.scalar(
        select(Submission).where(
            Submission.id == submission_id, Submission.tenant_id == session.info["tenant_id"]
        )
    )
    return own or received(session, submission_id)


def review(
    session: Session, submission_id: UUID, verdict: Verdict, comment: str, by: UUID | None
) -> Review:
    """Answer a submission; the answer is the reviewer's own row, the copy stays as it is.

    Parameters
    ----------
    session
        Bound to the tenant that it was handed up to.
    submission_id
        What is answered.
    verdict, comment
        What is said; a return says why.
    by
        Who says it.

    Raises
    ------
    NotFound
        No such submission to this tenant, or it is withdrawn.
    Invalid
        A return without a comment, or a comment that is too long.
    """
    submission = received(session, submission_id)
    comment = checked_comment(comment)
    if verdict == Verdict.RETURNED and not comment:
        raise Invalid(
            "退回时须写明原因，没有保存。",
            english="A return says why; nothing was saved.",
        )
    answer = Review(
        submission_id=submission.id,
        of_tenant_id=submission.tenant_id,
        verdict=verdict,
        comment=comment,
        by=by,
    )
    session.add(answer)
    session.flush()
    audit.record(
        session,
        action="submission.review",
        subject=f"submission:{submission.id}",
        details={"verdict": verdict, "digest": submission.summary_digest},
    )
    return answer


def reviews_of(session: Session, submission_id: UUID) -> Sequence[Review]:
    """List the answers to a submission, oldest first; both of its ends see them."""
    return session.scalars(
        select(Review).where(Review.submission_id == submission_id).order_by(Review.id)
    ).all()


def last_answers(session: Session, submission_ids: Collection[UUID]) -> dict[UUID, Review]:
    """Give the latest answer to each of the submissions that has one."""
    rows = session.scalars(
        select(Review).where(Review.submission_id.in_(submission_ids)).order_by(Review.id)
    )
    return {row.submission_id: row for row in rows}


def _above(session: Session, tenant: Tenant, slug: str) -> Tenant:
    """Find an ancestor by its slug; any other tenant is no place to hand up to."""
    if slug not in {above.slug for above in ancestors(session, tenant)}:
        raise NotFound(  # the same for a place elsewhere and for none, so that neither is told
            f"{slug[:40]} 不是本地区的上级，没有提交。请从上级地区中选择。",
            english=f"{slug[:40]} is not above this place; nothing was submitted. Choose one "
            "that is.",
        )
    return find_tenant(session, slug)


def _no_submission() -> NotFound:
    return NotFound(
        "没有这份提交，或它已经撤回。",
        english="There is no such submission, or it was withdrawn.",
    )
