"""RoomPolicy: who sent a request, by cookie or token, and what they may do where."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.orm import aliased

from core.config import Config
from core.db import ParentSees, Tenant, TenantState
from core.db.session import Database
from core.policy import EVERYWHERE, NOWHERE, Actor, Extent, Permission, SystemPermission
from tenants.people import tokens
from tenants.people.models import ApiToken, Membership, Role, TokenKind, User, UserSession
from tenants.people.roles import (
    KEPT_IN_THE_PAST,
    SEEN_FROM_ABOVE,
    SYSTEM_PERMISSIONS,
    permitted,
)
from tenants.people.sessions import IDLE
from tenants.system.models import SystemRole, SystemRoleHeld

if TYPE_CHECKING:
    from flask import Request

SEEN_EVERY = timedelta(minutes=1)  # how fine seen_at and used_at are kept


def cookie_name(config: Config) -> str:
    """Name the session's cookie; the prefix makes a browser refuse it without https."""
    return "lc" if config.insecure_http else "__Host-lc"


_HOME, _THERE = aliased(Tenant), aliased(Tenant)
# A person's roles that can count in a tenant: there, and above where it lets those see everything.
_ROLES = (
    select(Membership.role, Membership.scope_area, _HOME.id, _THERE.state)
    .join(_HOME, _HOME.id == Membership.tenant_id)
    .join(
        _THERE,
        or_(
            _THERE.id == _HOME.id,
            and_(_THERE.parent_sees == ParentSees.ALL, func.starts_with(_THERE.path, _HOME.path)),
        ),
    )
    .where(
        Membership.user_id == bindparam("person"),
        or_(Membership.expires_at.is_(None), Membership.expires_at > func.now()),
        _THERE.id == bindparam("tenant"),
        _THERE.state.in_((TenantState.ACTIVE, TenantState.MERGED)),
        or_(_HOME.state == TenantState.ACTIVE, _HOME.id == _THERE.id),
    )
)


def _extent(permission: Permission, tenant_id: UUID, roles: Sequence[Any]) -> Extent:
    parts = {
        part
        for role, part, home_id, state in roles
        if permission in permitted(Role(role), part)
        and (home_id == tenant_id or (part is None and permission in SEEN_FROM_ABOVE))
        and (state == TenantState.ACTIVE or permission in KEPT_IN_THE_PAST)
    }
    return EVERYWHERE if None in parts else Extent(areas=frozenset(filter(None, parts)))


class RoomPolicy:
    """Knows people by their sessions and tokens, and asks their memberships what they may.

    Parameters
    ----------
    database
        Where people, sessions, memberships and tenants are.
    config
        Whether the transport is plain http, which decides the cookie's name.
    """

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._cookie = cookie_name(config)

    def who(self, request: Request) -> Actor | None:
        """Tell who sent a request; a request with a token is judged by the token alone."""
        header = request.headers.get("Authorization")
        if header is not None:
            read = tokens.read_bearer(header)
            return None if read is None else self._by_token(*read)
        cookie = request.cookies.get(self._cookie)
        return self._by_session(cookie) if cookie else None

    def may(self, actor: Actor, permission: Permission, tenant_id: UUID) -> bool:
        """Tell whether the actor holds a permission for the whole of a tenant."""
        return self.extent(actor, permission, tenant_id).whole

    def extent(self, actor: Actor, permission: Permission, tenant_id: UUID) -> Extent:
        """Tell for how much of a tenant the actor holds one permission."""
        return self.extents(actor, tenant_id).get(permission, NOWHERE)

    def extents(self, actor: Actor, tenant_id: UUID) -> Mapping[Permission, Extent]:
        """Tell for how much of a tenant the actor holds what.

        By a role there; or, for looking only, by a role at an ancestor where the tenant lets its
        ancestors see everything. A role for a part of a place counts for that part and nowhere
        else; of several roles all parts count together, and the whole place before any part.
        A token counts in its own tenant and for its scopes, and only while its person holds the
        permission; a service token by its scopes alone. In a merged place nobody does more than
        ``KEPT_IN_THE_PAST``. Whoever runs the installation may nothing anywhere: they read no
        tenant's data.
        """
        if actor.system is not None or actor.tenant_id not in (None, tenant_id):
            return {}
        scopes = frozenset(Permission) if actor.scopes is None else actor.scopes
        if actor.service:
            return dict.fromkeys(scopes, EVERYWHERE) if self._is_active(tenant_id) else {}
        with self._database.unbound(actor.id) as session:
            roles = session.execute(_ROLES, {"person": actor.id, "tenant": tenant_id}).all()
        held = {each: _extent(each, tenant_id, roles) for each in scopes}
        return {each: extent for each, extent in held.items() if extent.anywhere}

    def may_system(self, actor: Actor, permission: SystemPermission) -> bool:
        """Tell whether the actor holds a permission in the installation; a token never does."""
        if actor.system is None or actor.session_id is None:
            return False
        return permission in SYSTEM_PERMISSIONS[SystemRole(actor.system)]

    def names(self, ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Name people by their ids."""
        if not ids:
            return {}
        with self._database.unbound() as session:
            rows = session.execute(select(User.id, User.name).where(User.id.in_(ids))).all()
        return {row.id: row.name for row in rows}

    def _is_active(self, tenant_id: UUID) -> bool:
        active = select(Tenant.id).where(Tenant.id == tenant_id, Tenant.state == TenantState.ACTIVE)
        with self._database.unbound() as session:
            return session.scalar(active) is not None

    def _by_session(self, cookie: str) -> Actor | None:
        """Find the person of a session that is neither ended, nor idle, nor too old."""
        with self._database.unbound() as session:
            row = session.execute(
                select(
                    UserSession.id,
                    User.id.label("user_id"),
                    User.name,
                    SystemRoleHeld.role.label("system"),
                    (UserSession.seen_at < func.now() - SEEN_EVERY).label("stale"),
                )
                .join(User, User.id == UserSession.user_id)
                .outerjoin(SystemRoleHeld, SystemRoleHeld.user_id == User.id)
                .where(
                    UserSession.token_hash == tokens.stored(cookie),
                    UserSession.revoked_at.is_(None),
                    UserSession.expires_at > func.now(),
                    UserSession.seen_at > func.now() - IDLE,
                )
            ).first()
            if row is not None and row.stale:
                session.execute(
                    update(UserSession).where(UserSession.id == row.id).values(seen_at=func.now())
                )
        if row is None:
            return None
        return Actor(id=row.user_id, name=row.name, session_id=row.id, system=row.system)

    def _by_token(self, tenant_id: UUID, secret: str) -> Actor | None:
        """Find the person of a token that is neither ended nor expired; a service is its own."""
        with self._database.session(tenant_id) as session:
            row = session.execute(
                select(
                    ApiToken.id,
                    ApiToken.kind,
                    ApiToken.scopes,
                    ApiToken.name.label("token_name"),
                    User.id.label("user_id"),
                    User.name,
                    SystemRoleHeld.role.label("system"),
                    func.coalesce(ApiToken.used_at < func.now() - SEEN_EVERY, True).label("stale"),
                )
                .join(User, User.id == ApiToken.user_id)
                .outerjoin(SystemRoleHeld, SystemRoleHeld.user_id == User.id)
                .where(
                    ApiToken.tenant_id == tenant_id,
                    ApiToken.token_hash == tokens.stored(secret),
                    ApiToken.revoked_at.is_(None),
                    or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > func.now()),
                )
            ).first()
            if row is not None and row.stale:
                session.execute(
                    update(ApiToken).where(ApiToken.id == row.id).values(used_at=func.now())
                )
        if row is None:
            return None
        known = {permission.value for permission in Permission}
        service = row.kind == TokenKind.SERVICE
        return Actor(
            id=row.id if service else row.user_id,
            name=row.token_name if service else row.name,
            tenant_id=tenant_id,
            scopes=frozenset(Permission(scope) for scope in row.scopes if scope in known),
            service=service,
            system=None if service else row.system,
        )
