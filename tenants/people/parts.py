"""Parts of a place that a role can be for: the areas that its runs judge."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.db import WHOLE, Run, RunScore
from core.errors import Invalid
from tenants.people.models import Membership, Role
from tenants.people.roles import FOR_THE_WHOLE

PART = re.compile(r"[\w.:/-]{1,80}")  # as an areas file may key its areas


def checked_part(role: Role, scope_area: str | None) -> str | None:
    """Give the key of a part of a place in its one form; empty is all of it.

    Raises
    ------
    Invalid
        No key of an area, or a role that is for a whole place.
    """
    part = unicodedata.normalize("NFC", scope_area or "").strip()
    if not part:
        return None
    if not PART.fullmatch(part) or part == WHOLE:
        raise Invalid(
            "范围须为评价结果里的一个区域代码（不含空格），没有改变，请改正。",
            english="A part is the key of one area of the results, without spaces; nothing was "
            "changed.",
        )
    if role in FOR_THE_WHOLE:
        raise Invalid(
            "管理员、评审员、审计员对整个地区负责，不能只给一个范围，没有改变。",
            english="Administrators, reviewers and auditors answer for the whole place, not for a "
            "part; nothing was changed.",
        )
    return part


def places_held_whole(session: Session, user_id: UUID) -> frozenset[UUID]:
    """Name the places where somebody has a role for all of it now; none looks down from a part.

    ``session`` is unbound, with the same person as its actor.
    """
    held = session.scalars(
        select(Membership.tenant_id).where(
            Membership.user_id == user_id,
            Membership.scope_area.is_(None),
            or_(Membership.expires_at.is_(None), Membership.expires_at > func.now()),
        )
    )
    return frozenset(held)


def parts_of(session: Session) -> Sequence[tuple[str, str]]:
    """List the areas that the place's last finished run judged: key and name."""
    last = (
        select(RunScore.run_id)
        .join(Run, (Run.id == RunScore.run_id) & (Run.tenant_id == RunScore.tenant_id))
        .order_by(Run.created_at.desc())
        .limit(1)
    )
    rows = session.execute(
        select(RunScore.area_key, RunScore.area_name)
        .where(RunScore.run_id == last.scalar_subquery(), RunScore.area_key != WHOLE)
        .order_by(RunScore.area_key)
    )
    return [(key, name) for key, name in rows]
