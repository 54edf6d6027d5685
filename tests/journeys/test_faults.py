"""Kills, an emptied queue, the same question twice at once: nothing is lost and nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from core.runs.verify import verify
from tests.journeys.small_place import RESIDENTS

pytestmark = [pytest.mark.journey, pytest.mark.slow]
COMPUTED = ("run_scores", "run_lines", "run_coverage", "run_gaps")


def asked(minutes):
    """Ask for a run that no other test asks for."""
    return {"ruleset": "national-2023-plan", "params": {"report_minutes": [minutes, 15]}}


def homes(people):
    """Give residents that no other test brings."""
    return RESIDENTS.replace("40", str(people))


@pytest.fixture(scope="module")
def place(settle):
    """Give the place that is disturbed."""
    place = settle("x-disturbed")
    place.furnish()
    return place


@pytest.fixture(scope="module")
def calm(settle):
    """Give a place with the same files, in which nothing is ever killed."""
    place = settle("x-calm")
    place.furnish()
    return place


@pytest.fixture
def start(services):
    """Start workers as processes of their own; those still alive are killed at the end."""
    started = []

    def begin():
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.quick_worker"],
            env=os.environ | services.config.environment(),
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        kill_tree(process)


def below(pid):
    """Give all descendants of a process, nearest first."""
    try:
        found = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return found + [each for child in found for each in below(child)]


def kill_tree(process):
    """End a process and all below it as a power cut would."""
    for pid in [*below(process.pid), process.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def until(what):
    """Ask until there is an answer; pytest ends a wait in vain."""
    while not (answer := what()):
        time.sleep(0.02)
    return answer


@contextmanager
def no_writing_to(place, table):
    """Let everybody read a table and nobody write it; gives who waits to."""
    engine = create_engine(place.superuser_url)
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE relation = to_regclass(:table) AND NOT granted"
    )
    with engine.connect() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
        yield lambda: connection.execute(waiting, {"table": table}).scalar()
    engine.dispose()


def horse_of(worker):
    """Find the process that does the job: a child of one of the crew's three."""
    return next((pid for child in below(worker.pid)[:3] for pid in below(child)), None)


def reader_of(worker):
    """Find the process that reads an import's file."""
    for pid in below(worker.pid):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except FileNotFoundError:
            continue
        if b"core.intake.child" in words:
            return pid
    return None


def only_the_horse(worker):
    os.kill(horse_of(worker), signal.SIGKILL)
    return worker


def everything(worker):
    kill_tree(worker)


def done_in(place, minutes):
    """Ask for a run and let it be done in peace."""
    run_id = place.client.post(place.address("runs"), json=asked(minutes)).json["id"]
    place.work()
    return place.get(f"runs/{run_id}")


@pytest.mark.parametrize(
    ("kill", "emptied", "minutes"),
    [(only_the_horse, False, 5), (everything, True, 6)],
    ids=["the horse", "the whole tree, and the queue emptied"],
)
def test_a_run_killed_while_it_writes_completes_by_itself_once(  # noqa: PLR0917 - fixtures
    place, calm, start, kill, emptied, minutes, empty_queue
):
    before = place.rows(*COMPUTED)
    run_id = place.client.post(place.address("runs"), json=asked(minutes)).json["id"]
    worker = start()
    with no_writing_to(place, "run_lines") as waiting:
        until(waiting)
        assert place.get(f"runs/{run_id}")["state"] == "running"
        survivor = kill(worker)
        if emptied:
            empty_queue()
        run = place.get(f"runs/{run_id}")
        assert (run["state"], run["points_low"]) == ("running", None)
        assert place.rows(*COMPUTED) == before
    if survivor is None:
        start()
    run = place.wait_for(f"runs/{run_id}", "done", "failed")
    assert (run["state"], place.job(run["job_id"])["attempt"]) == ("done", 2)
    undisturbed = done_in(calm, minutes)
    for same in (
        "fingerprint",
        "result_digest",
        "minutes_digest",
        "grade",
        "points_low",
        "summary",
    ):
        assert run[same] == undisturbed[same]
    for what in ("scores", "lines", "coverage", "gaps.geojson"):
        mine = place.client.get(place.address(f"runs/{run_id}/{what}"))
        assert mine.data == calm.client.get(calm.address(f"runs/{undisturbed['id']}/{what}")).data
    opened = place.services
    verdict = verify(opened.database, opened.blobs, opened.host, place.tenant_id, run_id)
    assert verdict.same, verdict.first_difference


@pytest.mark.parametrize(("moment", "people"), [("reading", 44), ("writing", 45)])
def test_an_import_killed_in_its_middle_changes_nothing_until_it_completes_by_itself(
    place, calm, start, moment, people
):
    before = place.data()
    path = place.file("more.csv", homes(people))
    job_id = place.ask("residents", path)
    worker = start()
    with no_writing_to(place, "dataset_versions") as waiting:
        if moment == "reading":
            os.kill(until(lambda: reader_of(worker)), signal.SIGSTOP)
        else:
            until(waiting)
        kill_tree(worker)
        assert place.job(job_id)["state"] == "running"
        assert place.data() == before
    start()
    job = place.wait_for(f"jobs/{job_id}", "done", "failed")
    assert (job["state"], job["attempt"], job["result"]["reused"]) == ("done", 2, False)
    undisturbed = calm.bring("residents", calm.file("more.csv", homes(people)))
    assert job["result"]["digest"] == undisturbed["result"]["digest"]
    after = place.data()
    assert len(after["rows"]["dataset_versions"]) == len(before["rows"]["dataset_versions"]) + 1
    again = place.wait_for(f"jobs/{place.ask('residents', path)}", "done", "failed")
    assert again["result"]["reused"]
    assert place.data() == after


def at_once(app, place, address, body, times=6):
    """Send the same request many times at one moment; gives the answers."""
    barrier, answers = threading.Barrier(times), []

    def send():
        client = app.test_client()
        client.environ_base.update(place.client.environ_base)
        barrier.wait()
        answers.append(client.post(address, json=body))

    threads = [threading.Thread(target=send) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_an_equal_run_asked_many_times_at_once_is_one_run(app, place):
    before = place.rows("runs", "jobs", "run_inputs")
    for minutes in (7, 8, 9):
        answers = at_once(app, place, place.address("runs"), asked(minutes))
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [202]
        assert len({answer.json["id"] for answer in answers}) == 1
        assert len({answer.json["job_id"] for answer in answers}) == 1
    place.work()
    assert {run["state"] for run in place.get("runs")} == {"done"}
    after = place.rows("runs", "jobs", "run_inputs")
    more = {name: len(after[name]) - len(before[name]) for name in after}
    assert more == {"runs": 3, "jobs": 3, "run_inputs": 3 * 4}


def test_a_place_made_many_times_at_once_is_made_once(app, place):
    body = {"name": "新地方", "slug": f"{place.slug}-new"}
    answers = at_once(app, place, place.address("children"), body)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    refused = [answer for answer in answers if answer.status_code == 409]
    assert {answer.mimetype for answer in refused} == {"application/problem+json"}


def test_a_run_handed_up_many_times_at_once_is_handed_up_once(app, settle):
    settle("x-top", level="nation")
    place = settle("x-below", parent_slug="x-top")
    place.furnish()
    body = {"run_id": done_in(place, 5)["id"], "to": "x-top"}
    answers = at_once(app, place, place.address("submissions"), body)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert len(place.get("submissions/sent")) == 1
