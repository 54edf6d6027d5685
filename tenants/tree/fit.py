"""Whether a place fits where it is to stand: level, code, name, slug, and nothing in its way."""

from __future__ import annotations

import re
import secrets

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.db import Level, Tenant, TenantState
from core.errors import Conflict, Invalid
from tenants.tree.codes import Code

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that is taken for another
LEVELS = tuple(Level)
WORKS = (TenantState.ACTIVE, TenantState.SUSPENDED)


def take_turns(session: Session) -> None:
    """Wait for whoever else is changing the tree, until this transaction ends.

    Two moves at once could otherwise put two places below each other.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("tree", 0))))


def level_below(parent: Tenant | None) -> Level:
    """Give the level of a place that says none."""
    if parent is None:
        return Level.CITY
    return LEVELS[min(LEVELS.index(Level(parent.level)) + 1, len(LEVELS) - 1)]


def check_level(level: Level, parent: Tenant | None, official: Code | None) -> None:
    """Refuse a place that is not below its parent, by level or by code."""
    if parent is None:
        return
    below = LEVELS.index(level) > LEVELS.index(Level(parent.level))
    strays = official is not None and parent.code is not None and parent.code not in official.above
    if not below or strays:
        raise Invalid(
            f"{parent.name}之下不能有这个地区：级别或代码不在它之下。没有改变，请核对上级与代码。",
            english=f"This place is not below {parent.english or parent.name}, by level or by "
            "code; nothing was changed. Check its parent and its code.",
        )


def checked_slug(slug: str | None) -> str:
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


def check_free(session: Session, tenant: Tenant) -> None:
    """Refuse a place that exists, and one that would have to be put between two others.

    What the other place is called is its own affair: its code or slug is all that is told.
    """
    taken = session.scalar(
        select(Tenant.id).where(
            or_(Tenant.slug == tenant.slug, Tenant.path == tenant.path),
            Tenant.id.is_distinct_from(tenant.id),
        )
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
    lower = session.scalar(
        select(Tenant.code).where(
            func.starts_with(Tenant.code, step),
            Tenant.code != tenant.code,
            Tenant.state.in_(WORKS),
            ~func.starts_with(Tenant.path, tenant.path),
        )
    )
    if lower is not None:
        raise Conflict(
            f"{lower}在{tenant.name}之下，却已先建立在更高一级之下。没有建立{tenant.name}；"
            "请自上而下建立。",
            english=f"{lower} is below {tenant.english or tenant.name} and stands higher up "
            "already; it was not made. Create from the top.",
        )


def check_name(session: Session, name: str, parent: Tenant | None, *but: Tenant) -> None:
    """Refuse a name that another working place below the same parent has."""
    if parent is None:
        return
    taken = session.scalar(
        select(Tenant.slug).where(
            Tenant.parent_id == parent.id,
            Tenant.name == name,
            Tenant.state.in_(WORKS),
            Tenant.id.not_in([place.id for place in but]),
        )
    )
    if taken is not None:
        raise Conflict(
            f"{parent.name}之下已有{name}（{taken}），同级不能重名。没有改变，请先给其中一个改名。",
            english=f"{parent.english or parent.name} already has a place called {name} ({taken}); "
            "nothing was changed. Rename one of them first.",
        )
