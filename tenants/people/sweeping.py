"""Sweeping: sign-ins, links and invitations that are over go; who signed in stays in the audit."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import CursorResult, delete, func, or_, select

from core.db import Database, Tenant
from tenants.people.models import Invitation, SignInLink, SignInStep, UserSession

SESSIONS = timedelta(days=7)  # after their end
LINKS = timedelta(days=1)
INVITATIONS = timedelta(days=30)


def sweep_people(database: Database) -> dict[str, int]:
    """Delete what let somebody in once and lets nobody in any more; count it."""
    ended = func.now() - SESSIONS
    with database.unbound() as session:
        counts = {
            "sessions": _gone(
                session.execute(
                    delete(UserSession).where(
                        or_(UserSession.expires_at < ended, UserSession.revoked_at < ended)
                    )
                )
            ),
            "links": _gone(
                session.execute(
                    delete(SignInLink).where(SignInLink.expires_at < func.now() - LINKS)
                )
            ),
            "steps": _gone(
                session.execute(
                    delete(SignInStep).where(SignInStep.expires_at < func.now() - LINKS)
                )
            ),
        }
        tenants = list(session.scalars(select(Tenant.id)))
    counts["invitations"] = 0
    old = Invitation.expires_at < func.now() - INVITATIONS
    for tenant_id in tenants:
        with database.session(tenant_id) as session:
            counts["invitations"] += _gone(session.execute(delete(Invitation).where(old)))
    return counts


def _gone(done: object) -> int:
    return done.rowcount if isinstance(done, CursorResult) else 0
