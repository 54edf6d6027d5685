"""An extract, opened: what is common to reading streets and places from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import osmium

from core.contract import Unreadable

ATTRIBUTION = "© OpenStreetMap contributors, ODbL"
MAGIC = b"OSMHeader"


@contextmanager
def opened(path: Path) -> Iterator[osmium.io.File]:
    """Check that this is a pbf, and turn the library's errors into one that says what to do.

    The file's name does not matter: a received file is kept under its digest.

    Raises
    ------
    Unreadable
        When the file is empty, no pbf, or damaged.
    """
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise Unreadable(
            "empty",
            "文件是空的，什么都没有写入。请重新下载后再上传。",
            "The file is empty. Nothing was written. Download it again.",
        )
    if MAGIC not in start:
        raise Unreadable(
            "not_a_pbf",
            "这不是 OpenStreetMap 的 .osm.pbf 文件，什么都没有写入。请确认文件后再上传。",
            "This is not an OpenStreetMap .osm.pbf file. Nothing was written. Check the file.",
        )
    try:
        yield osmium.io.File(str(path), "pbf")
    except RuntimeError as cause:  # what osmium raises for anything wrong inside the file
        raise Unreadable(
            "damaged",
            f"文件已损坏或不完整（{cause}），什么都没有写入。请重新下载后再上传。",
            f"The file is damaged or cut short ({cause}). Nothing was written. Download it again.",
        ) from cause
