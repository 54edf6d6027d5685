"""What no process starts with: a weak secret, a queue that is open to all or forgets."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, RedisError
from redis.retry import Retry

from core.errors import Misconfigured

MIN_SECRET = 32
MIN_DIFFERENT = 10  # characters; a word said over and over has fewer
COMMON = ("changeme", "change-me", "change_me", "password", "example", "123456", "secret_key")
NO_EVICTION = "noeviction"
PATIENCE_SECONDS = 2.0

log = structlog.get_logger("lifecircle.start")


def check_secret(secret: str) -> None:
    """Refuse a secret that somebody could guess.

    Raises
    ------
    Misconfigured
        It is missing, short, or made of a few characters or well-known words.
    """
    if len(secret) < MIN_SECRET:
        raise Misconfigured(
            "LIFECIRCLE_SECRET_KEY 未设置或不足 32 个字符，没有启动。请设为随机长串，"
            "例如 python -c 'import secrets; print(secrets.token_urlsafe(48))' 的输出。",
            english="LIFECIRCLE_SECRET_KEY is missing or shorter than 32 characters, so nothing "
            "starts. Set it to a long random text, such as what python -c 'import secrets; "
            "print(secrets.token_urlsafe(48))' prints.",
        )
    if len(set(secret)) < MIN_DIFFERENT or any(word in secret.lower() for word in COMMON):
        raise Misconfigured(
            "LIFECIRCLE_SECRET_KEY 容易被猜到，没有启动。请设为随机长串，"
            "例如 python -c 'import secrets; print(secrets.token_urlsafe(48))' 的输出。",
            english="LIFECIRCLE_SECRET_KEY is easily guessed, so nothing starts. Set it to a long "
            "random text, such as what python -c 'import secrets; "
            "print(secrets.token_urlsafe(48))' prints.",
        )


def check_queue(redis_url: str) -> None:
    """Refuse a queue that strangers can write to, or that drops what does not fit.

    One that does not answer now is no reason not to start: the database's rows are the truth.

    Raises
    ------
    Misconfigured
        It is reached over a network without a password, or its ``maxmemory-policy`` evicts.
    """
    check_queue_address(redis_url)
    policy = eviction_of(redis_url)
    if policy not in {"", NO_EVICTION}:
        raise Misconfigured(
            f"队列服务器的 maxmemory-policy 是 {policy}，内存不足时会丢任务提醒，没有启动。"
            "请在它的配置里改为 maxmemory-policy noeviction。",
            english=f"The queue's server has maxmemory-policy {policy} and would drop what waits "
            "when memory runs short, so nothing starts. Set maxmemory-policy noeviction in its "
            "configuration.",
        )


def check_queue_address(redis_url: str) -> None:
    """Refuse an address that needs no password and is not this machine's own.

    Raises
    ------
    Misconfigured
        Whoever reaches that port could write to the queue.
    """
    parts = urlsplit(redis_url)
    if parts.scheme == "unix" or parts.password or is_loopback(parts.hostname or "localhost"):
        return
    raise Misconfigured(
        f"队列 {parts.hostname} 没有密码，网络上任何人都能写入，没有启动。请给它设置用户和密码"
        "（ACL），并写进 LIFECIRCLE_REDIS_URL：redis://用户:密码@主机:端口/0。",
        english=f"The queue at {parts.hostname} has no password, so anybody on the network could "
        "write to it; nothing starts. Give it a user and a password (ACL) and put them into "
        "LIFECIRCLE_REDIS_URL: redis://user:password@host:port/0.",
    )


def eviction_of(redis_url: str) -> str:
    """Tell a queue server's eviction policy; empty where it does not answer or does not say."""
    try:
        with Redis.from_url(
            redis_url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            told = client.info("memory")
    except NoPermissionError:
        log.warning("the queue's user may not read INFO: its eviction policy is not known")
        return ""
    except (RedisError, OSError) as error:
        log.warning("the queue does not answer at the start", error=type(error).__name__)
        return ""
    return str(told.get("maxmemory_policy", "")) if isinstance(told, dict) else ""


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or number is this machine's own.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("queue")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_plain_http(bind: str) -> None:
    """Refuse to serve people's own data over plain http to other machines.

    Raises
    ------
    Misconfigured
        ``bind`` is not this machine's own address.
    """
    if is_loopback(bind):
        return
    raise Misconfigured(
        f"LIFECIRCLE_INSECURE_HTTP 只供本机使用，不能监听 {bind}，没有启动。请去掉这个设置，"
        "在前面放置 https 反向代理并设置 LIFECIRCLE_PROXIES=1；只想试用请运行 lifecircle demo。",
        english=f"LIFECIRCLE_INSECURE_HTTP is for this machine alone and does not go with {bind}; "
        "nothing starts. Remove it, put a reverse proxy with https in front and set "
        "LIFECIRCLE_PROXIES=1; to have a look only, run lifecircle demo.",
    )
