"""The whole installation into one archive, and from it into an empty one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, func, select

from core import __version__
from core.db import init
from core.db.session import psycopg_url
from core.errors import Conflict, Invalid, LifecircleError, Misconfigured
from core.keeping import figures, tools
from core.keeping.archive import PARTS, Part, read_head, read_parts, write_archive
from core.keeping.named import named_by, share
from core.store import Blobs, Damaged

KIND = "installation"
DUMP, BLOB = "database.dump", "blobs/"
UNTOLD = {"alembic_version"}  # the one table that has a row before anybody works


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What an archive holds, as its manifest tells."""

    release: str
    revision: str
    rows: int
    tables: int
    blobs: int
    bytes: int
    missing: tuple[str, ...]


def backup(backup_url: str, blobs: Blobs, target: Path, secret: bytes | None = None) -> Kept:
    """Write the database and every blob that a row of it names into one archive.

    Pages and workers go on: rows are those of one moment, and nothing is swept meanwhile.

    Parameters
    ----------
    backup_url
        As the backup's role, which alone reads past row level security.
    blobs
        The store. What rows name and it lacks, or has damaged, is told in the manifest.
    target
        The file to make; nothing is written over.
    secret
        Seals the archive.

    Raises
    ------
    Conflict
        ``target`` exists.
    Misconfigured
        The address is not the backup's role's, or pg_dump is older than the server.
    """
    with (
        tempfile.TemporaryDirectory(prefix=".lifecircle-backup-", dir=target.parent) as folder,
        _one_moment(backup_url) as connection,
    ):
        share(connection)
        snapshot = connection.scalar(select(func.pg_export_snapshot()))
        dumped = Path(folder) / DUMP
        tools.dump(backup_url, _major(connection), str(snapshot), dumped)
        head = _head(connection)
        parts, head["missing"] = [Part(name=DUMP, path=dumped)], {}
        for digest in sorted(named_by(connection, blobs)):
            try:
                path = blobs.open(digest, verify=True)
                parts.append(Part(name=BLOB + digest, path=path, sha256=digest))
            except LifecircleError as error:
                head["missing"][digest] = error.code
        write_archive(target, head, parts, secret)
    return kept(read_head(target, secret))


def restore(
    backup_url: str, owner_url: str, blobs: Blobs, source: Path, secret: bytes | None = None
) -> Kept:
    """Put a whole archive into an empty installation, and compare every row and wall with it.

    The archive is read to its end and checked before anything is written; the rows come in one
    transaction, after the blobs. An archive of an earlier release is brought to this one's tables.

    Raises
    ------
    Conflict
        A table holds rows already.
    Invalid
        The archive is one tenant's, or of a release that this one does not know.
    Damaged
        The archive is damaged; its part is named. Or what came out is not what went in: then the
        tables are emptied again.
    """
    head = read_head(source, secret)
    told = kept(head)
    _check_head(head)
    with tempfile.TemporaryDirectory(prefix=".lifecircle-restore-", dir=_place(blobs)) as folder:
        dumped = Path(folder) / DUMP
        _check_parts(head, source, secret, dumped)
        with _one_moment(backup_url) as connection:
            _check_target(connection, head)
            server = _major(connection)
        _take_blobs(blobs, source, secret)
        _load(owner_url, told.revision, server, dumped)
    _compare(backup_url, owner_url, head)
    init.upgrade(owner_url)
    return told


def kept(head: Mapping[str, Any]) -> Kept:
    """Sum up a manifest."""
    try:
        return Kept(
            release=head["release"],
            revision=head["revision"],
            rows=sum(each["rows"] for each in head["tables"].values()),
            tables=len(head["tables"]),
            blobs=sum(each["name"].startswith(BLOB) for each in head[PARTS]),
            bytes=sum(each["bytes"] for each in head[PARTS]),
            missing=tuple(sorted(head["missing"])),
        )
    except (KeyError, TypeError, AttributeError):
        raise Invalid(
            "这不是整套系统的备份，没有读取。",
            english="This is no backup of an installation; it was not read.",
        ) from None


@contextmanager
def _one_moment(backup_url: str) -> Iterator[Connection]:
    """Open a transaction that sees the database as it is now, past row level security."""
    if not backup_url:
        raise Misconfigured(
            "未设置 LIFECIRCLE_BACKUP_URL，没有读写任何内容。请设为 lc_backup 角色的数据库地址。",
            english="LIFECIRCLE_BACKUP_URL is not set; nothing was read or written. Set it to the "
            "database's address as lc_backup.",
        )
    engine = create_engine(psycopg_url(backup_url), isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    finally:
        engine.dispose()


def _major(connection: Connection) -> int:
    told = connection.execute(select(func.current_setting("server_version_num"))).scalar_one()
    return int(told) // 10000


def _head(connection: Connection) -> dict[str, Any]:
    return {
        "kind": KIND,
        "release": __version__,
        "revision": connection.scalar(figures.REVISION),
        "server": _major(connection),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tables": figures.row_hashes(connection),
        "walls": figures.walls(connection),
    }


def _check_head(head: Mapping[str, Any]) -> None:
    if head["kind"] != KIND:
        raise Invalid(
            "这份归档属于一个租户，不是整套备份，没有写入。",
            english="The archive is one tenant's, not an installation's; nothing was written.",
        )
    if head["revision"] not in init.revisions():
        raise Invalid(
            f"备份来自版本 {head['release']}（数据库 {head['revision']}），本版本 {__version__} "
            "不认识，没有写入任何内容。请先升级 lifecircle 再恢复。",
            english=f"The backup is of release {head['release']} (database {head['revision']}), "
            f"which this release {__version__} does not know; nothing was written. Install that "
            "release or a later one first.",
        )


def _check_parts(head: Mapping[str, Any], source: Path, secret: bytes | None, dumped: Path) -> None:
    """Read everything once; keep only the dump, beside the store."""
    promised = {part["name"]: part["sha256"] for part in head[PARTS]}
    for name, stream in read_parts(source, secret):
        if name == DUMP:
            with dumped.open("xb") as file:
                shutil.copyfileobj(stream, file)
        elif name != BLOB + promised[name]:
            raise Damaged(
                f"归档中的 {name} 与编号不符，没有写入任何内容。请用另一份备份。",
                english=f"{name} in the archive is not what its name promises; nothing was "
                "changed. Use another backup.",
            )


def _check_target(connection: Connection, head: Mapping[str, Any]) -> None:
    """Refuse a database that holds rows, or whose server is older than the dump's."""
    full = [
        name
        for name, each in figures.row_hashes(connection).items()
        if each["rows"] and name not in UNTOLD
    ]
    if full:
        raise Conflict(
            f"目标数据库不是空的（{'、'.join(full[:3])} 已有数据），没有写入任何内容。"
            "请在新的空系统中恢复。",
            english=f"The database is not empty ({', '.join(full[:3])} hold rows); nothing was "
            "written. Restore into a new, empty installation.",
        )
    if _major(connection) < head["server"]:
        raise Invalid(
            f"备份来自 PostgreSQL {head['server']}，目标服务器更旧，没有写入任何内容。",
            english=f"The backup is of PostgreSQL {head['server']} and this server is older; "
            "nothing was written.",
        )


def _take_blobs(blobs: Blobs, source: Path, secret: bytes | None) -> None:
    for name, stream in read_parts(source, secret):
        if name.startswith(BLOB):
            blobs.put_stream(stream)


def _load(owner_url: str, revision: str, server: int, dumped: Path) -> None:
    """Load the dump over empty tables of its own revision; put those back where that fails."""
    before = init.current(owner_url)
    if before not in {None, revision}:
        init.downgrade(owner_url, revision)
    try:
        tools.load(owner_url, server, dumped)
    except LifecircleError:
        if before is not None:
            init.upgrade(owner_url, before)
        raise


def _compare(backup_url: str, owner_url: str, head: Mapping[str, Any]) -> None:
    """Compare what is there with what the manifest says; empty the tables where it differs."""
    with _one_moment(backup_url) as connection:
        differs = figures.first_difference(head["tables"], figures.row_hashes(connection))
        differs = differs or figures.first_difference(head["walls"], figures.walls(connection))
    if differs:
        init.downgrade(owner_url, "base", emptying=True)
        init.upgrade(owner_url)
        raise Damaged(
            f"恢复后 {differs} 与备份不一致，已清空目标数据库。请检查服务器并重试。",
            english=f"After restoring, {differs} is not what was backed up; the database was "
            "emptied again. Check the server and try again.",
        )


def _place(blobs: Blobs) -> Path:
    """Find where the dump may lie meanwhile: beside the blobs, where there is room for them."""
    blobs.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return blobs.root if os.access(blobs.root, os.W_OK) else Path(tempfile.gettempdir())
