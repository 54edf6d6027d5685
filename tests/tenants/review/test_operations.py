"""Handing up: what a reviewer sees, and that nobody changes or forges it."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import DBAPIError

from core.db import (
    AcrossTenants,
    AuditEvent,
    Base,
    JobState,
    Owned,
    ParentSees,
    audit,
)
from core.errors import Conflict, Invalid, NotFound
from core.store.digest import digest_of
from tenants.review.models import Review, Submission, Verdict
from tenants.review.operations import (
    received,
    review,
    reviews_of,
    sent,
    submissions_for,
    submit,
    withdraw,
)
from tenants.review.summary import WIDENED, intact
from tenants.tree.operations import find_tenant

from .conftest import line

BOTH_ENDS = {"submissions", "reviews"}


@pytest.fixture
def handed_up(database, tree, finished):
    """Hand a run of 济南市 up to the nation; give the submission's id."""

    def make(slug="370100", to="cn", **run):
        run_id = finished(slug, **run)
        with database.session(tree[slug]) as session:
            return submit(session, run_id, to, None).id

    return make


def copy_of(database, tree, submission_id, slug="cn"):
    with database.session(tree[slug]) as session:
        row = received(session, submission_id)
        return row.summary, row.summary_digest


def test_a_submission_is_a_frozen_copy_of_the_whole_summary(database, tree, handed_up):
    summary, digest = copy_of(database, tree, handed_up())
    assert intact(summary, digest)
    assert digest == digest_of(json.loads(json.dumps(summary)))
    assert (summary["tenant"]["code"], summary["tenant"]["name"]) == ("370100", "济南市")
    assert summary["ruleset"] == {"key": "jinan", "version": "2022.1", "digest": "d" * 64}
    assert summary["walker"]["metres_per_second"] == 1.2
    assert summary["run"]["result_digest"] == "e" * 64
    (residents,) = summary["datasets"]
    assert residents["as_of"] == "2025-06-30"
    assert residents["quality"] == {"attribution": "示例", "people_dropped": None, "rows": 7}
    assert [one["key"] for one in summary["whole"]["lines"]] == ["wet_market", "elders"]
    assert summary["whole"]["points"]["low"] == pytest.approx(15.5, abs=0.02)
    assert summary["whole"]["points"]["high"] == pytest.approx(15.52, abs=0.02)
    assert summary["areas"][0]["grade_name"] == "示范标准类"
    assert [one["covered"] for one in summary["slots"]] == [60_000, 80_000, 95_000]
    assert summary["sample"] is False


def test_no_place_of_anybody_leaves_the_tenant(database, tree, handed_up):
    summary, _ = copy_of(database, tree, handed_up())
    written = json.dumps(summary)
    for coordinate in ("117.123456", "36.654321"):
        assert coordinate not in written
    assert not {"lon", "lat", "outline", "bbox"} & set(_keys(summary))


def _keys(value):
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _keys(each)
    elif isinstance(value, list):
        for each in value:
            yield from _keys(each)


def test_small_cells_are_hidden_before_the_copy_is_frozen(database, tree, handed_up):
    submission_id = handed_up(
        lines=[line("wet_market", 99_995, 100_000), line("child_care", 13, 900)],
        areas=[("circle:1", "一号圈", 4), ("circle:2", "二号圈", 90), ("circle:3", "三号圈", 900)],
        slots={"yi_dian": {5.0: 7, 15.0: 99_995}},
    )
    summary, digest = copy_of(database, tree, submission_id)
    assert intact(summary, digest)
    market, child_care = summary["whole"]["lines"]
    assert (market["hidden"], market["numerator"], market["value"]) == (True, None, None)
    assert WIDENED in summary["whole"]["notes"]
    assert summary["whole"]["points"]["high"] - summary["whole"]["points"]["low"] >= 1
    assert [area["people"] for area in summary["areas"]] == [None, None, 900]
    assert [area["points"] is None for area in summary["areas"]] == [True, False, False]
    assert [slot["covered"] for slot in summary["slots"]] == [None, None]
    assert (child_care["numerator"], child_care["value"]) == (None, None)
    assert "99995" not in json.dumps(summary)


def test_a_run_of_few_people_is_not_handed_up(database, tree, finished):
    run_id = finished(people=9, lines=[line("wet_market", 5, 9)], slots={}, areas=[])
    with pytest.raises(Conflict, match="不足 10 人"), database.session(tree["370100"]) as session:
        submit(session, run_id, "cn", None)


def test_only_a_finished_run_of_ones_own_is_handed_up(database, tree, finished):
    waiting, own = finished(state=JobState.RUNNING), finished()
    with pytest.raises(Conflict), database.session(tree["370100"]) as session:
        submit(session, waiting, "cn", None)
    for slug, run_id in (("320500", own), ("370103", own), ("370100", uuid4())):
        with pytest.raises(NotFound), database.session(tree[slug]) as session:
            submit(session, run_id, "cn", None)


@pytest.mark.parametrize("to", ["370100", "370103", "320000", "320500", "nowhere", ""])
def test_a_run_is_handed_up_to_an_ancestor_alone(database, tree, finished, to):
    run_id = finished()
    with pytest.raises(NotFound), database.session(tree["370100"]) as session:
        submit(session, run_id, to, None)
    with database.session(tree["370100"]) as session:
        mine = select(func.count()).where(Submission.run_id == run_id)
        assert session.scalar(mine) == 0


def test_a_tenant_that_shares_nothing_hands_nothing_up(database, tree, finished):
    run_id = finished("320500")
    with database.session(tree["320500"]) as session:
        find_tenant(session, "320500").parent_sees = ParentSees.NOTHING
    with pytest.raises(Conflict), database.session(tree["320500"]) as session:
        submit(session, run_id, "cn", None)
    with database.session(tree["320500"]) as session:
        find_tenant(session, "320500").parent_sees = ParentSees.SUBMITTED


def test_a_run_is_handed_up_once_and_again_after_it_was_taken_back(database, tree, finished):
    run_id = finished()
    with database.session(tree["370100"]) as session:
        first = submit(session, run_id, "cn", None).id
        with pytest.raises(Conflict):
            submit(session, run_id, "cn", None)
        submit(session, run_id, "370000", None)
        withdraw(session, first)
        with pytest.raises(Conflict):
            withdraw(session, first)
    with pytest.raises(NotFound), database.session(tree["cn"]) as session:
        received(session, first)
    with database.session(tree["370100"]) as session:
        assert submit(session, run_id, "cn", None).id == first
        assert first in {row.id for row in sent(session)}
    assert intact(*copy_of(database, tree, first))


def test_only_the_owner_takes_back(database, tree, handed_up):
    submission_id = handed_up()
    for slug in ("cn", "370000", "370103", "320500"):
        with pytest.raises(NotFound), database.session(tree[slug]) as session:
            withdraw(session, submission_id)
    copy_of(database, tree, submission_id)


def test_the_nation_sees_the_copies_and_nothing_else_of_any_city(database, tree, handed_up):
    mine = {handed_up(), handed_up("320500")}
    with database.session(tree["cn"]) as session:
        assert mine <= {row.id for row in submissions_for(session)}
        tables = [
            mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Owned)
        ]
        assert len(tables) > 10
        for model in tables:
            foreign = session.execute(
                text(f"SELECT count(*) FROM {model.__tablename__} WHERE tenant_id <> :nation"),
                {"nation": tree["cn"]},
            ).scalar_one()
            assert (foreign > 0) is (model.__tablename__ == "submissions"), model


def test_a_sibling_a_child_and_a_place_between_see_nothing(database, tree, handed_up):
    submission_id = handed_up()
    for slug in ("320500", "320000", "370103", "370000"):
        with database.session(tree[slug]) as session:
            assert session.scalar(select(Submission).where(Submission.id == submission_id)) is None
            seen = session.execute(
                text("SELECT count(*) FROM submissions WHERE id = :id"), {"id": submission_id}
            ).scalar_one()
            assert seen == 0
        with pytest.raises(NotFound), database.session(tree[slug]) as session:
            received(session, submission_id)


@pytest.mark.parametrize(
    "change",
    [
        "summary = '{}'",
        "summary_digest = repeat('0', 64)",
        "to_tenant_id = tenant_id",
        "submitted_at = now()",
        "run_id = run_id",
    ],
)
@pytest.mark.parametrize("slug", ["cn", "370100"])
def test_neither_end_can_change_the_copy(database, tree, handed_up, change, slug):
    submission_id = handed_up()
    before = copy_of(database, tree, submission_id)
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        database.session(tree[slug]) as session,
    ):
        session.execute(
            text(f"UPDATE submissions SET {change} WHERE id = :id"), {"id": submission_id}
        )
    assert copy_of(database, tree, submission_id) == before


def test_the_reviewer_cannot_take_it_back_or_delete_it_either(database, tree, handed_up):
    submission_id = handed_up()
    with database.session(tree["cn"]) as session:
        changed = session.execute(
            text("UPDATE submissions SET state = 'withdrawn' WHERE id = :id"), {"id": submission_id}
        )
        assert changed.rowcount == 0
    for slug in ("cn", "370100"):
        with pytest.raises(DBAPIError), database.session(tree[slug]) as session:
            session.execute(text("DELETE FROM submissions WHERE id = :id"), {"id": submission_id})
    copy_of(database, tree, submission_id)


def test_the_reviewer_cannot_change_the_copy_through_an_object(database, tree, handed_up):
    submission_id = handed_up()

    def change():
        with database.session(tree["cn"]) as session:
            received(session, submission_id).state = "withdrawn"

    with pytest.raises(AcrossTenants):
        change()


def test_the_reviewer_cannot_forge_a_submission(database, tree, handed_up, finished):
    run_id = finished()
    forged = {
        "id": uuid4(),
        "tenant": tree["370100"],
        "run": run_id,
        "nation": tree["cn"],
        "digest": digest_of({}),
    }
    with (
        pytest.raises(DBAPIError, match="row-level security"),
        database.session(tree["cn"]) as session,
    ):
        session.execute(
            text(
                "INSERT INTO submissions (tenant_id, id, run_id, to_tenant_id, state, summary,"
                " summary_digest) VALUES (:tenant, :id, :run, :nation, 'submitted', '{}', :digest)"
            ),
            forged,
        )

    def add():
        with database.session(tree["cn"]) as session:
            session.add(
                Submission(
                    tenant_id=tree["370100"],
                    run_id=run_id,
                    to_tenant_id=tree["cn"],
                    summary={},
                    summary_digest=digest_of({}),
                )
            )

    with pytest.raises(AcrossTenants):
        add()


def test_a_tampered_copy_is_noticed_by_its_digest(database_urls, database, tree, handed_up):
    submission_id = handed_up()
    name = database_urls.app_url[database_urls.app_url.rindex("/") :].partition("?")[0]
    engine = create_engine(database_urls.superuser_url.replace("/postgres?", f"{name}?"))
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(
            text(
                "UPDATE submissions SET summary ="
                " jsonb_set(summary, '{whole,points,low}', '19.5') WHERE id = :id"
            ),
            {"id": submission_id},
        )
    engine.dispose()
    summary, digest = copy_of(database, tree, submission_id)
    assert summary["whole"]["points"]["low"] == 19.5
    assert not intact(summary, digest)


def test_an_answer_is_the_reviewers_row_and_both_ends_read_it(database, tree, handed_up):
    submission_id = handed_up()
    with database.session(tree["cn"]) as session:
        review(session, submission_id, Verdict.RETURNED, " 请说明居民数据来源。\r\n谢谢 ", None)
        review(session, submission_id, Verdict.ACCEPTED, "", None)
    for slug in ("cn", "370100"):
        with database.session(tree[slug]) as session:
            answers = [(one.verdict, one.comment) for one in reviews_of(session, submission_id)]
            assert answers == [("returned", "请说明居民数据来源。\n谢谢"), ("accepted", "")]
    for slug in ("370000", "320500"):
        with database.session(tree[slug]) as session:
            assert reviews_of(session, submission_id) == []


def test_who_was_not_handed_it_cannot_answer(database, tree, handed_up):
    submission_id = handed_up()
    for slug in ("370000", "370100", "320500"):
        with pytest.raises(NotFound), database.session(tree[slug]) as session:
            review(session, submission_id, Verdict.ACCEPTED, "", None)

    def forge():
        with database.session(tree["320500"]) as session:
            session.add(
                Review(
                    submission_id=submission_id,
                    of_tenant_id=tree["370100"],
                    verdict="accepted",
                    comment="",
                )
            )

    with pytest.raises(DBAPIError, match="row-level security"):
        forge()


def test_an_answer_is_never_changed(database, tree, handed_up):
    submission_id = handed_up()
    with database.session(tree["cn"]) as session:
        review(session, submission_id, Verdict.ACCEPTED, "", None)
    for slug in ("cn", "370100"):
        with pytest.raises(DBAPIError), database.session(tree[slug]) as session:
            session.execute(text("UPDATE reviews SET verdict = 'returned'"))


@pytest.mark.parametrize(
    ("verdict", "comment"),
    [(Verdict.RETURNED, " "), (Verdict.ACCEPTED, "字" * 2001), (Verdict.ACCEPTED, "a\x00b")],
)
def test_a_return_says_why_and_a_comment_is_text(database, tree, handed_up, verdict, comment):
    submission_id = handed_up()
    with pytest.raises(Invalid), database.session(tree["cn"]) as session:
        review(session, submission_id, verdict, comment, None)


def test_a_withdrawn_submission_is_not_answered(database, tree, handed_up):
    submission_id = handed_up()
    with database.session(tree["370100"]) as session:
        withdraw(session, submission_id)
    with pytest.raises(NotFound), database.session(tree["cn"]) as session:
        review(session, submission_id, Verdict.ACCEPTED, "", None)


def test_each_step_is_recorded_in_the_chain_of_who_took_it(database, tree, handed_up):
    submission_id = handed_up()
    with database.session(tree["cn"]) as session:
        review(session, submission_id, Verdict.ACCEPTED, "好", None)
    with database.session(tree["370100"]) as session:
        withdraw(session, submission_id)
    newest = select(AuditEvent).order_by(AuditEvent.number.desc())
    with database.session(tree["370100"]) as session:
        steps = session.scalars(newest.limit(2)).all()
        assert [step.action for step in steps] == ["submission.withdraw", "run.submit"]
        assert steps[1].details["to"] == "cn"
        assert audit.first_broken(session) is None
    with database.session(tree["cn"]) as session:
        step = session.scalars(newest).first()
        assert (step.action, step.details["verdict"]) == ("submission.review", "accepted")
        assert audit.first_broken(session) is None
