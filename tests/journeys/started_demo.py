"""A demo in a process of its own: what it says, and which processes name its home."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PATIENCE = 90.0  # until a hanging demo is told from a slow machine
GRACE = 45.0  # workers whose demo was killed may take 20 s to end their jobs; see core/jobs
SMALL = 40_000  # residents of a sample city: the fewest it can be made of
COMMAND = [sys.executable, "-m", "core.cli", "demo", "--residents", str(SMALL)]


class Demo:
    """``lifecircle demo`` on a home, in a group of its own as on a terminal."""

    def __init__(self, home: Path, *words: str) -> None:
        told = {key: value for key, value in os.environ.items() if not key.startswith("LIFECIRCLE")}
        self.home = home
        self.said = ""
        self._more = threading.Condition()
        self._process = subprocess.Popen(
            [*COMMAND, "--home", home, *words],
            cwd=TOP,
            env=told | {"PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, pattern: str) -> str:
        """Wait until the demo has said something; give the first group."""
        end = time.monotonic() + PATIENCE
        with self._more:
            while (found := re.search(pattern, self.said)) is None:
                left = end - time.monotonic()
                assert left > 0, f"not said in time: {pattern}\n{self.said}"
                assert self._reader.is_alive() or re.search(pattern, self.said), self.said
                self._more.wait(min(left, 1))
        return found.group(found.lastindex or 0)

    def end(self) -> int:
        """Wait until the demo has ended by itself; give its status."""
        status = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def interrupt(self, *, group: bool = True) -> int:
        """Do what Ctrl-C on its terminal does, or ``kill -INT`` of it alone; give its status."""
        if group:
            os.killpg(self._process.pid, signal.SIGINT)
        else:
            self._process.send_signal(signal.SIGINT)
        return self.end()

    def kill(self) -> int:
        """End it without a word, as the kernel does when memory is short."""
        self._process.kill()
        return self.end()

    def close(self) -> None:
        """Leave nothing of it behind, whatever a test found."""
        if self._process.poll() is None:
            self.kill()
        self._process.stdout.close()

    def _read(self) -> None:
        while chunk := os.read(self._process.stdout.fileno(), 65536):
            with self._more:
                self.said += chunk.decode()
                self._more.notify_all()


def left_running(home: Path, *, patience: float = 10.0) -> dict[int, str]:
    """Find the processes whose command or environment names the home, once they had a moment."""
    end = time.monotonic() + patience
    while (found := _naming(os.fsencode(home))) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def _naming(home: bytes) -> dict[int, str]:
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            environment = (entry / "environ").read_bytes()
        except OSError:  # it has ended, or is another user's
            continue
        if home in command or home in environment:
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found
