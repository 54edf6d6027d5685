"""System roles and the identities that other houses vouch for: both belong to no tenant."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Stamped, new_id, one_of


class SystemRole(StrEnum):
    """What somebody is in the installation; ``tenants.people.roles`` says what each may do."""

    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


class SystemRoleHeld(Stamped, Base):
    """Who holds which system role: the key is the person, so nobody can hold two."""

    __tablename__ = "system_roles"
    __table_args__ = (one_of("role", SystemRole),)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str]


class Identity(Stamped, Base):
    """Who somebody is at another house: its issuer and the subject that it never gives again."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"), Index(None, "user_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    issuer: Mapped[str]
    subject: Mapped[str]
