"""Secrets that travel once: random texts of which only the SHA-256 is stored."""

from __future__ import annotations

import secrets
from hashlib import sha256
from uuid import UUID

BYTES = 32  # 256 bits


def fresh() -> str:
    """Make a text that nobody can guess, fit for a cookie and for an address."""
    return secrets.token_urlsafe(BYTES)


def stored(text: str) -> str:
    """Give what is kept of a secret: its SHA-256 in hexadecimal."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def bearer(tenant_id: UUID, secret: str) -> str:
    """Write a token: its tenant's id comes first, so that the tenant is set before the look-up."""
    return f"{tenant_id}.{secret}"


def read_bearer(header: str) -> tuple[UUID, str] | None:
    """Read ``Bearer <tenant-uuid>.<secret>``; ``None`` for anything else."""
    scheme, _, text = header.partition(" ")
    tenant, dot, secret = text.strip().partition(".")
    if scheme.lower() != "bearer" or not dot or not secret:
        return None
    try:
        return UUID(tenant), secret
    except ValueError:
        return None
