"""Addresses of static files that change when their bytes do, and whether maps were built."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for

STATIC = Path(__file__).parent / "static"
DIGITS = 10  # of the digest, in the address


def asset(name: str) -> str:
    """Give the address of a file under ``static``; a browser may keep it as long as it likes."""
    path = STATIC / name
    return url_for("static", filename=name, v=_digest(path, path.stat().st_mtime_ns))


def has_asset(name: str) -> bool:
    """Tell whether a built file is there: an install may have skipped the browser's files."""
    return (STATIC / name).is_file()


def is_current(name: str, digits: str) -> bool:
    """Tell whether an address that ``asset`` gave still names these bytes.

    While a new release is rolled out, an old process is asked for new addresses: what it answers
    must not be kept.
    """
    path = STATIC / name
    return path.is_file() and digits == _digest(path, path.stat().st_mtime_ns)


def offer(app: Flask) -> None:
    """Give the templates both."""
    app.jinja_env.globals.update(asset=asset, has_asset=has_asset)


@lru_cache(maxsize=64)
def _digest(path: Path, changed: int) -> str:
    del changed  # part of the key only: a file rebuilt under a running server is read again
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]
