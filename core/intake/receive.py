"""1 receive: an upload into a blob, never larger than allowed, and its row."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from core.db import Upload
from core.errors import Invalid, TooLarge
from core.intake.normalise import one_form
from core.store import Blobs

CHUNK = 1024 * 1024
NAME_LENGTH = 200
MAGIC = (
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x1f\x8b", "application/gzip"),
)


class Readable(Protocol):
    """A stream of bytes, such as a request's."""

    def read(self, size: int = -1, /) -> bytes:
        """Read at most so many bytes; none at the end."""


def receive(
    session: Session,
    blobs: Blobs,
    *,
    stream: Readable,
    filename: str,
    by: UUID | None,
    limit: int,
) -> Upload:
    """Keep a file as received and give its row; what it is kept for writes the audit's record.

    Parameters
    ----------
    session
        Bound to the tenant; never committed here.
    stream
        Read to its end, but not beyond the limit.
    filename
        As the sender calls it; only its last part is kept.
    by
        Who sent it.
    limit
        The most bytes that are taken.

    Raises
    ------
    TooLarge
        The file is larger; nothing is kept.
    Invalid
        The file is empty; nothing is kept.
    """
    with tempfile.TemporaryDirectory(prefix="lifecircle-upload-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as file:
            size = _copy(stream, file, limit)
        if size == 0:
            raise Invalid(
                "文件是空的，什么都没有写入。请检查后重新选择文件。",
                english="The file is empty. Nothing was written. Check it and choose again.",
            )
        with path.open("rb") as file:
            media = _media(file.read(4096))
        digest = blobs.put_file(path)
    upload = Upload(
        tenant_id=session.info["tenant_id"],
        filename=_name(filename),
        media=media,
        bytes=size,
        digest=digest,
        by=by,
    )
    session.add(upload)
    session.flush()
    return upload


def _copy(stream: Readable, file: BinaryIO, limit: int) -> int:
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise TooLarge(
                f"文件超过 {limit // 2**20} MiB 的上限，什么都没有写入。请拆成几份再上传。",
                english=f"The file is larger than {limit // 2**20} MiB. Nothing was written. "
                "Split it and upload the parts.",
            )
        file.write(chunk)
    return size


def _name(filename: str) -> str:
    """Keep the last part of a path, in one form, with its end: that tells what the file is."""
    name = PurePosixPath(filename.replace("\\", "/")).name
    return one_form(name[-NAME_LENGTH:]) or "upload"


def _media(start: bytes) -> str:
    """Tell what the bytes are, whatever the sender says."""
    if b"OSMHeader" in start[:64]:
        return "application/vnd.openstreetmap.data+protobuf"
    for magic, media in MAGIC:
        if start.startswith(magic):
            return media
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return "application/json"
    return "application/octet-stream" if b"\0" in start else "text/plain"
