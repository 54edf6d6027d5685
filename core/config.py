"""Config: one frozen value read from the environment; nothing else reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Where the servers and files are, and how safe the transport is.

    Every field is one environment variable, named in its comment; see README.
    """

    database_url: str = ""  # LIFECIRCLE_DATABASE_URL: the application's role; empty: embedded
    owner_url: str = ""  # LIFECIRCLE_OWNER_URL: owns the tables, runs migrations
    dispatch_url: str = ""  # LIFECIRCLE_DISPATCH_URL: sees only the jobs' own columns
    backup_url: str = ""  # LIFECIRCLE_BACKUP_URL: reads everything; backups only
    redis_url: str = ""  # LIFECIRCLE_REDIS_URL: empty: embedded
    blobs: Path = field(default_factory=Path)  # LIFECIRCLE_BLOBS
    home: Path = field(default_factory=Path)  # LIFECIRCLE_HOME: embedded servers, blobs
    secret_key: str = ""  # LIFECIRCLE_SECRET_KEY: signs the anti-forgery tokens
    insecure_http: bool = False  # LIFECIRCLE_INSECURE_HTTP: cookie without Secure, said on pages
    sample: bool = False  # LIFECIRCLE_SAMPLE: this installation holds generated data (示例数据)
    plugins: tuple[str, ...] = ()  # LIFECIRCLE_PLUGINS: offered entry points; empty: all
    upload_bytes: int = 200 * 1024 * 1024  # LIFECIRCLE_UPLOAD_BYTES
    tenant_jobs: int = 2  # LIFECIRCLE_TENANT_JOBS: of one tenant that are at work at one time
    audit_days: int = 366  # LIFECIRCLE_AUDIT_DAYS: how long audit records are kept, at least 184
    worker_memory_mib: int = 0  # LIFECIRCLE_WORKER_MEMORY_MIB: of one run; 0: what the machine has
    trusted_hosts: tuple[str, ...] = ()  # LIFECIRCLE_TRUSTED_HOSTS: names this site answers to
    proxies: int = 0  # LIFECIRCLE_PROXIES: reverse proxies in front whose words are believed
    limits: str = ""  # LIFECIRCLE_LIMITS: requests a minute; see core.limits
    metrics_token: str = ""  # LIFECIRCLE_METRICS_TOKEN: bearer of /metrics; empty: loopback only
    oidc: str = ""  # LIFECIRCLE_OIDC: file that names other houses one may sign in by; empty: none

    def environment(self) -> dict[str, str]:
        """Give the variables with which another process reads the same settings."""
        return {
            "LIFECIRCLE_DATABASE_URL": self.database_url,
            "LIFECIRCLE_OWNER_URL": self.owner_url,
            "LIFECIRCLE_DISPATCH_URL": self.dispatch_url,
            "LIFECIRCLE_BACKUP_URL": self.backup_url,
            "LIFECIRCLE_REDIS_URL": self.redis_url,
            "LIFECIRCLE_BLOBS": str(self.blobs),
            "LIFECIRCLE_HOME": str(self.home),
            "LIFECIRCLE_SECRET_KEY": self.secret_key,
            "LIFECIRCLE_INSECURE_HTTP": "1" if self.insecure_http else "",
            "LIFECIRCLE_SAMPLE": "1" if self.sample else "",
            "LIFECIRCLE_PLUGINS": ",".join(self.plugins),
            "LIFECIRCLE_UPLOAD_BYTES": str(self.upload_bytes),
            "LIFECIRCLE_TENANT_JOBS": str(self.tenant_jobs),
            "LIFECIRCLE_AUDIT_DAYS": str(self.audit_days),
            "LIFECIRCLE_WORKER_MEMORY_MIB": str(self.worker_memory_mib),
            "LIFECIRCLE_TRUSTED_HOSTS": ",".join(self.trusted_hosts),
            "LIFECIRCLE_PROXIES": str(self.proxies),
            "LIFECIRCLE_LIMITS": self.limits,
            "LIFECIRCLE_METRICS_TOKEN": self.metrics_token,
            "LIFECIRCLE_OIDC": self.oidc,
        }

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """Read the settings; missing ones take their defaults."""
        home = Path(environ.get("LIFECIRCLE_HOME") or Path.home() / ".lifecircle")
        return cls(
            database_url=environ.get("LIFECIRCLE_DATABASE_URL", ""),
            owner_url=environ.get("LIFECIRCLE_OWNER_URL", ""),
            dispatch_url=environ.get("LIFECIRCLE_DISPATCH_URL", ""),
            backup_url=environ.get("LIFECIRCLE_BACKUP_URL", ""),
            redis_url=environ.get("LIFECIRCLE_REDIS_URL", ""),
            blobs=Path(environ.get("LIFECIRCLE_BLOBS") or home / "blobs"),
            home=home,
            secret_key=environ.get("LIFECIRCLE_SECRET_KEY", ""),
            insecure_http=environ.get("LIFECIRCLE_INSECURE_HTTP", "").lower() in TRUE,
            sample=environ.get("LIFECIRCLE_SAMPLE", "").lower() in TRUE,
            plugins=_listed(environ.get("LIFECIRCLE_PLUGINS", "")),
            upload_bytes=int(environ.get("LIFECIRCLE_UPLOAD_BYTES") or 200 * 1024 * 1024),
            tenant_jobs=int(environ.get("LIFECIRCLE_TENANT_JOBS") or 2),
            audit_days=int(environ.get("LIFECIRCLE_AUDIT_DAYS") or 366),
            worker_memory_mib=int(environ.get("LIFECIRCLE_WORKER_MEMORY_MIB") or 0),
            trusted_hosts=_listed(environ.get("LIFECIRCLE_TRUSTED_HOSTS", "")),
            proxies=int(environ.get("LIFECIRCLE_PROXIES") or 0),
            limits=environ.get("LIFECIRCLE_LIMITS", ""),
            metrics_token=environ.get("LIFECIRCLE_METRICS_TOKEN", ""),
            oidc=environ.get("LIFECIRCLE_OIDC", ""),
        )


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())
