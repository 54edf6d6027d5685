"""Services: what one process has opened: database, blobs, plugins, queue address, policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from core import refusals
from core.catalog.host import Host, load
from core.config import Config
from core.db.audit import check_retention
from core.db.session import OPTIONS, Database
from core.errors import Misconfigured
from core.policy import NoPolicy, Policy
from core.store.blobs import Blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The opened parts of one process; closed together."""

    config: Config
    database: Database
    blobs: Blobs
    host: Host
    policy: Policy

    @property
    def redis_url(self) -> str:
        """Where wake-ups are sent."""
        return self.config.redis_url

    def close(self) -> None:
        """Give the database's connections back."""
        self.database.close()


def open_services(
    config: Config,
    policy: Callable[[Services], Policy] | None = None,
    host: Host | None = None,
    *,
    options: str = OPTIONS,
) -> Services:
    """Open what the configuration names; ``options`` are the database's time limits.

    Raises
    ------
    Misconfigured
        No database or queue address: a command that may start embedded servers sets them first;
        a database role that row level security does not bind; or a queue that is open to all or
        throws away what it holds.
    """
    if not config.database_url or not config.redis_url:
        raise Misconfigured(
            "没有配置数据库或队列地址。请设置 LIFECIRCLE_DATABASE_URL 与 LIFECIRCLE_REDIS_URL，"
            "或用 lifecircle serve 启动内置服务器。",
            english="No database or queue address. Set LIFECIRCLE_DATABASE_URL and "
            "LIFECIRCLE_REDIS_URL, or start with lifecircle serve, which brings its own servers.",
        )
    refusals.check_queue(config.redis_url)
    database = Database(
        config.database_url,
        owner_url=config.owner_url,
        dispatch_url=config.dispatch_url,
        options=options,
    )
    try:
        database.check_role()
    except BaseException:
        database.close()
        raise
    check_retention(config.audit_days)
    services = Services(
        config=config,
        database=database,
        blobs=Blobs(config.blobs),
        host=host or load(config.plugins),
        policy=NoPolicy(),
    )
    return services if policy is None else replace(services, policy=policy(services))
