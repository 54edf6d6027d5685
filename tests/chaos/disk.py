"""A slow disk that remembers what was synced, so that a power cut can take the rest away."""

from __future__ import annotations

import os
import random
import stat
import time
from pathlib import Path

SLOWEST_SECONDS = 0.03  # a sync on a busy disk takes about this long


class Disk:
    """Stands in for ``os.fsync`` of a process that writes blobs.

    What was synced is told to a log that all processes share: of a file its inode and
    length, of a folder the names in it. ``lying`` answers at once and syncs nothing.
    """

    def __init__(self, root: Path, log: Path, *, lying: bool = False) -> None:
        self.root = str(root)
        self.log = log
        self.lying = lying
        self.fsync = os.fsync

    def install(self) -> None:
        """Replace this process's ``os.fsync``."""
        os.fsync = self.sync

    def sync(self, descriptor: int) -> None:
        """Sync, slowly, and then tell the log."""
        if self.lying:
            return
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        if not path.startswith(self.root):
            self.fsync(descriptor)
            return
        found = os.fstat(descriptor)
        names = (
            sorted(each.name for each in Path(path).iterdir())
            if stat.S_ISDIR(found.st_mode)
            else []
        )
        time.sleep(random.uniform(0, SLOWEST_SECONDS))  # noqa: S311 - no secret
        self.fsync(descriptor)
        if names:
            self._tell("".join(f"E {path}/{name}\n" for name in names))
        elif stat.S_ISREG(found.st_mode):
            self._tell(f"F {found.st_ino} {found.st_size}\n")

    def _tell(self, words: str) -> None:
        descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, words.encode())
        os.close(descriptor)


def cut_power(root: Path, log: Path, rng: random.Random) -> int:
    """Take away what no sync made durable, as a power cut may; gives how many files it hit.

    A file whose name was not synced vanishes; one whose bytes were not vanishes or is torn.
    """
    lines = log.read_text().splitlines() if log.exists() else []
    named = {line[2:] for line in lines if line.startswith("E ")}
    written = {line[2:] for line in lines if line.startswith("F ")}
    hit = 0
    for path in sorted(each for each in root.rglob("*") if each.is_file()):
        found = path.stat()
        has_name = str(path) in named and (path.parent == root or str(path.parent) in named)
        has_bytes = f"{found.st_ino} {found.st_size}" in written
        if has_bytes and has_name:
            continue
        hit += 1
        if has_bytes or rng.random() < 0.3:
            path.unlink()
        else:
            path.chmod(0o600)
            os.truncate(path, rng.choice((0, found.st_size // 2)))
    return hit
