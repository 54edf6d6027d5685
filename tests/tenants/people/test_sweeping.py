"""What let somebody in once goes when it lets nobody in any more; what still does stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from core.db import new_id
from tenants.people.models import Invitation, SignInLink, SignInStep, UserSession
from tenants.people.operations import create_user
from tenants.people.sweeping import sweep_people


def ago(days):
    return datetime.now(UTC) - timedelta(days=days)


def test_what_is_over_goes_and_what_is_not_stays(database, tree):
    with database.unbound() as session:
        user = create_user(session, login="swept", name="人").id
        common = {"user_id": user}
        for days, revoked in ((6, None), (8, None), (-1, 8), (-1, 6)):
            session.add(
                UserSession(
                    **common,
                    token_hash=str(new_id()),
                    seen_at=ago(9),
                    expires_at=ago(days),
                    revoked_at=ago(revoked) if revoked else None,
                )
            )
        for days in (0.5, 2):
            end = {"token_hash": str(new_id()), "expires_at": ago(days)}
            session.add(SignInLink(**common, **end))
            session.add(SignInStep(**common, **end, awaits="code"))
    with database.session(tree["370100"]) as session:
        for days in (29, 31):
            session.add(
                Invitation(
                    login="swept",
                    name="人",
                    role="auditor",
                    token_hash=str(new_id()),
                    expires_at=ago(days),
                )
            )
    assert sweep_people(database) == {"sessions": 2, "links": 1, "steps": 1, "invitations": 1}
    assert not any(sweep_people(database).values())
    with database.unbound() as session:
        assert len(session.scalars(select(UserSession)).all()) == 2
