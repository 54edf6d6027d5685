"""Console: what commands share; opens services when first asked, embedded servers with them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.app import Room
from core.config import Config
from core.embedded import Addresses, Servers
from core.errors import Misconfigured
from core.services import Services, open_services

if TYPE_CHECKING:
    from core.catalog.host import Host
    from core.db.session import Database
    from core.policy import Policy
    from core.store.blobs import Blobs


def kept_secret(home: Path) -> str:
    """Give this installation's secret key; made once, readable by its owner alone."""
    path = home / "secret_key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text()


def with_embedded(config: Config, addresses: Addresses) -> Config:
    """Fill in the addresses that are missing; an operator's own server is never replaced.

    The embedded database gets its roles and tables; another's is its operator's to prepare.
    """
    if not config.redis_url:
        config = replace(config, redis_url=addresses.redis_url)
    if config.database_url:
        return config
    from core.db import init

    init.create_roles(addresses.superuser_url)
    init.upgrade(addresses.owner_url)
    return replace(
        config,
        database_url=addresses.app_url,
        owner_url=addresses.owner_url,
        dispatch_url=addresses.dispatch_url,
        backup_url=addresses.backup_url,
    )


class Console:
    """The opened parts behind one command; has the fields of ``Services``.

    With no database or queue address in the environment, embedded servers are started, or joined
    where another command already runs them.
    """

    def __init__(self, rooms: Sequence[Room], config: Config | None = None) -> None:
        self.rooms = rooms
        self._given = config
        self._servers: Servers | None = None

    @cached_property
    def config(self) -> Config:
        """The settings, with the addresses of the servers that were started."""
        config = self._given or Config.from_environment()
        if not config.secret_key:
            config = replace(config, secret_key=kept_secret(config.home))
        if config.database_url and config.redis_url:
            return config
        self._servers = Servers(config.home)
        return with_embedded(config, self._servers.start())

    @cached_property
    def services(self) -> Services:
        """The services, opened once."""
        policies = [room.policy for room in self.rooms if room.policy is not None]
        return open_services(self.config, policies[0] if policies else None)

    @property
    def database(self) -> Database:
        """The database."""
        return self.services.database

    @property
    def blobs(self) -> Blobs:
        """The artefacts."""
        return self.services.blobs

    @property
    def host(self) -> Host:
        """The plugins of this process."""
        return self.services.host

    @property
    def policy(self) -> Policy:
        """Who may do what."""
        return self.services.policy

    @property
    def redis_url(self) -> str:
        """Where wake-ups are sent."""
        return self.config.redis_url

    def verb(self, name: str) -> Any:
        """Give a verb that a room hands over: the core knows no rooms.

        Raises
        ------
        Misconfigured
            No room offers it.
        """
        for room in self.rooms:
            if name in room.verbs:
                return room.verbs[name]
        raise Misconfigured(f"没有房间提供 {name}。", english=f"No room offers {name}.")

    @property
    def sweepers(self) -> list[Any]:
        """What the rooms sweep."""
        return [room.verbs["sweep"] for room in self.rooms if "sweep" in room.verbs]

    def close(self) -> None:
        """Give everything back; servers that this command started stop."""
        if "services" in self.__dict__:
            self.services.close()
        if self._servers is not None:
            self._servers.stop()
            self._servers = None
