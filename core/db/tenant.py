"""Tenant: one nation, province, city, district or street, with its place in the tree."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Stamped, new_id, one_of


class Level(StrEnum):
    """Where in the administrative tree."""

    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    STREET = "street"


class TenantState(StrEnum):
    """Whether a tenant works here."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    MERGED = "merged"


class ParentSees(StrEnum):
    """What a tenant lets its ancestors see."""

    NOTHING = "nothing"
    SUBMITTED = "submitted"
    ALL = "all"


class Tenant(Stamped, Base):
    """A tenant. ``slug`` is its name in addresses: the official code where there is one.

    ``path`` is the materialised way from the root, ``/cn/37/3701/370103/``. ``parent_id`` is
    NULL for a nation and for a tenant outside the tree. ``sample`` marks generated data
    (示例数据), said wherever its figures appear. ``fewest`` is the smallest number of people that
    is told above, and the step in which such numbers are told.
    """

    __tablename__ = "tenants"
    __table_args__ = (
        UniqueConstraint("slug"),
        UniqueConstraint("path"),
        Index("uq_tenants_code", "code", unique=True, postgresql_where=text("state <> 'merged'")),
        one_of("level", Level),
        one_of("state", TenantState),
        one_of("parent_sees", ParentSees),
        CheckConstraint("fewest >= 5 AND fewest % 5 = 0", name="fewest"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id"))
    level: Mapped[str]
    code: Mapped[str | None]
    slug: Mapped[str]
    name: Mapped[str]
    english: Mapped[str] = mapped_column(default="", server_default="")
    path: Mapped[str]
    state: Mapped[str] = mapped_column(default=TenantState.ACTIVE, server_default="active")
    parent_sees: Mapped[str] = mapped_column(
        default=ParentSees.SUBMITTED, server_default="submitted"
    )
    sample: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    fewest: Mapped[int] = mapped_column(default=10, server_default=text("10"))
