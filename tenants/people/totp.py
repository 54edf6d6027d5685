"""The second factor: codes of a phone by time (RFC 6238), and recovery codes that work once."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
import segno
import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.db import audit, installation
from core.errors import Conflict, Invalid
from tenants.people import sealing, tokens
from tenants.people.models import Membership, RecoveryCode, Role, Step, User
from tenants.people.operations import member_here
from tenants.people.roles import STAFF
from tenants.people.sessions import end_sessions
from tenants.system.models import SystemRoleHeld

LOG = structlog.get_logger("lifecircle.people")
ISSUER = "lifecircle"
PERIOD = 30  # seconds
DRIFT = 1  # steps that a phone's clock may be wrong by, either way
RECOVERY_CODES = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # none that looks like another
GROUPS, GROUP = 4, 4  # 31^16: 79 bits
ALLOWED_FOR = timedelta(hours=24)  # an administrator's code for enrolling a phone


def next_step(session: Session, user: User) -> Step | None:
    """Tell what has to follow a right password: a code, or nothing.

    Staff without a phone give the code that an administrator made for them (``allow``): a password
    alone, which somebody else may know, enrols no phone.

    Parameters
    ----------
    session
        Unbound, with the same person as its actor: the database shows a person their own roles.
    user
        Whose password was right.
    """
    if user.totp_since is not None:
        return Step.CODE
    return Step.CODE if asks_phone(session, user.id) else None


def asks_phone(session: Session, user_id: UUID) -> bool:
    """Tell whether somebody's roles ask for a second factor; the session as for ``next_step``."""
    if session.get(SystemRoleHeld, user_id) is not None:
        return True
    roles = session.scalars(
        select(Membership.role).where(
            Membership.user_id == user_id,
            Membership.expires_at.is_(None) | (Membership.expires_at > func.now()),
        )
    )
    return any(Role(role) in STAFF for role in roles)


def begin(session: Session, user: User, secret_key: str) -> str:
    """Give the secret that a phone is to take; the same until it is confirmed.

    Raises
    ------
    Conflict
        A phone is confirmed already.
    """
    session.refresh(user, with_for_update=True)
    _refuse_confirmed(user)
    known = _secret_of(user, secret_key) if user.totp_secret else None
    if known is None:
        known = pyotp.random_base32()
        user.totp_secret = sealing.seal(secret_key, known, owner=str(user.id))
        session.flush()
    return known


def confirm(session: Session, user: User, code: str, secret_key: str) -> list[str]:
    """Make the phone count from now on, where it shows the right code; give recovery codes.

    Raises
    ------
    Conflict
        A phone is confirmed already.
    Invalid
        The code does not fit.
    """
    session.refresh(user, with_for_update=True)
    _refuse_confirmed(user)
    now = session.scalar(select(func.now()))
    step = _step_of(user, code, secret_key, now) if now and user.totp_secret else None
    if now is None or step is None:
        raise Invalid(
            "验证码不对，没有启用两步验证。请核对手机时间，输入当前显示的 6 位数字。",
            english="The code does not fit, so the second factor was not set up. Check the phone's "
            "time and type the 6 digits that it shows now.",
        )
    user.totp_since, user.totp_step = now, step
    codes = fresh_codes(session, user.id)
    installation.record(session, action="totp.enrol", subject=f"user:{user.id}")
    return codes


def renew_codes(session: Session, user: User) -> list[str]:
    """Give somebody new recovery codes in place of those that are left."""
    codes = fresh_codes(session, user.id)
    installation.record(session, action="totp.renew_codes", subject=f"user:{user.id}")
    return codes


def exchange(session: Session, user: User) -> None:
    """Take somebody's own phone away, for another to be enrolled."""
    forget(session, user)
    installation.record(session, action="totp.forget", subject=f"user:{user.id}")


def fits(session: Session, user: User, code: str, secret_key: str) -> bool:
    """Tell whether a code fits, and use it up: the phone's, a recovery code, or an enrolment's.

    Parameters
    ----------
    session
        Any; the person's row is held, so that two requests cannot use one code.
    user
        Who has a confirmed phone, or an administrator's code for enrolling one.
    code
        As typed; spaces and hyphens do not count.
    secret_key
        The installation's.
    """
    session.refresh(user, with_for_update=True)
    now = session.scalar(select(func.now()))
    if now is None:
        return False
    step = None if user.totp_since is None else _step_of(user, code, secret_key, now)
    if step is not None:
        user.totp_step = step
        session.flush()
        return True
    unused = [
        RecoveryCode.user_id == user.id,
        RecoveryCode.code_hash == _stored(user.id, code),
        RecoveryCode.used_at.is_(None),
    ]
    if user.totp_since is None:  # an administrator's code; those of a phone last as long as it
        unused.append(RecoveryCode.created_at > func.now() - ALLOWED_FOR)
    used = session.scalar(
        update(RecoveryCode).where(*unused).values(used_at=func.now()).returning(RecoveryCode.id)
    )
    return used is not None


def fresh_codes(session: Session, user_id: UUID) -> list[str]:
    """Make recovery codes, shown this once; those from before end."""
    for old in session.scalars(select(RecoveryCode).where(RecoveryCode.user_id == user_id)):
        session.delete(old)
    session.flush()
    codes = [_random() for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(user_id=user_id, code_hash=_stored(user_id, code)) for code in codes
    )
    session.flush()
    return codes


def codes_left(session: Session, user_id: UUID) -> int:
    """Count the recovery codes that were not used."""
    unused = select(func.count()).select_from(RecoveryCode)
    mine = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(unused.where(*mine)) or 0


def forget(session: Session, user: User) -> None:
    """Take the phone and the recovery codes away; staff enrol anew by an administrator's code."""
    user.totp_secret, user.totp_since, user.totp_step = "", None, 0
    for code in session.scalars(select(RecoveryCode).where(RecoveryCode.user_id == user.id)):
        session.delete(code)
    session.flush()


def reset(session: Session, user_id: UUID) -> str:
    """Take a member's lost phone away, end their sign-ins, and record it; give their name.

    Parameters
    ----------
    session
        Bound to a tenant where the person has a role.
    user_id
        Whose phone was lost.

    Raises
    ------
    NotFound
        Nobody here has this id.
    Conflict
        They have no second factor.
    """
    user = member_here(session, user_id)
    session.refresh(user, with_for_update=True)
    if not user.totp_secret:
        raise Conflict(
            "该人员没有启用两步验证，没有改变。",
            english="This person has no second factor; nothing was changed.",
        )
    forget(session, user)
    ended = end_sessions(session, user_id)
    audit.record(
        session, action="totp.reset", subject=f"user:{user_id}", details={"sessions": ended}
    )
    return user.name


def allow_member(session: Session, user_id: UUID) -> str:
    """Give a member of the session's tenant a code for enrolling a phone, and record it.

    Raises
    ------
    NotFound
        Nobody here has this id.
    Conflict
        They have a phone.
    """
    code = allow(session, member_here(session, user_id))
    audit.record(session, action="totp.allow", subject=f"user:{user_id}")
    return code


def allow(session: Session, user: User) -> str:
    """Make the code that, after a right password, lets somebody enrol a phone: once, for a day.

    The one before ends, and so does a secret that was shown and not confirmed.

    Raises
    ------
    Conflict
        They have a phone.
    """
    session.refresh(user, with_for_update=True)
    if user.totp_since is not None:
        raise Conflict(
            "该人员已有手机，没有生成登记码。手机丢了请先重置。",
            english="This person has a phone; no enrolment code was made. Reset it first if it "
            "was lost.",
        )
    forget(session, user)
    code = _random()
    session.add(RecoveryCode(user_id=user.id, code_hash=_stored(user.id, code)))
    session.flush()
    return code


def address(secret: str, login: str) -> str:
    """Write what a phone reads: ``otpauth://``."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def spelled(secret: str) -> str:
    """Write a secret in groups of four, for those who type it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def picture(text: str) -> tuple[int, str]:
    """Draw a QR code as the path of an SVG: its side in modules, and the dark ones."""
    rows: Sequence[Sequence[int]] = segno.make_qr(text, error="m").matrix
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, on in enumerate(row) if on)
    return len(rows), "".join(dark)


def _step_of(user: User, code: str, secret_key: str, now: datetime) -> int | None:
    """Find the step whose code this is, later than any that was used."""
    secret = _secret_of(user, secret_key)
    digits = _plain(code)
    if secret is None or not digits.isascii():
        return None
    current = int(now.timestamp()) // PERIOD
    made = pyotp.TOTP(secret)
    found = None
    for step in range(current - DRIFT, current + DRIFT + 1):
        same = hmac.compare_digest(made.generate_otp(step), digits)
        if same and step > user.totp_step:
            found = step
    return found


def _secret_of(user: User, secret_key: str) -> str | None:
    secret = sealing.unseal(secret_key, user.totp_secret, owner=str(user.id))
    if secret is None:
        LOG.error("a second factor does not open; was the secret key changed?", user=str(user.id))
    return secret


def _refuse_confirmed(user: User) -> None:
    if user.totp_since is not None:
        raise Conflict(
            "已启用两步验证，没有改变。要换手机，请在账号页操作。",
            english="A second factor is set up already; nothing was changed. Your account's page "
            "exchanges the phone.",
        )


def _random() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").casefold()


def _stored(user_id: UUID, code: str) -> str:
    return tokens.stored(f"{user_id}:{_plain(code)}")
