"""2 recognise: choose the importer that a file is for."""

from __future__ import annotations

from pathlib import Path

from core.catalog.view import Catalogue
from core.contract import Head, Importer, TableKind
from core.errors import Invalid

START = 64 * 1024
KIND_NAMES = {
    TableKind.STREETS: ("路网", "streets"),
    TableKind.RESIDENTS: ("居民", "residents"),
    TableKind.OUTLETS: ("网点", "outlets"),
    TableKind.AREAS: ("区域", "areas"),
}


def recognise(
    catalogue: Catalogue, path: Path, filename: str, kind: TableKind, importer_key: str | None
) -> Importer:
    """Give the named importer, or the one that is surest of the file.

    Raises
    ------
    NotFound
        No importer has this key.
    Invalid
        The named one gives another kind of data, or none knows the file.
    """
    name, english = KIND_NAMES[kind]
    if importer_key:
        importer = catalogue.importer(importer_key)
        if importer.gives is not kind:
            raise Invalid(
                f"导入器“{importer.name}”不提供{name}数据，什么都没有写入。请另选导入器或种类。",
                english=f"The importer {importer.english!r} does not give {english}. Nothing was "
                "written. Choose another importer or kind.",
            )
        return importer
    with path.open("rb") as file:
        head = Head(filename=filename, start=file.read(START))
    claims = catalogue.recognise(head, kind)
    if not claims:
        known = [each for each in catalogue.importers.values() if each.gives is kind]
        listed = "、".join(f"{each.name}（{' '.join(each.media)}）" for each in known)
        offered = ", ".join(f"{each.english} ({' '.join(each.media)})" for each in known)
        raise Invalid(
            f"认不出文件“{filename[:80]}”，它不像{name}数据，什么都没有写入。"
            f"请核对所选的种类与文件本身。可导入：{listed or '无'}。",
            english=f"{filename[:80]!r} does not look like {english}. Nothing was written. Check "
            f"the kind you chose, and the file. Taken here: {offered or 'nothing'}.",
        )
    return claims[0][0]
