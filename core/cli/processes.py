"""Processes that a command starts beside itself: workers and the web server; none outlives it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.config import Config
from core.embedded import launch

STOP_SECONDS = 15
KEPT_BACK = frozenset({"LIFECIRCLE_BACKUP_URL"})  # opens all rows: no web or worker process has it


def start(
    words: Sequence[str], config: Config, *, log: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a python module with this configuration; it ends when this process does."""
    output = log.open("ab") if log is not None else None
    tied = [launch.SELF, "0", "0", str(int(signal.SIGTERM)), str(os.getpid())]
    try:
        return subprocess.Popen(
            [sys.executable, launch.__file__, *tied, sys.executable, "-P", "-m", *words],
            env=handed_on(config),
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
        )
    finally:
        if output is not None:
            output.close()


def handed_on(config: Config) -> dict[str, str]:
    """Give the environment of a process that pages or jobs run in."""
    told = {**os.environ, **config.environment()}
    return {name: value for name, value in told.items() if name not in KEPT_BACK}


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it when it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def worker(config: Config, *, count: int = 1, log: Path | None = None) -> Iterator[None]:
    """Have workers for the time of the block."""
    process = start(["core.cli", "worker", "--workers", str(count)], config, log=log)
    try:
        yield
    finally:
        stop(process)


@contextlib.contextmanager
def web(config: Config, *, bind: str, port: int, log: Path | None = None) -> Iterator[str]:
    """Serve the app for the time of the block; gives its address once it answers."""
    address = f"http://{bind}:{port}"
    words = [
        "gunicorn",
        "wsgi:make_app()",
        "-c",
        "python:core.gunicorn",
        "-b",
        f"{bind}:{port}",
    ]
    process = start(words, config, log=log)
    try:
        _wait_until_it_answers(process, address)
        yield address
    finally:
        stop(process)


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str) -> None:
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    asked = Request(f"{address}/healthz", headers={"Host": "localhost"})  # noqa: S310 - our own address

    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            with urlopen(asked, timeout=2):  # noqa: S310 - the same
                return
        except HTTPError:
            break  # somebody answers, but not as a living server of ours does
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise SystemExit("网页服务没有启动；请看日志。The web server did not start; see its log.")
