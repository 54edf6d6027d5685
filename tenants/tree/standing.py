"""How the verbs of ``arrange`` begin, put places at their new ways, and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.db import Job, JobState, Level, Tenant, audit, installation
from core.db.within import within
from core.errors import Conflict, Invalid, NotFound
from tenants.tree.codes import Code, read_code
from tenants.tree.fit import WORKS, check_free, take_turns
from tenants.tree.models import Change

PAST = "was-"  # begins the slug of a merged place: its code is free for another
LONGEST_SLUG = 40
TOLD = 5  # places that a refusal names


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A place as it is called."""

    slug: str
    name: str
    english: str
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A place's way in the tree, before and after."""

    place: Called
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a change did, as plain values.

    ``others`` are the other places of the change, ``ways`` those whose way changed, ``strays``
    those that keep a code which does not begin with their new parent's.
    """

    change: Change
    place: Called
    others: tuple[Called, ...] = ()
    ways: tuple[Way, ...] = ()
    strays: tuple[Called, ...] = ()


def begin(
    session: Session, acting: Tenant | None, place: Tenant, *, itself: bool = False
) -> Tenant:
    """Take a turn at the tree and give the place as it is now.

    ``itself`` lets a place act on itself; otherwise it is for a place above. Without ``acting`` it
    is the operator's.
    """
    take_turns(session)
    place = within_reach(session, acting, place)
    if acting is not None and place.id == acting.id and not itself:
        raise Invalid(
            f"{place.name}不能调整自己在树上的位置，没有改变。请由上级来做。",
            english=f"{place.english or place.name} cannot change its own place in the tree; "
            "nothing was changed. The place above does that.",
        )
    return place


def within_reach(session: Session, acting: Tenant | None, place: Tenant) -> Tenant:
    """Give a working place as it is now, at or below the one that acts; others answer like none."""
    session.refresh(place)
    reaches = acting is None or place.path.startswith(acting.path)
    if not reaches or place.state not in WORKS:
        raise NotFound(
            f"没有地区 {place.slug}。请核对代码，或先建立它。",
            english=f"There is no place {place.slug}. Check its code, or create it first.",
        )
    return place


def parent_of(session: Session, place: Tenant) -> Tenant | None:
    """Give the place above."""
    return session.get(Tenant, place.parent_id) if place.parent_id else None


def new_code(code: str, place: Tenant) -> Code:
    """Read a code that a place is to have, which says the same level."""
    official = read_code(code)
    if official.level != place.level:
        raise Invalid(
            f"代码 {official.code} 不是{place.name}这一级的代码，没有改变，请核对。",
            english=f"{official.code} is no code of {place.english or place.name}'s level; "
            "nothing was changed.",
        )
    return official


def family_of(session: Session, place: Tenant) -> Sequence[Tenant]:
    """Give a place and all below it, held until this transaction ends: nothing is begun there."""
    return session.scalars(
        select(Tenant)
        .where(func.starts_with(Tenant.path, place.path))
        .order_by(Tenant.path)
        .with_for_update()
    ).all()


def refuse_busy(session: Session, places: Sequence[Tenant]) -> None:
    """Refuse where an import or a run is waiting or going on."""
    busy = []
    for place in places:
        with within(session, place.id):
            if session.scalar(
                select(Job.id).where(Job.state.in_((JobState.QUEUED, JobState.RUNNING))).limit(1)
            ):
                busy.append(place)
    if busy:
        named = busy[:TOLD]
        raise Conflict(
            f"{'、'.join(place.name for place in named)}等 {len(busy)} 个地区还有导入或评价在进行，"
            "没有改变。请等它们结束，或先取消。",
            english=f"Imports or runs are going on in {len(busy)} place(s), among them "
            f"{', '.join(place.english or place.name for place in named)}; nothing was changed. "
            "Wait for them, or cancel them first.",
        )


def stand(
    session: Session,
    place: Tenant,
    parent: Tenant | None,
    official: Code | None = None,
    *,
    step: str = "",
) -> tuple[Way, ...]:
    """Put a place below a parent, and all below it with it; tell whose way changed.

    ``official`` gives it that code, slug and step; otherwise it keeps its code and its step, or
    takes ``step``.
    """
    old = place.path
    own = official.step if official else step or old.rstrip("/").rsplit("/", 1)[-1]
    new = f"{parent.path if parent else '/'}{own}/"
    family = family_of(session, place)
    before = [(called(one), one.path) for one in family]
    with session.no_autoflush:
        if official is not None:
            place.code = place.slug = official.code
        place.parent_id = parent.id if parent else None
        place.path = new
        check_free(session, place)
    session.flush()
    if new != old:
        session.execute(
            update(Tenant)
            .where(func.starts_with(Tenant.path, old))
            .values(path=func.concat(new, func.substr(Tenant.path, len(old) + 1)))
            .execution_options(synchronize_session=False)
        )
    moved = select(Tenant).where(func.starts_with(Tenant.path, new))
    session.scalars(moved.execution_options(populate_existing=True)).all()
    return tuple(
        Way(place=one, before=path, after=new + path.removeprefix(old))
        for one, path in before
        if new != old
    )


def past_slug(session: Session, place: Tenant) -> str:
    """Give the slug of a place that works no more; its own is free for another."""
    base = f"{PAST}{place.slug}"[:LONGEST_SLUG].rstrip("-")
    slug, number = base, 2
    while session.scalar(select(Tenant.id).where(Tenant.slug == slug)):
        slug = f"{base[: LONGEST_SLUG - 4]}-{number}"
        number += 1
    return slug


def record(
    session: Session,
    acting: Tenant | None,
    parent: Tenant | None,
    place: Tenant,
    action: str,
    details: Mapping[str, Any],
) -> None:
    """Record a change once in the chain of the place that acts, and in the installation's."""
    chain = acting or parent or place
    subject = f"tenant:{details.get('slug', place.slug)}"
    told = {**details, "after": {"slug": place.slug, "name": place.name, "path": place.path}}
    with within(session, chain.id):
        audit.record(session, action=action, subject=subject, details=told)
    installation.record(session, action=action, subject=subject, details=told)


def outcome(
    session: Session,
    change: Change,
    place: Tenant,
    others: Sequence[Tenant] = (),
    ways: Sequence[Way] = (),
) -> Outcome:
    """Tell what a change did."""
    slugs = {way.place.slug for way in ways} | {place.slug}
    touched = session.scalars(
        select(Tenant).where(Tenant.slug.in_(slugs), Tenant.state.in_(WORKS)).order_by(Tenant.path)
    ).all()
    return Outcome(
        change=change,
        place=called(place),
        others=tuple(called(one) for one in others),
        ways=tuple(ways),
        strays=tuple(called(one) for one in touched if _strays(session, one)),
    )


def called(place: Tenant) -> Called:
    """Give a place as it is called now."""
    return Called(slug=place.slug, name=place.name, english=place.english, code=place.code)


def _strays(session: Session, place: Tenant) -> bool:
    parent = parent_of(session, place)
    if place.code is None or parent is None or parent.code is None:
        return False
    return place.level != Level.NATION and parent.code not in read_code(place.code).above
