"""Blobs: whole files named by the SHA-256 of their bytes, written so that none is ever torn."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import re
import time
import uuid
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, ClassVar

from core.errors import LifecircleError, NotFound
from core.store.digest import sha256_file, sha256_hex

DIGEST = re.compile(r"[0-9a-f]{64}")
UNFINISHED = ".unfinished"
LOCK = ".lock"
CHUNK = 1 << 20


class Damaged(LifecircleError):
    """A stored file's bytes are not those its name promises."""

    code: ClassVar[str] = "damaged"
    status: ClassVar[int] = 500


class Blobs:
    """A folder of immutable files, ``ab/cdef…`` under the root.

    A blob appears by a rename after its bytes are on the disk, so that a reader finds it whole or
    not at all, whenever the writer is killed. Equal bytes are kept once.

    Parameters
    ----------
    root
        The folder; made, readable by its owner alone, at the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes) -> str:
        """Keep ``data`` and give its digest; writes nothing when it is there already."""
        digest = sha256_hex(data)
        path = self._path(digest)
        with self._locked(fcntl.LOCK_SH):
            here = _touched(path)
        if not here:
            return self.put_stream(io.BytesIO(data))
        self._sync_name(path)
        return digest

    def put_file(self, path: Path) -> str:
        """Keep a copy of the file's bytes and give their digest."""
        with path.open("rb") as stream:
            return self.put_stream(stream)

    def put_stream(self, stream: BinaryIO) -> str:
        """Keep what ``stream`` still gives and give its digest.

        When reading raises, nothing is kept.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self.root / f"{uuid.uuid4().hex}{UNFINISHED}"
        hashed = hashlib.sha256()
        try:
            with unfinished.open("xb") as target:
                while chunk := stream.read(CHUNK):
                    hashed.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fchmod(target.fileno(), 0o400)
                os.fsync(target.fileno())
            return self._name(unfinished, hashed.hexdigest())
        finally:
            unfinished.unlink(missing_ok=True)

    def exists(self, digest: str) -> bool:
        """Tell whether the blob is here."""
        return self._path(digest).exists()

    def size(self, digest: str) -> int:
        """Give the blob's length in bytes; raises ``NotFound``."""
        return self.open(digest).stat().st_size

    def open(self, digest: str, *, verify: bool = False) -> Path:
        """Give the path of the blob, to be read only.

        Parameters
        ----------
        verify
            Whether to read it whole and compare its digest first.

        Raises
        ------
        NotFound
            There is no such blob.
        Damaged
            Its bytes are not what its name promises.
        """
        path = self._path(digest)
        if not path.exists():
            raise NotFound(
                f"找不到文件 {digest[:12]}…，数据未改动。它可能已被清理；请重新导入或重新计算。",
                english=f"There is no file {digest[:12]}…; nothing was changed. It may have been "
                "swept; import or compute it again.",
            )
        if verify and sha256_file(path) != digest:
            raise _damaged(digest)
        return path

    def read(self, digest: str, *, verify: bool = True) -> bytes:
        """Give the blob's bytes; raises as ``open`` does."""
        data = self.open(digest).read_bytes()
        if verify and sha256_hex(data) != digest:
            raise _damaged(digest)
        return data

    def drop(self, digest: str) -> None:
        """Delete a blob that can be made again; nothing else may name it."""
        self._path(digest).unlink(missing_ok=True)

    def sweep(self, *, older_than_seconds: float = 3600) -> int:
        """Delete what killed writers left unfinished, and count it."""
        before = time.time() - older_than_seconds
        swept = 0
        for path in self.root.glob(f"*{UNFINISHED}"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime <= before:
                    path.unlink()
                    swept += 1
        return swept

    def sweep_unnamed(
        self, named: Container[str], *, asked_at: float, older_than_seconds: float
    ) -> tuple[int, int]:
        """Delete the blobs that nothing names and nobody has put for so long; count them and bytes.

        Putting a blob that is here makes it young again, so that one which a writer has put and is
        about to name is never deleted. ``named`` may be read at leisure before: age counts back
        from ``asked_at``, when the reading began (seconds since 1970), so what was put or named
        since then is young, however long the sweep takes.
        """
        before = asked_at - older_than_seconds
        count = size = 0
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            digest = path.parent.name + path.name
            if DIGEST.fullmatch(digest) is None or digest in named or not _older(path, before):
                continue
            with self._locked(fcntl.LOCK_EX):
                if _older(path, before):  # nobody put it meanwhile, and nobody can now
                    size += path.stat().st_size
                    path.unlink()
                    count += 1
        return count, size

    def drop_unnamed(self, digests: Iterable[str], young_seconds: float) -> tuple[int, int]:
        """Delete blobs now, but not those put so lately that another may be about to name them.

        Counts the deleted and the left. Reading makes no blob young here.
        """
        before = time.time() - young_seconds
        count = left = 0
        for digest in digests:
            with contextlib.suppress(FileNotFoundError, NotFound), self._locked(fcntl.LOCK_EX):
                path = self._path(digest)
                if path.stat().st_ctime <= before:  # a write, a name or a put changes it
                    path.unlink()
                    count += 1
                else:
                    left += 1
        return count, left

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Hold the store's lock: shared to say that a blob is here, alone to delete one."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, how)
        except OSError:  # a network's file system locks files that are open for writing, only
            os.close(descriptor)
            descriptor = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(descriptor, how)
        try:
            yield
        finally:
            os.close(descriptor)

    def _path(self, digest: str) -> Path:
        if DIGEST.fullmatch(digest) is None:
            raise NotFound(
                "文件编号应为 64 位十六进制数字，数据未改动。请检查编号。",
                english="A file's digest has 64 hexadecimal digits; nothing was changed. "
                "Check the digest.",
            )
        return self.root / digest[:2] / digest[2:]

    def _name(self, unfinished: Path, digest: str) -> str:
        """Let a finished file appear under its digest, and only then say that it is kept."""
        path = self._path(digest)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with self._locked(fcntl.LOCK_SH):
            if not _touched(path):
                unfinished.replace(path)
        self._sync_name(path)
        return digest

    def _sync_name(self, path: Path) -> None:
        """Let a blob's name outlive a power cut, whoever gave it: they may have died before."""
        _sync_folder(path.parent)
        _sync_folder(self.root)


def _touched(path: Path) -> bool:
    """Make a blob young again, by its time of last use, and tell whether it is here."""
    try:
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    except FileNotFoundError:
        return False
    return True


def _older(path: Path, before: float) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return max(found.st_mtime, found.st_atime) <= before


def _damaged(digest: str) -> Damaged:
    return Damaged(
        f"文件 {digest[:12]}… 的内容与编号不符，已拒绝使用，其他数据未改动。"
        "请检查磁盘，并从备份恢复或重新导入。",
        english=f"The bytes of file {digest[:12]}… do not match its digest; it was not used and "
        "nothing else was changed. Check the disk, and restore it from a backup or import again.",
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
