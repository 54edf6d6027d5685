from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job as AnyJob
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from core.config import Config
from core.db import Job, Run, RunScore
from core.errors import Misconfigured
from core.jobs.queues import QUEUE, Refused, queue, send_hint, take_hint
from core.jobs.worker import run_worker
from core.runs.verify import verify


@pytest.fixture
def asked(town):
    tenant, ask = town
    tenant_id = tenant()
    return tenant_id, *ask(tenant_id)


@pytest.fixture
def gate(tmp_path):
    """Give a closed gate at which judging waits."""
    folder = tmp_path / "gate"
    folder.mkdir()
    (folder / "closed").touch()
    return folder


def state(database, tenant_id, run_id):
    with database.session(tenant_id) as session:
        return session.scalars(select(Run.state).where(Run.id == run_id)).one()


def outcome(database, tenant_id, run_id, job_id):
    with database.session(tenant_id) as session:
        job = session.scalars(select(Job).where(Job.id == job_id)).one()
        scores = session.scalar(
            select(func.count()).select_from(RunScore).where(RunScore.run_id == run_id)
        )
        return job.state, job.attempt, scores


def judging(gate):
    return [int(path.name.removeprefix("pid-")) for path in gate.glob("pid-*")]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def children(pid):
    """Give all descendants of a process."""
    found = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [below for child in found for below in children(child)]


def test_a_run_asked_for_is_done_by_itself_and_verifies(
    database, blobs, host, asked, start_worker, wait_for
):
    tenant_id, run_id, job_id = asked
    worker = start_worker()
    wait_for(lambda: state(database, tenant_id, run_id) == "done")
    assert outcome(database, tenant_id, run_id, job_id) == ("done", 1, 4)
    assert verify(database, blobs, host, tenant_id, run_id).same
    below = children(worker.pid)
    assert below
    worker.terminate()
    assert worker.wait(30) == 0
    assert not [pid for pid in below if alive(pid)]


def test_a_burst_ends_when_nothing_waits(database, asked, start_worker):
    tenant_id, run_id, job_id = asked
    assert start_worker("burst").wait(60) == 0
    assert outcome(database, tenant_id, run_id, job_id) == ("done", 1, 4)


def test_a_killed_child_loses_nothing(database, asked, gate, start_worker, wait_for):
    tenant_id, run_id, job_id = asked
    start_worker()
    [child] = wait_for(lambda: judging(gate))
    os.kill(child, signal.SIGKILL)
    (gate / "closed").unlink()
    wait_for(lambda: state(database, tenant_id, run_id) == "done")
    assert outcome(database, tenant_id, run_id, job_id) == ("done", 2, 4)


def attempts(database, tenant_id, job_id):
    with database.session(tenant_id) as session:
        return session.scalars(select(Job.attempts).where(Job.id == job_id)).one()


def test_a_killed_childs_job_does_not_wait_for_its_lease(
    database, asked, gate, start_worker, wait_for
):
    tenant_id, run_id, job_id = asked
    start_worker("patient")  # its leases last an hour
    [child] = wait_for(lambda: judging(gate))
    os.kill(child, signal.SIGKILL)
    (gate / "closed").unlink()
    wait_for(lambda: state(database, tenant_id, run_id) == "done")
    first, second = attempts(database, tenant_id, job_id)
    assert (first["cause"], first["signal"]) == ("signal", "SIGKILL")
    assert first["peak_mib"] > 10
    assert first["worker"].endswith(f"/{child}")
    assert first["began"] < first["ended"]
    assert "cause" not in second


def test_a_child_that_leaves_by_itself_is_told_by_its_exit_code(
    database, asked, gate, start_worker, wait_for
):
    tenant_id, run_id, job_id = asked
    start_worker("patient")
    [child] = wait_for(lambda: judging(gate))
    (gate / f"leave-{child}").touch()
    wait_for(lambda: len(attempts(database, tenant_id, job_id)) == 2)
    (gate / "closed").unlink()
    wait_for(lambda: state(database, tenant_id, run_id) == "done")
    first = attempts(database, tenant_id, job_id)[0]
    assert (first["cause"], first["exit_code"]) == ("exit", 7)


def test_a_child_killed_three_times_at_its_job_ends_it_with_evidence(
    database, asked, gate, start_worker, wait_for
):
    tenant_id, run_id, job_id = asked
    start_worker("patient")
    killed = set()
    for _ in range(3):
        [child] = wait_for(lambda: set(judging(gate)) - killed)
        os.kill(child, signal.SIGKILL)
        killed.add(child)
    wait_for(lambda: state(database, tenant_id, run_id) == "failed")
    assert [one["signal"] for one in attempts(database, tenant_id, job_id)] == ["SIGKILL"] * 3
    with database.session(tenant_id) as session:
        job = session.scalars(select(Job).where(Job.id == job_id)).one()
        assert (job.error_class, job.attempt) == ("crash", 3)
        assert "3 次，最后一次：进程被 SIGKILL 终止" in job.message


def test_a_child_killed_at_a_later_job_of_its_life_gives_that_one_back(
    database, town, gate, start_worker, wait_for
):
    tenant, ask = town
    (gate / "closed").unlink()
    asked = [(tenant_id := tenant(), *ask(tenant_id)) for _ in range(2)]
    (gate / "only").write_text("5")  # a run judges four areas: closed to the second run
    start_worker("patient")
    [child] = wait_for(lambda: judging(gate))
    os.kill(child, signal.SIGKILL)
    (gate / "only").unlink()
    wait_for(lambda: all(state(database, one, run) == "done" for one, run, _ in asked))
    told = [attempts(database, one, job) for one, _, job in asked]
    assert sorted(map(len, told)) == [1, 2]
    [[first, second]] = [each for each in told if len(each) == 2]
    assert first["worker"].endswith(f"/{child}")
    [[alone]] = [each for each in told if len(each) == 1]
    assert alone["worker"] == first["worker"]  # the same child had done it before
    assert second["worker"] != first["worker"]


def test_a_killed_worker_takes_its_child_along_and_another_completes(
    database, asked, gate, start_worker, wait_for
):
    tenant_id, run_id, job_id = asked
    first = start_worker()
    [child] = wait_for(lambda: judging(gate))
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    wait_for(lambda: not alive(child))
    (gate / "closed").unlink()
    assert state(database, tenant_id, run_id) == "running"
    start_worker()
    wait_for(lambda: state(database, tenant_id, run_id) == "done")
    assert outcome(database, tenant_id, run_id, job_id) == ("done", 2, 4)


def test_a_stall_longer_than_the_lease_writes_nothing(
    database, asked, gate, start_worker, wait_for
):
    tenant_id, run_id, job_id = asked
    start_worker("two")
    [child] = wait_for(lambda: judging(gate))
    os.kill(child, signal.SIGSTOP)  # its heart stops too: the lease runs out
    (gate / "closed").unlink()
    wait_for(lambda: state(database, tenant_id, run_id) == "done")
    before = outcome(database, tenant_id, run_id, job_id)
    assert before == ("done", 2, 4)
    os.kill(child, signal.SIGCONT)
    wait_for(lambda: not alive(child))
    assert outcome(database, tenant_id, run_id, job_id) == before


def test_an_emptied_queue_loses_nothing(database, asked, empty_queue, start_worker, wait_for):
    tenant_id, run_id, job_id = asked
    empty_queue()
    start_worker()
    wait_for(lambda: state(database, tenant_id, run_id) == "done")
    assert outcome(database, tenant_id, run_id, job_id) == ("done", 1, 4)


def test_a_cancelled_run_stays_cancelled(database, asked, gate, start_worker, wait_for):
    from core.jobs.claim import cancel  # noqa: PLC0415 - next to its one use

    tenant_id, run_id, job_id = asked
    start_worker()
    [child] = wait_for(lambda: judging(gate))
    with database.session(tenant_id) as session:
        cancel(session, job_id)
    (gate / "closed").unlink()
    wait_for(lambda: not alive(child))
    assert outcome(database, tenant_id, run_id, job_id) == ("cancelled", 1, 0)
    assert state(database, tenant_id, run_id) == "cancelled"


def test_a_strangers_function_in_the_queue_does_not_run(
    database, asked, redis_url, tmp_path, start_worker
):
    tenant_id, run_id, _ = asked
    proof = tmp_path / "proof"
    with Redis.from_url(redis_url) as connection:
        theirs = Queue(QUEUE, connection=connection, job_class=AnyJob, serializer=JSONSerializer)
        theirs.enqueue("os.system", f"touch {proof}")
        Queue(QUEUE, connection=connection).enqueue("os.system", f"touch {proof}")
    assert start_worker("burst").wait(60) == 0
    assert not proof.exists()
    assert state(database, tenant_id, run_id) == "done"  # and ours, behind them, was done


def test_a_worker_without_addresses_says_which_it_needs():
    with pytest.raises(Misconfigured, match="LIFECIRCLE_DISPATCH_URL"):
        run_worker(Config(database_url="postgresql://x", redis_url="redis://x"))


def test_a_signal_that_interrupts_its_own_handler_still_stops_the_crew():
    """Ctrl-C and a SIGTERM right behind it: the second arrives at every line of the first's."""
    script = textwrap.dedent("""
        import signal, sys
        from core.jobs.worker import STOPPING, Crew

        def again(frame, event, arg):
            signal.raise_signal(signal.SIGINT)
            return again

        crew = Crew({})
        for sign in STOPPING:
            signal.signal(sign, crew._stop)
        sys.settrace(again)
        signal.raise_signal(signal.SIGTERM)
        sys.settrace(None)
        crew.run()
    """)
    stopped = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert stopped.returncode == 0


def test_one_child_does_several_waiting_jobs_and_each_is_claimed(
    database, blobs, host, town, start_worker, wait_for
):
    tenant, ask = town
    asked = []
    for _ in range(4):
        tenant_id = tenant()
        asked.append((tenant_id, *ask(tenant_id)))
    start_worker()
    wait_for(lambda: all(state(database, one, run) == "done" for one, run, _ in asked))
    for tenant_id, run_id, job_id in asked:
        assert outcome(database, tenant_id, run_id, job_id) == ("done", 1, 4)


def test_a_wake_up_taken_by_hand_leaves_nothing_in_the_queue(redis_url):
    connection = Redis.from_url(redis_url)
    hints = queue(connection)
    ids = uuid4(), uuid4()
    send_hint(hints, *ids)
    hint = take_hint(hints)
    assert hint is not None
    assert hint.row() == ids
    assert take_hint(hints) is None
    left = {key.decode() for key in connection.scan_iter("rq:*")} - {"rq:queues"}
    assert not left, left
    connection.close()


def test_what_is_no_wake_up_is_refused_when_taken_by_hand(redis_url):
    connection = Redis.from_url(redis_url)
    hints = queue(connection)
    Queue(QUEUE, connection=connection, serializer=JSONSerializer).enqueue("os.getcwd")
    hint = take_hint(hints)
    assert hint is not None
    with pytest.raises(Refused, match=r"os\.getcwd"):
        hint.row()
    connection.close()
