"""Invitations: links by which somebody new makes their account, sets a password, takes a role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.db import Tenant, TenantState, audit
from core.db.session import Database
from core.errors import Conflict, Invalid, NotFound
from tenants.people import tokens
from tenants.people.models import Invitation, Role, User
from tenants.people.operations import (
    LOGIN_RULE,
    create_user,
    grant,
    normal_login,
)
from tenants.people.parts import checked_part
from tenants.words import checked_name

LASTS = timedelta(days=7)
PATH = "/invitation/{token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """What an open invitation says to who holds its link."""

    tenant_id: UUID
    place: str
    english: str
    login: str
    name: str
    role: Role


def invite(
    session: Session,
    *,
    login: str,
    name: str,
    role: Role,
    days: int | None = None,
    scope_area: str | None = None,
) -> str:
    """Invite somebody who has no account; give the link's text, shown this once.

    Parameters
    ----------
    session
        Bound to the tenant, with the one who invites as its actor.
    login, name
        What the account will be called.
    role, days, scope_area
        As for ``operations.add_member``; the days count from the acceptance.

    Raises
    ------
    Invalid
        A bad login, name or part.
    Conflict
        The login has an account, or an invitation here that is open.
    """
    login = normal_login(login)
    if not login:
        raise Invalid(LOGIN_RULE[0], english=LOGIN_RULE[1])
    if session.scalar(select(User.id).where(User.login == login)) is not None:
        raise Conflict(
            f"登录名 {login} 已有账号，没有发出邀请。请在成员页直接给角色。",
            english=f"The login {login} has an account; no invitation was made. Give the role on "
            "the members' page.",
        )
    if session.scalar(_open().where(Invitation.login == login)) is not None:
        raise Conflict(
            f"登录名 {login} 已有未接受的邀请，没有再发。请重新生成它的链接，或先撤回。",
            english=f"An invitation for {login} is open; no other was made. Make its link anew, or "
            "revoke it first.",
        )
    secret = tokens.fresh()
    invitation = Invitation(
        login=login,
        name=checked_name(name),
        role=role,
        scope_area=checked_part(role, scope_area),
        days=days,
        token_hash=tokens.stored(secret),
        expires_at=func.now() + LASTS,
        made_by=session.info.get("actor_id"),
    )
    session.add(invitation)
    session.flush()
    audit.record(
        session,
        action="invitation.make",
        subject=f"invitation:{invitation.id}",
        details={"role": role, "days": days, "scope_area": invitation.scope_area},
    )
    return tokens.bearer(session.info["tenant_id"], secret)


def resend(session: Session, invitation_id: UUID) -> str:
    """Make an invitation's link anew, for another seven days; the old one ends.

    Raises
    ------
    NotFound
        No such invitation here that is neither accepted nor revoked.
    """
    invitation = _pending(session, invitation_id)
    secret = tokens.fresh()
    invitation.token_hash, invitation.expires_at = tokens.stored(secret), func.now() + LASTS
    session.flush()
    audit.record(session, action="invitation.resend", subject=f"invitation:{invitation_id}")
    return tokens.bearer(session.info["tenant_id"], secret)


def revoke(session: Session, invitation_id: UUID) -> None:
    """Take an invitation back.

    Raises
    ------
    NotFound
        No such invitation here that is neither accepted nor revoked.
    """
    _pending(session, invitation_id).revoked_at = func.now()
    session.flush()
    audit.record(session, action="invitation.revoke", subject=f"invitation:{invitation_id}")


def invitations_of(session: Session) -> Sequence[Invitation]:
    """List the invitations of the session's tenant, newest first."""
    return session.scalars(select(Invitation).order_by(Invitation.id.desc())).all()


def is_open(invitation: Invitation, now: datetime) -> bool:
    """Tell whether an invitation can still be accepted."""
    ended = invitation.accepted_at or invitation.revoked_at
    return ended is None and invitation.expires_at > now


def invited_by(database: Database, token: str) -> Invited:
    """Read what an open invitation says; opens its own unit of work.

    Raises
    ------
    NotFound
        Unknown, used, revoked or expired, or of a place that is not active.
    """
    tenant_id, secret = _parts(token)
    with database.session(tenant_id) as session:
        invitation = session.scalar(_open().where(Invitation.token_hash == tokens.stored(secret)))
        place = session.get(Tenant, tenant_id)
        if invitation is None or place is None or place.state != TenantState.ACTIVE:
            raise _nothing()
        return Invited(
            tenant_id=tenant_id,
            place=place.name,
            english=place.english or place.name,
            login=invitation.login,
            name=invitation.name,
            role=Role(invitation.role),
        )


def accept(database: Database, token: str, password: str) -> UUID:
    """Make the account with the password that the invited chose, and give it the role.

    Of any number of requests with the same link one succeeds.

    Raises
    ------
    NotFound
        As ``invited_by``.
    Invalid
        The password is too weak.
    Conflict
        The login has been taken meanwhile.
    """
    tenant_id = invited_by(database, token).tenant_id
    _tenant, secret = _parts(token)
    with database.session(tenant_id) as session:
        invitation = session.scalar(
            _open().where(Invitation.token_hash == tokens.stored(secret)).with_for_update()
        )
        if invitation is None:
            raise _nothing()
        user = create_user(session, login=invitation.login, name=invitation.name, password=password)
        session.info["actor_id"] = user.id  # whoever accepts is who acts
        role = Role(invitation.role)
        held = grant(session, user.id, role, days=invitation.days, scope_area=invitation.scope_area)
        held.granted_by = invitation.made_by
        invitation.accepted_at = func.now()
        invitation.accepted_by = user.id
        session.flush()
        audit.record(
            session,
            action="invitation.accept",
            subject=f"invitation:{invitation.id}",
            details={"user": str(user.id), "role": role},
        )
        return user.id


def _open() -> Select[Invitation]:
    """Select the invitations that can still be accepted."""
    return select(Invitation).where(
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > func.now(),
    )


def _pending(session: Session, invitation_id: UUID) -> Invitation:
    found = session.scalar(
        select(Invitation)
        .where(
            Invitation.id == invitation_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .with_for_update()
    )
    if found is None:
        raise NotFound(
            "没有这个邀请，或它已被接受或撤回，没有改变。",
            english="There is no such invitation, or it was accepted or revoked; nothing was "
            "changed.",
        )
    return found


def _parts(token: str) -> tuple[UUID, str]:
    read = tokens.read_bearer(f"Bearer {token}")
    if read is None:
        raise _nothing()
    return read


def _nothing() -> NotFound:
    return NotFound(
        "这个邀请不存在、已用过、已撤回或已过期，没有建立账号。请向邀请您的人要一个新链接。",
        english="This invitation does not exist, was used, revoked or has expired; no account was "
        "made. Ask who invited you for a new link.",
    )
