"""The second factor: codes of a phone by time (RFC 6238), and recovery codes that work once."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import pyotp
import segno
import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.db import audit, installation
from core.errors import Conflict, Invalid, NotFound
from tenants.people import sealing, tokens
from tenants.people.models import Membership, RecoveryCode, Role, Step, User
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


def next_step(session: Session, user: User) -> Step | None:
    """Tell what has to follow a right password: a code, the enrolment of a phone, or nothing.

    Parameters
    ----------
    session
        Unbound, with the same person as its actor: the database shows a person their own roles.
    user
        Whose password was right.
    """
    if user.totp_since is not None:
        return Step.CODE
    if session.get(SystemRoleHeld, user.id) is not None:
        return Step.ENROL
    roles = session.scalars(
        select(Membership.role).where(
            Membership.user_id == user.id,
            Membership.expires_at.is_(None) | (Membership.expires_at > func.now()),
        )
    )
    return Step.ENROL if any(Role(role) in STAFF for role in roles) else None


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
    """Tell whether a code of the phone or a recovery code fits, and use it up.

    Parameters
    ----------
    session
        Any; the person's row is held, so that two requests cannot use one code.
    user
        Who has a confirmed phone.
    code
        As typed; spaces and hyphens do not count.
    secret_key
        The installation's.
    """
    session.refresh(user, with_for_update=True)
    now = session.scalar(select(func.now()))
    if user.totp_since is None or now is None:
        return False
    step = _step_of(user, code, secret_key, now)
    if step is not None:
        user.totp_step = step
        session.flush()
        return True
    used = session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash == _stored(user.id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=func.now())
        .returning(RecoveryCode.id)
    )
    return used is not None


def fresh_codes(session: Session, user_id: UUID) -> list[str]:
    """Make recovery codes, shown this once; those from before end."""
    for old in session.scalars(select(RecoveryCode).where(RecoveryCode.user_id == user_id)):
        session.delete(old)
    session.flush()
    codes = [
        "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
        for _ in range(RECOVERY_CODES)
    ]
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
    """Take the phone and the recovery codes away; staff enrol anew at their next password."""
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
    here = session.scalar(
        select(Membership.id).where(
            Membership.tenant_id == session.info["tenant_id"], Membership.user_id == user_id
        )
    )
    if here is None:
        raise NotFound(
            "本地区没有这个成员，没有改变。",
            english="There is no such member here; nothing was changed.",
        )
    user = session.get_one(User, user_id, with_for_update=True)
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


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").casefold()


def _stored(user_id: UUID, code: str) -> str:
    return tokens.stored(f"{user_id}:{_plain(code)}")
