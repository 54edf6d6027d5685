"""A reader forked from a process that has its modules already, where the product starts one anew.

It runs the same ``core.intake.child.main`` with the same limits on itself, beside the address space
that this process has and a fresh one has not; only the half second of starting Python is spared, so
that thousands of files fit into minutes. A share of a run's files goes through real workers, which
start it as always.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import subprocess
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace

import core.intake.child as reader
from core.intake.apart import MIB

FRESH = 346 * MIB  # address space of a reader that has read nothing yet


class Forked:
    """What ``core.intake.apart`` asks of a Popen, around a fork; keeps what each child used."""

    used: list[tuple[int, float]] = []  # noqa: RUF012 - of the whole process, on purpose: KiB, s

    def __init__(self, words, *, stdout, stderr, cwd, env, stdin) -> None:  # noqa: ARG002 - Popen's
        folder = Path(words[-1])
        ours, theirs = os.pipe()
        self.returncode = 0
        self._ended = False
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._read(folder, theirs, stderr, env)
            finally:
                os._exit(1)
        os.close(theirs)
        self.stdout = os.fdopen(ours, "rb")

    @staticmethod
    def _read(folder: Path, out: int, errors, env) -> None:
        try:
            os.dup2(out, 1)
            os.dup2(errors.fileno(), 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            faulthandler.disable()  # an abort is told by the exit status
            os.environ.clear()
            os.environ.update(env)
            os.chdir(folder)
            _allow_what_is_here(folder / "request.json")
            reader.main(folder)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - as an interpreter's end would print it
            os.write(2, traceback.format_exc()[-4000:].encode("utf-8", "replace"))

    def kill(self) -> None:
        """Kill the child if it has not ended."""
        if not self._ended:
            os.kill(self.pid, 9)

    def wait(self, timeout=None) -> int:  # noqa: ARG002 - Popen's; its pipe is at its end by now
        """Wait, and keep how much memory and processor it took."""
        if not self._ended:
            _, status, usage = os.wait4(self.pid, 0)
            self._ended = True
            self.returncode = os.waitstatus_to_exitcode(status)
            Forked.used.append((usage.ru_maxrss, usage.ru_utime + usage.ru_stime))
        return self.returncode


def _allow_what_is_here(request: Path) -> None:
    """Add to a request's limit what this process has more of than a fresh one."""
    asked = json.loads(request.read_text(encoding="utf-8"))
    here = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    more = here * resource.getpagesize() - FRESH
    asked["limits"]["memory_bytes"] += max(more, 0)
    request.write_text(json.dumps(asked), encoding="utf-8")


FORKING = SimpleNamespace(
    Popen=Forked,
    DEVNULL=subprocess.DEVNULL,
    PIPE=subprocess.PIPE,
    TimeoutExpired=subprocess.TimeoutExpired,
)
