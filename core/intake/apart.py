"""2½ read: have an importer read a file in a child process with limits and no secrets."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import structlog

from core.contract import BusinessFormat, Columns, Crs, Importer, Problem, Raw, Severity, Unreadable
from core.errors import Invalid, PluginFault
from core.store import read_table

log = structlog.get_logger("lifecircle.intake")

MIB = 1024**2
# The least and the most that a child may use, and how fast its share grows with its file.
# Measured, in address space: 0.35 GiB is the libraries' own; a CSV takes 13 bytes a byte, a
# workbook 23, a gzipped CSV 36, a map 13.
LEAST_MEMORY, MOST_MEMORY, MEMORY_A_BYTE = 640 * MIB, 2048 * MIB, 32
LEAST_CPU, MOST_CPU, CPU_SECONDS_A_MIB = 45, 120, 1
LEAST_WALL, MOST_WALL, WALL_SECONDS_A_MIB = 90.0, 240.0, 2.0
LISTEN_SECONDS = 1.0
STDERR_TAIL = 2000
# Threads of a pool and heaps of threads take address space by the dozen where cores are many.
FEW_THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OSMIUM_POOL_THREADS": "2",
    "MALLOC_ARENA_MAX": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "PROJ_DATA", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a child may use: bytes of address space, seconds of CPU and of the clock."""

    memory_bytes: int = LEAST_MEMORY
    cpu_seconds: int = LEAST_CPU
    wall_seconds: float = LEAST_WALL

    @classmethod
    def of(cls, size: int) -> Limits:
        """Give what an honest file of so many bytes may take: a small one little."""
        return cls(
            memory_bytes=min(LEAST_MEMORY + MEMORY_A_BYTE * size, MOST_MEMORY),
            cpu_seconds=min(LEAST_CPU + CPU_SECONDS_A_MIB * (size // MIB), MOST_CPU),
            wall_seconds=min(LEAST_WALL + WALL_SECONDS_A_MIB * size / MIB, MOST_WALL),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to read, by whom, and how.

    ``plugin`` is the entry point's name and ``settings`` the tenant's for it: the child loads
    that plugin and no other.
    """

    path: Path
    filename: str
    importer: Importer
    plugin: str
    label: str
    settings: Mapping[str, Any]
    options: Mapping[str, Any]
    formats: Sequence[BusinessFormat]


@contextmanager
def read_apart(
    request: Request,
    tick: Callable[[int, int], None],
    limits: Limits | None = None,
) -> Iterator[Raw]:
    """Read a file in a child and give what it read, for as long as the block lasts.

    Its tables are files in a private folder that goes when the block ends; the arrays are
    views of them.

    Parameters
    ----------
    request
        The file, the importer and its options.
    tick
        Told how far the reading is, and about once a second that it goes on; what it raises
        stops the child.
    limits
        What the child may use; by the file's size where ``None``.

    Raises
    ------
    Unreadable
        The importer says so, or the child ran out of a limit or was killed.
    Invalid
        The importer's options are wrong.
    PluginFault
        The importer raised or broke the contract.
    """
    allowed = limits or Limits.of(request.path.stat().st_size)
    with tempfile.TemporaryDirectory(prefix="lifecircle-read-") as name:
        folder = Path(name)
        (folder / "request.json").write_text(json.dumps(_asked(request, allowed)), encoding="utf-8")
        _watch(folder, tick, allowed)
        yield _answer(folder, request.label)


def _asked(request: Request, limits: Limits) -> dict[str, Any]:
    read = request.importer.read
    module = getattr(read, "__module__", "")
    return {
        "path": str(request.path.resolve()),
        "filename": request.filename,
        "plugin": request.plugin,
        "importer": request.importer.key,
        "kind": request.importer.gives.value,
        "settings": dict(request.settings),
        "options": dict(request.options),
        "formats": [asdict(each) for each in request.formats],
        "module": module,
        "module_file": getattr(sys.modules.get(module), "__file__", None),
        "read": getattr(read, "__qualname__", ""),
        "schema": [request.importer.options.__module__, request.importer.options.__qualname__],
        "limits": asdict(limits),
        "parent": os.getpid(),
    }


def _watch(folder: Path, tick: Callable[[int, int], None], limits: Limits) -> None:
    """Run the child, pass its progress on, and end it when its time is up."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= FEW_THREADS | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }
    with (folder / "stderr").open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "core.intake.child", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=folder,
            env=environment,
        )
        try:
            _listen(child, tick, time.monotonic() + limits.wall_seconds)
        finally:
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()
    if not (folder / "answer.json").exists():
        tail = (folder / "stderr").read_bytes()[-STDERR_TAIL:].decode("utf-8", "replace")
        # Its last line's first words: the kind of error; the rest may quote the file.
        kind = tail.strip().rpartition("\n")[2].partition(":")[0][:80]
        log.warning("importer's child ended without an answer", code=child.returncode, kind=kind)
        raise _ended(child.returncode, tail)


def _listen(
    child: subprocess.Popen[bytes], tick: Callable[[int, int], None], deadline: float
) -> None:
    """Pass on progress lines until the child ends; raises when the clock runs out."""
    if child.stdout is None:
        return
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        done, total = 0, 0
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _too_slow()
            if selector.select(min(left, LISTEN_SECONDS)):
                line = _line(child.stdout)
                if not line:
                    break
                done, total = line
            tick(done, total)
    try:
        child.wait(max(deadline - time.monotonic(), LISTEN_SECONDS))
    except subprocess.TimeoutExpired as late:
        raise _too_slow() from late


def _line(stream: IO[bytes]) -> tuple[int, int] | None:
    """Read one line of progress; ``None`` at the end."""
    line = stream.readline(100)
    if not line:
        return None
    numbers = [int(word) for word in line.split() if word.isdigit()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)  # noqa: PLR2004 - done, total


def _answer(folder: Path, label: str) -> Raw:
    """Read what the child left."""
    answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    said = answer.get("said", "")
    if said == "unreadable":
        raise Unreadable(answer["code"], answer["message"], answer["english"])
    if said == "invalid":
        raise Invalid(answer["message"], english=answer["english"], details=answer["details"])
    if said == "fault":
        raise PluginFault(label, "read", answer["reason"])
    tables: dict[str, Columns] = {
        name: read_table(folder / file) for name, file in answer["tables"].items()
    }
    return Raw(
        tables=tables,
        rows=answer["rows"],
        problems=[
            Problem(**{**each, "severity": Severity(each["severity"])})
            for each in answer["problems"]
        ],
        crs=Crs(answer["crs"]),
        attribution=answer["attribution"],
        note=answer["note"],
    )


def _too_slow() -> Unreadable:
    return Unreadable(
        "too_slow",
        "读取文件用时过长，已停止，什么都没有写入。请拆成几份，或另存为 CSV 后再上传。",
        "Reading took too long and was stopped. Nothing was written. Split the file.",
    )


def _ended(code: int, tail: str) -> Unreadable:
    if code == -signal.SIGXCPU:
        return _too_slow()
    if code in (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGSEGV) or "MemoryError" in tail:
        return Unreadable(
            "too_hungry",
            "读取这个文件需要的内存超出限度，已停止，什么都没有写入。表格里可能有离数据很远的单元格；"
            "请只保留数据区域，另存为 CSV UTF-8 后再上传。",
            "Reading the file needs more memory than is allowed and was stopped. Nothing was "
            "written. Keep only the cells with data and save as CSV UTF-8.",
        )
    return Unreadable(
        "reader_ended",
        "读取文件的程序意外结束，什么都没有写入。请检查文件；仍不行请联系管理员查看日志。",
        "The reader of the file ended unexpectedly. Nothing was written. Check the file, or have "
        "the operator look at the logs.",
    )
