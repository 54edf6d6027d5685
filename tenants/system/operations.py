"""Who runs the installation: give a system role, take it away, list; unpause an account."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.db import InstallationEvent, Tenant, installation
from core.errors import Conflict, NotFound
from tenants.people.models import Membership, User
from tenants.people.roles import SYSTEM_ROLE_NAMES
from tenants.system.models import SystemRole, SystemRoleHeld

MOST_EVENTS = 200  # on one page


def refuse_working(session: Session, user: User) -> None:
    """Refuse a system role to somebody who works in a tenant.

    Parameters
    ----------
    session
        Unbound, with the person as its actor: the database then shows where they work.
    user
        Who.

    Raises
    ------
    Conflict
        They hold a role in a tenant: whoever runs the installation reads no tenant's data.
    """
    places = session.scalar(
        select(func.string_agg(Tenant.slug.distinct(), "、"))
        .select_from(Membership)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .where(
            Membership.user_id == user.id,
            or_(Membership.expires_at.is_(None), Membership.expires_at > func.now()),
        )
    )
    if places:
        raise Conflict(
            f"{user.login} 在地区任职（{places}），不能再管理系统：系统角色不看任何地区的数据。"
            "没有改变；请先移除其地区角色，或另建账号。",
            english=f"{user.login} works in {places} and cannot run the installation too: system "
            "roles read no tenant's data. Nothing was changed; take those roles away first, or "
            "make another account.",
        )


def add_system_role(session: Session, user: User, role: SystemRole) -> None:
    """Give somebody a role in the installation; ask ``refuse_working`` first.

    Raises
    ------
    Conflict
        They hold a system role already: nobody holds two.
    """
    made = session.scalar(
        insert(SystemRoleHeld)
        .values(user_id=user.id, role=role)
        .on_conflict_do_nothing()
        .returning(SystemRoleHeld.user_id)
    )
    if made is None:
        raise _holds_one(session, user)
    installation.record(
        session, action="system_role.add", subject=f"user:{user.id}", details={"role": role}
    )


def remove_system_role(session: Session, user: User) -> SystemRole:
    """Take somebody's role in the installation away; give which it was.

    Raises
    ------
    NotFound
        They hold none.
    """
    held = session.get(SystemRoleHeld, user.id)
    if held is None:
        raise NotFound(
            f"{user.login} 没有系统角色，没有改变。",
            english=f"{user.login} holds no system role; nothing was changed.",
        )
    role = SystemRole(held.role)
    session.delete(held)
    session.flush()
    installation.record(
        session, action="system_role.remove", subject=f"user:{user.id}", details={"role": role}
    )
    return role


def system_roles(session: Session) -> Sequence[tuple[User, SystemRoleHeld]]:
    """List who holds which system role, in the order of the roles' table."""
    rows = session.execute(
        select(User, SystemRoleHeld)
        .join(SystemRoleHeld, SystemRoleHeld.user_id == User.id)
        .order_by(User.login)
    )
    order = list(SystemRole)
    return sorted(
        ((user, held) for user, held in rows),
        key=lambda pair: order.index(pair[1].role),  # type: ignore[arg-type]  # a StrEnum's member equals its text
    )


def system_role_of(session: Session, user_id: UUID) -> SystemRole | None:
    """Tell which system role somebody holds."""
    held = session.get(SystemRoleHeld, user_id)
    return None if held is None else SystemRole(held.role)


def refuse_system_role(session: Session, user_id: UUID) -> None:
    """Refuse a role in a tenant to whoever runs the installation.

    Raises
    ------
    Conflict
        They hold a system role.
    """
    held = system_role_of(session, user_id)
    if held is not None:
        chinese, english = SYSTEM_ROLE_NAMES[held]
        raise Conflict(
            f"该账号是{chinese}，不能在地区任职：系统角色不看任何地区的数据。没有改变；"
            "请另建账号。",
            english=f"This account is the installation's ({english}) and cannot work in a tenant: "
            "system roles read no tenant's data. Nothing was changed; use another account.",
        )


def paused_accounts(session: Session) -> Sequence[User]:
    """List the accounts that failures have paused, the longest first."""
    return session.scalars(
        select(User).where(User.locked_until > func.now()).order_by(User.locked_until.desc())
    ).all()


def unpause(session: Session, user_id: UUID) -> User:
    """End an account's pause after failures, before its time.

    Raises
    ------
    NotFound
        It is not paused.
    """
    user = session.scalar(
        select(User).where(User.id == user_id, User.locked_until > func.now()).with_for_update()
    )
    if user is None:
        raise NotFound(
            "这个账号没有被暂停，没有改变。",
            english="This account is not paused; nothing was changed.",
        )
    user.failed, user.locked_until = 0, None
    session.flush()
    installation.record(session, action="account.unpause", subject=f"user:{user_id}")
    return user


def events(
    session: Session, *, action: str = "", subject: str = "", before: int | None = None, most: int
) -> Sequence[InstallationEvent]:
    """List the installation's events, the newest first.

    Parameters
    ----------
    session
        An audit administrator's: the database shows nobody else any.
    action, subject
        Only events whose action or subject begins so.
    before
        Only events with smaller numbers, for the next page.
    most
        How many.
    """
    asked = select(InstallationEvent).order_by(InstallationEvent.number.desc()).limit(most)
    if action:
        asked = asked.where(InstallationEvent.action.startswith(action, autoescape=True))
    if subject:
        asked = asked.where(InstallationEvent.subject.startswith(subject, autoescape=True))
    if before is not None:
        asked = asked.where(InstallationEvent.number < before)
    return session.scalars(asked).all()


def _holds_one(session: Session, user: User) -> Conflict:
    held = session.get_one(SystemRoleHeld, user.id)
    chinese, english = SYSTEM_ROLE_NAMES[SystemRole(held.role)]
    return Conflict(
        f"{user.login} 已是{chinese}；系统、安全、审计三种角色一人只能有一种（三权分立）。"
        "没有改变；请先移除原角色，或换一个人。",
        english=f"{user.login} is {english} already; nobody holds two of system, security and "
        "audit. Nothing was changed; take the other role away first, or choose somebody else.",
    )
