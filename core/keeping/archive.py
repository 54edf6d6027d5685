"""An archive: one file of named parts, every byte of which its manifest answers for.

A tar in gzip, so that other tools open it too: ``manifest.json`` first, then the parts in the
manifest's order, then ``manifest.sha256``. With a secret the whole is sealed (``sealed.py``).

It is written in gzip members, one after another as RFC 1952 allows: what does not get smaller is
stored, which is forty times as fast as trying.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from typing_extensions import Buffer, override

from core.errors import Conflict, Invalid
from core.keeping.sealed import MAGIC, Broken, Opener, Sealer
from core.store import Damaged, canonical, sha256_file, sha256_hex

FORMAT = 1
MANIFEST, LAST = "manifest.json", "manifest.sha256"
PARTS = "parts"
CHUNK = 1 << 20
LARGEST_MANIFEST = 1 << 28
STORED, FAST = 0, 1  # gzip: as it is; most of the gain for a fifth of the time
SAMPLES, SAMPLE = 4, 1 << 13  # places of a chunk that tell whether it gets smaller, and their bytes
WORTH = 0.9  # what gets smaller by less than a tenth is stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file to be kept under a name; ``sha256`` is told by who has just hashed it."""

    name: str
    path: Path
    sha256: str = ""


def write_archive(
    target: Path, head: Mapping[str, Any], parts: Sequence[Part], secret: bytes | None = None
) -> None:
    """Write an archive that is there whole or not at all, readable by its owner alone.

    Parameters
    ----------
    target
        Where; nothing is written over.
    head
        What the manifest says beside its list of parts: JSON.
    parts
        The files; none may change meanwhile.
    secret
        Seals the archive.

    Raises
    ------
    Conflict
        ``target`` exists.
    """
    if target.exists():
        raise Conflict(
            f"{target} 已经存在，没有写入。请换一个文件名。",
            english=f"{target} exists; nothing was written. Choose another name.",
        )
    listed = [_entry(part) for part in parts]
    manifest = canonical({**head, "format": FORMAT, PARTS: listed})
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            with _packing(file, secret) as tar:
                _add(tar, MANIFEST, len(manifest), io.BytesIO(manifest))
                for part, entry in zip(parts, listed, strict=True):
                    with part.path.open("rb") as stream:
                        _add(tar, part.name, entry["bytes"], stream)
                digest = sha256_hex(manifest).encode()
                _add(tar, LAST, len(digest), io.BytesIO(digest))
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, target)  # unlike a rename, refuses one that appeared meanwhile
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(target.parent)


def read_head(source: Path, secret: bytes | None = None) -> dict[str, Any]:
    """Give what the manifest says; the parts are not looked at.

    Raises
    ------
    Damaged
        It is no archive, damaged before its first part, or sealed with another secret.
    Invalid
        It is sealed and no secret is given, or of a later release's form.
    """
    with _unpacking(source, secret) as tar:
        head, _digest = _manifest(tar)
        return head


def read_parts(source: Path, secret: bytes | None = None) -> Iterator[tuple[str, BinaryIO]]:
    """Give each part as a stream, in order; each is compared with the manifest after its end.

    A caller that stops early has checked only what it read. Parts that are skipped are checked.

    Raises
    ------
    Damaged
        A part is missing, unexpected or not what the manifest promises; its name is told.
    """
    with _unpacking(source, secret) as tar:
        head, digest = _manifest(tar)
        for entry in head[PARTS]:
            with _naming(entry["name"]):
                counted = _Counted(*_next(tar, entry["name"]))
                yield entry["name"], cast("BinaryIO", counted)
                counted.drain()
                if (counted.size, counted.hashed.hexdigest()) != (entry["bytes"], entry["sha256"]):
                    raise _damaged(entry["name"])
        with _naming(LAST):
            stream, _size = _next(tar, LAST)
            if stream.read(100).decode("ascii", "replace") != digest or tar.next() is not None:
                raise _damaged(LAST)


def _entry(part: Part) -> dict[str, Any]:
    size = part.path.stat().st_size
    digest = part.sha256 or sha256_file(part.path)
    return {"name": part.name, "bytes": size, "sha256": digest}


def _level(data: memoryview) -> int:
    """Choose how hard to press a chunk by pressing some of it."""
    step = max(len(data) // SAMPLES, 1)
    sample = b"".join(data[start : start + SAMPLE] for start in range(0, len(data), step))
    return FAST if len(zlib.compress(sample, FAST)) < WORTH * len(sample) else STORED


class _Members(io.RawIOBase):
    """A file to write to, in gzip members; closing it leaves ``target`` open."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._written = 0
        self._begin(FAST)

    def _begin(self, level: int) -> None:
        self._level = level
        self._member = gzip.GzipFile("", "wb", level, self._target, mtime=0)

    @override
    def writable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return self._written

    @override
    def write(self, data: Buffer, /) -> int:
        chunk = memoryview(data).cast("B")
        level = _level(chunk) if len(chunk) > SAMPLES * SAMPLE else self._level
        if level != self._level:
            self._member.close()
            self._begin(level)
        self._written += self._member.write(chunk)
        return len(chunk)

    @override
    def close(self) -> None:
        if not self.closed:
            self._member.close()
        super().close()


def _add(tar: tarfile.TarFile, name: str, size: int, stream: BinaryIO) -> None:
    told = tarfile.TarInfo(name)
    told.size, told.mode = size, 0o600
    tar.addfile(told, stream)


@contextmanager
def _packing(file: BinaryIO, secret: bytes | None) -> Iterator[tarfile.TarFile]:
    with ExitStack() as stack:
        below = file if secret is None else cast("BinaryIO", Sealer(file, secret))
        if secret is not None:
            stack.enter_context(below)
        members = stack.enter_context(_Members(below))
        tar = tarfile.TarFile(mode="w", fileobj=members, copybufsize=CHUNK)
        yield stack.enter_context(tar)


@contextmanager
def _unpacking(source: Path, secret: bytes | None) -> Iterator[tarfile.TarFile]:
    with ExitStack() as stack:
        file: BinaryIO = stack.enter_context(source.open("rb"))
        sealed = file.read(len(MAGIC)) == MAGIC
        file.seek(0)
        if sealed and secret is None:
            raise Invalid(
                "这份归档已加密，没有读取。请给出口令或密钥文件。",
                english="The archive is sealed; it was not read. Give its passphrase or key file.",
            )
        with _naming(MANIFEST):
            if sealed and secret is not None:
                opened = stack.enter_context(Opener(file, secret))
                file = cast("BinaryIO", io.BufferedReader(opened, CHUNK))
            packed = stack.enter_context(gzip.GzipFile(mode="rb", fileobj=file))
            tar = stack.enter_context(tarfile.open(fileobj=packed, mode="r|", bufsize=CHUNK))
        yield tar


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Turn whatever a damaged file makes its readers raise into one sentence with the part."""
    try:
        yield
    except (Broken, tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise _damaged(name) from error


def _manifest(tar: tarfile.TarFile) -> tuple[dict[str, Any], str]:
    with _naming(MANIFEST):
        stream, size = _next(tar, MANIFEST)
        if size > LARGEST_MANIFEST:
            raise _damaged(MANIFEST)
        data = stream.read()
        try:
            head = json.loads(data)
            form = head["format"]
        except (ValueError, KeyError, TypeError):
            raise _damaged(MANIFEST) from None
    if form != FORMAT:
        raise Invalid(
            f"这份归档是第 {form} 版格式，本版本读第 {FORMAT} 版，没有读取。请用写它的版本。",
            english=f"The archive has form {form}, this release reads form {FORMAT}; it was not "
            "read. Use the release that wrote it.",
        )
    return head, sha256_hex(data)


def _next(tar: tarfile.TarFile, name: str) -> tuple[BinaryIO, int]:
    member = tar.next()
    stream = None if member is None else tar.extractfile(member)
    if member is None or member.name != name or stream is None:
        raise _damaged(name)
    return cast("BinaryIO", stream), member.size


class _Counted(io.RawIOBase):
    """A part's stream that counts and hashes what passes."""

    def __init__(self, stream: BinaryIO, _size: int) -> None:
        self._stream = stream
        self.size = 0
        self.hashed = hashlib.sha256()

    @override
    def readable(self) -> bool:
        return True

    @override
    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self.size += len(data)
        self.hashed.update(data)
        return data

    def drain(self) -> None:
        """Read what the caller left."""
        while self.read(CHUNK):
            pass


def _damaged(name: str) -> Damaged:
    return Damaged(
        f"归档已损坏，或口令不对：{name} 与清单不符。没有写入任何内容。请用另一份备份。",
        english=f"The archive is damaged, or the passphrase is another: {name} is not what was "
        "written. Nothing was changed. Use another backup.",
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
