from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from sqlalchemy import select

from core.contract import TableKind
from core.db import AuditEvent, DatasetVersion, Job, Run, RunInput
from core.errors import Invalid, NotFound
from core.runs.plan import ask_run
from tests.core.runs.small_town import freeze_town, give_versions

RULES = "small.rules"


def test_asking_writes_run_inputs_job_and_record_together(database, tenant_id, catalogue, versions):
    with database.session(tenant_id) as session:
        run, reused = ask_run(session, catalogue, ruleset_key=RULES, label="第一次")
        assert not reused
        run_id = run.id
    with database.session(tenant_id) as session:
        run = session.scalars(select(Run).where(Run.id == run_id)).one()
        assert run.state == "queued"
        assert run.plan["params"]["access_limit_metres"] == 150.0
        assert set(run.plan["inputs"]) == {kind.value for kind in TableKind}
        roles = session.scalars(select(RunInput.role).order_by(RunInput.role)).all()
        assert roles == ["areas", "outlets", "residents", "streets"]
        job = session.scalars(select(Job)).one()
        assert (job.kind, job.subject_id, job.state) == ("run", run_id, "queued")
        assert session.scalars(select(AuditEvent.action)).all() == ["run.ask"]


def test_the_same_question_is_asked_once(database, tenant_id, catalogue, versions):
    with database.session(tenant_id) as session:
        first, _ = ask_run(session, catalogue, ruleset_key=RULES)
        again, reused = ask_run(session, catalogue, ruleset_key=RULES, params={})
        assert reused
        assert again is first
        other, reused = ask_run(session, catalogue, ruleset_key=RULES, params={"limit_minutes": 20})
        assert not reused
        assert other.fingerprint != first.fingerprint


def test_a_failed_run_may_be_asked_again(database, tenant_id, catalogue, versions):
    with database.session(tenant_id) as session:
        first, _ = ask_run(session, catalogue, ruleset_key=RULES)
        first.state, first.fault_message = "failed", "插件出错"
        session.flush()
        second, reused = ask_run(session, catalogue, ruleset_key=RULES)
        assert not reused
        assert second.id != first.id


def test_two_who_ask_at_once_get_one_run(database, tenant_id, catalogue, versions):
    both = threading.Barrier(2)
    runs = []

    def ask():
        with database.session(tenant_id) as session:
            session.scalars(select(Run)).all()
            both.wait()
            run, _ = ask_run(session, catalogue, ruleset_key=RULES)
            runs.append(run.id)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 2
    assert len(set(runs)) == 1
    with database.session(tenant_id) as session:
        assert len(session.scalars(select(Job)).all()) == 1


def test_the_wake_up_comes_after_the_commit_and_only_for_a_new_run(
    database, tenant_id, catalogue, versions
):
    woken = []
    with database.session(tenant_id) as session:
        ask_run(session, catalogue, ruleset_key=RULES, wake=lambda: woken.append("new"))
        assert woken == []
    assert woken == ["new"]
    with database.session(tenant_id) as session:
        ask_run(session, catalogue, ruleset_key=RULES, wake=lambda: woken.append("again"))
    assert woken == ["new"]


def test_what_is_missing_is_named(database, tenant_id, catalogue, blobs):
    kinds = (TableKind.STREETS,)
    give_versions(database, tenant_id, freeze_town(blobs, kinds))
    with (
        pytest.raises(Invalid, match="居民、网点") as refused,
        database.session(tenant_id) as session,
    ):
        ask_run(session, catalogue, ruleset_key=RULES)
    assert [each["missing"] for each in refused.value.details] == ["residents", "outlets"]


def test_a_withdrawn_version_is_not_taken(database, tenant_id, catalogue, versions):
    with database.session(tenant_id) as session:
        version = session.scalars(
            select(DatasetVersion).where(DatasetVersion.id == versions["outlets"])
        ).one()
        version.state = "withdrawn"
    for inputs in (None, {"outlets": versions["outlets"]}):
        with pytest.raises(Invalid, match="网点"), database.session(tenant_id) as session:
            ask_run(session, catalogue, ruleset_key=RULES, inputs=inputs)


@pytest.mark.parametrize("kind", ["streets", "outlets"])
def test_a_version_of_another_kind_or_of_nobody_is_refused(
    database, tenant_id, catalogue, versions, kind
):
    for version_id in (versions["residents"], uuid4()):
        with pytest.raises(Invalid), database.session(tenant_id) as session:
            ask_run(session, catalogue, ruleset_key=RULES, inputs={kind: version_id})


def test_an_unknown_ruleset_and_an_unknown_kind_are_refused(
    database, tenant_id, catalogue, versions
):
    with pytest.raises(NotFound), database.session(tenant_id) as session:
        ask_run(session, catalogue, ruleset_key="nobody.rules")
    with pytest.raises(Invalid), database.session(tenant_id) as session:
        ask_run(session, catalogue, ruleset_key=RULES, inputs={"weather": uuid4()})
