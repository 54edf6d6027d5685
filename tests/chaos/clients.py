"""Clients that ask for imports and runs over HTTP until they are told that it was accepted."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.history import base_versions, homes, question
from tests.journeys.small_place import Place

PATIENCE = 5.0  # seconds for one answer
IMPORT_SECONDS = 12.0  # how long an import is followed, and a run
RUN_SECONDS = 8.0
EVERY_IMPORT = 5  # every so many-th question is an import
LATER = {409, 429, 503}  # try again
BOUNDARY = "chaos-boundary"


@dataclass(slots=True, kw_only=True)
class Accepted:
    """A job that the service said it had accepted."""

    slug: str
    kind: str
    number: int
    job_id: str
    run_id: str = ""
    people: int | None = None  # of the imported residents, or of those that a run is about


@dataclass(slots=True)
class Heard:
    """What all clients were told."""

    accepted: list[Accepted] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    retries: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """One person who asks, is told to wait, asks again, and follows what was accepted."""

    numbers = itertools.count(1)  # of all clients: no question is asked by two

    def __init__(
        self, place: Place, port: int, heard: Heard, over: threading.Event, seed: int
    ) -> None:
        super().__init__(name=f"client-{place.slug}", daemon=True)
        self.place = place
        self.port = port
        self.heard = heard
        self.over = over
        self.rng = random.Random(seed)  # noqa: S311 - no secret
        self.token = place.client.environ_base["HTTP_AUTHORIZATION"]
        self.base = base_versions(place)

    def run(self) -> None:
        """Ask until it is over."""
        while not self.over.is_set():
            number = next(self.numbers)
            if number % EVERY_IMPORT == 0:
                self._import(number)
            else:
                self._run(number, None, self.base)
            self.over.wait(self.rng.uniform(0.02, 0.2))

    def _import(self, number: int) -> None:
        people = 1000 + number
        told = self._until_accepted("uploads", homes(people).encode(), f"import-{number}")
        if told is None:
            return
        self._keep(
            Accepted(
                slug=self.place.slug,
                kind="import",
                number=number,
                job_id=told["id"],
                people=people,
            )
        )
        job = self._follow(told["id"], IMPORT_SECONDS)
        if job is not None and job["state"] == "done":
            version = job["result"]["dataset_version_id"]
            self._run(number, people, self.base | {"residents": version})

    def _run(self, number: int, people: int | None, inputs: dict[str, Any]) -> None:
        asked = question(number) | {"inputs": {kind: str(each) for kind, each in inputs.items()}}
        told = self._until_accepted(
            "runs", json.dumps(asked).encode(), f"run-{number}" if number % 2 else ""
        )
        if told is None:
            return
        self._keep(
            Accepted(
                slug=self.place.slug,
                kind="run",
                number=number,
                job_id=told["job_id"],
                run_id=told["id"],
                people=people,
            )
        )
        self._follow(told["job_id"], RUN_SECONDS)

    def _keep(self, accepted: Accepted) -> None:
        with self.heard.lock:
            self.heard.accepted.append(accepted)

    def _until_accepted(self, rest: str, body: bytes, key: str) -> Any:
        """Send the same until the service says yes; None when it is over before that."""
        while not self.over.is_set():
            status, told = self._send("POST", rest, body, key)
            if status in {200, 202}:
                return told
            self.over.wait(self.rng.uniform(0.05, 0.4))
        return None

    def _follow(self, job_id: str, seconds: float) -> Any:
        """Look at a job until it has ended, for a while."""
        last = time.monotonic() + seconds
        while time.monotonic() < last and not self.over.is_set():
            status, told = self._send("GET", f"jobs/{job_id}")
            if status == 200 and told["state"] not in {"queued", "running"}:
                return told
            if status == 404:
                self._odd(f"404 for the accepted job {job_id}")
                return None
            self.over.wait(0.25)
        return None

    def _send(
        self, method: str, rest: str, body: bytes | None = None, key: str = ""
    ) -> tuple[int, Any]:
        """Send once; (0, None) where no answer came."""
        headers = {"Authorization": self.token, "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        if rest == "uploads" and body is not None:
            headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
            body = _form(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            address = f"/api/v1/tenants/{self.place.slug}/{rest}"
            connection.request(method, address, body=body, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
            told = json.loads(text) if answer.status < 400 else None
        except (OSError, http.client.HTTPException, ValueError):
            with self.heard.lock:
                self.heard.retries += 1
            return 0, None
        finally:
            connection.close()
        with self.heard.lock:
            self.heard.statuses[answer.status] += 1
        if answer.status >= 400 and answer.status not in LATER | {404}:
            self._odd(f"{method} {rest}: {answer.status} {text[:300].decode(errors='replace')}")
        return answer.status, told

    def _odd(self, words: str) -> None:
        with self.heard.lock:
            self.heard.odd.append(words)


def _form(content: bytes) -> bytes:
    lines = [
        f"--{BOUNDARY}",
        'Content-Disposition: form-data; name="kind"',
        "",
        "residents",
        f"--{BOUNDARY}",
        'Content-Disposition: form-data; name="file"; filename="residents.csv"',
        "Content-Type: text/csv",
        "",
        content.decode(),
        f"--{BOUNDARY}--",
        "",
    ]
    return "\r\n".join(lines).encode()
