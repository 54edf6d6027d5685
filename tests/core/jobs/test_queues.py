from __future__ import annotations

import json
import zlib
from uuid import uuid4

import pytest
from redis import Redis
from rq import Callback, Queue
from rq.exceptions import DeserializationError
from rq.job import Job as AnyJob
from rq.serializers import JSONSerializer

from core.jobs.queues import QUEUE, TASK, Hint, Refused, nudge, queue, send_hint


@pytest.fixture
def connection(redis_url):
    with Redis.from_url(redis_url) as connection:
        yield connection


@pytest.fixture
def strangers(connection):
    """Give the same queue as somebody else's program would open it."""
    return Queue(QUEUE, connection=connection, job_class=AnyJob, serializer=JSONSerializer)


def test_a_wake_up_carries_two_ids_and_nothing_else(connection):
    tenant_id, job_id = uuid4(), uuid4()
    send_hint(queue(connection), tenant_id, job_id)
    [key] = connection.scan_iter("rq:job:*")
    stored = zlib.decompress(connection.hget(key, "data"))
    assert json.loads(stored) == [TASK, None, [str(tenant_id), str(job_id)], {}]


def fetched(connection):
    [hint] = queue(connection).get_jobs()
    assert isinstance(hint, Hint)
    return hint


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("os.system", ("true",)),
        ("builtins.eval", ("1",)),
        ("core.jobs.tasks.Bench", ()),
        ("core.jobs.dispatch.dispatch_once", ()),
    ],
)
def test_no_other_function_is_called(connection, strangers, function, arguments):
    strangers.enqueue(function, *arguments)
    with pytest.raises(Refused):
        fetched(connection).perform()


@pytest.mark.parametrize("ids", [(), ("x",), (str(uuid4()),), (1, 2), ("a", "b"), ([], {})])
def test_wrong_ids_are_refused(connection, strangers, monkeypatch, ids):
    monkeypatch.setattr(Hint, "perform_row", lambda *_: None)
    strangers.enqueue(TASK, *ids)
    with pytest.raises(Refused):
        fetched(connection).perform()


def test_keywords_are_refused(connection, strangers):
    strangers.enqueue(TASK, str(uuid4()), job_id_of=str(uuid4()))
    with pytest.raises(Refused):
        fetched(connection).perform()


def test_a_pickled_job_is_not_opened(connection):
    Queue(QUEUE, connection=connection).enqueue("os.system", "true")  # RQ's default is pickle
    with pytest.raises(DeserializationError):
        fetched(connection).perform()


def test_callbacks_are_not_looked_up(connection, strangers):
    strangers.enqueue(
        TASK,
        str(uuid4()),
        str(uuid4()),
        on_success=Callback("os.getpid"),
        on_failure=Callback("os.getpid"),
        on_stopped=Callback("os.getpid"),
    )
    hint = fetched(connection)
    assert hint.success_callback is hint.failure_callback is hint.stopped_callback is None
    assert hint.webhooks == []


def test_a_process_without_a_bench_follows_no_wake_up(connection):
    send_hint(queue(connection), uuid4(), uuid4())
    with pytest.raises(Refused):
        fetched(connection).perform()


def test_nudging_a_server_that_is_away_does_no_harm(tmp_path):
    nudge(f"unix://{tmp_path}/nobody.sock")


def test_many_nudges_are_one(connection, redis_url):
    for _ in range(5):
        nudge(redis_url)
    assert connection.llen("lifecircle:nudge") == 1
