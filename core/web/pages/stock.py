"""Stock: the datasets that a place has, each with its versions, and which are still missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.contract import TableKind
from core.db import Dataset, DatasetVersion

KINDS = (TableKind.STREETS, TableKind.RESIDENTS, TableKind.OUTLETS, TableKind.AREAS)
KIND_NAMES = {
    TableKind.STREETS: later("路网"),
    TableKind.RESIDENTS: later("居民"),
    TableKind.OUTLETS: later("网点"),
    TableKind.AREAS: later("区域"),
}
WHY = {
    TableKind.STREETS: later("步行时间沿街道算，没有路网就没有分钟数。"),
    TableKind.RESIDENTS: later("覆盖率的分母是居民，没有居民就没有覆盖率。"),
    TableKind.OUTLETS: later("走到哪里去：便利店、早餐店、菜市场、维修点等网点。"),
    TableKind.AREAS: later("按生活圈、社区或街道分别打分；没有也能算全部居民。"),
}
FILES = {
    TableKind.STREETS: later("OpenStreetMap 提取文件（.osm.pbf）"),
    TableKind.RESIDENTS: later("带经纬度和人数的表（.csv、.csv.gz）"),
    TableKind.OUTLETS: later("台账（.xlsx、.csv）或 OpenStreetMap 提取文件"),
    TableKind.AREAS: later("多边形（.geojson）"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One immutable version as a page shows it."""

    id: UUID
    number: int
    digest: str
    rows: int
    as_of: date | None
    importer: str
    state: str
    quality: dict[str, Any]
    made: datetime

    @property
    def sample(self) -> bool:
        """Tell whether the data say of themselves that they are made up."""
        told = f"{self.quality.get('note', '')}{self.quality.get('attribution', '')}"
        return "示例" in told


@dataclass(frozen=True, slots=True, kw_only=True)
class Stocked:
    """A dataset with its versions, the newest first."""

    id: UUID
    kind: TableKind
    name: str
    versions: tuple[Version, ...]

    @property
    def latest(self) -> Version:
        """The newest version."""
        return self.versions[0]


def stock_of(session: Session) -> tuple[Stocked, ...]:
    """List the datasets that have a version, in the order in which they are needed."""
    by_dataset: dict[UUID, list[Version]] = {}
    for row in session.scalars(select(DatasetVersion).order_by(DatasetVersion.number.desc())):
        by_dataset.setdefault(row.dataset_id, []).append(_version(row))
    found = [
        Stocked(
            id=row.id,
            kind=TableKind(row.kind),
            name=row.name,
            versions=tuple(by_dataset[row.id]),
        )
        for row in session.scalars(select(Dataset).order_by(Dataset.name))
        if row.id in by_dataset
    ]
    return tuple(sorted(found, key=lambda each: KINDS.index(each.kind)))


def missing_of(stock: Sequence[Stocked]) -> tuple[TableKind, ...]:
    """List the kinds of which there is nothing yet, in the order in which they are needed."""
    there = {each.kind for each in stock}
    return tuple(kind for kind in KINDS if kind not in there)


def listed(kinds: Sequence[TableKind]) -> str:
    """Name kinds of data one after the other."""
    return str(_("、").join(str(KIND_NAMES[kind]) for kind in kinds))


def _version(row: DatasetVersion) -> Version:
    return Version(
        id=row.id,
        number=row.number,
        digest=row.digest,
        rows=row.rows,
        as_of=row.as_of,
        importer=f"{row.importer_key} {row.importer_version}",
        state=row.state,
        quality=row.quality,
        made=row.created_at,
    )
