"""Verify: compute a run again from its pins and compare every byte and every row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from core.catalog.host import Host
from core.db import JobState, Owned, Run
from core.db.session import Database
from core.errors import Conflict, LifecircleError, NotFound
from core.runs.execute import Clock, Computed, Silent, compute
from core.runs.rows import Row, rows_of
from core.store import Blobs, digest_of, read_table, sha256_hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a recomputation gave the same, and the first thing that differs."""

    same: bool
    first_difference: str = ""


def verify(database: Database, blobs: Blobs, host: Host, tenant_id: UUID, run_id: UUID) -> Verdict:
    """Compute a finished run again and compare documents, minutes and rows.

    Raises
    ------
    NotFound
        The tenant has no such run.
    Conflict
        The run is not finished.
    """
    with database.session(tenant_id) as session:
        run = session.scalars(select(Run).where(Run.id == run_id)).first()
        if run is None:
            raise NotFound("没有这次运行。请检查编号。", english="There is no such run.")
        if run.state != JobState.DONE:
            raise Conflict(
                "这次运行还没有完成，无法核验，数据未改动。请等它完成。",
                english="The run is not done, so there is nothing to verify. Wait for it.",
            )
        plan, fingerprint = run.plan, run.fingerprint
        digests = (run.result_digest or "", run.minutes_digest or "")
    if digest_of(plan) != fingerprint:
        return Verdict(same=False, first_difference="plan: its digest is not the fingerprint")
    try:
        computed = compute(blobs, host, plan, Clock(Silent()))
    except LifecircleError as error:
        return Verdict(same=False, first_difference=f"inputs: {error.message}")
    found = _artefacts(blobs, computed, *digests)
    if not found:
        with database.session(tenant_id) as session:
            found = _stored_rows(session, computed.document, run_id)
    return Verdict(same=not found, first_difference=found)


def _artefacts(blobs: Blobs, computed: Computed, result_digest: str, minutes_digest: str) -> str:
    """Say how the kept files differ from those computed now; '' when they do not."""
    try:
        kept = blobs.read(result_digest, verify=False)
        kept_minutes = blobs.open(minutes_digest)
    except NotFound as error:
        return f"artefact: {error.message}"
    if kept != computed.result or sha256_hex(kept) != result_digest:
        return f"result{difference(_parsed(kept), json.loads(computed.result))}"
    if kept_minutes.read_bytes() != computed.minutes:
        return f"minutes{_table_difference(kept_minutes, computed.minutes)}"
    if sha256_hex(computed.minutes) != minutes_digest:
        return "minutes: the digest on the run is another"
    return ""


def _parsed(kept: bytes) -> Any:
    try:
        return json.loads(kept)
    except ValueError:
        return None


def difference(kept: Any, now: Any, path: str = "") -> str:
    """Name the first place where two JSON values differ; '' when they are equal."""
    if isinstance(kept, Mapping) and isinstance(now, Mapping):
        return _in_mapping(kept, now, path)
    if isinstance(kept, Sequence) and isinstance(now, Sequence) and not isinstance(kept, str):
        return _in_sequence(kept, now, path)
    return "" if kept == now else f"{path}: kept {_short(kept)}, now {_short(now)}"


def _in_mapping(kept: Mapping[str, Any], now: Mapping[str, Any], path: str) -> str:
    for key in sorted({*kept, *now}):
        if key not in kept or key not in now:
            return f"{path}.{key}: only {'kept' if key in kept else 'now'}"
        found = difference(kept[key], now[key], f"{path}.{key}")
        if found:
            return found
    return ""


def _in_sequence(kept: Sequence[Any], now: Sequence[Any], path: str) -> str:
    for index, (old, new) in enumerate(zip(kept, now, strict=False)):
        found = difference(old, new, f"{path}[{index}]")
        if found:
            return found
    return "" if len(kept) == len(now) else f"{path}: kept {len(kept)} entries, now {len(now)}"


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]


def _table_difference(kept_path: Path, computed: bytes) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "minutes.arrow"
        path.write_bytes(computed)
        now = read_table(path)
        try:
            kept = read_table(kept_path)
        except LifecircleError as error:
            return f": {error.message}"
        for name in sorted({*kept, *now}):
            if name not in kept or name not in now:
                return f".{name}: only {'kept' if name in kept else 'now'}"
            if len(kept[name]) != len(now[name]):
                return f".{name}: kept {len(kept[name])} rows, now {len(now[name])}"
            rows = np.flatnonzero(kept[name] != now[name])
            if len(rows):
                row = int(rows[0])
                return f".{name}[{row}]: kept {kept[name][row]}, now {now[name][row]}"
    return ": same columns in other bytes (another release of Arrow wrote them)"


def _stored_rows(session: Session, document: Mapping[str, Any], run_id: UUID) -> str:
    """Say how the database's rows differ from the document's; '' when they do not."""
    for model, wanted in rows_of(document).items():
        name = str(inspect(model).local_table.name)
        columns = list(wanted[0]) if wanted else []
        kept = {_key(row): row for row in _stored(session, model, run_id, columns)}
        now = {_key(row): row for row in wanted}
        for key in sorted({*kept, *now}):
            if key not in kept or key not in now:
                return f"{name}{list(key)}: only {'kept' if key in kept else 'now'}"
            found = difference(_plain(kept[key], columns), _plain(now[key], columns))
            if found:
                return f"{name}{list(key)}{found}"
    return ""


KEYS = ("area_key", "format_key", "group_key", "line_key", "minutes", "rank")


def _stored(session: Session, model: type[Owned], run_id: UUID, columns: list[str]) -> list[Row]:
    table = inspect(model).local_table
    if not columns:
        columns = [key for key in KEYS if key in table.c]
    chosen = [table.c[name] for name in columns]
    rows = session.execute(select(*chosen).where(table.c.run_id == run_id))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it


def _key(row: Row) -> tuple[str, ...]:
    """Name a row by its place in the document; a gap by format and rank, in no area."""
    return tuple(f"{row[key]}" for key in KEYS if key in row and not _by_rank(row, key))


def _by_rank(row: Row, key: str) -> bool:
    return "rank" in row and key == "area_key"


def _plain(row: Row, columns: list[str]) -> dict[str, Any]:
    return {
        name: row[name].hex() if isinstance(row[name], bytes) else row[name] for name in columns
    }
