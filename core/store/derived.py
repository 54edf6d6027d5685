"""Derived: arrays that can be computed again, kept by what they were computed from."""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFound
from core.store.blobs import UNFINISHED, Blobs, Damaged
from core.store.digest import canonical, digest_of

FOLDER = "derived"
ALIGN = 64  # bytes: arrays begin on cache lines
LENGTH_BYTES = 8  # the file begins with the length of its head


class Derived:
    """A cache of named arrays, one blob an entry, memory-mapped by all processes of a machine.

    An entry is found by what it was computed from (digests, versions, numbers), a JSON value whose
    digest names a small file ``derived/<digest>`` that holds the blob's digest. Everything may be
    deleted at any time; what is missing or damaged is computed again.
    """

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs

    def get(self, key: Mapping[str, Any]) -> dict[str, NDArray[Any]] | None:
        """Give the arrays kept under a key, read-only and checked against their digest; or None."""
        entry = self.blobs.root / FOLDER / digest_of(key)
        try:
            digest = entry.read_text()
            os.utime(entry)  # used: a sweep lets it be
        except FileNotFoundError:
            return None
        try:
            path = self.blobs.open(digest, verify=True)
        except NotFound:
            return None
        except Damaged:
            self.blobs.drop(digest)
            return None
        return unpacked(np.memmap(path, dtype=np.uint8, mode="r"))

    def put(self, key: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
        """Keep arrays under a key and give their blob's digest."""
        digest = self.blobs.put(packed(arrays))
        folder = self.blobs.root / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        unfinished = folder / f"{uuid.uuid4().hex}{UNFINISHED}"
        try:
            unfinished.write_text(digest)
            unfinished.replace(folder / digest_of(key))
        finally:
            with contextlib.suppress(FileNotFoundError):
                unfinished.unlink()
        return digest

    def sweep(self, *, idle_seconds: float, unfinished_seconds: float) -> tuple[int, set[str]]:
        """Forget the entries that nobody asked for so long; count them, give the others' blobs."""
        now, forgotten, named = time.time(), 0, set()
        folder = self.blobs.root / FOLDER
        for entry in folder.iterdir() if folder.is_dir() else ():
            limit = unfinished_seconds if entry.suffix == UNFINISHED else idle_seconds
            with contextlib.suppress(FileNotFoundError):
                if entry.stat().st_mtime <= now - limit:
                    entry.unlink()
                    forgotten += 1
                elif entry.suffix != UNFINISHED:
                    named.add(entry.read_text())
        return forgotten, named


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Write arrays into one file: head's length, head as JSON, then each array's bytes, aligned."""
    head: dict[str, Any] = {}
    offset = 0
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        head[name] = {"dtype": array.dtype.str, "shape": list(array.shape), "offset": offset}
        offset += -(-array.nbytes // ALIGN) * ALIGN
    text = canonical(head)
    start = -(-(LENGTH_BYTES + len(text)) // ALIGN) * ALIGN
    file = bytearray(start + offset)
    file[:LENGTH_BYTES] = len(text).to_bytes(LENGTH_BYTES, "little")
    file[LENGTH_BYTES : LENGTH_BYTES + len(text)] = text
    for name, place in head.items():
        content = np.ascontiguousarray(arrays[name]).tobytes()
        begin = start + place["offset"]
        file[begin : begin + len(content)] = content
    return bytes(file)


def unpacked(file: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """Give the arrays of a file that :func:`packed` wrote, as views of it."""
    length = int.from_bytes(file[:LENGTH_BYTES].tobytes(), "little")
    head = json.loads(file[LENGTH_BYTES : LENGTH_BYTES + length].tobytes())
    start = -(-(LENGTH_BYTES + length) // ALIGN) * ALIGN
    arrays = {}
    for name, place in head.items():
        dtype, shape = np.dtype(place["dtype"]), tuple(place["shape"])
        begin = start + place["offset"]
        size = dtype.itemsize * int(np.prod(shape))
        view = np.asarray(file[begin : begin + size]).view(dtype).reshape(shape)
        view.setflags(write=False)
        arrays[name] = view
    return arrays
