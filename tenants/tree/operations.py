"""The tree of tenants: create, find, who stands above."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.db import Level, ParentSees, Tenant, TenantState, audit, installation
from core.db.within import within
from core.errors import Invalid, NotFound
from tenants.tree.codes import Code, read_code
from tenants.tree.fit import (
    SLUG,
    check_free,
    check_level,
    checked_slug,
    level_below,
    take_turns,
)
from tenants.tree.history import write
from tenants.tree.listed import listed_name
from tenants.tree.models import Change
from tenants.words import LONGEST_ENGLISH, checked_name

FEWEST_STEP = 5  # of the smallest number of people told above; steps of five nest


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
    """Create a tenant at its place in the tree; what is said above it on plugins counts there.

    Parameters
    ----------
    session
        Unbound.
    name, english
        How it is called; with an official code that is listed, empty is its official name.
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
    take_turns(session)
    official = read_code(code) if code else None
    known = listed_name(session, official.code) if official else ("", "")
    name = checked_name(name or known[0])
    english = english or known[1]
    english = checked_name(english, longest=LONGEST_ENGLISH) if english else ""
    parent = _parent(session, official, parent_slug)
    level = official.level if official else level or level_below(parent)
    check_level(level, parent, official)
    step = official.step if official else checked_slug(slug)
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
    check_free(session, tenant)
    session.add(tenant)
    session.flush()
    write(session, tenant, Change.CREATED)
    made = {"level": tenant.level, "path": tenant.path, "sample": sample}
    subject = f"tenant:{tenant.slug}"
    with within(session, tenant.id):
        audit.record(session, action="tenant.create", subject=subject, details=made)
    installation.record(session, action="tenant.create", subject=subject, details=made)
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


def set_parent_sees(
    session: Session, tenant: Tenant, sees: ParentSees, fewest: int | None = None
) -> None:
    """Say what a tenant lets its ancestors see: nothing, what it submits, or all.

    Parameters
    ----------
    session
        Bound to the tenant: only it says so.
    tenant
        The session's tenant.
    sees
        What.
    fewest
        The smallest number of people that is told there, and the step in which numbers are told:
        a multiple of five; as before where ``None``.

    Raises
    ------
    Invalid
        ``fewest`` is less than five or no multiple of five.
    """
    if fewest is not None and (fewest < FEWEST_STEP or fewest % FEWEST_STEP):
        raise Invalid(
            "最少公开人数须为 5 的倍数且不小于 5，没有改变。请改为 5、10、15 等。",
            english="The smallest number of people told is a multiple of 5, at least 5; nothing "
            "was changed. Choose 5, 10, 15 and so on.",
        )
    before, tenant.parent_sees = tenant.parent_sees, sees
    details = {"before": before, "after": sees}
    if fewest is not None and fewest != tenant.fewest:
        details["fewest"] = f"{tenant.fewest} → {fewest}"
        tenant.fewest = fewest
    session.flush()
    audit.record(
        session,
        action="tenant.share",
        subject=f"tenant:{tenant.slug}",
        details=details,
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
