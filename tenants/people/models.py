"""Who somebody is, how they sign in, where they work, and what programs and the invited hold."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, UniqueConstraint, or_, text
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


class Step(StrEnum):
    """What a sign-in by password still waits for."""

    CODE = "code"
    ENROL = "enrol"


class TokenKind(StrEnum):
    """Whose a token is: a person's, ending with their role, or the place's own."""

    PERSONAL = "personal"
    SERVICE = "service"


class User(Stamped, Base):
    """A person who may sign in. ``password_hash`` is argon2id, empty: no password sign-in.

    ``totp_secret`` is sealed (``tenants.people.sealing``); it counts from ``totp_since`` on.
    ``totp_step`` is the last step whose code was used: neither it nor an older one works again.
    """

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("login"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    login: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str] = mapped_column(default="")
    failed: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    totp_secret: Mapped[str] = mapped_column(server_default=text("''"))
    totp_since: Mapped[datetime | None]
    totp_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class RecoveryCode(Stamped, Base):
    """A code that stands in for the phone once; only its SHA-256 is stored."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None]


class SignInStep(Stamped, Base):
    """A sign-in whose password was right and whose second factor is still to come.

    A table of its own, so that nothing can take half a sign-in for a session.
    """

    __tablename__ = "sign_in_steps"
    __table_args__ = (UniqueConstraint("token_hash"), one_of("awaits", Step))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str]
    awaits: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class UserSession(Stamped, Base):
    """A sign-in that lasts: only the token's SHA-256 is stored.

    ``device`` is a browser and a system, as few words as its person needs to know it again.
    """

    __tablename__ = "sessions"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "user_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str]
    device: Mapped[str] = mapped_column(server_default=text("''"))
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
    """A person's role in a tenant; visible to that tenant and to that person.

    ``scope_area`` is the key of the part of the place that the role is for; ``None`` is all of it.
    ``tenants.people.roles`` says what such a role leaves. ``source`` is ``hand``, or the house
    whose groups gave it (``oidc:`` and its key) and take it away again.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id", "role"),
        one_of("role", Role),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    role: Mapped[str]
    scope_area: Mapped[str | None]
    granted_by: Mapped[UUID | None]
    expires_at: Mapped[datetime | None]
    source: Mapped[str] = mapped_column(default="hand", server_default=text("'hand'"))

    seen_without_tenant = True  # whoever signs in sees where they work before they choose

    @classmethod
    @override
    def visible(cls) -> ColumnElement[bool]:
        """Show a membership to its tenant and to its person."""
        return or_(cls.tenant_id == TENANT, cls.user_id == ACTOR)


class Invitation(Owned, Base):
    """A link by which somebody new makes their account and takes a role; works once, until then.

    Its text begins with its tenant's id, as a token's does; only the SHA-256 is stored.
    """

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("tenant_id", "token_hash"), one_of("role", Role))

    login: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    scope_area: Mapped[str | None]
    days: Mapped[int | None]
    token_hash: Mapped[str]
    expires_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]


class ApiToken(Owned, Base):
    """A secret for programs, bound to one tenant; only its SHA-256 is stored.

    ``user_id`` made it. A personal token allows no more than that person may at the time of use;
    a service token allows its scopes until it ends, whoever works here then.

    The text of a token begins with its tenant's id, so that the tenant is set before the hash is
    looked up.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (UniqueConstraint("tenant_id", "token_hash"), one_of("kind", TokenKind))

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(server_default=text("'personal'"))
    name: Mapped[str]
    token_hash: Mapped[str]
    scopes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
