"""Rename, move, merge and split places without losing what they were or whose data is whose.

One transaction each: the tree waits its turn, refuses what does not fit, changes the ways of all
places below, writes their history and one record of audit in the chain of the place that acts.
Rows of data stay with the tenant that they belong to; nothing here touches them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from core.db import Level, Tenant, TenantState
from core.errors import Conflict, Invalid
from tenants.tree.fit import WORKS, check_free, check_level, check_name, checked_slug
from tenants.tree.history import checked_since, write
from tenants.tree.models import Change
from tenants.tree.standing import (
    Outcome,
    Way,
    begin,
    family_of,
    new_code,
    outcome,
    parent_of,
    past_slug,
    record,
    refuse_busy,
    stand,
    within_reach,
)
from tenants.words import LONGEST_ENGLISH, checked_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A place that is made from another: an official code or only a name, and what it takes."""

    name: str
    english: str = ""
    code: str | None = None
    slug: str | None = None
    takes: Sequence[Tenant] = field(default_factory=tuple)


def rename(  # noqa: PLR0913 - what a place is called
    session: Session,
    acting: Tenant | None,
    place: Tenant,
    *,
    name: str,
    english: str | None = None,
    code: str | None = None,
    since: date | None = None,
) -> Outcome:
    """Give a place another name, another official code, or both; the old ones are kept.

    Parameters
    ----------
    session
        Unbound, with the person as its actor.
    acting
        The place in whose name it is done: this one or one above it. ``None`` for the operator.
    place
        Which place.
    name, english
        Its name; ``None`` leaves the English one as it is.
    code
        Its new official code, of the same level; the old one stays where empty.
    since
        The day on which it takes effect; today where left out.

    Raises
    ------
    Invalid, Conflict, Forbidden
        A bad name, code or date; a name or code that is taken; a place that is not below.
    """
    place = begin(session, acting, place, itself=True)
    since = checked_since(session, since, place)
    parent = parent_of(session, place)
    name = checked_name(name)
    if english is not None:
        english = checked_name(english, longest=LONGEST_ENGLISH) if english.strip() else ""
    check_name(session, name, parent, place)
    before = {"name": place.name, "slug": place.slug}
    official = new_code(code, place) if code else None
    if official is not None and acting is not None and acting.id == place.id:
        raise Invalid(
            "本地区可以改自己的名称，代码由上级来换。没有改变。",
            english="A place may change its own name; its code is changed from above. Nothing was "
            "changed.",
        )
    ways: tuple[Way, ...] = ()
    same = (name, english if english is not None else place.english)
    if same == (place.name, place.english) and (official is None or official.code == place.code):
        raise Conflict(
            "名称和代码都没有变，没有改变。请填新的名称或代码。",
            english="Neither the name nor the code differs; nothing was changed.",
        )
    place.name = name
    place.english = place.english if english is None else english
    if official is not None and official.code != place.code:
        check_level(Level(place.level), parent, official)
        ways = stand(session, place, parent, official)
    session.flush()
    write(session, place, Change.RENAMED, since=since)
    record(session, acting, parent, place, "tenant.rename", before)
    return outcome(session, Change.RENAMED, place, ways=ways)


def move(
    session: Session,
    acting: Tenant | None,
    place: Tenant,
    *,
    to: Tenant,
    code: str | None = None,
    since: date | None = None,
) -> Outcome:
    """Put a place, with all below it, under another parent.

    Parameters
    ----------
    acting
        A place above both; ``None`` for the operator.
    to
        The new parent.
    code
        The new official code, where the old one does not fit below the new parent.

    Raises
    ------
    Invalid, Conflict, Forbidden
        A level or code that does not fit, a circle, a taken name, work that is going on.
    """
    place, to = begin(session, acting, place), within_reach(session, acting, to)
    since = checked_since(session, since, place)
    if to.path.startswith(place.path):
        raise Invalid(
            f"{to.name}就是{place.name}或在它之下，不能作它的上级。没有改变，请另选上级。",
            english=f"{to.english or to.name} is {place.english or place.name} or below it; "
            "nothing was changed. Choose another parent.",
        )
    if to.id == place.parent_id:
        raise Conflict(
            f"{place.name}已在{to.name}之下，没有改变。",
            english=f"{place.english or place.name} is below {to.english or to.name} already; "
            "nothing was changed.",
        )
    wanted = code or place.code
    official = new_code(wanted, place) if wanted else None
    check_level(Level(place.level), to, official)
    check_name(session, place.name, to, place)
    refuse_busy(session, family_of(session, place))
    before = {"path": place.path, "slug": place.slug}
    ways = stand(session, place, to, official)
    write(session, place, Change.MOVED, since=since, other=to)
    record(session, acting, to, place, "tenant.move", before)
    return outcome(session, Change.MOVED, place, (to,), ways)


def merge(
    session: Session,
    acting: Tenant | None,
    place: Tenant,
    *,
    into: Tenant,
    since: date | None = None,
) -> Outcome:
    """Merge a place into another of its level: its children move there, its data stay its own.

    The merged place works no more. Who belonged to it reads its data as before; who is above it
    reads them where its ``parent_sees`` says ``all``. Its code is free again.

    Raises
    ------
    Invalid, Conflict, Forbidden
        Another level, a child whose name is taken there, work that is going on.
    """
    place, into = begin(session, acting, place), within_reach(session, acting, into)
    since = checked_since(session, since, place, into)
    if into.id == place.id or into.level != place.level:
        raise Invalid(
            "只能并入同级的另一个地区。没有改变，请另选。",
            english="A place is merged into another of its own level; nothing was changed.",
        )
    family = family_of(session, place)
    refuse_busy(session, family)
    children = [one for one in family if one.parent_id == place.id and one.state in WORKS]
    for child in children:
        check_name(session, child.name, into, child)
    before = {"path": place.path, "slug": place.slug}
    ways: list[Way] = []
    for child in children:
        ways += stand(session, child, into, None)
        write(session, child, Change.MOVED, since=since, other=into)
    place.state = TenantState.MERGED
    place.slug = past_slug(session, place)
    ways += stand(session, place, into, None, step=place.slug)
    write(session, place, Change.MERGED, since=since, other=into)
    write(session, into, Change.ABSORBED, since=since, other=place)
    parent = parent_of(session, into)
    record(session, acting, parent, place, "tenant.merge", {**before, "into": into.slug})
    return outcome(session, Change.MERGED, place, (into, *children), tuple(ways))


def split(
    session: Session,
    acting: Tenant | None,
    place: Tenant,
    *,
    parts: Sequence[Part],
    since: date | None = None,
) -> Outcome:
    """Make new places of the same level from one, each with the children that it takes.

    All data stay with the old place, until they are imported anew into the new ones; so do its
    words on plugins, its people and its submissions. The new places start with their parent's.

    Raises
    ------
    Invalid, Conflict, Forbidden
        No part, a taken name or code, a child that is not the old place's, work going on.
    """
    place = begin(session, acting, place)
    since = checked_since(session, since, place)
    parent = parent_of(session, place)
    taken = [child.id for part in parts for child in part.takes]
    if not parts or len(set(taken)) != len(taken):
        raise Invalid(
            "至少要有一个新地区，一个下级只能划给一个新地区。没有改变，请改正。",
            english="Name at least one new place, and give each child to one only; nothing was "
            "changed.",
        )
    ways: list[Way] = []
    made = []
    for part in parts:
        new = _made(session, place, parent, part)
        made.append(new)
        write(session, new, Change.CREATED, since=since, other=place)
        for child in part.takes:
            ways += _take(session, place, new, child, since)
    write(session, place, Change.SPLIT, since=since)
    slugs = {"parts": [new.slug for new in made]}
    record(session, acting, parent, place, "tenant.split", slugs)
    return outcome(session, Change.SPLIT, place, tuple(made), tuple(ways))


def _take(
    session: Session, old: Tenant, new: Tenant, child: Tenant, since: date
) -> tuple[Way, ...]:
    if child.parent_id != old.id or child.state not in WORKS:
        raise Invalid(
            f"{child.name}不是{old.name}的直接下级，没有改变。请核对。",
            english=f"{child.english or child.name} is not directly below "
            f"{old.english or old.name}; nothing was changed.",
        )
    refuse_busy(session, family_of(session, child))
    ways = stand(session, child, new, None)
    write(session, child, Change.MOVED, since=since, other=new)
    return ways


def _made(session: Session, old: Tenant, parent: Tenant | None, part: Part) -> Tenant:
    official = new_code(part.code, old) if part.code else None
    name = checked_name(part.name)
    english = checked_name(part.english, longest=LONGEST_ENGLISH) if part.english else ""
    check_level(Level(old.level), parent, official)
    check_name(session, name, parent)
    step = official.step if official else checked_slug(part.slug)
    new = Tenant(
        slug=official.code if official else step,
        code=official.code if official else None,
        level=old.level,
        name=name,
        english=english,
        parent_id=parent.id if parent else None,
        path=f"{parent.path if parent else '/'}{step}/",
        sample=old.sample,
    )
    check_free(session, new)
    session.add(new)
    session.flush()
    return new
