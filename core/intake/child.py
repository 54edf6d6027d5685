"""The child that reads one file: `python -m core.intake.child FOLDER`, with limits on itself.

It is told what to do in the folder's ``request.json``, writes progress lines to its standard
output, each table as an Arrow file, and at the very end ``answer.json``.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial, reduce
from pathlib import Path
from typing import Any

import structlog

from core.catalog import settings
from core.catalog.guard import call
from core.catalog.host import Host, State, load
from core.catalog.view import catalogue_for
from core.contract import (
    BusinessFormat,
    Raw,
    Service,
    Source,
    TableKind,
    Terms,
    Unreadable,
    checks,
)
from core.errors import Invalid, PluginFault
from core.store import write_table

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
FILE_BYTES = 4 * 1024**3


def limit(limits: Mapping[str, Any], parent: int) -> None:
    """Bind this process: memory, CPU, files, no core dumps, and not to outlive its parent."""
    memory, cpu = int(limits["memory_bytes"]), int(limits["cpu_seconds"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the signal was set
        os._exit(1)


def main(folder: Path) -> None:
    """Read what the folder asks for and leave the answer there."""
    asked = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    limit(asked["limits"], asked["parent"])
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    answer = _answered(asked, folder)
    unfinished = folder / "answer.unfinished"
    unfinished.write_text(json.dumps(answer), encoding="utf-8")
    unfinished.rename(folder / "answer.json")


def _answered(asked: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    try:
        raw = _read(asked)
        tables = {}
        for name, columns in raw.tables.items():
            (folder / f"{name}.arrow").write_bytes(write_table(columns))
            tables[name] = f"{name}.arrow"
    except Unreadable as said:
        return {
            "said": "unreadable",
            "code": said.code,
            "message": said.message,
            "english": said.english,
        }
    except Invalid as wrong:
        return {
            "said": "invalid",
            "message": wrong.message,
            "english": wrong.english,
            "details": list(wrong.details),
        }
    except PluginFault as fault:
        if "MemoryError" in fault.reason:
            raise MemoryError from fault
        return {"said": "fault", "reason": fault.reason}
    return {
        "tables": tables,
        "rows": int(raw.rows),
        "problems": [asdict(problem) for problem in raw.problems],
        "crs": raw.crs.value,
        "attribution": raw.attribution,
        "note": raw.note,
    }


def _read(asked: Mapping[str, Any]) -> Raw:
    reader, schema = _importer(asked)
    source = Source(
        path=Path(asked["path"]),
        filename=asked["filename"],
        formats=[_format(each) for each in asked["formats"]],
        progress=_tell,
    )
    options = settings.load(schema, asked["options"], "导入选项")
    check = partial(checks.raw_faults, kind=TableKind(asked["kind"]))
    raw: Raw = call(asked["plugin"], "read", reader, source, options, check=check)
    return raw


def _importer(asked: Mapping[str, Any]) -> tuple[Callable[..., Any], Any]:
    """Find the importer: by its plugin where that is installed, else by its functions' names."""
    for record in load(allowed=(asked["plugin"],)).records:
        if record.name == asked["plugin"] and record.state is State.READY:
            given = catalogue_for(
                Host(records=(record,)), {record.key: asked["settings"]}
            ).importers
            if asked["importer"] in given:
                importer = given[asked["importer"]]
                return importer.read, importer.options
    module = _module(asked["module"], asked["module_file"])
    schema_module, schema_name = asked["schema"]
    schemas = module if schema_module == asked["module"] else importlib.import_module(schema_module)
    return _named(module, asked["read"]), _named(schemas, schema_name)


def _module(name: str, file: str | None) -> Any:
    """Import a module by its name, or from its file where the name leads nowhere."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if file is None:
            raise
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _named(module: Any, path: str) -> Any:
    return reduce(getattr, path.split("."), module)


def _format(given: Mapping[str, Any]) -> Any:

    terms = {name: tuple(words) for name, words in given["terms"].items()}
    services = tuple(Service(**service) for service in given["services"])
    return BusinessFormat(**{**given, "terms": Terms(**terms), "services": services})


def _tell(done: int, total: int) -> None:
    sys.stdout.write(f"{int(done)} {int(total)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
