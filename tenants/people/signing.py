"""Signing in: by a password and what follows it, or by a link that works once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.db import installation
from core.db.session import Database
from core.errors import Invalid, NotSignedIn
from tenants.people import passwords, tokens, totp
from tenants.people.models import SignInLink, SignInStep, Step, User, UserSession
from tenants.people.operations import normal_login
from tenants.people.sessions import SignedIn, open_session, open_step

FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
FRESH = timedelta(minutes=10)  # so long ago a sign-in still counts as having just proved oneself
LINK_MINUTES = (10, 30)  # a link is valid no shorter and no longer
LINK_PATH = "/sign-in/link/{token}"


def sign_in(
    database: Database, login: str, password: str, *, replaces: str = "", device: str = ""
) -> SignedIn:
    """Sign somebody in by password; opens its own units of work.

    The count of failures has to be kept although this raises, so it takes the database and not a
    session. A wrong password, an unknown login and a locked account answer alike and take alike.
    Whoever has a second factor, and staff without one, are not in yet: see ``SignedIn.awaits``.

    Parameters
    ----------
    database
        Where the people are.
    login, password
        As typed.
    replaces
        The token of the cookie that came with the request; its session ends, so that a session
        planted before signing in is worth nothing afterwards.
    device
        What the person will know the browser by.

    Raises
    ------
    NotSignedIn
        One sentence for every reason.
    """
    with database.unbound() as session:
        known = _known(session, login, password)
        user_id = known.id if known else None
    if user_id is None:
        raise NotSignedIn(
            "登录名或密码不对，或者该账号连续输错 5 次、已暂停 15 分钟。没有登录；"
            "请核对后再试，忘记密码请联系本单位管理员。",
            english="The login or password is wrong, or the account is paused for 15 minutes after "
            "5 failures. You are not signed in; check and try again, or ask your administrator.",
        )
    with database.unbound(user_id) as session:
        return admit(session, session.get_one(User, user_id), replaces=replaces, device=device)


def admit(
    session: Session,
    user: User,
    *,
    replaces: str = "",
    device: str = "",
    until: datetime | None = None,
    invited: bool = False,
) -> SignedIn:
    """Let in whose password is right, or lead them to the second factor.

    Parameters
    ----------
    session
        Unbound, with the same person as its actor.
    user, replaces, device, until
        As for ``sessions.open_session``.
    invited
        They come from their invitation's link, which works once: so they enrol a phone at once.
    """
    awaits = totp.next_step(session, user)
    if awaits is not None:
        return open_step(session, user, Step.ENROL if invited else awaits, replaces=replaces)
    return open_session(session, user, replaces=replaces, device=device, until=until)


def step_of(session: Session, token: str) -> tuple[User, Step] | None:
    """Find whose password was right and what is still asked of them, by the cookie's token."""
    row = session.execute(
        select(User, SignInStep.awaits)
        .join(SignInStep, SignInStep.user_id == User.id)
        .where(
            SignInStep.token_hash == tokens.stored(token),
            SignInStep.used_at.is_(None),
            SignInStep.expires_at > func.now(),
        )
    ).first()
    return None if row is None else (row[0], Step(row[1]))


def sign_in_by_code(
    database: Database, token: str, code: str, *, secret_key: str, device: str = ""
) -> SignedIn:
    """Finish a sign-in with a code of the phone or a recovery code; wrong ones count and lock.

    Who has no phone gives an administrator's code and goes on to enrol one.

    Parameters
    ----------
    database
        Where the people are; the count of failures is kept although this raises.
    token
        The step's, from the cookie; the session gets a new one.
    code
        As typed.
    secret_key
        The installation's, which opens the phone's secret.
    device
        What the person will know the browser by.

    Raises
    ------
    NotSignedIn
        No step waits for a code, the code does not fit or was used, or the account is paused.
    """
    with database.unbound() as session:
        found = step_of(session, token)
        if found is None or found[1] is not Step.CODE:
            raise step_over()
        user_id = found[0].id
    with database.unbound(user_id) as session:
        user = session.get_one(User, user_id)
        signed = None
        if _counted(session, user, lambda: totp.fits(session, user, code, secret_key)):
            if user.totp_since is None:
                signed = open_step(session, user, Step.ENROL, replaces=token)
            else:
                signed = open_session(session, user, replaces=token, device=device)
        enrolled = user.totp_since is not None
    if signed is None:
        raise _wrong_code() if enrolled else _wrong_word()
    return signed


def enrol(
    session: Session, token: str, code: str, *, secret_key: str, device: str = ""
) -> tuple[SignedIn, list[str]]:
    """Finish a sign-in by confirming a phone; give the session and the recovery codes.

    Raises
    ------
    NotSignedIn
        No step waits for an enrolment.
    Invalid
        The code does not fit.
    """
    found = step_of(session, token)
    if found is None or found[1] is not Step.ENROL:
        raise step_over()
    codes = totp.confirm(session, found[0], code, secret_key)
    return open_session(session, found[0], replaces=token, device=device), codes


def knows_password(database: Database, login: str, password: str) -> bool:
    """Tell whether somebody knows their password; guesses count as at the entrance."""
    with database.unbound() as session:
        return _known(session, login, password) is not None


def knows_code(database: Database, user: User, code: str, *, secret_key: str) -> bool:
    """Tell whether somebody has their phone or a recovery code; guesses count."""
    with database.unbound(user.id) as session:
        row = session.get_one(User, user.id)
        return _counted(session, row, lambda: totp.fits(session, row, code, secret_key))


def step_over() -> NotSignedIn:
    """Say that there is no right password from which to go on."""
    return NotSignedIn(
        "登录已超过 10 分钟或已完成，没有登录。请重新输入登录名和密码。",
        english="More than 10 minutes have passed, or this sign-in is finished. You are not signed "
        "in; type login and password again.",
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
    installation.record(
        session, action="link.make", subject=f"user:{user.id}", details={"minutes": minutes}
    )
    return token


def redeem_link(session: Session, token: str, *, replaces: str = "", device: str = "") -> SignedIn:
    """Sign in by a link. Of any number of requests with the same link one succeeds.

    No code follows: whoever made the link sat at the server, or manages the account's place.

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
    user = session.get_one(User, user_id)
    return open_session(session, user, replaces=replaces, device=device)


def prove(
    database: Database, user_id: UUID, session_id: UUID, *, typed: str, secret_key: str
) -> None:
    """Ask somebody who is signed in for one factor again, before their sign-ins are ended.

    It is the password; a code, where there is none; where there is neither, having signed in within
    the last ten minutes. Guesses count as at the entrance.

    Raises
    ------
    Invalid
        It does not fit, the account is paused, or the sign-in is too long ago.
    """
    with database.unbound(user_id) as session:
        user = session.get_one(User, user_id)
        session.expunge(user)
        fresh = session.scalar(
            select(UserSession.created_at > func.now() - FRESH).where(UserSession.id == session_id)
        )
    if user.password_hash:
        fits = knows_password(database, user.login, typed)
    elif user.totp_since is not None:
        fits = knows_code(database, user, typed, secret_key=secret_key)
    else:
        fits = bool(fresh)
    if not fits:
        raise Invalid(
            "密码或验证码不对，或者登录已超过 10 分钟而没有密码可核对，或者账号已暂停。"
            "没有结束任何登录；请核对后再试，或重新登录。",
            english="The password or code does not fit, or you signed in more than 10 minutes ago "
            "and have no password to check, or the account is paused. No sign-in was ended; check "
            "and try again, or sign in anew.",
        )


def _wrong_code() -> NotSignedIn:
    return NotSignedIn(
        "验证码不对、已用过，或者连续输错 5 次、账号已暂停 15 分钟。没有登录；"
        "请等手机显示下一个验证码再试，或输入一个恢复码。",
        english="The code does not fit or was used, or the account is paused for 15 minutes "
        "after 5 failures. You are not signed in; wait for the next code, or type a recovery "
        "code.",
    )


def _wrong_word() -> NotSignedIn:
    return NotSignedIn(
        "登记码不对、已用过或已过 24 小时，或者连续输错 5 次、账号已暂停 15 分钟。没有登录；"
        "请向本单位管理员要一个新的登记码。",
        english="The enrolment code does not fit, was used or is older than 24 hours, or the "
        "account is paused for 15 minutes after 5 failures. You are not signed in; ask your "
        "administrator for a new one.",
    )


def _known(session: Session, login: str, password: str) -> User | None:
    """Find the user whom login and password name; count failures and lock."""
    user = session.scalar(
        select(User)
        .where(User.login == normal_login(login))
        .with_for_update()  # guesses at one account wait for each other, so none escapes the count
    )
    fits = passwords.matches(user.password_hash if user else "", password)
    if user is None:
        # What was typed may be a password in the wrong place: not even its digest is kept.
        installation.record(session, action="sign_in.refuse", subject="login:unknown")
        return None
    asked_next = user.totp_since is not None or totp.codes_left(session, user.id) > 0
    if not _counted(session, user, lambda: fits, ends=not asked_next):
        return None
    if passwords.outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)
    return user


def _counted(session: Session, user: User, fits: Callable[[], bool], *, ends: bool = True) -> bool:
    """Tell whether what was typed fits; count failures, and refuse everything while paused.

    What fits ends the count, but for the password of whoever is asked for a code next: guesses at
    codes, each after the right password, would otherwise never reach the limit.
    """
    session.refresh(user, with_for_update=True)
    now = session.execute(select(func.now())).scalar_one()
    if user.locked_until is not None and user.locked_until > now:
        _record_refusal(session, user, "paused")
        return False
    if user.locked_until is not None:
        user.failed, user.locked_until = 0, None
    if not fits():
        user.failed += 1
        user.locked_until = now + LOCKED_FOR if user.failed >= FAILURES else None
        _record_refusal(session, user, "wrong")
        return False
    if ends:
        user.failed = 0
    return True


def _record_refusal(session: Session, user: User, why: str) -> None:
    installation.record(
        session,
        action="sign_in.refuse",
        subject=f"user:{user.id}",
        details={"why": why, "failed": user.failed, "pauses": user.locked_until is not None},
    )
