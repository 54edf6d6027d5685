"""A sweep takes what nothing names and what was kept long enough, and nothing else."""

from __future__ import annotations

import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, select, text

from core.db import AuditEvent, ImportProblem, Job, Upload, new_id
from core.db.audit import first_broken
from core.keeping import figures
from core.keeping.named import named_by, share
from core.keeping.sweep import DAY, KEEP, Retention, due, sweep, sweep_loop
from core.store import Blobs, Derived
from tests.core.runs.small_town import make_tenant

DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def age(path, days):
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def everywhere(url):
    """Give every text of 64 hexadecimal digits that stands in any row."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = set()
        for name in figures.tables(connection):
            for row in connection.execute(text(f"SELECT t::text FROM {name} t")).scalars():
                found |= set(DIGEST.findall(row))
    engine.dispose()
    return found


def test_every_blob_that_any_row_of_any_table_mentions_is_named(lived):
    urls, blobs, *_ = lived
    engine = create_engine(urls.backup_url)
    with engine.connect() as connection:
        named = named_by(connection, blobs)
    engine.dispose()
    mentioned = {digest for digest in everywhere(urls.backup_url) if blobs.exists(digest)}
    derived = {path.read_text() for path in (blobs.root / "derived").iterdir()}
    assert len(mentioned) >= 6
    assert mentioned <= named
    assert {path.parent.name + path.name for path in blobs.root.glob("??/*")} == (
        {digest for digest in named if digest != "x"} | derived
    )


def test_a_sweep_leaves_what_rows_name_and_takes_old_litter(lived, database, tmp_path, monkeypatch):
    _urls, blobs, *_ = lived
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, days in (("lifecircle-read-a", 2), ("lifecircle-read-b", 0), ("other", 2)):
        (tmp_path / name).mkdir()
        age(tmp_path / name, days)
    orphan, young = blobs.put(b"nobody names me"), blobs.put(b"nor me, yet")
    names = set(blobs.root.glob("??/*"))
    for path in names - {blobs.open(young)}:
        age(path, 8)
    for name, days in (("a.unfinished", 1), ("b.unfinished", 0)):
        (blobs.root / name).write_bytes(b"half")
        age(blobs.root / name, days)
    counts = sweep(database, blobs)
    assert (counts["unfinished"], counts["folders"], counts["blobs"], counts["derived"]) == (
        1,
        1,
        1,
        0,
    )
    assert not blobs.exists(orphan)
    assert names - set(blobs.root.glob("??/*")) == {blobs.root / orphan[:2] / orphan[2:]}
    assert {path.name for path in tmp_path.iterdir()} == {"lifecircle-read-b", "other"}
    (blobs.root / "b.unfinished").unlink()
    blobs.drop(young)


def test_what_is_derived_goes_when_nobody_asked_for_it_for_long(database, tmp_path):
    blobs = Blobs(tmp_path / "blobs")
    import numpy as np  # noqa: PLC0415 - here only

    derived = Derived(blobs)
    digest = derived.put({"of": 1}, {"a": np.arange(3)})
    age(blobs.open(digest), 31)
    assert sweep(database, blobs)["blobs"] == 0
    age(next((blobs.root / "derived").iterdir()), 31)
    counts = sweep(database, blobs)
    assert (counts["derived"], counts["blobs"]) == (1, 1)
    assert derived.get({"of": 1}) is None


def job(tenant_id, days, **values):
    upload = Upload(
        tenant_id=tenant_id, id=new_id(), filename="x", media="x", bytes=1, digest="0" * 64
    )
    made = Job(
        tenant_id=tenant_id,
        id=new_id(),
        subject_id=upload.id,
        idempotency_key=str(new_id()),
        ended_at=datetime.now(UTC) - timedelta(days=days),
        **({"kind": "import", "state": "done"} | values),
    )
    problem = ImportProblem(
        tenant_id=tenant_id, job_id=made.id, upload_id=upload.id, row_no=1, column_name="x",
        code="x", message="x", english="x", value="x", severity="error",
    )  # fmt: skip
    return upload, made, problem


def test_old_jobs_go_with_their_problems_and_a_record_but_a_runs_job_stays(database, tmp_path):
    tenant_id = make_tenant(database, "old-jobs")
    stays = [(179, {}), (400, {"kind": "run"}), (400, {"state": "running"})]
    with database.session(tenant_id) as session:
        for days, values in [*stays, (181, {}), (181, {"kind": "run", "state": "failed"})]:
            upload, made, problem = job(tenant_id, days, **values)
            session.add_all([upload, made])
            session.flush()
            session.add(problem)
    counts = sweep(database, Blobs(tmp_path / "blobs"))
    assert (counts["jobs"], counts["problems"]) == (2, 2)
    with database.session(tenant_id) as session:
        assert session.scalar(select(func.count()).select_from(Job)) == len(stays)
        assert session.scalar(select(func.count()).select_from(Upload)) == 5
        assert session.scalars(select(AuditEvent.details)).one()["jobs"] == 2
        assert first_broken(session) is None


def test_not_even_the_application_may_delete_a_job_that_ended_lately(database):
    tenant_id = make_tenant(database, "late-jobs")
    with database.session(tenant_id) as session:
        for days in (1, 29, 31):
            session.add_all(job(tenant_id, days)[:2])
    with database.session(tenant_id) as session:
        assert session.execute(Job.__table__.delete()).rowcount == 1


def test_while_a_backup_is_at_work_nothing_is_swept(database, database_urls, tmp_path):
    engine = create_engine(database_urls.backup_url)
    with engine.begin() as connection:
        share(connection)
        assert sweep(database, Blobs(tmp_path / "blobs")) is None
    engine.dispose()
    assert sweep(database, Blobs(tmp_path / "blobs")) is not None


def test_of_all_that_share_a_store_one_an_hour_sweeps(tmp_path):
    blobs = Blobs(tmp_path / "blobs")
    assert due(blobs)
    assert not due(blobs)
    age(blobs.root / ".swept", 1 / 20)
    assert due(blobs)


def test_the_loop_sweeps_what_the_rooms_hand_in_and_bears_a_failure(
    database, tmp_path, monkeypatch
):
    monkeypatch.setattr("core.keeping.sweep.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("core.keeping.sweep.HOUR", 0.0)
    over, calls = threading.Event(), []

    def room(given):
        calls.append(given)
        age(tmp_path / "blobs" / ".swept", 1)
        if len(calls) == 1:
            raise OSError
        over.set()
        return {"of the room": 1}

    sweep_loop(database, Blobs(tmp_path / "blobs"), [room], over)
    assert calls == [database, database]


WORDS = [b"a", b"b", b"c"]
STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "name", "look", "delete", "age"]), st.sampled_from(WORDS)),
    max_size=30,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_in_whatever_order_writers_and_a_sweep_act_no_named_blob_is_lost(tmp_path_factory, steps):
    """A writer puts, then names, a week at most later; a sweep looks at names, then deletes."""
    blobs = Blobs(tmp_path_factory.mktemp("steps") / "blobs")
    blobs.root.mkdir()
    rows, put, seen, looked = set(), set(), None, 0.0
    for act, word in steps:
        if act == "put":
            put.add(blobs.put(word))
        elif act == "name":
            rows |= put
            put.clear()
        elif act == "look":
            seen, looked = set(rows), time.time()
        elif act == "delete" and seen is not None:
            blobs.sweep_unnamed(seen, asked_at=looked, older_than_seconds=7 * DAY)
            seen = None
        elif act == "age" and not put:  # nobody waits a week between putting and naming
            looked -= 8 * DAY
            for path in blobs.root.glob("??/*"):
                age(path, 8)
        assert all(map(blobs.exists, rows | put))


def write(blobs, rows, lost, number):
    """Put and name; of what nobody names any more, say that a week went by."""
    for step in range(150):
        digest = blobs.put(bytes([number, step % 7]))
        if not blobs.exists(digest):
            lost.append(digest)
        rows[digest] = True
        if step % 3:
            rows.pop(digest)
            age(blobs.open(digest), 8)


def test_threads_that_put_and_name_lose_nothing_to_a_sweep_that_never_stops(tmp_path):
    blobs, rows, over = Blobs(tmp_path / "blobs"), {}, threading.Event()
    blobs.root.mkdir()
    lost, swept = [], []

    def tidy():
        while not over.is_set():
            asked_at = time.time()
            named = set(rows.copy())
            deleted = blobs.sweep_unnamed(named, asked_at=asked_at, older_than_seconds=7 * DAY)
            swept.append(deleted[0])

    sweeper = threading.Thread(target=tidy)
    writers = [
        threading.Thread(target=write, args=(blobs, rows, lost, number)) for number in range(3)
    ]
    for thread in (sweeper, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    sweeper.join()
    assert not lost
    assert all(map(blobs.exists, rows))
    assert sum(swept)


@pytest.mark.parametrize("name", Retention.__slots__)
def test_the_readme_tells_how_long_each_is_kept(name):
    readme = Path(__file__).parents[3] / "core" / "keeping" / "README.md"
    row = next(line for line in readme.read_text().splitlines() if f"`{name}`" in line)
    days = getattr(KEEP, name)
    told = "1 hour" if days < 1 else f"{days:g} day"
    assert f"| {told}" in row
