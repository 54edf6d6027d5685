"""A proxy between the service and a server of its: slows, breaks, or swallows what passes."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from typing import Self

PIECE = 65536


def listening_nowhere():
    """Give a port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy:
    """Hands bytes on between its own port and a server's socket (a path, or host and port).

    ``mode`` may change at any time: ``well``; ``slow`` waits ``latency`` seconds before each
    piece; ``silent`` takes what comes and hands nothing on, as a half-open connection does;
    ``reset`` breaks every connection, old and new; ``closed`` takes none.
    """

    def __init__(self, target) -> None:
        self.target = target
        self.latency = 0.0
        self._mode = "well"
        self._over = threading.Event()
        self._pairs = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error) -> None:
        self._over.set()
        # Whoever waits on the listener has to be gone before it is closed under him.
        self._threads[0].join(5)
        self._listener.close()
        self._break()
        for thread in self._threads[1:]:
            thread.join(5)

    @property
    def mode(self):
        return self._mode

    def turn(self, mode, latency=0.0):
        """Behave so from now on."""
        self.latency, self._mode = latency, mode
        if mode in ("reset", "closed"):
            self._break()

    def _break(self):
        for end in [end for pair in self._pairs for end in pair]:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def _accept(self):
        while not self._over.is_set():
            if not select.select([self._listener], [], [], 0.05)[0]:
                continue
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            if self._mode in ("reset", "closed"):
                with contextlib.suppress(OSError):
                    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                ours.close()
                continue
            theirs = socket.socket(
                socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET
            )
            try:
                theirs.connect(self.target)
            except OSError:  # the server is down: so the one who asked is told
                theirs.close()
                ours.close()
                continue
            self._pairs.append((ours, theirs))
            for source, sink in ((ours, theirs), (theirs, ours)):
                thread = threading.Thread(target=self._carry, args=(source, sink), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _carry(self, source, sink):
        with contextlib.suppress(OSError), source:
            while not self._over.is_set():
                if not select.select([source], [], [], 0.05)[0]:
                    continue
                piece = source.recv(PIECE)
                if not piece:
                    break
                if self._mode == "slow":
                    time.sleep(self.latency)
                if self._mode != "silent":
                    sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
