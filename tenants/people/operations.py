"""People and what they hold: users, memberships, tokens for programs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from core.db import Tenant, TenantState, audit, installation
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.policy import Actor, Permission
from tenants.people import passwords, tokens
from tenants.people.models import ApiToken, Membership, Role, SignInLink, TokenKind, User
from tenants.people.parts import checked_part
from tenants.people.roles import NOT_FOR_SERVICES, permitted
from tenants.people.sessions import end_sessions
from tenants.system.operations import refuse_system_role
from tenants.words import checked_name

LOGIN = re.compile(r"[\w.@+-]{2,64}")
LOGIN_RULE = (
    "登录名须为 2 至 64 个字母、数字或 . _ @ + - ，没有建立账号，请换一个。",
    "A login is 2 to 64 letters, digits or . _ @ + - ; no account was made.",
)
LONGEST_TOKEN_DAYS = 366


def normal_login(login: str) -> str:
    """Write a login in its one form: without spaces around it, width and case folded.

    What can be nobody's login gives an empty text, which nobody has.
    """
    folded = unicodedata.normalize("NFKC", login).strip().casefold()
    return folded if LOGIN.fullmatch(folded) else ""


def create_user(session: Session, *, login: str, name: str, password: str | None = None) -> User:
    """Create somebody who may sign in; without a password only a one-use link does.

    Raises
    ------
    Invalid
        A login with other characters than letters, digits and ``._@+-``; a bad name or password.
    Conflict
        The login is taken.
    """
    login = normal_login(login)
    if not login:
        raise Invalid(LOGIN_RULE[0], english=LOGIN_RULE[1])
    user = User(login=login, name=checked_name(name))
    if password is not None:
        passwords.check(password, login=login)
        user.password_hash = passwords.hashed(password)
    if session.scalar(select(User.id).where(User.login == login)) is not None:
        raise Conflict(
            f"登录名 {login} 已有人使用，没有建立账号，请换一个。",
            english=f"The login {login} is taken; no account was made, choose another.",
        )
    session.add(user)
    session.flush()
    installation.record(session, action="account.create", subject=f"user:{user.id}")
    return user


def find_user(session: Session, login: str) -> User:
    """Find somebody by login.

    Raises
    ------
    NotFound
        Nobody has it.
    """
    user = session.scalar(select(User).where(User.login == normal_login(login)))
    if user is None:
        raise NotFound(
            f"没有登录名为“{login[:64]}”的账号。请核对，或先用 lifecircle people add 建立。",
            english=f"Nobody has the login “{login[:64]}”. Check it, or make the account with "
            "lifecircle people add.",
        )
    return user


def set_password(session: Session, user: User, password: str) -> None:
    """Give somebody a new password; their sessions and unused links end.

    Raises
    ------
    Invalid
        The password is too weak.
    """
    passwords.check(password, login=user.login)
    user.password_hash = passwords.hashed(password)
    user.failed, user.locked_until = 0, None
    ended = end_sessions(session, user.id)
    session.execute(
        update(SignInLink)
        .where(SignInLink.user_id == user.id, SignInLink.used_at.is_(None))
        .values(used_at=func.now())
    )
    session.flush()
    installation.record(
        session, action="password.set", subject=f"user:{user.id}", details={"sessions": ended}
    )


def add_member(
    session: Session,
    user_id: UUID,
    role: Role,
    *,
    days: int | None = None,
    scope_area: str | None = None,
) -> Membership:
    """Give somebody a role in the session's tenant, or prolong or narrow the one they have.

    Parameters
    ----------
    session
        Bound to the tenant.
    user_id, role
        Who and what.
    days
        For how long; ``None`` is until taken away.
    scope_area
        Key of the area, as in the areas' file, that the role is for; ``None`` is all of the place.

    Raises
    ------
    Invalid
        The key is none, or the role is for a whole place.
    """
    held = grant(session, user_id, role, days=days, scope_area=scope_area)
    audit.record(
        session,
        action="member.add",
        subject=f"user:{user_id}",
        details={"role": role, "days": days, "scope_area": held.scope_area},
    )
    return held


def grant(
    session: Session,
    user_id: UUID,
    role: Role,
    *,
    days: int | None = None,
    scope_area: str | None = None,
) -> Membership:
    """Do what ``add_member`` does without its record, for verbs that record what they do."""
    part = checked_part(role, scope_area)
    refuse_system_role(session, user_id)
    held = _held(session, user_id, role)
    if held is None:
        held = Membership(user_id=user_id, role=role)
        session.add(held)
    held.scope_area = part
    held.granted_by = session.info.get("actor_id")
    held.source = "hand"  # what a house's groups gave before now stays without them
    held.expires_at = None if days is None else _now(session) + timedelta(days=days)
    session.flush()
    return held


def remove_member(session: Session, user_id: UUID, role: Role) -> None:
    """Take a role in the session's tenant away; with the last one here their sign-ins end, too.

    Raises
    ------
    NotFound
        The person does not hold it.
    """
    held = _held(session, user_id, role)
    if held is None:
        raise NotFound(
            "该人员在本地区没有这个角色，没有改变。",
            english="This person does not hold this role here; nothing was changed.",
        )
    session.delete(held)
    session.flush()
    left = session.scalar(
        select(Membership.id)
        .where(Membership.tenant_id == session.info["tenant_id"], Membership.user_id == user_id)
        .limit(1)
    )
    details = {"role": role} if left else {"role": role, "sessions": end_sessions(session, user_id)}
    audit.record(session, action="member.remove", subject=f"user:{user_id}", details=details)


def member_here(session: Session, user_id: UUID) -> User:
    """Find somebody who has, or had for a time, a role in the session's tenant.

    Raises
    ------
    NotFound
        Nobody here has this id: another place's person answers like nobody.
    """
    here = session.scalar(
        select(Membership.id)
        .where(Membership.tenant_id == session.info["tenant_id"], Membership.user_id == user_id)
        .limit(1)
    )
    if here is None:
        raise NotFound(
            "本地区没有这个成员，没有改变。",
            english="There is no such member here; nothing was changed.",
        )
    return session.get_one(User, user_id)


def members_of(session: Session) -> Sequence[tuple[User, Membership]]:
    """List who holds which role in the session's tenant, expired ones included."""
    rows = session.execute(
        select(User, Membership)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.tenant_id == session.info["tenant_id"])
        .order_by(User.login, Membership.role)
    )
    return [(user, membership) for user, membership in rows]


def places_of(session: Session, user_id: UUID) -> Sequence[tuple[Tenant, frozenset[Role]]]:
    """List where somebody works now and as what, from the root of the tree downwards.

    Parameters
    ----------
    session
        Unbound, with the same person as its actor: the database shows a person their own.
    user_id
        Who.
    """
    rows = session.execute(
        select(Tenant, Membership.role)
        .join(Membership, Membership.tenant_id == Tenant.id)
        .where(
            Membership.user_id == user_id,
            or_(Membership.expires_at.is_(None), Membership.expires_at > func.now()),
            Tenant.state.in_((TenantState.ACTIVE, TenantState.MERGED)),
        )
        .order_by(Tenant.path)
    )
    places: dict[UUID, tuple[Tenant, set[Role]]] = {}
    for tenant, role in rows:
        places.setdefault(tenant.id, (tenant, set()))[1].add(Role(role))
    return [(tenant, frozenset(roles)) for tenant, roles in places.values()]


def make_token(
    session: Session,
    user_id: UUID,
    *,
    name: str,
    scopes: Collection[Permission],
    days: int = 90,
    kind: TokenKind = TokenKind.PERSONAL,
) -> str:
    """Make a secret for a program, bound to the session's tenant; it is shown once.

    Parameters
    ----------
    session
        Bound to the tenant.
    user_id
        Who makes it, and holds all that it allows.
    name
        What it is for.
    scopes
        What it allows.
    days
        How long it is valid, 1 to 366.
    kind
        Personal: it never allows more than this person may at the time of use. Service: it stays
        what it is when this person leaves, and manages neither people nor tokens.

    Raises
    ------
    Invalid
        No scope, one that the person does not hold here or a service may not, or a validity out
        of bounds.
    """
    held = permissions_here(session, user_id)
    if kind is TokenKind.SERVICE:  # it is the whole place's, so nobody makes one from a part
        held = permissions_here(session, user_id, of_the_whole=True) - NOT_FOR_SERVICES
    missing = sorted(set(scopes) - held)
    if not scopes or missing:
        raise Invalid(
            "令牌只能包含该人员在本地区已有的权限，服务令牌不能管理成员和令牌；没有生成令牌。"
            f"多出的权限：{missing or '无'}。",
            english="A token holds at least one and only permissions of its person here, and a "
            f"service's none over people and tokens; none was made. Not held: {missing or 'none'}.",
        )
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise Invalid(
            f"令牌有效期须为 1 至 {LONGEST_TOKEN_DAYS} 天，没有生成令牌。",
            english=f"A token is valid for 1 to {LONGEST_TOKEN_DAYS} days; none was made.",
        )
    secret = tokens.fresh()
    token = ApiToken(
        user_id=user_id,
        kind=kind,
        name=checked_name(name),
        token_hash=tokens.stored(secret),
        scopes=sorted(scopes),
        expires_at=_now(session) + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    audit.record(
        session,
        action="token.make",
        subject=f"token:{token.id}",
        details={"user": str(user_id), "kind": kind, "scopes": sorted(scopes), "days": days},
    )
    return tokens.bearer(session.info["tenant_id"], secret)


def refuse_tokens(actor: Actor) -> None:
    """Refuse a token that would make a secret: it could give itself what it was not given.

    Raises
    ------
    Forbidden
        Whoever asks came with a token.
    """
    if actor.session_id is None:
        raise Forbidden(
            "令牌不能生成令牌、邀请或登记码，没有生成。请本人登录后再做。",
            english="A token makes no token, invitation or enrolment code; none was made. Sign in "
            "to make one.",
        )


def revoke_token(session: Session, token_id: UUID, *, of: UUID | None = None) -> None:
    """End a token of the session's tenant now; with ``of``, only a personal one of that person.

    Raises
    ------
    NotFound
        No such token here, or it is ended already.
    """
    own = ApiToken.user_id == of, ApiToken.kind == TokenKind.PERSONAL
    revoked = session.scalar(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None), *(own if of else ()))
        .values(revoked_at=func.now())
        .returning(ApiToken.id)
    )
    if revoked is None:
        raise NotFound(
            "没有这个令牌，或它已经停用，没有改变。",
            english="There is no such token, or it is revoked already; nothing was changed.",
        )
    audit.record(session, action="token.revoke", subject=f"token:{token_id}")


def tokens_of(session: Session) -> Sequence[ApiToken]:
    """List the tokens of the session's tenant, newest first."""
    return session.scalars(select(ApiToken).order_by(ApiToken.id.desc())).all()


def permissions_here(
    session: Session, user_id: UUID, *, of_the_whole: bool = False
) -> frozenset[Permission]:
    """Give what somebody may do in the session's tenant, or in all of it, by their roles there."""
    roles = session.execute(
        select(Membership.role, Membership.scope_area).where(
            Membership.tenant_id == session.info["tenant_id"],
            Membership.user_id == user_id,
            or_(Membership.expires_at.is_(None), Membership.expires_at > func.now()),
        )
    )
    counted = [(role, part) for role, part in roles if part is None or not of_the_whole]
    return frozenset().union(*(permitted(Role(role), part) for role, part in counted))


def _held(session: Session, user_id: UUID, role: Role) -> Membership | None:
    """Find a membership in the session's tenant."""
    return session.scalar(
        select(Membership).where(
            Membership.tenant_id == session.info["tenant_id"],
            Membership.user_id == user_id,
            Membership.role == role,
        )
    )


def _now(session: Session) -> datetime:
    """Ask the database's clock."""
    return session.execute(select(func.now())).scalar_one()
