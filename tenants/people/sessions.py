"""Sessions kept on the server: opened, renewed, listed and ended, one by one or all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from core.db import audit, installation
from core.errors import NotFound
from tenants.people import tokens
from tenants.people.models import SignInStep, Step, User, UserSession

IDLE = timedelta(minutes=20)
ABSOLUTE = timedelta(hours=12)
STEP_LASTS = timedelta(minutes=10)  # between the password and the second factor
MOST = 10  # sessions of one person at once; one more ends the one used the longest ago
LONGEST_DEVICE = 60
BROWSERS = {
    "MicroMessenger": "微信",
    "QQBrowser": "QQ Browser",
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "Windows": "Windows",
    "OpenHarmony": "HarmonyOS",
    "Android": "Android",
    "iPhone": "iOS",
    "iPad": "iPadOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who signed in, and the token for their cookie: it is shown here and never again.

    Where ``awaits`` is set the password was right and the token opens the next step only.
    """

    user_id: UUID
    name: str
    token: str
    awaits: Step | None = None


def open_session(
    session: Session,
    user: User,
    *,
    replaces: str = "",
    device: str = "",
    until: datetime | None = None,
) -> SignedIn:
    """Open a session with a new token; end the one that it replaces, and those beyond ``MOST``.

    Parameters
    ----------
    session
        Any; sessions belong to no tenant.
    user
        Whose; everything that was to be asked of them was asked.
    replaces
        The token of the cookie that came with the request.
    device
        What the person will know the browser by.
    until
        When it ends at the latest, where that is before ``ABSOLUTE`` has passed.
    """
    end_by_token(session, replaces)
    ended = _make_room(session, user.id)
    token = tokens.fresh()
    latest = func.now() + ABSOLUTE
    session.add(
        UserSession(
            user_id=user.id,
            token_hash=tokens.stored(token),
            device=device[:LONGEST_DEVICE],
            seen_at=func.now(),
            expires_at=latest if until is None else func.least(latest, until),
        )
    )
    session.flush()
    installation.record(
        session,
        action="sign_in.accept",
        subject=f"user:{user.id}",
        details={"ended": ended} if ended else None,
    )
    return SignedIn(user_id=user.id, name=user.name, token=token)


def open_step(session: Session, user: User, awaits: Step, *, replaces: str = "") -> SignedIn:
    """Remember that a password was right; the token leads to the second factor and no further."""
    end_by_token(session, replaces)
    token = tokens.fresh()
    session.add(
        SignInStep(
            user_id=user.id,
            token_hash=tokens.stored(token),
            awaits=awaits,
            expires_at=func.now() + STEP_LASTS,
        )
    )
    session.flush()
    installation.record(
        session, action="sign_in.step", subject=f"user:{user.id}", details={"awaits": awaits}
    )
    return SignedIn(user_id=user.id, name=user.name, token=token, awaits=awaits)


def end_by_token(session: Session, token: str) -> None:
    """End the session or step of a cookie; a token that is nobody's ends nothing."""
    if not token:
        return
    digest = tokens.stored(token)
    _end(session, UserSession.token_hash == digest)
    session.execute(
        update(SignInStep)
        .where(SignInStep.token_hash == digest, SignInStep.used_at.is_(None))
        .values(used_at=func.now())
    )


def sign_out(session: Session, session_id: UUID) -> None:
    """End a session now; its cookie is worth nothing from then on."""
    if _end(session, UserSession.id == session_id):
        installation.record(session, action="session.end", subject=f"session:{session_id}")


def sessions_of(session: Session, user_id: UUID) -> Sequence[UserSession]:
    """List somebody's sessions that still let them in, the last used first."""
    return session.scalars(
        select(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > func.now(),
            UserSession.seen_at > func.now() - IDLE,
        )
        .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
    ).all()


def end_session(session: Session, user_id: UUID, session_id: UUID) -> None:
    """End one of somebody's own sessions.

    Raises
    ------
    NotFound
        It is ended already, is another's, or never was: all alike.
    """
    mine = UserSession.user_id == user_id
    if not _end(session, mine & (UserSession.id == session_id)):
        raise _no_session()
    installation.record(session, action="session.end", subject=f"session:{session_id}")


def end_others(session: Session, user_id: UUID, keep: UUID) -> int:
    """End all of somebody's own sessions but the one at hand; give how many."""
    ended = end_sessions(session, user_id, but=keep)
    installation.record(
        session, action="session.end_others", subject=f"user:{user_id}", details={"ended": ended}
    )
    return ended


def end_sessions(session: Session, user_id: UUID, *, but: UUID | None = None) -> int:
    """End all of somebody's sessions and begun sign-ins, but one; give how many sessions."""
    chosen = UserSession.user_id == user_id
    if but is not None:
        chosen &= UserSession.id != but
    session.execute(
        update(SignInStep)
        .where(SignInStep.user_id == user_id, SignInStep.used_at.is_(None))
        .values(used_at=func.now())
    )
    return _end(session, chosen)


def end_one_of_member(session: Session, user_id: UUID, session_id: UUID) -> None:
    """End one session of a member of the session's tenant; that they are one was asked before.

    Raises
    ------
    NotFound
        It is ended already, is another's, or never was: all alike.
    """
    if not _end(session, (UserSession.user_id == user_id) & (UserSession.id == session_id)):
        raise _no_session()
    audit.record(
        session,
        action="session.end",
        subject=f"user:{user_id}",
        details={"session": str(session_id)},
    )


def end_of_member(session: Session, user_id: UUID) -> int:
    """End all sessions of a member of the session's tenant; give how many."""
    ended = end_sessions(session, user_id)
    audit.record(
        session, action="session.end_all", subject=f"user:{user_id}", details={"ended": ended}
    )
    return ended


def device_of(user_agent: str) -> str:
    """Name a browser and its system; what is not known is left out and nothing else is kept."""
    browser = next((name for sign, name in BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), "")
    return " · ".join(filter(None, (browser, system)))


def _make_room(session: Session, user_id: UUID) -> int:
    """End what is beyond the limit before one more is opened; give how many ended."""
    # Whoever opens a session waits for the one before, so that two at once do not both fit in.
    session.execute(select(User.id).where(User.id == user_id).with_for_update())
    beyond = [row.id for row in sessions_of(session, user_id)[MOST - 1 :]]
    return _end(session, UserSession.id.in_(beyond)) if beyond else 0


def _no_session() -> NotFound:
    return NotFound(
        "没有这个登录，或它已经结束，没有改变。",
        english="There is no such sign-in, or it has ended already; nothing was changed.",
    )


def _end(session: Session, chosen: ColumnElement[bool]) -> int:
    ended = session.scalars(
        update(UserSession)
        .where(chosen, UserSession.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(UserSession.id)
    )
    return len(ended.all())
