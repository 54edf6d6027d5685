"""Worker: one queue, one forked child per job; the dispatcher runs beside it."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any
from uuid import UUID

import structlog
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job as QueuedJob
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from core.catalog.host import Host, load
from core.config import Config
from core.db.session import Database
from core.errors import Misconfigured
from core.jobs.claim import LEASE_SECONDS
from core.jobs.dispatch import dispatch_loop, dispatch_once, take_from, waiting
from core.jobs.evidence import Death, kills_for_memory, of_child
from core.jobs.queues import Hint, connect, nudge, queue, take_hint
from core.jobs.tasks import Bench, perform
from core.keeping.sweep import Sweeper, sweep_loop
from core.runs.budget import allowed_bytes
from core.store import Blobs

PR_SET_PDEATHSIG = 1
IDLE_SECONDS = 20  # how long an idle worker waits on the queue before it looks after itself
BURST_PAUSE_SECONDS = 0.2
RESTART_SECONDS = 1.0
LIFE_SECONDS = 5.0  # how long a child takes further jobs; forking one for each takes 0.1 s
GRACE_SECONDS = 20.0  # how long a running job may take to end when the worker is stopped
STOPPING = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger("lifecircle.worker")


def run_worker(
    config: Config,
    *,
    burst: bool = False,
    workers: int = 1,
    host: Host | None = None,
    lease_seconds: float = LEASE_SECONDS,
    sweepers: Sequence[Sweeper] = (),
) -> None:
    """Work until told to stop (SIGTERM, SIGINT): running jobs end first, children are taken along.

    Parameters
    ----------
    config
        Addresses of the servers; all three are needed.
    burst
        Stop as soon as nothing waits and nothing is at work.
    workers
        Processes that take jobs; one more dispatches.
    host
        The plugins; loaded here, before anything forks, when not given.
    lease_seconds
        How long a silent worker keeps its job.
    sweepers
        What the rooms sweep, once an hour, beside what the core does.
    """
    if not (config.database_url and config.dispatch_url and config.redis_url):
        raise Misconfigured(
            "工作进程需要数据库、派发角色与队列的地址，没有启动。"
            "请设置 LIFECIRCLE_DATABASE_URL、LIFECIRCLE_DISPATCH_URL 与 LIFECIRCLE_REDIS_URL。",
            english="A worker needs the addresses of database, dispatcher's role and queue; it "
            "did not start. Set LIFECIRCLE_DATABASE_URL, LIFECIRCLE_DISPATCH_URL and "
            "LIFECIRCLE_REDIS_URL.",
        )
    if config.tenant_jobs < 1:
        raise Misconfigured(
            "LIFECIRCLE_TENANT_JOBS 至少为 1，否则没有任务会开始。工作进程没有启动，请改正。",
            english="LIFECIRCLE_TENANT_JOBS is at least 1, or no job would ever begin; the worker "
            "did not start.",
        )
    loaded = host or load(config.plugins)
    memory = allowed_bytes(config.worker_memory_mib, workers)
    work = partial(_work, config, loaded, lease_seconds, memory)
    # What is loaded stays: children share its pages, and their collector leaves them alone.
    gc.freeze()
    if burst:
        _burst(config, work)
        return
    duties = {
        "dispatcher": partial(_dispatch, config),
        "sweeper": partial(_sweep, config, tuple(sweepers)),
    }
    duties |= {f"worker-{number}": work for number in range(workers)}
    Crew(duties).run()


class Crew:
    """Child processes that are started again when they die, and stopped together."""

    def __init__(self, duties: dict[str, partial[None]]) -> None:
        self.duties = duties
        self.context = multiprocessing.get_context("fork")
        self.running: dict[str, BaseProcess] = {}
        # Written by the signals' handler, which may interrupt itself and the wait for it: an
        # Event's lock would then wait for itself for ever. This queue's put is reentrant.
        self.told: SimpleQueue[int] = SimpleQueue()

    def run(self) -> None:
        """Keep every duty running until SIGTERM or SIGINT, then wait for all to end."""
        before = {sign: signal.signal(sign, self._stop) for sign in STOPPING}
        try:
            self._start_missing()
            while not self._told_to_stop():
                self._start_missing()
        finally:
            self._end()
            for sign, action in before.items():
                signal.signal(sign, action)

    def _stop(self, sign: int, _frame: FrameType | None) -> None:
        self.told.put(sign)

    def _told_to_stop(self) -> bool:
        """Wait for a signal until it is time to look at the children again."""
        try:
            self.told.get(timeout=RESTART_SECONDS)
        except Empty:
            return False
        return True

    def _start_missing(self) -> None:
        for name, duty in self.duties.items():
            process = self.running.get(name)
            if process is not None and process.is_alive():
                continue
            if process is not None:
                log.warning("a process ended and is started again", name=name)
            # A signal between fork and the child's own handlers would be lost: held until then.
            signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
            try:
                started = self.context.Process(target=_child, args=(duty, os.getpid()), name=name)
                started.start()
                self.running[name] = started
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def _end(self) -> None:
        for process in self.running.values():
            if process.is_alive():
                process.terminate()
        last = time.monotonic() + GRACE_SECONDS
        for process in self.running.values():
            process.join(max(0.0, last - time.monotonic()))
            if process.is_alive():  # its job's lease runs out, and another worker does it again
                process.kill()
                process.join()


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent dies, however that dies.

    Works on Linux; elsewhere an orphan ends its job, whose completion the fence then refuses or
    accepts like any other.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(1)


class HintWorker(Worker):
    """RQ's forking worker, for wake-ups alone; its child opens its own connections."""

    job_class = Hint

    def __init__(self, config: Config, host: Host, lease_seconds: float, memory_bytes: int) -> None:
        connection = connect(config.redis_url)
        hints = queue(connection)
        super().__init__(
            [hints],
            connection=connection,
            job_class=Hint,
            queue_class=type(hints),
            serializer=hints.serializer,
            worker_ttl=IDLE_SECONDS + 15,  # RQ takes 15 seconds off for its own safety
            log_job_description=False,
        )
        self.config = config
        self.host = host
        self.lease_seconds = lease_seconds
        self.memory_bytes = memory_bytes
        self.parent_pid = os.getpid()
        self.kills_before = 0
        self.died: tuple[int, Death] | None = None  # the last child that did not end well

    @override
    def wait_for_horse(self) -> tuple[Any, Any, Any]:
        """Wait for the child; note how it died, where it did."""
        pid, status, usage = super().wait_for_horse()
        if pid and status:
            peak = usage.ru_maxrss if usage else None
            short = kills_for_memory() > self.kills_before
            self.died = pid, of_child(status, peak, short_of_memory=short)
        return pid, status, usage

    @override
    def monitor_work_horse(self, job: QueuedJob, queue: Queue, execution: Execution) -> None:
        """Watch over the child; what it held when it died waits again at once."""
        self.died, self.kills_before = None, kills_for_memory()
        try:
            super().monitor_work_horse(job, queue, execution)
        finally:
            if self.died is not None:
                self._take_over(*self.died)

    def _take_over(self, pid: int, death: Death) -> None:
        config = self.config
        database = Database(config.database_url, dispatch_url=config.dispatch_url, pool_size=1)
        try:
            take_from(database, worker_name(self.name, pid), death)
        except SQLAlchemyError as error:  # the lease runs out by itself
            log.warning("a dead child's job could not be given back", error=type(error).__name__)
        finally:
            database.close()
        nudge(config.redis_url)

    @override
    def main_work_horse(self, job: QueuedJob, queue: Queue) -> None:
        """Tie the child to its parent, open what it needs, and do the job."""
        die_with_parent(self.parent_pid)
        database = Database(self.config.database_url, pool_size=2)
        bench = Bench(
            database=database,
            blobs=Blobs(self.config.blobs),
            host=self.host,
            redis_url=self.config.redis_url,
            lease_seconds=self.lease_seconds,
            memory_bytes=self.memory_bytes,
            worker=worker_name(self.name, os.getpid()),
        )
        Hint.perform_row = partial(perform_on, bench)
        super().main_work_horse(job, queue)


def worker_name(parent: str, pid: int) -> str:
    """Name a child as the rows do: its machine, its parent among all that ever were, itself."""
    return f"{socket.gethostname()}/{parent[:8]}/{pid}"


def perform_on(bench: Bench, tenant_id: UUID, job_id: UUID) -> None:
    """Do the job that woke this child, then others that wait: one fork serves several.

    Each is claimed, fenced and ended like the first. One that crashes ends the child with it; the
    others' rows wait, and the dispatcher wakes another.
    """
    until = time.monotonic() + LIFE_SECONDS
    perform(bench, tenant_id, job_id)
    connection = connect(bench.redis_url)
    try:
        hints = queue(connection)
        while time.monotonic() < until:
            hint = take_hint(hints)
            if hint is None:
                return
            perform(bench, *hint.row())
    finally:
        connection.close()


def _child(duty: partial[None], parent_pid: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the parent's to act on
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    die_with_parent(parent_pid)
    duty()


def _work(
    config: Config, host: Host, lease_seconds: float, memory_bytes: int, *, burst: bool = False
) -> None:
    HintWorker(config, host, lease_seconds, memory_bytes).work(burst=burst, logging_level="WARNING")


def _dispatch(config: Config) -> None:
    """Dispatch until killed, which it may be at any moment: the rows are the truth."""
    database = Database(config.database_url, dispatch_url=config.dispatch_url, pool_size=2)
    dispatch_loop(database, config.redis_url, threading.Event(), quota=config.tenant_jobs)


def _sweep(config: Config, sweepers: Sequence[Sweeper]) -> None:
    """Sweep once an hour until killed, which it may be at any moment."""
    database = Database(config.database_url, dispatch_url=config.dispatch_url, pool_size=1)
    days = config.audit_days
    sweep_loop(database, Blobs(config.blobs), sweepers, threading.Event(), days)


def _burst(config: Config, work: partial[None]) -> None:
    """Dispatch and work in turns until no row waits; leases that must run out are waited for."""
    connection = connect(config.redis_url)
    database = Database(config.database_url, dispatch_url=config.dispatch_url, pool_size=2)
    try:
        while True:
            dispatch_once(database, connection, quota=config.tenant_jobs)
            work(burst=True)
            if not waiting(database):
                return
            time.sleep(BURST_PAUSE_SECONDS)
    finally:
        database.close()
        connection.close()
