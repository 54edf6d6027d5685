"""What places were: written with every change, read as names from day to day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from core.db import Tenant
from core.errors import Invalid
from tenants.tree.models import Change, PlaceHistory

BEIJING = timedelta(hours=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a place was called, from a day to a day; ``None`` is open or unknown."""

    name: str
    english: str
    code: str | None
    since: date | None
    until: date | None


def write(
    session: Session,
    place: Tenant,
    change: Change,
    *,
    since: date | None = None,
    other: Tenant | None = None,
) -> None:
    """Write down what a place is from this change on."""
    session.add(
        PlaceHistory(
            place_id=place.id,
            change=change,
            since=since,
            name=place.name,
            english=place.english,
            code=place.code,
            slug=place.slug,
            parent_id=place.parent_id,
            other_id=other.id if other is not None else None,
            by=session.info.get("actor_id"),
        )
    )
    session.flush()


def history_of(session: Session, place: Tenant) -> Sequence[PlaceHistory]:
    """List a place's changes, the first one first."""
    return session.scalars(
        select(PlaceHistory).where(PlaceHistory.place_id == place.id).order_by(*_ORDER)
    ).all()


_ORDER = (PlaceHistory.created_at, PlaceHistory.id)


def names_of(rows: Sequence[PlaceHistory]) -> list[Named]:
    """Give the names and codes that a place had one after the other, the first one first."""
    found: list[Named] = []
    for row in rows:
        last = found[-1] if found else None
        if last and (last.name, last.english, last.code) == (row.name, row.english, row.code):
            continue
        if last:
            found[-1] = Named(
                name=last.name,
                english=last.english,
                code=last.code,
                since=last.since,
                until=row.since,
            )
        found.append(
            Named(name=row.name, english=row.english, code=row.code, since=row.since, until=None)
        )
    return found


def checked_since(session: Session, since: date | None, *places: Tenant) -> date:
    """Give the day on which a change takes effect: today where nobody says another.

    Raises
    ------
    Invalid
        It lies ahead, or before a change of one of the places that is written down already.
    """
    today = (datetime.now(UTC) + BEIJING).date()
    since = since or today
    last = session.scalar(
        select(func.max(PlaceHistory.since)).where(
            PlaceHistory.place_id.in_([place.id for place in places])
        )
    )
    if since > today or (last is not None and since < last):
        raise Invalid(
            f"生效日期须不晚于今天，也不早于上一次变更（{last or '无'}）。没有改变，请改正。",
            english=f"A change takes effect today or earlier, and not before the last one "
            f"({last or 'none'}). Nothing was changed; correct the date.",
        )
    return since


def places_by(session: Session, below: Tenant, asked: str, *, limit: int) -> Sequence[Tenant]:
    """List places at or below one whose name, code or slug, now or formerly, holds a text.

    All of them where the text is empty, each after the one above it.
    """
    wanted = select(Tenant).where(func.starts_with(Tenant.path, below.path))
    asked = asked.strip()
    if asked:
        former = select(PlaceHistory.place_id).where(_holds(PlaceHistory, asked))
        wanted = wanted.where(or_(_holds(Tenant, asked), Tenant.id.in_(former)))
    return session.scalars(wanted.order_by(Tenant.path).limit(limit)).all()


def known(session: Session, ids: Sequence[UUID | None]) -> dict[UUID, Tenant]:
    """Give tenants by id, as a history names them."""
    wanted = {each for each in ids if each is not None}
    found = session.scalars(select(Tenant).where(Tenant.id.in_(wanted)))
    return {tenant.id: tenant for tenant in found}


def _holds(model: type[Tenant | PlaceHistory], asked: str) -> ColumnElement[bool]:
    return or_(
        model.name.contains(asked, autoescape=True),
        func.lower(model.english).contains(asked.lower(), autoescape=True),
        func.starts_with(model.code, asked),
        model.slug == asked.lower(),
    )
