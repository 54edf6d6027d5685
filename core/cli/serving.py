"""``lifecircle serve`` and ``lifecircle worker``: the long-running processes."""

from __future__ import annotations

import signal
import socket
from queue import SimpleQueue

import click

from core.cli import processes
from core.cli.console import Console
from core.errors import Misconfigured
from core.refusals import check_plain_http


def free_port(bind: str, first: int) -> int:
    """Give the first port from ``first`` on that nobody listens at.

    Raises
    ------
    Misconfigured
        A hundred ports in a row are taken.
    """
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((bind, port))
            except OSError:
                continue
            return port
    raise Misconfigured(
        f"{first} 起的一百个端口都被占用。请用 --port 另选。",
        english=f"A hundred ports from {first} on are taken. Choose another with --port.",
    )


def wait_for_a_stop() -> None:
    """Wait until somebody ends this command."""
    told: SimpleQueue[int] = SimpleQueue()  # its put is reentrant, as a handler's acts must be
    signal.signal(signal.SIGTERM, lambda sign, _frame: told.put(sign))
    signal.signal(signal.SIGINT, lambda sign, _frame: told.put(sign))
    told.get()


@click.command()
@click.option("--bind", default="127.0.0.1", show_default=True)
@click.option("--port", default=0, help="省略则取 8000 起第一个空闲端口。")
@click.option("--workers", default=1, show_default=True, help="评价与导入的工作进程数。")
@click.pass_obj
def serve(console: Console, bind: str, port: int, workers: int) -> None:
    """启动网页、接口与工作进程。Serve pages, API and workers."""
    config = console.config
    if config.insecure_http and not config.sample:
        check_plain_http(bind)
    chosen = port or free_port(bind, 8000)
    with (
        processes.worker(config, count=workers),
        processes.web(config, bind=bind, port=chosen) as address,
    ):
        click.echo(f"{address}  （Ctrl-C 停止 / stops）")
        wait_for_a_stop()


@click.command()
@click.option("--workers", default=1, show_default=True, help="同时进行的工作数。")
@click.pass_obj
def worker(console: Console, workers: int) -> None:
    """执行导入与评价，并派发排队的工作。Do imports and runs, and dispatch what waits."""
    from core import logs
    from core.jobs.worker import run_worker

    logs.configure()
    run_worker(console.config, workers=workers, sweepers=console.sweepers)
