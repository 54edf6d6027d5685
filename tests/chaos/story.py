"""One whole story: a town, clients, faults, a drain, the checker; gives the figures."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.check import check, compare
from tests.chaos.clients import Client, Heard
from tests.chaos.faults import Nemesis
from tests.chaos.town import Town

DRAIN_SECONDS = 60.0
SHOWN = 5


@dataclass(slots=True, kw_only=True)
class Told:
    """What came of a story."""

    seed: int
    control: str
    faults: Counter[str]
    accepted: int
    jobs: int
    crashed: int
    again: int
    drain_seconds: float
    statuses: dict[int, int]
    retries: int
    files_lost: int
    compared: int
    defects: dict[str, list[str]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Count the defects by kind."""
        return {kind: len(words) for kind, words in self.defects.items()}

    @property
    def red(self) -> int:
        """Count all defects."""
        return sum(self.counts.values())

    def figures(self) -> dict[str, object]:
        """Give what the report shows."""
        return {
            "seed": str(self.seed),
            "faults": sum(self.faults.values()),
            "of which": dict(sorted(self.faults.items())),
            "files lost in power cuts": self.files_lost,
            "jobs accepted": self.accepted,
            "jobs in the database": self.jobs,
            "of these ended by their third crash, with that reason": self.crashed,
            "of these done at a second or third attempt": self.again,
            "seconds until all had ended": round(self.drain_seconds, 1),
            "answers": {str(status): count for status, count in sorted(self.statuses.items())},
            "requests without an answer, sent again": self.retries,
            "results compared with an undisturbed place": self.compared,
            **self.counts,
            "defects": self.red,
        }


def tell(
    *,
    seed: int,
    faults: int,
    seconds: float,
    control: str = "",
    places: int = 3,
    clients: int = 3,
    drain_seconds: float = DRAIN_SECONDS,
    keep: bool = False,
    say: Callable[[str], None] = lambda _words: None,
) -> Told:
    """Disturb a town, let it drain, and check it against its own history and a calm place."""
    began = time.monotonic()
    with Town(control, keep=keep) as town:
        say(f"seed {seed}, control {control or 'none'}, in {town.home}")
        Client.numbers = itertools.count(1)
        disturbed = [town.settle(f"x-town-{number}") for number in range(places)]
        town.sync_everything()
        town.start()
        heard, over = Heard(), threading.Event()
        asking = [
            Client(place, town.port, heard, over, seed * 100 + number)
            for number, place in enumerate(disturbed * clients)
        ]
        for client in asking:
            client.start()
        say(f"ready after {time.monotonic() - began:.1f} s")
        nemesis = Nemesis(town, random.Random(seed), say)  # noqa: S311 - no secret
        try:
            nemesis.disturb(seed, faults, seconds)
        finally:
            over.set()
            for client in asking:
                client.join()
        drained = _drain(town, drain_seconds)
        say(f"{len(heard.accepted)} accepted, {town.waiting()} wait after {drained:.1f} s")
        town.end_household()
        defects = check(town, disturbed, heard.accepted)
        calm = town.settle("x-calm", blobs="calm-blobs")
        defects["wrong"] += compare(town, calm, heard.accepted)
        defects["odd answers"] = heard.odd
        say(f"checked after {time.monotonic() - began:.1f} s")
        told = _told(town, heard, nemesis, seed, control, drained, defects)
        if keep:
            (Path(town.home) / "defects.txt").write_text(str(defects))
    for kind, words in told.defects.items():
        for word in words[:SHOWN]:
            say(f"{kind}: {word}")
    return told


def _drain(town: Town, seconds: float) -> float:
    """Wait until no job waits or is at work, or none has ended for so many seconds.

    How long it took in all is told; on a busy machine that may be more than those seconds.
    """
    town.mend_servers()
    began = moved = time.monotonic()
    before = town.waiting()
    while before and time.monotonic() - moved < seconds:
        time.sleep(0.1)
        now = town.waiting()
        if now < before:
            before, moved = now, time.monotonic()
    return time.monotonic() - began


def _told(  # noqa: PLR0917 - what a story leaves
    town: Town,
    heard: Heard,
    nemesis: Nemesis,
    seed: int,
    control: str,
    drained: float,
    defects: dict[str, list[str]],
) -> Told:
    mine = "FROM jobs j JOIN tenants t ON t.id = j.tenant_id WHERE t.slug LIKE 'x-town-%'"
    count = f"SELECT count(*) {mine}"
    return Told(
        seed=seed,
        control=control,
        faults=nemesis.done,
        accepted=len(heard.accepted),
        jobs=town.ask(count)[0][0],
        crashed=town.ask(f"{count} AND j.error_class = 'crash'")[0][0],
        again=town.ask(f"{count} AND j.state = 'done' AND j.attempt > 1")[0][0],
        drain_seconds=drained,
        statuses=dict(heard.statuses),
        retries=heard.retries,
        files_lost=nemesis.files_lost,
        compared=town.ask(f"{count} AND j.state = 'done' AND j.kind = 'run'")[0][0],
        defects=defects,
    )
