"""Figures for a monitor: counted in each process, summed in the queue's server, told as text."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

KEY = "lifecircle:metrics"
PATIENCE_SECONDS = 0.5
SUM_SECONDS = 2.0  # how often a process hands on what it counted
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
MEDIA = "text/plain; version=0.0.4; charset=utf-8"

COUNTERS = {
    "lifecircle_requests_total": "Requests answered, by route, method and class of status.",
    "lifecircle_jobs_total": "Jobs that an attempt ended, by kind and state.",
    "lifecircle_import_problems_total": "Rows refused or doubted in imports, by code.",
    "lifecircle_limited_total": "Requests refused because somebody asked too often.",
}
SECONDS = {
    "lifecircle_request_seconds": "Seconds until the answer was made, by route.",
    "lifecircle_stage_seconds": "Seconds of each stage of runs and imports.",
}
Labels = Sequence[tuple[str, str]]


class Counted:
    """What this process counted and has not handed on yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._handed = time.monotonic()

    def count(self, name: str, number: float = 1, **labels: str) -> None:
        """Count something that happened."""
        with self._lock:
            self._sums[_line(name, tuple(labels.items()))] += number

    def seconds(self, name: str, seconds: float, **labels: str) -> None:
        """Count something that took so long."""
        known = tuple(labels.items())
        with self._lock:
            for bound in BOUNDS:
                if seconds <= bound:
                    self._sums[_line(f"{name}_bucket", (*known, ("le", _number(bound))))] += 1
            self._sums[_line(f"{name}_bucket", (*known, ("le", "+Inf")))] += 1
            self._sums[_line(f"{name}_sum", known)] += seconds
            self._sums[_line(f"{name}_count", known)] += 1

    def hand_on(self, redis_url: str, *, at_once: bool = False) -> None:
        """Add what was counted to the installation's sums, at most every two seconds.

        While the server does not answer it is kept and handed on later.
        """
        with self._lock:
            due = at_once or time.monotonic() - self._handed >= SUM_SECONDS
            if not due or not self._sums:
                return
            taken, self._sums = self._sums, defaultdict(float)
            self._handed = time.monotonic()
        try:
            with _client(redis_url) as client, client.pipeline(transaction=True) as together:
                for line, number in taken.items():
                    together.hincrbyfloat(KEY, line, number)
                together.execute()
        except (RedisError, OSError):
            with self._lock:
                for line, number in taken.items():
                    self._sums[line] += number

    def forget(self) -> None:
        """Begin anew, as a forked child does: what its parent counted is its parent's."""
        self._lock = threading.Lock()
        self._sums = defaultdict(float)


def summed(redis_url: str) -> Mapping[str, float]:
    """Read the installation's sums, by the lines under which they are told; none when away."""
    found: dict[str, float] = {}
    with contextlib.suppress(RedisError, OSError), _client(redis_url) as client:
        for line, number in dict(client.hgetall(KEY)).items():
            found[line.decode()] = float(number)
    return found


def text(sums: Mapping[str, float], gauges: Mapping[str, tuple[str, Mapping[str, float]]]) -> str:
    """Write sums and present values in Prometheus' text form.

    Parameters
    ----------
    sums
        Lines (name and labels) with their values, as ``summed`` gives them.
    gauges
        By name: what it is, and its values by labels as written between braces.
    """
    return "".join(_lines(sums, gauges))


def _lines(
    sums: Mapping[str, float], gauges: Mapping[str, tuple[str, Mapping[str, float]]]
) -> Iterator[str]:
    for name, (says, values) in gauges.items():
        yield f"# HELP {name} {says}\n# TYPE {name} gauge\n"
        for labels, value in sorted(values.items()):
            yield (
                f"{name}{{{labels}}} {_number(value)}\n" if labels else f"{name} {_number(value)}\n"
            )
    for kinds, kind in ((COUNTERS, "counter"), (SECONDS, "histogram")):
        for name, says in kinds.items():
            yield f"# HELP {name} {says}\n# TYPE {name} {kind}\n"
            ends = ("",) if kind == "counter" else ("_bucket", "_sum", "_count")
            for end in ends:
                found = (each for each in sums if each.startswith(f"{name}{end}{{"))
                for line in sorted(found, key=_order):
                    yield f"{line} {_number(sums[line])}\n"


def _line(name: str, labels: Labels) -> str:
    """Write a name with its labels.

    >>> _line("a_total", [("kind", "run")])
    'a_total{kind="run"}'
    """
    inner = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels)
    return f"{name}{{{inner}}}"


def _order(line: str) -> tuple[str, float]:
    """Put a histogram's lines by their labels, and each one's bounds from low to high."""
    known, _, bound = line.partition('le="')
    return known, float(bound.split('"')[0]) if bound else 0.0


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _client(redis_url: str) -> Redis:
    return Redis.from_url(
        redis_url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


COUNTED = Counted()
