"""How often one may ask: counted by address, by person and by tenant, in the queue's server."""

from __future__ import annotations

import time
from collections.abc import Mapping
from math import ceil

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.errors import Misconfigured, TooMany, Unavailable

ADDRESS, PERSON, TENANT, SIGN_IN = "address", "person", "tenant", "sign_in"
USUAL = {ADDRESS: 1200, PERSON: 600, TENANT: 3000, SIGN_IN: 10}  # requests a minute
OFF = "off"
PREFIX = "lifecircle:limit"
PATIENCE_SECONDS = 0.5
PAUSE_SECONDS = 5.0  # how long a server that did not answer is not asked again

log = structlog.get_logger("lifecircle.limits")


def read(words: str) -> Mapping[str, int]:
    """Read ``LIFECIRCLE_LIMITS``: requests a minute by name; those left out are the usual ones.

    >>> read("person=60, sign_in=5")["person"]
    60

    ``off`` leaves out the others, but guesses at passwords are counted all the same: whoever wants
    them uncounted has to give them a number.

    >>> read("off"), read("off,sign_in=1000")
    ({'sign_in': 10}, {'sign_in': 1000})

    Raises
    ------
    Misconfigured
        A name that is none of the four, or no whole number above 0.
    """
    said = [word for each in words.split(",") if (word := each.strip())]
    found = {SIGN_IN: USUAL[SIGN_IN]} if OFF in said else dict(USUAL)
    for word in said:
        if word == OFF:
            continue
        name, _, number = word.partition("=")
        if name not in USUAL or not number.isdecimal() or int(number) < 1:
            raise Misconfigured(
                f"LIFECIRCLE_LIMITS 里的 {word} 读不懂，没有启动。写法如 person=600,sign_in=10"
                "（每分钟次数；名称为 address、person、tenant、sign_in），或 off。",
                english=f"{word} in LIFECIRCLE_LIMITS cannot be read, so nothing starts. Write "
                "person=600,sign_in=10 (requests a minute; the names are address, person, "
                "tenant, sign_in), or off.",
            )
        found[name] = int(number)
    return found


class Limits:
    """The counters of one installation; all its web processes count together.

    Parameters
    ----------
    redis_url
        The queue's server. The counters are never kept in a process: two processes would each
        allow the whole. While the server does not answer nothing is counted, and nobody signs in.
    most
        Requests a minute by name, as ``read`` gives them; a name that is missing is not counted.
    """

    def __init__(self, redis_url: str, most: Mapping[str, int]) -> None:
        self.most: dict[str, RateLimitItem] = {
            name: RateLimitItemPerMinute(number, namespace=name) for name, number in most.items()
        }
        self._asked_again = 0.0
        storage = RedisStorage(
            redis_url.replace("unix://", "redis+unix://", 1),
            key_prefix=PREFIX,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]  # handed on to redis as it is
        )
        self._counter = SlidingWindowCounterRateLimiter(storage)

    def count(self, name: str, who: str) -> None:
        """Count one request, or refuse it.

        Raises
        ------
        TooMany
            ``who`` has asked as often as they may; says when to ask again.
        Unavailable
            A sign-in cannot be counted now, so guesses cannot be told from it.
        """
        most = self.most.get(name)
        if most is None:
            return
        try:
            if time.monotonic() < self._asked_again:
                raise ConnectionError
            if self._counter.hit(most, who):
                return
            again = self._counter.get_window_stats(most, who).reset_time - time.time()
        except (RedisError, OSError) as error:
            self._away(name, error)
            return
        raise TooMany(
            "请求过于频繁，这一次没有执行，数据没有改变。请稍候再试。",
            english="Too many requests: this one was not carried out and nothing changed. Wait "
            "a little and try again.",
            seconds=min(max(1, ceil(again)), int(most.get_expiry())),
        )

    def _away(self, name: str, error: Exception) -> None:
        if time.monotonic() >= self._asked_again:
            self._asked_again = time.monotonic() + PAUSE_SECONDS
            log.warning("requests are not counted", error=type(error).__name__)
        if name == SIGN_IN:
            raise Unavailable(
                "现在无法登录：计数服务没有应答。已登录的人不受影响，请稍后再试。",
                english="Signing in is not possible now: the server that counts attempts does "
                "not answer. Who is signed in can go on; try again shortly.",
            )
