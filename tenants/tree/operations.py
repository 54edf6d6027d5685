"""The tree of tenants: create, find, who stands above."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.db import Level, ParentSees, Tenant, TenantState, audit
from core.db.within import within
from core.errors import Conflict, Invalid, NotFound
from tenants.tree.codes import Code, official_name, read_code
from tenants.tree.plugins import copy_words
from tenants.words import LONGEST_ENGLISH, checked_name

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that is taken for another
LEVELS = tuple(Level)


def create_tenant(  # noqa: PLR0913 - the columns of a tenant
    session: Session,
    *,
    name: str = "",
    english: str = "",
    code: str | None = None,
    level: Level | None = None,
    parent_slug: str | None = None,
    slug: str | None = None,
    sample: bool = False,
) -> Tenant:
    """Create a tenant at its place in the tree; it starts with its parent's plugins.

    Parameters
    ----------
    session
        Unbound.
    name, english
        How it is called; with an official code that we know, empty is its official name.
    code
        The official code, which gives the level, the slug and, without ``parent_slug``, the
        parent: the nearest ancestor by code that exists. ``None`` for a place without one.
    level
        For a place without a code; the one below its parent, or a city outside the tree.
    parent_slug
        Under which tenant.
    slug
        The name in addresses of a place without a code; otherwise one is made up.
    sample
        Whether its data are generated, which is then said wherever its figures appear.

    Raises
    ------
    Invalid
        A bad code, name or slug, or a level that is not below the parent's.
    NotFound
        No such parent.
    Conflict
        The place exists, or one below it was placed higher up.
    """
    official = read_code(code) if code else None
    known = official_name(official.code) if official else ("", "")
    name = checked_name(name or known[0])
    english = english or known[1]
    english = checked_name(english, longest=LONGEST_ENGLISH) if english else ""
    parent = _parent(session, official, parent_slug)
    level = official.level if official else level or _level_below(parent)
    _check_level(level, parent, official)
    step = official.step if official else _slug(slug)
    tenant = Tenant(
        slug=official.code if official else step,
        code=official.code if official else None,
        level=level,
        name=name,
        english=english,
        parent_id=parent.id if parent else None,
        path=f"{parent.path if parent else '/'}{step}/",
        sample=sample,
    )
    _check_free(session, tenant)
    session.add(tenant)
    session.flush()
    if parent is not None:
        copy_words(session, parent, tenant)
    with within(session, tenant.id):
        audit.record(
            session,
            action="tenant.create",
            subject=f"tenant:{tenant.slug}",
            details={"level": tenant.level, "path": tenant.path, "sample": sample},
        )
    return tenant


def find_tenant(session: Session, slug: str) -> Tenant:
    """Find a tenant that works by its slug.

    Raises
    ------
    NotFound
        None has it, or it is suspended or merged.
    """
    tenant = None
    if SLUG.fullmatch(slug):
        tenant = session.scalar(
            select(Tenant).where(Tenant.slug == slug, Tenant.state == TenantState.ACTIVE)
        )
    if tenant is None:
        raise NotFound(
            f"没有地区 {slug[:40]}。请核对代码，或先建立它。",
            english=f"There is no place {slug[:40]}. Check its code, or create it first.",
        )
    return tenant


def all_tenants(session: Session) -> Sequence[Tenant]:
    """List every tenant, each after the one above it."""
    return session.scalars(select(Tenant).order_by(Tenant.path)).all()


def ancestors(session: Session, tenant: Tenant) -> Sequence[Tenant]:
    """List the tenants above one, from the root downwards; the tenant itself is not among them."""
    return session.scalars(
        select(Tenant)
        .where(func.starts_with(tenant.path, Tenant.path), Tenant.id != tenant.id)
        .order_by(func.length(Tenant.path))
    ).all()


def descendants(session: Session, tenant: Tenant) -> Sequence[Tenant]:
    """List the tenants below one, each after the one above it."""
    return session.scalars(
        select(Tenant)
        .where(func.starts_with(Tenant.path, tenant.path), Tenant.id != tenant.id)
        .order_by(Tenant.path)
    ).all()


def set_parent_sees(session: Session, tenant: Tenant, sees: ParentSees) -> None:
    """Say what a tenant lets its ancestors see: nothing, what it submits, or all.

    Parameters
    ----------
    session
        Bound to the tenant: only it says so.
    tenant
        The session's tenant.
    sees
        What.
    """
    before, tenant.parent_sees = tenant.parent_sees, sees
    session.flush()
    audit.record(
        session,
        action="tenant.share",
        subject=f"tenant:{tenant.slug}",
        details={"before": before, "after": sees},
    )


def _parent(session: Session, official: Code | None, parent_slug: str | None) -> Tenant | None:
    """Find under which tenant a new one stands."""
    if parent_slug:
        return find_tenant(session, parent_slug)
    if official is None or not official.above:
        return None
    found = {
        tenant.code: tenant
        for tenant in session.scalars(
            select(Tenant).where(
                Tenant.code.in_(official.above), Tenant.state == TenantState.ACTIVE
            )
        )
    }
    for code in official.above:
        if code in found:
            return found[code]
    raise NotFound(
        f"{official.code} 的上级（{'、'.join(official.above)}）都还没有建立，没有建立该地区。"
        "请自上而下建立，例如先 lifecircle tenant create --code cn。",
        english=f"None of the places above {official.code} exists; it was not made. Create from "
        "the top, such as lifecircle tenant create --code cn first.",
    )


def _level_below(parent: Tenant | None) -> Level:
    """Give the level of a place that says none."""
    if parent is None:
        return Level.CITY
    return LEVELS[min(LEVELS.index(Level(parent.level)) + 1, len(LEVELS) - 1)]


def _check_level(level: Level, parent: Tenant | None, official: Code | None) -> None:
    """Refuse a place that is not below its parent, by level or by code."""
    if parent is None:
        return
    below = LEVELS.index(level) > LEVELS.index(Level(parent.level))
    strays = official is not None and parent.code is not None and parent.code not in official.above
    if not below or strays:
        raise Invalid(
            f"{parent.name}之下不能有这个地区：级别或代码不在它之下。没有建立，请核对上级。",
            english=f"This place is not below {parent.english or parent.name}, by level or by "
            "code; it was not made. Check its parent.",
        )


def _slug(slug: str | None) -> str:
    """Check a wished slug, or make one up."""
    if not slug:
        return "x-" + "".join(secrets.choice(LETTERS) for _ in range(8))
    if not SLUG.fullmatch(slug) or slug.isdigit():
        raise Invalid(
            "地址名须为 1 至 40 个小写字母、数字或连字符，且不能全是数字（留给行政区划代码）。"
            "没有建立地区，请换一个。",
            english="A slug is 1 to 40 lower-case letters, digits or hyphens and not all digits "
            "(those are official codes). No place was made; choose another.",
        )
    return slug


def _check_free(session: Session, tenant: Tenant) -> None:
    """Refuse a place that exists, and one that would have to be put between two others.

    What the other place is called is its own affair: its code or slug is all that is told.
    """
    taken = session.scalar(
        select(Tenant.id).where(or_(Tenant.slug == tenant.slug, Tenant.path == tenant.path))
    )
    if taken is not None:
        raise Conflict(
            f"{tenant.slug} 已经建立，没有再建立{tenant.name}。请核对代码，或换一个地址名。",
            english=f"{tenant.slug} exists already; nothing was made. Check the code, or choose "
            "another slug.",
        )
    if tenant.code is None or tenant.level == Level.NATION:
        return
    step = tenant.path.rstrip("/").rsplit("/", 1)[-1]
    lower = session.scalar(select(Tenant.code).where(func.starts_with(Tenant.code, step)))
    if lower is not None:
        raise Conflict(
            f"{lower}在{tenant.name}之下，却已先建立在更高一级之下。没有建立{tenant.name}；"
            "请自上而下建立。",
            english=f"{lower} is below {tenant.english or tenant.name} and stands higher up "
            "already; it was not made. Create from the top.",
        )
