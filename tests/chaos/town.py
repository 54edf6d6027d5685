"""The installation under test: its own PostgreSQL and Valkey, its processes, its tenants."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from core.app import create_app
from core.catalog.host import Host, load
from core.config import Config
from core.db.init import create_roles, upgrade
from core.embedded import DATABASE
from core.embedded.postgres import SUPERUSER, Postgres
from core.embedded.server import living_in, server_user
from core.embedded.valkey import Valkey
from core.services import open_services
from core.store import Blobs
from tenants import ROOM
from tests.chaos import history
from tests.journeys.small_place import OUTLETS, RESIDENTS, Place, Room, write_streets

MARK = "LIFECIRCLE_CHAOS_TOWN"
TOP = Path(__file__).resolve().parents[2]


class Servers:
    """PostgreSQL, durable, and Valkey, each of which can be killed and started again."""

    def __init__(self, home: Path) -> None:
        user = server_user()
        sockets = home / "sockets"
        self.postgres = Postgres(
            user=user,
            data=home / "postgres",
            sockets=sockets,
            binaries=home / "postgres-binaries",
            log=home / "postgres.log",
        )
        self.valkey = Valkey(
            user=user,
            data=home / "valkey",
            sockets=sockets,
            binaries=home / "valkey-binaries",
            log=home / "valkey.log",
        )
        self.running = {"postgres": self.postgres.start(), "valkey": self.valkey.start()}

    def kill(self, name: str) -> None:
        """End a server and every process of it at once."""
        folder = getattr(self, name).data
        for _ in range(3):  # a backend may be born between the look and the kill
            for pid in living_in(folder):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.running.pop(name).stop()

    def start(self, name: str) -> None:
        """Start a killed server again."""
        self.running[name] = getattr(self, name).start()

    def stop(self) -> None:
        """End what runs, in good order."""
        for server in self.running.values():
            server.stop()


class Town:
    """Everything that is disturbed: servers, web, workers, tenants, and a shared store.

    Use it as a context manager from the main thread; its folder goes with it unless ``keep``.
    """

    def __init__(self, control: str = "", *, keep: bool = False) -> None:
        self.control = control
        self.keep = keep
        self.home = Path(tempfile.mkdtemp(prefix="lc-chaos-"))
        self.home.chmod(0o711)  # as root, the servers' user passes through
        self.mark = uuid.uuid4().hex
        self.household: subprocess.Popen[bytes] | None = None
        self.places: list[Place] = []
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self.servers = Servers(self.home)
        postgres = self.servers.postgres
        create_roles(postgres.url(SUPERUSER, "postgres"), DATABASE)
        upgrade(postgres.url("lc_owner", DATABASE))
        self.superuser_url = make_url(postgres.url(SUPERUSER, DATABASE))
        self.config = Config(
            database_url=postgres.url("lc_app", DATABASE),
            owner_url=postgres.url("lc_owner", DATABASE),
            dispatch_url=postgres.url("lc_dispatcher", DATABASE),
            redis_url=self.servers.valkey.url(),
            blobs=self.home / "blobs",
            home=self.home,
            secret_key="a secret of the chaos test, long enough",
            insecure_http=True,
            limits="off,sign_in=100000",  # all come from one address
        )
        self.sync_log = self.home / "synced.log"
        self.host: Host = load()
        self.engine = create_engine(self.superuser_url, pool_pre_ping=True)
        with self.engine.begin() as connection:
            history.watch(connection)

    def settle(self, slug: str, *, blobs: str = "blobs") -> Place:
        """Make a tenant with streets, outlets and residents; nothing disturbs that."""
        config = replace(self.config, blobs=self.home / blobs)
        opened = open_services(config, ROOM.policy, self.host)
        opened = replace(opened, blobs=Blobs(config.blobs))
        room = Room(folder=self.home / f"files-{slug}", superuser_url=self.superuser_url)
        room.folder.mkdir()
        place = Place.make(opened, create_app(config, [ROOM], opened), slug, room)
        self.places.append(place)
        for kind, path in (
            ("streets", write_streets(room.folder / "streets.osm.pbf")),
            ("outlets", place.file("outlets.csv", OUTLETS)),
            ("residents", place.file("residents.csv", RESIDENTS)),
        ):
            history.bring(place, kind, path)
        return place

    def sync_everything(self) -> None:
        """Say that what lies in the store now is durable: a power cut leaves it alone."""
        lines = []
        for path in self.config.blobs.rglob("*"):
            found = path.stat()
            lines += [f"E {path}\n", f"F {found.st_ino} {found.st_size}\n"]
        with self.sync_log.open("a") as log:
            log.writelines(lines)

    def start(self) -> None:
        """Start web and workers, and wait until the web answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        words = (
            f"import sys; sys.path.insert(0, {str(TOP)!r}); "
            "from tests.chaos.household import main; main()"
        )
        told = (self.control, str(self.sync_log), str(self.port), str(os.getpid()))
        with (self.home / "household.log").open("ab") as output:
            self.household = subprocess.Popen(
                [sys.executable, "-P", "-c", words, *told],
                cwd=self.home,
                env={**os.environ, **self.config.environment(), MARK: self.mark},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while not self.answers():
            if self.household.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.home / "household.log").read_text()[-3000:])
            time.sleep(0.1)

    def answers(self) -> bool:
        """Tell whether somebody listens at the web's port."""
        with socket.socket() as caller:
            caller.settimeout(1)
            return caller.connect_ex(("127.0.0.1", self.port)) == 0

    def pids(self, name: str = "") -> list[int]:
        """List the living processes of the household, all or those of one name."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                if f"{MARK}={self.mark}".encode() not in (entry / "environ").read_bytes():
                    continue
                comm = (entry / "comm").read_text().strip()
                if not name or comm == name:
                    found.append(int(entry.name))
        return found

    def end_household(self) -> None:
        """Kill web and workers, their keeper first."""
        if self.household is not None:
            self.household.kill()
            self.household.wait()
        while living := self.pids():
            for pid in living:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def mend_servers(self) -> None:
        """Start the servers that are down."""
        for name in ("postgres", "valkey"):
            if name not in self.servers.running:
                self.servers.start(name)

    def ask(self, words: str, **values: Any) -> list[Any]:
        """Ask the database past every wall."""
        with self.engine.connect() as connection:
            return list(connection.execute(text(words), values))

    def waiting(self) -> int:
        """Count the jobs that have not ended."""
        words = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"
        for _ in range(3):
            try:
                return int(self.ask(words)[0][0])
            except SQLAlchemyError:
                time.sleep(0.2)  # the pool's connections died with the server
        return int(self.ask(words)[0][0])

    def flush(self) -> None:
        """Empty the queue's server."""
        with contextlib.suppress(RedisError), Redis.from_url(self.config.redis_url) as client:
            client.flushall()

    def close(self) -> None:
        """End everything, and take the folder away."""
        self.end_household()
        for place in self.places:
            place.services.close()
        if hasattr(self, "engine"):
            self.engine.dispose()
        if hasattr(self, "servers"):
            self.servers.stop()
        if not self.keep:
            shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
