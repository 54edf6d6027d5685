"""The one queue: a wake-up carries ids alone, and only one function can be called through it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import UUID, uuid4

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.job import Job as QueuedJob
from rq.serializers import JSONSerializer
from rq.timeouts import UnixSignalDeathPenalty
from typing_extensions import override

from core.db.session import after_commit

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from core.db import Job

QUEUE = "lifecircle"
TASK = "core.jobs.tasks.perform"
NUDGE = "lifecircle:nudge"  # a list that the dispatcher waits on: look at the rows now
HINT_SECONDS = 60  # an older wake-up is worthless: the dispatcher sends another every few seconds
TASK_SECONDS = 3600  # longest a job may work before it counts as crashed
PATIENCE_SECONDS = 1.0  # how long a request waits for the queue's server; the row is the truth
SILENT_SECONDS = 4.0  # a server that owes an answer for so long is given up
KEPT_SECONDS = 60  # how long the queue remembers a hint that was followed


class Refused(Exception):
    """The queue holds something that no part of ours has put there."""


class Hint(QueuedJob):
    """A wake-up for one row of ``jobs``: tenant id and job id, nothing that can be run.

    Whoever can write to the queue's server can put any function's name there. This class calls
    what its worker was given and nothing else, and looks up no callback and no address.
    """

    perform_row: ClassVar[Callable[[UUID, UUID], None] | None] = None

    @property
    @override
    def func(self) -> Callable[..., None]:
        """Give the one task, if that is what is named."""
        self.check()
        return self._follow

    def check(self) -> None:
        """Refuse what names anything but the one task."""
        if self.func_name != TASK or self.instance is not None or self.kwargs:
            raise Refused(f"the queue names {self.func_name!r}")

    @property
    @override
    def success_callback(self) -> None:
        """Refuse callbacks."""

    @property
    @override
    def failure_callback(self) -> None:
        """Refuse callbacks."""

    @property
    @override
    def stopped_callback(self) -> None:
        """Refuse callbacks."""

    @override
    def restore(self, raw_data: Mapping[Any, Any]) -> Any:
        """Read a job from the queue's server, without addresses to report to."""
        restored = super().restore(raw_data)
        self.webhooks = []
        return restored

    def row(self) -> tuple[UUID, UUID]:
        """Give the tenant id and job id that it carries.

        Raises
        ------
        Refused
            It names another function, or carries something else.
        """
        self.check()
        return _ids(*self.args)

    @classmethod
    def _follow(cls, *ids: str) -> None:
        """Perform the row that the ids name."""
        if cls.perform_row is None:
            raise Refused("nothing performs jobs in this process")
        cls.perform_row(*_ids(*ids))


def _ids(*ids: str) -> tuple[UUID, UUID]:
    try:
        tenant_id, job_id = (UUID(each) for each in ids)
    except (ValueError, AttributeError, TypeError) as error:
        raise Refused("a wake-up carries two ids") from error
    return tenant_id, job_id


class Hints(Queue):
    """The queue of wake-ups."""

    job_class = Hint
    DEFAULT_TIMEOUT = TASK_SECONDS


def connect(redis_url: str) -> Redis:
    """Open the queue's server; nothing is sent yet."""
    return Redis.from_url(redis_url)


def connect_waiting(redis_url: str, seconds: float) -> Redis:
    """Open the queue's server for somebody who waits on it so long at a time.

    A connection that nothing comes back on any more is given up. The client's own limit is five
    seconds from its eighth release on; older ones, which are allowed, wait for ever.
    """
    return Redis.from_url(
        redis_url,
        socket_timeout=seconds + SILENT_SECONDS,
        socket_connect_timeout=SILENT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def connect_briefly(redis_url: str) -> Redis:
    """Open the queue's server for a request, which cannot wait for one that is away."""
    return Redis.from_url(
        redis_url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def ping(redis_url: str) -> bool:
    """Tell whether the queue's server answers."""
    with contextlib.suppress(RedisError, OSError), connect_briefly(redis_url) as connection:
        return bool(connection.ping())
    return False


def queue(connection: Redis, name: str = QUEUE) -> Hints:
    """Give the queue on an open connection; both sides speak JSON."""
    return Hints(
        name,
        connection=connection,
        job_class=Hint,
        serializer=JSONSerializer,
        death_penalty_class=UnixSignalDeathPenalty,
    )


def send_hint(hints: Hints, tenant_id: UUID, job_id: UUID) -> None:
    """Put a wake-up for one row on the queue; a doubled one does no harm."""
    hints.enqueue_call(
        TASK,
        args=(str(tenant_id), str(job_id)),
        timeout=TASK_SECONDS,
        ttl=HINT_SECONDS,
        result_ttl=KEPT_SECONDS,
        failure_ttl=KEPT_SECONDS,
        description="wake-up",
        job_id=uuid4().hex,
    )


def take_hint(hints: Hints) -> Hint | None:
    """Take the next wake-up from the queue without waiting; None where there is none.

    It is forgotten at once: when its taker dies, the row waits and another is sent.
    """
    found = Hints.dequeue_any(
        [hints],
        None,
        hints.connection,
        job_class=Hint,
        serializer=hints.serializer,
        death_penalty_class=UnixSignalDeathPenalty,
    )
    if found is None:
        return None
    hint = cast("Hint", found[0])  # as asked for
    hints.intermediate_queue.remove(hint.id)
    hint.delete(remove_from_queue=False)
    return hint


def nudge(redis_url: str) -> None:
    """Tell the dispatcher to look at the rows now; it looks by itself soon anyway.

    A server that does not answer is no failure: the row is the truth.
    """
    with contextlib.suppress(RedisError, OSError), connect_briefly(redis_url) as connection:
        connection.rpush(NUDGE, 1)
        connection.ltrim(NUDGE, 0, 0)


def wake_after_commit(session: Session, redis_url: str, job: Job) -> None:  # noqa: ARG001 - says what it is for; the dispatcher finds it by its state
    """Have the dispatcher look once the job's row is committed."""
    after_commit(session, lambda: nudge(redis_url))
