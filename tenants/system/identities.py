"""Identities: whom a provider's word lets in, and the roles that its groups give and take."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.db import Tenant, TenantState, audit, installation, new_id
from core.db.session import Database
from core.db.within import within
from core.errors import Conflict, NotSignedIn
from tenants.people.models import Membership, Role, User
from tenants.people.operations import create_user
from tenants.people.sessions import SignedIn, open_session
from tenants.system.models import Identity
from tenants.system.oidc import Claims
from tenants.system.operations import system_role_of
from tenants.system.providers import Provider


def bind(session: Session, user: User, provider: Provider, subject: str) -> None:
    """Let somebody sign in by what a provider calls them.

    Raises
    ------
    Conflict
        The provider's person is somebody here already.
    """
    made = session.scalar(
        insert(Identity)
        .values(id=new_id(), user_id=user.id, issuer=provider.issuer, subject=subject)
        .on_conflict_do_nothing()
        .returning(Identity.id)
    )
    if made is None:
        raise Conflict(
            "对方的这个用户已对应本系统的一个账号，没有改变。",
            english="The provider's person is an account here already; nothing was changed.",
        )
    installation.record(
        session,
        action="identity.bind",
        subject=f"user:{user.id}",
        details={"provider": provider.key},
    )


def enter(
    database: Database, provider: Provider, claims: Claims, *, replaces: str = "", device: str = ""
) -> SignedIn:
    """Sign in whom a provider vouches for; their groups' roles count from now on.

    Opens its own units of work: a new account stays although its first sign-in fails.

    Parameters
    ----------
    database
        Where the people are.
    provider, claims
        Who says what; checked by ``oidc.finish``.
    replaces, device
        As ``sessions.open_session`` takes them.

    Raises
    ------
    NotSignedIn
        Nobody here is this person, and the operator's file does not have an account made.
    """
    with database.unbound() as session:
        user_id = _known(session, provider, claims)
    if user_id is None:
        user_id = _made(database, provider, claims)
    with database.unbound(user_id) as session:
        user = session.get_one(User, user_id)
        follow_groups(session, user, provider, claims.groups)
        return open_session(session, user, replaces=replaces, device=device)


def follow_groups(session: Session, user: User, provider: Provider, groups: Iterable[str]) -> None:
    """Give the roles that somebody's groups give, and take those that none gives any more.

    Only roles that came from this provider are taken; what a person gave by hand stays as it is.

    Parameters
    ----------
    session
        Unbound, with the person as its actor: the database then shows their roles everywhere.
    user
        Who; whoever runs the installation gets none.
    provider, groups
        Whose groups they are.
    """
    groups = frozenset(groups)
    wanted: set[tuple[UUID, Role]] = set()
    if system_role_of(session, user.id) is None:
        wanted = _given(session, provider, groups)
    ended = func.coalesce(Membership.expires_at <= func.now(), False)
    held = session.execute(
        select(
            Membership.tenant_id, Membership.role, Membership.source, ended.label("ended")
        ).where(Membership.user_id == user.id)
    ).all()
    has = {(row.tenant_id, Role(row.role)) for row in held if not row.ended}
    from_here = {(row.tenant_id, Role(row.role)) for row in held if row.source == provider.source}
    # Tenants in one order, so that two who sign in at once wait for, and never against, each other.
    for tenant_id, role in sorted((wanted - has) | (from_here - wanted)):
        gives = (tenant_id, role) in wanted
        with within(session, tenant_id):
            row = _held(session, user.id, role)
            if gives and row is None:
                row = Membership(user_id=user.id, role=role)
                session.add(row)
            if gives and row is not None:
                row.source, row.expires_at = provider.source, None
            elif row is not None:
                session.delete(row)
            session.flush()
            audit.record(
                session,
                action="member.add" if gives else "member.remove",
                subject=f"user:{user.id}",
                details={"role": role, "source": provider.source},
            )


def _known(session: Session, provider: Provider, claims: Claims) -> UUID | None:
    return session.scalar(
        select(Identity.user_id).where(
            Identity.issuer == provider.issuer, Identity.subject == claims.subject
        )
    )


def _made(database: Database, provider: Provider, claims: Claims) -> UUID:
    """Make an account for somebody unknown, where the operator's file says so."""
    with database.unbound() as session:
        if not provider.make_accounts or not _given(session, provider, claims.groups):
            raise NotSignedIn(
                f"{provider.name}认得您，但您在本系统还没有账号。没有登录；请联系本单位管理员"
                "开通，或用密码登录。",
                english=f"{provider.english} knows you, but you have no account here. You are not "
                "signed in; ask your administrator for one, or sign in with a password.",
                details=({"why": "unknown"},),
            )
        user = create_user(session, login=claims.login, name=claims.name or claims.login)
        bind(session, user, provider, claims.subject)
        return user.id


def _given(session: Session, provider: Provider, groups: frozenset[str]) -> set[tuple[UUID, Role]]:
    """Give the roles that groups give, in places that work."""
    chosen = [grant for grant in provider.grants if grant.group in groups]
    places = session.execute(
        select(Tenant.slug, Tenant.id).where(
            Tenant.slug.in_({grant.tenant for grant in chosen}),
            Tenant.state == TenantState.ACTIVE,
        )
    )
    ids = {slug: tenant_id for slug, tenant_id in places}  # noqa: C416 - rows are not pairs to mypy
    return {(ids[grant.tenant], grant.role) for grant in chosen if grant.tenant in ids}


def _held(session: Session, user_id: UUID, role: Role) -> Membership | None:
    """Find somebody's row in the session's tenant, ended or not."""
    return session.scalar(
        select(Membership).where(
            Membership.tenant_id == session.info["tenant_id"],
            Membership.user_id == user_id,
            Membership.role == role,
        )
    )
