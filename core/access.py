"""Who is asking, in which tenant, and whether they may: the first thing every route does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, cast
from uuid import UUID

from flask import current_app, g, request
from sqlalchemy import select

from core.db import Tenant, TenantState
from core.errors import Forbidden, NotFound, NotSignedIn
from core.limits import TENANT
from core.policy import NOWHERE, Actor, Extent, Permission, SystemPermission
from core.services import Services

View = Callable[..., Any]
NO_TENANT = ("没有这个地区，或您无权查看。", "There is no such place, or it is not yours to see.")
SLUG = re.compile(r"[a-z0-9-]{1,40}")  # nothing else names a place, so nothing else is looked up
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LIMITS = "lifecircle_limits"  # the app's extension that counts requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The tenant that a request acts in, as plain values, and who acts.

    ``held`` is what the actor may here, asked once a request.
    ``past`` tells that it was merged into another: it is looked at and does nothing more.
    ``part`` holds the keys of the areas that the answer has to be cut to, because the actor holds
    the operation's permission for no more; ``None`` is the whole place.
    """

    actor: Actor
    tenant_id: UUID
    slug: str
    name: str
    level: str
    path: str
    sample: bool
    services: Services
    held: Mapping[Permission, Extent]
    past: bool = False
    part: frozenset[str] | None = None

    def may(self, permission: Permission) -> bool:
        """Tell whether the actor may do something else in the whole place; for showing a link."""
        return self.extent(permission).whole

    def extent(self, permission: Permission) -> Extent:
        """Tell for how much of the place the actor holds a permission."""
        return self.held.get(permission, NOWHERE)

    def cut(self, permission: Permission) -> Here:
        """Give the place cut to what the actor holds another permission for."""
        return replace(self, part=self.extent(permission).part)

    def session(self) -> Any:
        """Open the unit of work bound to this tenant and actor."""
        return self.services.database.session(self.tenant_id, self.actor.id)


def services() -> Services:
    """Give the services of the running app."""
    return cast("Services", current_app.extensions["lifecircle"])


def who() -> Actor | None:
    """Tell who sent the current request; asked once a request."""
    if "lifecircle_actor" not in g:
        g.lifecircle_actor = services().policy.who(request)
    return cast("Actor | None", g.lifecircle_actor)


def actor() -> Actor:
    """Give the actor of the current request.

    Raises
    ------
    NotSignedIn
        Nobody is known to be asking.
    """
    found = who()
    if found is None:
        raise NotSignedIn("请先登录。", english="Sign in first.")
    return found


def here(slug: str, permission: Permission, *, cut_to_part: bool = False) -> Here:
    """Find the tenant of an address and ask whether the actor may.

    Parameters
    ----------
    slug, permission
        Where, and what for.
    cut_to_part
        Whether the operation cuts its answer to ``Here.part``. One that does not is refused to
        whoever holds the permission for a part of the place only.

    Raises
    ------
    NotSignedIn, NotFound, Forbidden
        A tenant that the actor may not read answers exactly like one that does not exist.
    """
    asking = actor()
    place = _find(slug, asking) if SLUG.fullmatch(slug) else None
    seen = None if place is None else place.extent(Permission.TENANT_READ)
    if place is None or seen is None or not seen.anywhere:
        raise NotFound(NO_TENANT[0], english=NO_TENANT[1])
    held = place.extent(permission)
    if not (held.whole or (cut_to_part and held.areas)):
        raise _forbidden(place, permission, held.areas or seen.areas)
    if "lifecircle_here" not in g:  # once a request, and only of those who may be here
        current_app.extensions[LIMITS].count(TENANT, str(place.tenant_id))
    g.lifecircle_here = place = replace(place, part=held.part)
    return place


def _forbidden(place: Here, permission: Permission, areas: frozenset[str]) -> Forbidden:
    if not areas:
        return Forbidden(
            f"您在{place.name}没有这项权限（{permission}）。请联系本单位管理员。",
            english=f"You lack the permission {permission} in {place.name}. Ask its administrator.",
        )
    keys = sorted(areas)
    return Forbidden(
        f"您在{place.name}只负责{'、'.join(keys)}，这里针对整个地区（{permission}），没有打开，也没有"
        "改变。需要时请本单位管理员放宽您的范围。",
        english=f"In {place.name} you are responsible for {', '.join(keys)} only, and this is "
        f"about the whole place ({permission}); nothing was shown or changed. Its administrator "
        "can widen your part.",
    )


def _find(slug: str, asking: Actor) -> Here | None:
    opened = services()
    with opened.database.unbound() as session:
        tenant = session.execute(
            select(
                *(Tenant.id, Tenant.slug, Tenant.name, Tenant.level, Tenant.path),
                *(Tenant.sample, Tenant.state),
            ).where(
                Tenant.slug == slug,
                Tenant.state.in_((TenantState.ACTIVE, TenantState.MERGED)),  # the past is read
            )
        ).first()
    if tenant is None:
        return None
    return Here(
        actor=asking,
        tenant_id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        level=tenant.level,
        path=tenant.path,
        sample=tenant.sample,
        past=tenant.state == TenantState.MERGED,
        held=opened.policy.extents(asking, tenant.id),
        services=opened,
    )


def requires(permission: Permission, *, cut_to_part: bool = False) -> Callable[[View], View]:
    """Guard a view whose address names a tenant: ``view(here, …)`` runs only where allowed.

    ``cut_to_part`` says that the view gives nothing beyond ``here.part``, and so is open to
    whoever is responsible for a part of the place only; all others are not.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*, tenant: str, **kwargs: Any) -> Any:
            return view(here(tenant, permission, cut_to_part=cut_to_part), **kwargs)

        guarded.access = permission  # type: ignore[attr-defined]  # read by the test over all routes
        guarded.cut_to_part = cut_to_part  # type: ignore[attr-defined]  # the same
        return guarded

    return guard


def requires_system(permission: SystemPermission) -> Callable[[View], View]:
    """Guard a view about the installation itself: ``view(actor, …)`` runs only where allowed.

    To everybody else the page does not exist.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(**kwargs: Any) -> Any:
            asking = actor()
            if not services().policy.may_system(asking, permission):
                raise NotFound(
                    "没有这个页面，或您无权查看。",
                    english="There is no such page, or it is not yours to see.",
                )
            return view(asking, **kwargs)

        guarded.access = permission  # type: ignore[attr-defined]  # read by the test over all routes
        return guarded

    return guard


def signed_in(view: View) -> View:
    """Guard a view that needs a person but no tenant: ``view(actor, …)``."""

    @wraps(view)
    def guarded(**kwargs: Any) -> Any:
        return view(actor(), **kwargs)

    guarded.access = "signed_in"  # type: ignore[attr-defined]  # read by the test over all routes
    return guarded


def takes_files(view: View) -> View:
    """Say that a view takes uploads: up to the setting, where others take 1 MiB. Put it last."""
    view.takes_files = True  # type: ignore[attr-defined]  # read at the door
    return view


def open_to_all(view: View) -> View:
    """Say that a view is for everybody, on purpose."""
    view.access = "open"  # type: ignore[attr-defined]  # read by the test over all routes
    return view
