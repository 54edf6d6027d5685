from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.catalog.host import load
from core.contract import Manifest, Ruleset, hookimpl
from core.db import Job, Run, RunCoverage, RunGap, RunLine, RunScore
from core.db.held import Fenced, Held
from core.errors import Conflict
from core.runs.execute import Clock, Silent, compute, run
from core.runs.plan import ask_run
from core.runs.record import fail
from core.runs.terms import STAGES
from tests.core.runs.small_town import TownPlugin

RULES = "small.rules"
ROWS = (RunScore, RunLine, RunCoverage, RunGap)


@pytest.fixture
def asked(database, tenant_id, catalogue, versions):
    with database.session(tenant_id) as session:
        one, _ = ask_run(session, catalogue, ruleset_key=RULES)
        job = session.scalars(select(Job)).one()
        job.state, job.attempt = "running", 1
        job.lease_until = func.now() + timedelta(minutes=1)
        return one.id, job.id


def counted(session):
    return [session.scalar(select(func.count()).select_from(model)) for model in ROWS]


def test_a_run_goes_from_plan_to_rows(database, blobs, host, tenant_id, asked):
    run_id, job_id = asked
    run(database, blobs, host, tenant_id, job_id, 1)
    with database.session(tenant_id) as session:
        done = session.scalars(select(Run).where(Run.id == run_id)).one()
        job = session.scalars(select(Job)).one()
        assert (done.state, job.state, job.percent) == ("done", "done", 100)
        assert job.lease_until is None
        assert done.people == 4210
        assert done.grade is None
        assert done.pending == ["影院网点登记"]
        assert 0 < done.points_low < done.points_high < done.out_of == 70
        assert set(done.stage_seconds) == set(STAGES)
        assert done.summary["totals"]["unattached_people"] == 10
        assert [one["attribution"] for one in done.summary["sources"]] == ["示例数据"] * 4
        assert blobs.exists(done.result_digest)
        assert blobs.exists(done.minutes_digest)
        scores, lines, coverage, gaps = counted(session)
        assert (scores, lines, coverage) == (4, 4 * 7, 4 * 9 * 3)
        assert gaps == sum(gap["listed"] for gap in done.summary["gaps"])


def test_an_attempt_that_lost_the_job_writes_nothing(database, blobs, host, tenant_id, asked):
    run_id, job_id = asked
    with database.session(tenant_id) as session:
        session.execute(update(Job).values(attempt=2))
    with pytest.raises(Fenced):
        run(database, blobs, host, tenant_id, job_id, 1)
    with database.session(tenant_id) as session:
        assert counted(session) == [0, 0, 0, 0]
        assert session.scalars(select(Run).where(Run.id == run_id)).one().state == "queued"


class Interrupted(Silent):
    """Loses the job at a stage, as if it were cancelled or another worker took it."""

    def __init__(self, database, tenant_id, change) -> None:
        self.database, self.tenant_id, self.change = database, tenant_id, change

    def stage(self, key):
        if key == "record":
            with self.database.session(self.tenant_id) as session:
                session.execute(update(Job).values(**self.change))


@pytest.mark.parametrize("change", [{"state": "cancelled"}, {"attempt": 2}, {"state": "queued"}])
def test_a_job_lost_at_the_last_moment_gets_no_rows(
    database, blobs, host, tenant_id, asked, change
):
    run_id, job_id = asked
    progress = Interrupted(database, tenant_id, change)
    with pytest.raises(Fenced):
        run(database, blobs, host, tenant_id, job_id, 1, progress)
    with database.session(tenant_id) as session:
        assert counted(session) == [0, 0, 0, 0]
        assert session.scalars(select(Run).where(Run.id == run_id)).one().state == "running"


class Failing(TownPlugin):
    """The small town's plugin whose judge does not work."""

    @staticmethod
    @hookimpl
    def lifecircle_rulesets() -> list[Ruleset]:
        [ruleset] = TownPlugin.lifecircle_rulesets()
        return [type(ruleset)(**{**_fields(ruleset), "judge": _divide})]


def _fields(value):
    return {name: getattr(value, name) for name in value.__slots__}


def _divide(facts, settings):
    return 1 / 0


def test_a_plugins_fault_fails_the_run_with_its_sentence(database, blobs, tenant_id, asked):
    run_id, job_id = asked
    broken = load(allowed=("none",), extra=[("small", Failing())])
    run(database, blobs, broken, tenant_id, job_id, 1)
    with database.session(tenant_id) as session:
        failed = session.scalars(select(Run).where(Run.id == run_id)).one()
        job = session.scalars(select(Job)).one()
        assert (failed.state, job.state, job.error_class) == ("failed", "failed", "fault")
        assert "small 1.0.0" in failed.fault_message
        assert job.english
        assert counted(session) == [0, 0, 0, 0]


class Newer(TownPlugin):
    """The small town's plugin in another version."""

    @staticmethod
    @hookimpl
    def lifecircle_manifest() -> Manifest:
        return Manifest(key="small", name="小城规则", version="2.0.0", api=(1, 0))


def test_another_installed_version_is_said_and_not_used(database, blobs, tenant_id, asked):
    run_id, job_id = asked
    newer = load(allowed=("none",), extra=[("small", Newer())])
    run(database, blobs, newer, tenant_id, job_id, 1)
    with database.session(tenant_id) as session:
        failed = session.scalars(select(Run).where(Run.id == run_id)).one()
        assert failed.state == "failed"
        assert "plugin small: 1.0.0 → 2.0.0" in failed.fault_message
        plan = failed.plan
    with pytest.raises(Conflict):
        compute(blobs, newer, plan, Clock(Silent()))


def test_only_the_holder_can_fail_a_job(database, tenant_id, asked):
    _, job_id = asked
    held = Held(tenant_id=tenant_id, job_id=job_id, attempt=9)
    with pytest.raises(Fenced), database.session(tenant_id) as session:
        fail(session, held, "crash", "错", "wrong")


SCRIPT = """
import sys
from pathlib import Path
from tests.core.runs.small_town import TownPlugin, freeze_town
from core.catalog.host import load
from core.catalog.view import catalogue_for
from core.runs.execute import Clock, Silent, compute
from core.runs.params import Params
from core.runs.plan import make_plan
from core.store import Blobs, sha256_hex

blobs = Blobs(Path(sys.argv[1]))
host = load(allowed=("none",), extra=[("small", TownPlugin())])
plan = make_plan(
    catalogue_for(host, {"small": {}}), "small.rules", Params.load({}), freeze_town(blobs)
)
computed = compute(blobs, host, plan, Clock(Silent()))
print(sha256_hex(computed.result), sha256_hex(computed.minutes))
"""


def test_the_same_plan_gives_the_same_bytes_in_any_process(tmp_path):
    answers = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / seed)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
