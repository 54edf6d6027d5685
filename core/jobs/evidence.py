"""Evidence: how an attempt ended that did not end its job, as the job's row keeps it."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

KIB = 1024
OOM_COUNTS = Path("/sys/fs/cgroup/memory.events")  # of the container or unit that we run in


class Cause(StrEnum):
    """Why an attempt ended without an answer; each counts as a crash and is tried again."""

    SIGNAL = "signal"  # something killed the process
    EXIT = "exit"  # the process ended by itself
    MEMORY = "memory"  # it ran out of memory, or was killed for it
    EXCEPTION = "exception"  # it raised what nobody foresaw
    SILENT = "silent"  # its lease ran out: the machine or the process was gone, or stalled


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How an attempt ended.

    Parameters
    ----------
    cause
        Why.
    signal
        What killed the process, such as ``SIGKILL``.
    exit_code
        What it ended with by itself.
    error
        Class of the exception; never its text, which may quote what people sent.
    peak_mib
        The most memory that the process held in its life, all its jobs together.
    """

    cause: Cause
    signal: str = ""
    exit_code: int | None = None
    error: str = ""
    peak_mib: int | None = None

    def told(self) -> dict[str, Any]:
        """Give what is known, for the row."""
        return {name: value for name, value in asdict(self).items() if value not in ("", None)}


SILENT = Death(cause=Cause.SILENT)


def of_error(error: BaseException) -> Death:
    """Tell how an attempt ended whose process lives on to say so."""
    memory = isinstance(error, MemoryError)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIB
    return Death(
        cause=Cause.MEMORY if memory else Cause.EXCEPTION,
        error=type(error).__name__,
        peak_mib=peak,
    )


def of_child(status: int, peak_kib: int | None, *, short_of_memory: bool = False) -> Death:
    """Tell how a child died, from what its parent was told.

    Parameters
    ----------
    status
        As ``os.wait4`` gives it.
    peak_kib
        The child's largest resident size.
    short_of_memory
        Whether the kernel killed something in our group for memory while the child lived.
    """
    peak = None if peak_kib is None else peak_kib // KIB
    if not os.WIFSIGNALED(status):
        return Death(cause=Cause.EXIT, exit_code=os.waitstatus_to_exitcode(status), peak_mib=peak)
    number = os.WTERMSIG(status)
    memory = short_of_memory and number == signal.SIGKILL
    return Death(
        cause=Cause.MEMORY if memory else Cause.SIGNAL, signal=_name(number), peak_mib=peak
    )


def kills_for_memory() -> int:
    """Count the processes that the kernel killed for memory in our control group; 0 if unknown."""
    try:
        words = OOM_COUNTS.read_text(encoding="ascii").split()
    except OSError:
        return 0
    counts = dict(zip(words[::2], words[1::2], strict=False))
    return int(counts.get("oom_kill", 0))


def said(told: Mapping[str, Any]) -> tuple[str, str]:
    """Say in Chinese and English how an attempt ended; empty where it went well or goes on."""
    cause = told.get("cause")
    if cause is None:
        return "", ""
    how, how_english = {
        Cause.SIGNAL: (f"进程被 {told.get('signal')} 终止", f"killed by {told.get('signal')}"),
        Cause.EXIT: (
            f"进程自行退出，退出码 {told.get('exit_code')}",
            f"the process ended with exit code {told.get('exit_code')}",
        ),
        Cause.MEMORY: ("内存不足", "out of memory"),
        Cause.EXCEPTION: (f"意外错误 {told.get('error')}", f"unforeseen {told.get('error')}"),
        Cause.SILENT: ("进程失去联系，租约到期", "no sign of life until the lease ran out"),
    }[Cause(cause)]
    if told.get("peak_mib"):
        how += f"，内存峰值 {told['peak_mib']} MiB"
        how_english += f", peak memory {told['peak_mib']} MiB"
    return how, how_english


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
