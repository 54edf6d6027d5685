"""Base, the naming of constraints, the Owned mixin and the column types."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import uuid_utils
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    Text,
    Uuid,
    bindparam,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


TENANT = bindparam("lifecircle_tenant", type_=Uuid())  # whose session it is
ACTOR = bindparam("lifecircle_actor", type_=Uuid())  # who is acting


def new_id() -> UUID:
    """Make a UUIDv7: ordered by time, so that indexes grow at one end."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


class Base(DeclarativeBase):
    """All tables of all rooms; a person in a core table is an opaque id without a foreign key."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this name from the class
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        str: Text(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class Stamped:
    """When a row was made and last changed, by the database's clock."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Owned(Stamped):
    """A row that belongs to one tenant.

    Every unique key and index of an owned table begins with ``tenant_id``, and every reference
    between owned tables carries it, so that a reference across tenants cannot be written.
    ``seen_without_tenant`` opens a table to a session that is bound to no tenant.
    """

    seen_without_tenant: ClassVar[bool] = False

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey("tenants.id", ondelete="RESTRICT"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)

    @classmethod
    def visible(cls) -> ColumnElement[bool]:
        """Say which rows a tenant's session selects; the few wider tables override it.

        The guard gives ``TENANT`` and ``ACTOR`` their values. A wider word here needs its policy
        in ``migrations`` and its reason in the README there.
        """
        return cls.tenant_id == TENANT


def owned_by(column: str, table: str) -> ForeignKeyConstraint:
    """Refer to another owned table by tenant and id together.

    A NULL in ``column`` refers to nothing (MATCH SIMPLE).
    """
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete="RESTRICT"
    )


def one_of(column: str, values: type[StrEnum] | Sequence[str]) -> CheckConstraint:
    """Check that a text column holds one of the enumeration's values."""
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=column)
