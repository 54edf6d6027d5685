"""Upload, Dataset, DatasetVersion, ImportProblem: what came in and what it became."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.contract.tables import TableKind
from core.db.base import Base, Owned, one_of, owned_by


class VersionState(StrEnum):
    """Whether a version may be computed from."""

    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class Upload(Owned, Base):
    """A file as received; its bytes are a blob and stay, as evidence."""

    __tablename__ = "uploads"
    __table_args__ = (Index(None, "tenant_id", "digest"),)

    filename: Mapped[str]
    media: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str]
    by: Mapped[UUID | None]


class Dataset(Owned, Base):
    """A named line of versions of one kind."""

    __tablename__ = "datasets"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "name"),
        one_of("kind", TableKind),
    )

    kind: Mapped[str]
    name: Mapped[str]


class DatasetVersion(Owned, Base):
    """An immutable state of a dataset: ``digest`` is its snapshot manifest's SHA-256.

    ``bbox`` is [west, south, east, north] in degrees; ``quality`` the import's report, with the
    source's attribution and note that must be shown wherever the data are.
    """

    __tablename__ = "dataset_versions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "dataset_id", "number"),
        UniqueConstraint("tenant_id", "dataset_id", "digest"),
        owned_by("dataset_id", "datasets"),
        owned_by("upload_id", "uploads"),
        one_of("state", VersionState),
    )

    dataset_id: Mapped[UUID]
    number: Mapped[int]
    digest: Mapped[str]
    rows: Mapped[int]
    bbox: Mapped[list[Any]]
    as_of: Mapped[date | None]
    importer_key: Mapped[str]
    importer_version: Mapped[str]
    options: Mapped[dict[str, Any]]
    upload_id: Mapped[UUID | None]
    quality: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default=VersionState.ACCEPTED)
    by: Mapped[UUID | None]


class ImportProblem(Owned, Base):
    """One thing wrong with an upload; the first thousand of an import are kept as rows."""

    __tablename__ = "import_problems"
    __table_args__ = (
        Index(None, "tenant_id", "job_id", "row_no"),
        owned_by("job_id", "jobs"),
        owned_by("upload_id", "uploads"),
    )

    job_id: Mapped[UUID]
    upload_id: Mapped[UUID]
    row_no: Mapped[int]
    column_name: Mapped[str]
    code: Mapped[str]
    message: Mapped[str]
    english: Mapped[str]
    value: Mapped[str]
    severity: Mapped[str]
