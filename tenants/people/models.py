"""Users, sessions, memberships, tokens and one-use links: who somebody is, and where they work."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, or_, text
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import override

from core.db import ACTOR, TENANT, Base, Owned, Stamped, new_id, one_of


class Role(StrEnum):
    """What somebody is in a tenant; ``tenants.people.roles`` says what each may do."""

    BUREAU_ADMIN = "bureau_admin"
    BUREAU_STAFF = "bureau_staff"
    STREET_OFFICER = "street_officer"
    COMMUNITY_WORKER = "community_worker"
    OPERATOR = "operator"
    SURVEYOR = "surveyor"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"


class User(Stamped, Base):
    """A person who may sign in. ``password_hash`` is argon2id, empty: no password sign-in."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("login"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    login: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str] = mapped_column(default="")
    failed: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class UserSession(Stamped, Base):
    """A sign-in that lasts: only the token's SHA-256 is stored."""

    __tablename__ = "sessions"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "user_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInLink(Stamped, Base):
    """A link that signs its user in once, made on the server's own machine."""

    __tablename__ = "sign_in_links"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Membership(Owned, Base):
    """A person's role in a tenant; visible to that tenant and to that person."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id", "role"),
        one_of("role", Role),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    role: Mapped[str]
    expires_at: Mapped[datetime | None]

    seen_without_tenant = True  # whoever signs in sees where they work before they choose

    @classmethod
    @override
    def visible(cls) -> ColumnElement[bool]:
        """Show a membership to its tenant and to its person."""
        return or_(cls.tenant_id == TENANT, cls.user_id == ACTOR)


class ApiToken(Owned, Base):
    """A secret for programs, bound to one tenant; only its SHA-256 is stored.

    The text of a token begins with its tenant's id, so that the tenant is set before the hash is
    looked up.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (UniqueConstraint("tenant_id", "token_hash"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    token_hash: Mapped[str]
    scopes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
