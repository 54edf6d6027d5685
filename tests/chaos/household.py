"""The processes under test: web and workers, each forked from here and started again when it dies.

Run as a script by ``town.py``, with a configuration in its environment. What is loaded is loaded
once, so that a killed process is back in a moment, as under an operator's supervisor.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from core.catalog.host import load
from core.config import Config
from core.jobs import dispatch, worker
from core.kernel import warm
from tests.chaos import guards
from tests.chaos.disk import Disk
from wsgi import make_app

PR_SET_NAME = 15
LEASE_SECONDS = 3.0
AGAIN_SECONDS = 2.0  # a lost wake-up is sent again after this; eight in the product
PAUSE_SECONDS = 0.1
PARENTS = 2
WORKERS = 2  # of each parent


def call_oneself(name: str) -> None:
    """Give this process a name that the faults find it by."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


class Web(BaseApplication):
    """Gunicorn as the product starts it, on one port."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": f"127.0.0.1:{self.port}",
            "worker_class": "gthread",
            "threads": 8,
            "graceful_timeout": 5,
            "loglevel": "warning",
            "preload_app": True,
            "post_fork": lambda _server, _worker: call_oneself("lc-web"),
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return make_app()


def named(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
    """Have a process of the worker's call itself so before it goes on."""

    def acting(*words: Any, **options: Any) -> Any:
        call_oneself(name)
        return act(*words, **options)

    return acting


def prepare(control: str, config: Config, log: Path) -> None:
    """Name the worker's processes, slow the disk down, shorten the waits, remove a guard."""
    worker._dispatch = named("lc-dispatch", worker._dispatch)
    worker._work = named("lc-work", worker._work)
    worker.HintWorker.main_work_horse = named("lc-horse", worker.HintWorker.main_work_horse)
    dispatch.dispatch_once.__kwdefaults__["again_seconds"] = AGAIN_SECONDS
    Disk(config.blobs, log, lying=control == "fsync").install()
    guards.remove(control)


def main() -> None:
    """Keep web and workers running until killed."""
    control, log, port, town = sys.argv[1:5]
    worker.die_with_parent(int(town))
    config = Config.from_environment()
    prepare(control, config, Path(log))
    host = load(config.plugins)
    warm.warm()
    keeper = os.getpid()

    def work() -> None:
        call_oneself("lc-parent")
        worker.run_worker(config, workers=WORKERS, host=host, lease_seconds=LEASE_SECONDS)

    def serve() -> None:
        call_oneself("lc-master")
        sys.argv = ["gunicorn"]
        Web(int(port)).run()

    duties = {"web": serve} | {f"parent-{number}": work for number in range(PARENTS)}
    running: dict[int, str] = {}
    call_oneself("lc-keeper")
    while True:
        for name, duty in duties.items():
            if name not in running.values():
                running[fork(duty, keeper)] = name
        while running:
            ended, _ = os.waitpid(-1, os.WNOHANG)
            if not ended:
                break
            running.pop(ended, None)
        time.sleep(PAUSE_SECONDS)


def fork(duty: Callable[[], None], keeper: int) -> int:
    """Do a duty in a child that dies with its keeper."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        worker.die_with_parent(keeper)
        duty()
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
