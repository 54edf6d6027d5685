"""Providers: the houses by which one may sign in, as the operator's file says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, validate

from core.config import Config
from core.errors import Misconfigured, NotFound
from tenants.people.models import Role

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})  # the only hosts that plain http may reach
KEY = r"[a-z][a-z0-9-]{0,30}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Whoever is in ``group`` at the provider holds ``role`` in ``tenant`` (its slug) here."""

    group: str
    tenant: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A house that vouches for people. ``issuer`` is pinned: nothing else may say it is this one.

    ``make_accounts``: somebody unknown gets an account when one of their groups gives a role.
    """

    key: str
    name: str
    english: str
    issuer: str
    client_id: str
    secret_file: Path
    redirect_uri: str
    scopes: tuple[str, ...]
    groups_claim: str
    login_claim: str
    make_accounts: bool
    grants: tuple[Grant, ...]

    @property
    def source(self) -> str:
        """Name what this provider gives, in ``memberships.source``."""
        return f"oidc:{self.key}"

    def secret(self) -> str:
        """Read the client's secret, each time, so that a new one counts at once.

        Raises
        ------
        Misconfigured
            The file cannot be read or is empty.
        """
        try:
            secret = self.secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            secret = ""
        if not secret:
            raise Misconfigured(
                f"登录服务 {self.key} 的密钥文件读不到或是空的，无法用它登录。请运维人员检查 "
                "client_secret_file。",
                english=f"The secret of the provider {self.key} cannot be read or is empty, so "
                "nobody signs in by it. Have the operator check client_secret_file.",
            )
        return secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """All of them, in the order of the file."""

    listed: tuple[Provider, ...] = ()

    def find(self, key: str) -> Provider:
        """Find one by its key.

        Raises
        ------
        NotFound
            None has it.
        """
        for provider in self.listed:
            if provider.key == key:
                return provider
        raise NotFound(
            "没有这个登录服务。没有登录；请用登录页上的按钮。",
            english="There is no such sign-in service. You are not signed in; use a button of the "
            "sign-in page.",
        )


class _GrantSchema(Schema):
    group = fields.String(required=True, validate=validate.Length(1, 200))
    tenant = fields.String(required=True, validate=validate.Length(1, 40))
    role = fields.Enum(Role, by_value=True, required=True)


class _ProviderSchema(Schema):
    name = fields.String(required=True, validate=validate.Length(1, 60))
    english = fields.String(load_default="", validate=validate.Length(max=60))
    issuer = fields.String(required=True, validate=validate.Length(8, 400))
    client_id = fields.String(required=True, validate=validate.Length(1, 400))
    client_secret_file = fields.String(required=True, validate=validate.Length(1))
    scopes = fields.List(fields.String(), load_default=lambda: ["openid", "profile"])
    groups_claim = fields.String(load_default="groups")
    login_claim = fields.String(load_default="preferred_username")
    make_accounts = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    roles = fields.List(fields.Nested(_GrantSchema), load_default=list)


class _FileSchema(Schema):
    site = fields.String(required=True)
    providers = fields.Dict(
        keys=fields.String(validate=validate.Regexp(f"^{KEY}$")),
        values=fields.Nested(_ProviderSchema),
        required=True,
    )


def providers_of(config: Config) -> Providers:
    """Give what ``LIFECIRCLE_OIDC`` names; none where it is empty.

    Raises
    ------
    Misconfigured
        The file cannot be read or says something that cannot be meant.
    """
    return _read(config.oidc) if config.oidc else Providers()


@lru_cache(maxsize=8)
def _read(path: str) -> Providers:
    """Read the file once a process."""
    try:
        told = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        known: Mapping[str, Any] = _FileSchema().load(told)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        why = error.messages if isinstance(error, ValidationError) else type(error).__name__
        raise _misconfigured(str(why)) from error
    site = str(known["site"]).rstrip("/")
    _check_address(site, "site")
    return Providers(
        listed=tuple(
            _provider(key, each, site, Path(path).parent)
            for key, each in known["providers"].items()
        )
    )


def _provider(key: str, told: Mapping[str, Any], site: str, folder: Path) -> Provider:
    _check_address(told["issuer"], f"{key}.issuer")
    return Provider(
        key=key,
        name=told["name"],
        english=told["english"] or told["name"],
        issuer=told["issuer"],
        client_id=told["client_id"],
        secret_file=folder / told["client_secret_file"],
        redirect_uri=f"{site}/sign-in/by/{key}/return",
        scopes=tuple(dict.fromkeys(["openid", *told["scopes"]])),
        groups_claim=told["groups_claim"],
        login_claim=told["login_claim"],
        make_accounts=told["make_accounts"],
        grants=tuple(Grant(**each) for each in told["roles"]),
    )


def is_safe_address(address: str) -> bool:
    """Tell whether an address is https, or plain http on this machine, and nothing else."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    plain = parts.username is None and parts.password is None and not parts.fragment
    return bool(host and plain) and (
        parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL)
    )


def _check_address(address: str, name: str) -> None:
    if not is_safe_address(address) or urlsplit(address).query:
        raise _misconfigured(f"{name}: https://…")


def _misconfigured(why: str) -> Misconfigured:
    return Misconfigured(
        f"LIFECIRCLE_OIDC 所指的文件不能用（{why}），没有启动。格式见 tenants/system/README.md。",
        english=f"The file that LIFECIRCLE_OIDC names cannot be used ({why}), so nothing starts. "
        "tenants/system/README.md tells its form.",
    )
