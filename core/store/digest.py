"""SHA-256 over canonical bytes: the name of a blob, the identity of a value."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import rfc8785


def sha256_hex(data: bytes | memoryview) -> str:
    """Give the SHA-256 of ``data`` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Give the SHA-256 of a file's bytes without holding them in memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical(value: Any) -> bytes:
    """Write a JSON value in its one canonical form (RFC 8785): sorted keys, no spaces.

    Raises
    ------
    ValueError
        ``value`` holds what canonical JSON cannot say: NaN, infinity, an integer beyond ±2⁵³,
        a lone surrogate, a key that is no string, or an object of another kind.
    """
    return rfc8785.dumps(value)


def digest_of(value: Any) -> str:
    """Give the SHA-256 of a value's canonical JSON."""
    return sha256_hex(canonical(value))
