"""The faults: which, in what order and how far apart is told by a seed; each says what it hit."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.jobs.queues import queue, send_hint
from core.store.blobs import UNFINISHED
from tests.chaos.disk import cut_power
from tests.chaos.household import LEASE_SECONDS
from tests.chaos.town import Town

STALL_SECONDS = LEASE_SECONDS * 1.6
TARGET_SECONDS = 2.0  # how long a fault waits for something to hit
WEIGHTS = {
    "horse": 18,
    "writing horse": 12,
    "stall": 12,
    "doubled": 14,
    "worker": 8,
    "parent": 7,
    "dispatcher": 8,
    "web": 8,
    "web and master": 3,
    "valkey": 4,
    "flush": 8,
    "postgres": 4,
    "power": 4,
    "stalled web": 2,
}


def plan(seed: int, count: int) -> Iterator[tuple[str, float]]:
    """Give kinds of faults with the seconds before each: every kind once, then at random."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    kinds = list(WEIGHTS)
    rng.shuffle(kinds)
    for number in range(count):
        chosen = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        yield (kinds[number] if number < len(kinds) else chosen), rng.uniform(0.15, 0.9)


@dataclass(slots=True)
class Nemesis:
    """Does the faults to a town and writes down what it did."""

    town: Town
    rng: random.Random
    say: Callable[[str], None]
    done: Counter[str] = field(default_factory=Counter)
    files_lost: int = 0
    stalled: list[tuple[float, int, str]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def disturb(self, seed: int, count: int, seconds: float) -> None:
        """Do so many faults, or as many as the time allows."""
        for number, (planned, pause) in enumerate(plan(seed, count)):
            self._rest(pause)
            if time.monotonic() - self.began > seconds:
                break
            kind, what = planned, self._do(planned)
            if what is None:  # nobody to hit: wake-ups hit always
                kind, what = "doubled", self._doubled()
            self.done[kind] += 1
            self.say(f"{time.monotonic() - self.began:6.1f} s  {number + 1:3}  {kind}: {what}")
        while self.stalled:
            self._rest(0.1)

    def _rest(self, seconds: float) -> None:
        """Wait, and wake the stalled whose time has come."""
        last = time.monotonic() + seconds
        while True:
            for each in [one for one in self.stalled if one[0] <= time.monotonic()]:
                self.stalled.remove(each)
                _, pid, born = each
                if _born(pid) == born:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGCONT)
            if time.monotonic() >= last:
                return
            time.sleep(0.02)

    def _do(self, kind: str) -> str | None:
        simple = {
            "horse": "lc-horse",
            "worker": "lc-work",
            "parent": "lc-parent",
            "dispatcher": "lc-dispatch",
            "web": "lc-web",
        }
        if kind in simple:
            return self._signal(simple[kind], signal.SIGKILL)
        acts = {
            "stall": lambda: self._signal("lc-horse", signal.SIGSTOP),
            "stalled web": lambda: self._signal("lc-web", signal.SIGSTOP),
            "doubled": self._doubled,
            "writing horse": self._writing,
            "web and master": self._whole_web,
            "valkey": lambda: self._server("valkey"),
            "postgres": lambda: self._server("postgres"),
            "flush": self._flush,
            "power": self._power,
        }
        return acts[kind]()

    def _signal(self, name: str, sign: signal.Signals) -> str | None:
        """Send a signal to one process of a name, waiting a while for one to be there."""
        last = time.monotonic() + TARGET_SECONDS
        asleep = {pid for _, pid, _ in self.stalled}
        while not (found := [pid for pid in self.town.pids(name) if pid not in asleep]):
            if time.monotonic() > last:
                return None
            self._rest(0.02)
        if name == "lc-horse":
            self._rest(self.rng.uniform(0, 0.15))  # somewhere within its work
        pid = self.rng.choice(found)
        born = _born(pid)
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return None
        if sign is signal.SIGSTOP:
            self.stalled.append((time.monotonic() + STALL_SECONDS, pid, born))
        return f"{sign.name} to {name} {pid}"

    def _writing(self) -> str | None:
        """Kill a horse in the middle of writing a file to the store."""
        last = time.monotonic() + TARGET_SECONDS
        while time.monotonic() < last:
            horses = self.town.pids("lc-horse")
            for _ in range(20):
                for pid in horses:
                    if _writes(pid):
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)
                        return f"SIGKILL to lc-horse {pid}"
                self._rest(0.002)
        return None

    def _whole_web(self) -> str:
        pids = [*self.town.pids("lc-master"), *self.town.pids("lc-web")]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return f"SIGKILL to {len(pids)}"

    def _server(self, name: str) -> str:
        self.town.servers.kill(name)
        self._rest(self.rng.uniform(0.1, 0.6))
        started = time.monotonic()
        self.town.servers.start(name)
        return f"killed, back after {time.monotonic() - started:.1f} s"

    def _flush(self) -> str:
        self.town.flush()
        return "emptied"

    def _doubled(self) -> str:
        """Send wake-ups again for jobs that wait, are at work, or ended long ago."""
        words = "SELECT tenant_id, id FROM jobs ORDER BY random() LIMIT 6"
        newest = "SELECT tenant_id, id FROM jobs ORDER BY id DESC LIMIT 6"
        try:
            found = self.town.ask(words) + self.town.ask(newest)
        except SQLAlchemyError:
            found = self.town.ask(words)  # the connections died with the server
        sent = 0
        with contextlib.suppress(RedisError), Redis.from_url(self.town.config.redis_url) as client:
            hints = queue(client)
            for tenant_id, job_id in found:
                for _ in range(self.rng.randint(1, 3)):
                    send_hint(hints, UUID(str(tenant_id)), UUID(str(job_id)))
                    sent += 1
        return f"{sent} wake-ups"

    def _power(self) -> str:
        """Everything ends at once, and what was not synced is lost."""
        town = self.town
        if town.household is None:
            raise RuntimeError("nothing was started")
        os.kill(town.household.pid, signal.SIGSTOP)  # it starts nothing again meanwhile
        while pids := [pid for pid in town.pids() if pid != town.household.pid and _alive(pid)]:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        self.stalled.clear()
        for name in ("postgres", "valkey"):
            town.servers.kill(name)
        hit = cut_power(town.config.blobs, town.sync_log, self.rng)
        self.files_lost += hit
        town.mend_servers()
        os.kill(town.household.pid, signal.SIGCONT)
        return f"{hit} unsynced files lost"


def _born(pid: int) -> str:
    """Tell when a process began, so that another of the same number is not taken for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _writes(pid: int) -> bool:
    """Tell whether a process has an unfinished file of the store open."""
    try:
        opened = [each.readlink() for each in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False
    return any(path.name.endswith(UNFINISHED) for path in opened)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
