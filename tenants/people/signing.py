"""Signing in and out: by password, by a link that works once; sessions kept on the server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.db.session import Database
from core.errors import Invalid, NotSignedIn
from tenants.people import passwords, tokens
from tenants.people.models import SignInLink, User, UserSession
from tenants.people.operations import normal_login

IDLE = timedelta(minutes=20)
ABSOLUTE = timedelta(hours=12)
FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
LINK_MINUTES = (10, 30)  # a link is valid no shorter and no longer
LINK_PATH = "/sign-in/link/{token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who signed in, and the token for their cookie: it is shown here and never again."""

    user_id: UUID
    name: str
    token: str


def sign_in(database: Database, login: str, password: str, *, replaces: str = "") -> SignedIn:
    """Sign somebody in by password; opens its own unit of work.

    The count of failures has to be kept although this raises, so it takes the database and not a
    session. A wrong password, an unknown login and a locked account answer alike and take alike.

    Parameters
    ----------
    database
        Where the people are.
    login, password
        As typed.
    replaces
        The token of the cookie that came with the request; its session ends, so that a session
        planted before signing in is worth nothing afterwards.

    Raises
    ------
    NotSignedIn
        One sentence for every reason.
    """
    with database.unbound() as session:
        user = _known(session, login, password)
        signed = _open(session, user, replaces=replaces) if user else None
    if signed is None:
        raise NotSignedIn(
            "登录名或密码不对，或者该账号连续输错 5 次、已暂停 15 分钟。没有登录；"
            "请核对后再试，忘记密码请联系本单位管理员。",
            english="The login or password is wrong, or the account is paused for 15 minutes after "
            "5 failures. You are not signed in; check and try again, or ask your administrator.",
        )
    return signed


def sign_out(session: Session, session_id: UUID) -> None:
    """End a session now; its cookie is worth nothing from then on."""
    session.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


def make_link(session: Session, user: User, *, minutes: int = 15) -> str:
    """Make a secret that signs its user in once.

    Parameters
    ----------
    session
        Any; links belong to no tenant.
    user
        Whom it signs in.
    minutes
        How long it is valid, 10 to 30.

    Raises
    ------
    Invalid
        ``minutes`` out of bounds.
    """
    shortest, longest = LINK_MINUTES
    if not shortest <= minutes <= longest:
        raise Invalid(
            f"一次性登录链接的有效期须为 {shortest} 至 {longest} 分钟，没有生成链接。",
            english=f"A sign-in link is valid for {shortest} to {longest} minutes; none was made.",
        )
    token = tokens.fresh()
    session.add(
        SignInLink(
            user_id=user.id,
            token_hash=tokens.stored(token),
            expires_at=func.now() + timedelta(minutes=minutes),
        )
    )
    session.flush()
    return token


def redeem_link(session: Session, token: str, *, replaces: str = "") -> SignedIn:
    """Sign in by a link. Of any number of requests with the same link one succeeds.

    Raises
    ------
    NotSignedIn
        Unknown, used or expired.
    """
    user_id = session.scalar(
        update(SignInLink)
        .where(
            SignInLink.token_hash == tokens.stored(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > func.now(),
        )
        .values(used_at=func.now())
        .returning(SignInLink.user_id)
    )
    if user_id is None:
        raise NotSignedIn(
            "这个登录链接不存在、已用过或已过期。没有登录；请重新生成一个链接，或用密码登录。",
            english="This sign-in link does not exist, was used or has expired. You are not signed "
            "in; make a new one, or sign in with your password.",
        )
    return _open(session, session.get_one(User, user_id), replaces=replaces)


def _known(session: Session, login: str, password: str) -> User | None:
    """Find the user whom login and password name; count failures and lock."""
    row = session.execute(
        select(User, func.now())
        .where(User.login == normal_login(login))
        .with_for_update()  # guesses at one account wait for each other, so none escapes the count
    ).first()
    user, now = row or (None, None)
    fits = passwords.matches(user.password_hash if user else "", password)
    if user is None or now is None:
        return None
    if user.locked_until is not None and user.locked_until > now:
        return None
    if not fits:
        user.failed = 1 if user.locked_until is not None else user.failed + 1
        user.locked_until = now + LOCKED_FOR if user.failed >= FAILURES else None
        return None
    user.failed, user.locked_until = 0, None
    if passwords.outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)
    return user


def _open(session: Session, user: User, *, replaces: str) -> SignedIn:
    """Open a session with a new token and end the one that it replaces."""
    if replaces:
        session.execute(
            update(UserSession)
            .where(
                UserSession.token_hash == tokens.stored(replaces), UserSession.revoked_at.is_(None)
            )
            .values(revoked_at=func.now())
        )
    token = tokens.fresh()
    session.add(
        UserSession(
            user_id=user.id,
            token_hash=tokens.stored(token),
            seen_at=func.now(),
            expires_at=func.now() + ABSOLUTE,
        )
    )
    session.flush()
    return SignedIn(user_id=user.id, name=user.name, token=token)
