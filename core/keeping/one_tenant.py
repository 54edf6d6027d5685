"""One tenant into an archive, and from it into another installation: ids kept, people as stubs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Session

from core import __version__
from core.db import Base, Database, Tenant, TenantState, installation
from core.db.audit import record
from core.db.within import within
from core.errors import Conflict, Invalid, LifecircleError, NotFound
from core.keeping import figures
from core.keeping.archive import PARTS, Part, read_head, read_parts, write_archive
from core.keeping.named import named_by, share
from core.store import Blobs, Damaged

StubPeople: TypeAlias = Callable[[Session, Sequence[UUID]], None]

KIND = "tenant"
ROWS, OTHERS, BLOB, END = "rows/", "others/", "blobs/", ".jsonl"
BATCH = 500
SECRETS = frozenset({"token_hash"})  # what has such a column lets somebody in, here only
HERE_ONLY = frozenset({"request_keys"})  # answers to requests that were sent here


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What a tenant's archive holds, as its manifest tells."""

    tenant_id: UUID
    slug: str
    rows: int
    blobs: int
    left_out: Mapping[str, str]
    missing: tuple[str, ...]


def pack(
    database: Database, blobs: Blobs, tenant_id: UUID, target: Path, secret: bytes | None = None
) -> Packed:
    """Write a tenant's rows, and the blobs that they name, into one archive.

    Rows are those of one moment, read as the tenant itself. People are ids: no login, no name.
    Tokens and invitations stay. What others handed to the tenant, and its answers to them, is
    under ``others/`` to be read; it is not restored elsewhere, where those others are not.
    """
    with (
        tempfile.TemporaryDirectory(prefix=".lifecircle-backup-", dir=target.parent) as folder,
        database.session(tenant_id) as session,
    ):
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        share(session)
        head = _head(session, tenant_id)
        parts = list(_row_parts(session, tenant_id, Path(folder)))
        for digest in sorted(named_by(session, blobs)):
            try:
                path = blobs.open(digest, verify=True)
                parts.append(Part(name=BLOB + digest, path=path, sha256=digest))
            except LifecircleError as error:
                head["missing"][digest] = error.code
        write_archive(target, head, parts, secret)
    return packed(read_head(target, secret))


def unpack(
    database: Database,
    blobs: Blobs,
    source: Path,
    stub_people: StubPeople,
    secret: bytes | None = None,
) -> Packed:
    """Put a tenant's archive into an installation that does not have the tenant.

    The places above it that are missing come as names without anybody or anything in them,
    suspended. All rows come in one transaction, after the blobs, and are compared before it ends.

    Parameters
    ----------
    stub_people
        Makes those people, by id, whom the installation does not know; nobody can sign in as one.

    Raises
    ------
    Conflict
        The tenant is here, or another has its name, code or place.
    Invalid
        The archive is no tenant's, or of another revision of the tables.
    Damaged
        The archive is damaged, or what came out is not what went in; nothing was changed.
    """
    head = read_head(source, secret)
    told = packed(head)
    for _part in read_parts(source, secret):
        pass  # each is checked; nothing is written before all are
    with database.unbound() as session:
        _check_target(session, head)
    for name, stream in read_parts(source, secret):
        if name.startswith(BLOB) and BLOB + blobs.put_stream(stream) != name:
            raise _differs(name)
    with database.unbound() as session:
        _check_target(session, head)
        deed: dict[str, Any] = {
            "action": "tenant.restore",
            "subject": f"tenant:{told.slug}",
            "details": {"rows": told.rows, "release": head["release"]},
        }
        installation.record(session, **deed)
        _take_places(session, head)
        stub_people(session, [UUID(each) for each in head["people"]])
        with within(session, told.tenant_id):
            for name, stream in read_parts(source, secret):
                if name.startswith(ROWS):
                    _take_rows(session, name.removeprefix(ROWS).removesuffix(END), stream)
            found = _hashes(session, told.tenant_id)
            if differs := figures.first_difference(head["tables"], found):
                raise _differs(differs)
            record(session, **deed)
    return told


def packed(head: Mapping[str, Any]) -> Packed:
    """Sum up a manifest."""
    if head.get("kind") != KIND:
        raise Invalid(
            "这份归档不属于一个租户，没有读取。",
            english="The archive is not one tenant's; it was not read.",
        )
    return Packed(
        tenant_id=UUID(head["tenant"]["id"]),
        slug=head["tenant"]["slug"],
        rows=sum(each["rows"] for each in head["tables"].values()),
        blobs=sum(part["name"].startswith(BLOB) for part in head[PARTS]),
        left_out=head["left_out"],
        missing=tuple(sorted(head["missing"])),
    )


def owned_tables() -> list[Table]:
    """List the tables of rows that belong to tenants, each after those it refers to."""
    return [table for table in Base.metadata.sorted_tables if "tenant_id" in table.c]


def carried(table: Table) -> str:
    """Say why a table's rows stay behind; '' where an archive carries them."""
    if SECRETS & set(table.c.keys()):
        return "lets somebody in here"
    if table.name in HERE_ONLY:
        return "answers to requests that were sent here"
    for key in table.foreign_key_constraints:
        if "tenant_id" in key.referred_table.c and "tenant_id" not in key.column_keys:
            return "about another tenant's rows: under others/"
    return ""


def _head(session: Session, tenant_id: UUID) -> dict[str, Any]:
    tenant = session.get(Tenant, tenant_id)
    if tenant is None:
        raise NotFound("没有这个地区。", english="There is no such tenant.")
    return {
        "kind": KIND,
        "release": __version__,
        "revision": session.execute(figures.REVISION).scalar_one(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tenant": _place(session, tenant_id),
        "places": [_place(session, each) for each in _neighbours(session, tenant)],
        "people": sorted(str(each) for each in _referred(session, tenant_id, "users")),
        "tables": _hashes(session, tenant_id),
        "left_out": {table.name: why for table in owned_tables() if (why := carried(table))},
        "missing": {},
    }


def _place(session: Session, tenant_id: UUID) -> dict[str, Any]:
    rows = Base.metadata.tables["tenants"].alias(figures.ROW)
    line = session.execute(_lines(rows).where(rows.c.id == tenant_id)).scalar_one()
    place: dict[str, Any] = json.loads(line)
    return place


def _neighbours(session: Session, tenant: Tenant) -> list[UUID]:
    """List the places that the tenant's rows name, and all above them, from the top down."""
    named = _referred(session, tenant.id, "tenants") - {tenant.id}
    found: dict[UUID, Tenant] = {}
    waiting = [*named, tenant.parent_id]
    while waiting:
        each = waiting.pop()
        if each is not None and each not in found and each != tenant.id:
            found[each] = session.get_one(Tenant, each)
            waiting.append(found[each].parent_id)
    return [each.id for each in sorted(found.values(), key=lambda each: each.path)]


def _referred(session: Session, tenant_id: UUID, target: str) -> set[UUID]:
    """Give the ids in a table without tenants to which the carried rows refer."""
    found: set[UUID] = set()
    for table in owned_tables():
        for each in table.c if not carried(table) else ():
            if any(key.column.table.name == target for key in each.foreign_keys):
                asked = select(each).where(table.c.tenant_id == tenant_id, each.is_not(None))
                found |= set(session.execute(asked.distinct()).scalars())
    return found


def _hashes(session: Session, tenant_id: UUID) -> dict[str, Any]:
    session.execute(figures.SETTINGS)
    connection = session.connection()
    return {
        table.name: figures.hash_of(connection, table.name, tenant_id)
        for table in owned_tables()
        if not carried(table)
    }


def _row_parts(session: Session, tenant_id: UUID, folder: Path) -> Iterator[Part]:
    """Write each table's rows, one JSON object a line, own rows and others' apart."""
    for table in owned_tables():
        rows = table.alias(figures.ROW)
        own, foreign = rows.c.tenant_id == tenant_id, rows.c.tenant_id != tenant_id
        if not (SECRETS & set(table.c.keys()) or table.name in HERE_ONLY):
            kept = OTHERS if carried(table) else ROWS
            for place, which in ((kept, own), (OTHERS + "of-", foreign)):
                path = folder / f"{place.replace('/', '-')}{table.name}"
                if _write(session, rows, which, path) or place == ROWS:
                    yield Part(name=f"{place}{table.name}{END}", path=path)


def _write(session: Session, rows: Any, which: Any, path: Path) -> int:
    asked = _lines(rows).where(which).order_by(rows.c.id)
    count = 0
    with path.open("x", encoding="utf-8") as file:
        for line in session.execute(asked, execution_options={"yield_per": BATCH}).scalars():
            file.write(line + "\n")
            count += 1
    return count


def _lines(rows: Any) -> Any:
    return select(cast(func.row_to_json(rows.table_valued()), Text)).select_from(rows)


def _check_target(session: Session, head: Mapping[str, Any]) -> None:
    """Refuse a place that is taken, and tables of another revision."""
    here = session.execute(figures.REVISION).scalar_one()
    if here != head["revision"]:
        raise Invalid(
            f"归档来自数据库 {head['revision']}，这里是 {here}，没有写入。请先把两边升到同一版本。",
            english=f"The archive is of tables at {head['revision']}, these are at {here}; nothing "
            "was written. Bring both to one release first.",
        )
    for place in (head["tenant"], *head["places"]):
        taken = session.scalars(
            select(Tenant).where(
                or_(
                    Tenant.id == UUID(place["id"]),
                    Tenant.slug == place["slug"],
                    Tenant.path == place["path"],
                    (Tenant.code == (place["code"] or "")) & (Tenant.state != TenantState.MERGED),
                )
            )
        ).all()
        same = [str(each.id) for each in taken] == [place["id"]] and place is not head["tenant"]
        if taken and not same:
            raise Conflict(
                f"{place['slug']} 已在这里，或它的名称、代码、位置已被占用，没有写入任何内容。",
                english=f"{place['slug']} is here, or its name, code or place is taken; nothing "
                "was written.",
            )


def _take_places(session: Session, head: Mapping[str, Any]) -> None:
    """Write the tenant's own row, and the places above it that are missing, suspended."""
    table = Base.metadata.tables["tenants"]
    for place in head["places"]:
        if session.get(Tenant, UUID(place["id"])) is None:
            _insert(session, table, [json.dumps({**place, "state": TenantState.SUSPENDED})])
    _insert(session, table, [json.dumps(head["tenant"])])


def _take_rows(session: Session, name: str, stream: Any) -> None:
    table = next((each for each in owned_tables() if each.name == name), None)
    if table is None or carried(table):
        raise _differs(name)
    waiting: list[str] = []
    for line in _split(stream):
        waiting.append(line)
        if len(waiting) == BATCH:
            _insert(session, table, waiting)
            waiting.clear()
    if waiting:
        _insert(session, table, waiting)


def _split(stream: Any) -> Iterator[str]:
    rest = b""
    while data := stream.read(1 << 20):
        *lines, rest = (rest + data).split(b"\n")
        yield from (line.decode() for line in lines)
    if rest:
        yield rest.decode()


def _insert(session: Session, table: Table, lines: Sequence[str]) -> None:
    """Insert rows as PostgreSQL itself wrote them: it reads each value back as it was."""
    names = [each.name for each in table.c]
    given = (
        func.json_to_recordset(cast(bindparam(None, "[" + ",".join(lines) + "]", Text()), JSON()))
        .table_valued(*(column(each.name, each.type) for each in table.c))
        .render_derived(with_types=True)
    )
    session.execute(insert(table).from_select(names, select(*(given.c[name] for name in names))))


def _differs(name: str) -> Damaged:
    return Damaged(
        f"{name} 恢复后与归档不一致，没有写入任何行。请用另一份归档。",
        english=f"{name} is not what was written; no row was kept. Use another archive.",
    )
